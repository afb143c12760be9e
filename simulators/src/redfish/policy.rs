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
    /// What the deletion of a session does.
    pub(crate) logout: Logout,
    /// Which ways to log in there are.
    pub(crate) login: Login,
    /// Which properties show the identify light.
    pub(crate) indicator: Indicator,
    /// The ids of the resources.
    pub(crate) layout: Layout,
    /// Whether the collection of systems comes in pages.
    pub(crate) systems: Paging,
    /// What a change needs of an ETag.
    pub(crate) etag: Etag,
    /// What a change that is accepted is answered with.
    pub(crate) success: Success,
    /// The values of `ResetType` that `ComputerSystem.Reset` takes.
    pub(crate) reset_types: &'static [&'static str],
    /// The values of `BootSourceOverrideEnabled` that can be set.
    pub(crate) override_enabled: &'static [&'static str],
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            passwords: Checked::Yes,
            tokens: Checked::Yes,
            logout: Logout::Ends,
            login: Login::SessionOrBasic,
            indicator: Indicator::Both,
            layout: Layout::PLAIN,
            systems: Paging::Whole,
            etag: Etag::Optional,
            success: Success::AsUsual,
            reset_types: RESET_TYPES,
            override_enabled: &["Disabled", "Once", "Continuous"],
        }
    }
}

/// Every `ResetType` that this face knows (DSP0268 ResetType).
pub(crate) const RESET_TYPES: &[&str] = &[
    "On",
    "ForceOff",
    "GracefulShutdown",
    "GracefulRestart",
    "ForceRestart",
    "Nmi",
    "ForceOn",
    "PushPowerButton",
    "PowerCycle",
];

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

/// Which properties show the identify light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Indicator {
    /// `IndicatorLED` and `LocationIndicatorActive`.
    Both,
    /// `LocationIndicatorActive`, which cannot blink.
    Location,
    /// `IndicatorLED`, deprecated.
    Led,
    /// None.
    None,
}

impl Indicator {
    /// Whether `IndicatorLED` is there.
    pub(crate) fn has_led(self) -> bool {
        matches!(self, Self::Both | Self::Led)
    }

    /// Whether `LocationIndicatorActive` is there.
    pub(crate) fn has_location(self) -> bool {
        matches!(self, Self::Both | Self::Location)
    }
}

/// The ids of the resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The computer system.
    pub(crate) system: &'static str,
    /// The chassis, in the order of their collection.
    pub(crate) chassis: &'static [&'static str],
    /// The chassis that the system is in.
    pub(crate) own_chassis: &'static str,
    /// The manager.
    pub(crate) manager: &'static str,
}

impl Layout {
    /// One of each, with the id `1`.
    pub(crate) const PLAIN: Self = Self { system: "1", chassis: &["1"], own_chassis: "1", manager: "1" };
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
}
