//! The manners of the face where the standard leaves a choice, or where a BMC gets it wrong.
//!
//! The handlers obey this value; a deviation changes it. The default is the standard's.

/// How the face behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Whether passwords are looked at.
    pub(crate) passwords: Checked,
    /// Whether session tokens are looked at.
    pub(crate) tokens: Checked,
    /// Whether roles are looked at.
    pub(crate) roles: Checked,
    /// What the deletion of a session does.
    pub(crate) logout: Logout,
    /// Which ways to log in there are.
    pub(crate) login: Login,
    /// Whether the collection of systems comes in pages.
    pub(crate) systems: Paging,
    /// How many members of a collection are given at once.
    pub(crate) page: usize,
    /// What a change needs of an ETag.
    pub(crate) etag: Etag,
    /// What a change that is accepted is answered with.
    pub(crate) success: Success,
    /// How accounts begin and end.
    pub(crate) accounts: Keeping,
    /// How many sessions may be open.
    pub(crate) session_limit: usize,
    /// How many tasks are remembered.
    pub(crate) task_limit: usize,
    /// What becomes of a connection that was idle.
    pub(crate) keep_alive: KeepAlive,
    /// How long a task is remembered that is over.
    pub(crate) tasks: Kept,
    /// What becomes of a restart of a host that is off.
    pub(crate) restart_when_off: WhenOff,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            passwords: Checked::Yes,
            tokens: Checked::Yes,
            roles: Checked::Yes,
            logout: Logout::Ends,
            login: Login::SessionOrBasic,
            systems: Paging::Whole,
            page: 1000,
            etag: Etag::Optional,
            success: Success::AsUsual,
            accounts: Keeping::Members,
            session_limit: 16,
            task_limit: 64,
            keep_alive: KeepAlive::Always,
            tasks: Kept::AsSaid,
            restart_when_off: WhenOff::Starts,
        }
    }
}

/// Whether something is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// As it should be.
    Yes,
    /// Anything will do.
    No,
}

/// What the deletion of a session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logout {
    /// The session is over.
    Ends,
    /// The answer says so, but the session lives on.
    Ignored,
}

/// Which ways to log in there are (DSP0266 §13.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// Both.
    SessionOrBasic,
    /// No session service.
    BasicOnly,
    /// HTTP Basic is refused.
    SessionOnly,
}

/// Whether a collection comes in pages (DSP0266 §7.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    /// Everything at once.
    Whole,
    /// The first page holds nothing but the link to the second.
    SecondPage,
}

/// What a change needs of an ETag (DSP0266 §7.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Etag {
    /// It may be given, and then it must match.
    Optional,
    /// It must be given.
    Required,
    /// Weak tags are served, and refused when they come back.
    WeakRefused,
    /// It must be given without its quotes.
    Unquoted,
}

/// How accounts begin and end (DSP0266 §13.2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They are members that are made and deleted.
    Members,
    /// They are slots that are always there: one without a name is free, and a PATCH gives and takes names.
    Slots,
}

/// How long something is remembered that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// As long as its service says.
    AsSaid,
    /// So many seconds.
    Seconds(u32),
}

/// What a change that is accepted is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    /// An action with 204, a PATCH with 200 and the resource.
    AsUsual,
    /// 200 and a body that says success.
    Ok,
    /// 204.
    NoContent,
    /// 202 and a task that ends well.
    Task,
    /// 202 and a task that fails; nothing is changed.
    FailingTask,
    /// 202 and a task that ends well; nothing is changed.
    IdleTask,
    /// 202 and a task that never ends.
    EndlessTask,
}

/// What becomes of a connection that was idle (RFC 9112 §9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeepAlive {
    /// It can be used again.
    Always,
    /// After so many seconds whoever uses it again gets a reset.
    Seconds(u32),
}

/// What becomes of a ForceRestart or a PowerCycle of a host that is off (DSP0268 Resource.ResetType: both end with the resource on,
/// and a PowerCycle of one that is off transitions to on; no clause has a service accept it in every state).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenOff {
    /// The host is switched on.
    Starts,
    /// It is a conflict.
    Conflicts,
}
