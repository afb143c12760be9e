//! Sessions (DSP0266 §13.3.4): the only state of this face, beside its tasks.

use std::{net::IpAddr, time::Duration};

use crate::{accounts::Accounts, random::Random};

/// No session ends before it was idle for so long, whatever is written (`SessionService.SessionTimeout`, minimum).
const LEAST_IDLE: Duration = Duration::from_secs(30);

/// An open session.
#[derive(Clone)]
pub(crate) struct Session {
    /// Its id in the collection.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) user: String,
    /// The number of the account that it belongs to.
    pub(crate) account: u32,
    /// Where the client was when it began.
    pub(crate) from: Option<IpAddr>,
    /// What the client calls it.
    pub(crate) context: Option<String>,
    /// When it began.
    pub(crate) began: Duration,
    token: String,
    last_used: Duration,
}

/// What a session begins with.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    /// Whose it is.
    pub(crate) user: String,
    /// The number of the account.
    pub(crate) account: u32,
    /// Where the client is.
    pub(crate) from: Option<IpAddr>,
    /// What the client calls it.
    pub(crate) context: Option<String>,
}

/// The open sessions.
pub(crate) struct Sessions {
    open: Vec<Session>,
    made: u32,
    random: Random,
    /// The state of the accounts that they were last held against.
    revision: u64,
}

impl Sessions {
    /// None yet; the seed gives the tokens.
    pub(crate) fn new(seed: u64) -> Self {
        Self { open: Vec::new(), made: 0, random: Random::new(seed ^ 0x5e55_1075), revision: 0 }
    }

    /// Ends those that are idle for too long, and those whose account is gone or switched off.
    pub(crate) fn tidy(&mut self, accounts: &Accounts, now: Duration, most_idle: impl FnOnce() -> Duration) {
        if self.revision != accounts.revision() {
            self.revision = accounts.revision();
            self.open.retain(|it| accounts.numbered(it.account).is_some_and(|account| account.enabled));
        }
        let idle = |it: &Session| now.saturating_sub(it.last_used);
        if self.open.iter().any(|it| idle(it) >= LEAST_IDLE) {
            let most = most_idle();
            self.open.retain(|it| idle(it) < most);
        }
    }

    /// A new session and its token, unless there are so many already.
    pub(crate) fn open(&mut self, of: Beginning, limit: usize, now: Duration) -> Option<(Session, String)> {
        if self.open.len() >= limit {
            return None;
        }
        self.made += 1;
        let token = format!("{:016x}{:016x}", self.random.next(), self.random.next());
        let Beginning { user, account, from, context } = of;
        let id = self.made.to_string();
        let session =
            Session { id, user, account, from, context, began: now, token: token.clone(), last_used: now };
        self.open.push(session.clone());
        Some((session, token))
    }

    /// The number of the account whose token this is; using it keeps the session alive.
    pub(crate) fn account_of(&mut self, token: &str, now: Duration) -> Option<u32> {
        let session = self.open.iter_mut().find(|session| session.token == token)?;
        session.last_used = now;
        Some(session.account)
    }

    /// The session with this id.
    pub(crate) fn find(&self, id: &str) -> Option<&Session> {
        self.open.iter().find(|session| session.id == id)
    }

    /// What they are proved with.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.open.iter().map(|session| session.token.clone()).collect()
    }

    /// Ends a session.
    pub(crate) fn close(&mut self, id: &str) {
        self.open.retain(|session| session.id != id);
    }

    /// Ends them all.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    /// Those that are open.
    pub(crate) fn list(&self) -> &[Session] {
        &self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{Credentials, Role};

    const START: Duration = Duration::ZERO;
    const IDLE: Duration = Duration::from_secs(1800);

    fn accounts() -> Accounts {
        let user = "admin".to_owned();
        Accounts::new(vec![Credentials { user, password: String::new(), role: Role::Administrator }])
    }

    fn begin(sessions: &mut Sessions) -> Option<String> {
        let of = Beginning { user: "admin".to_owned(), account: 1, from: None, context: None };
        sessions.open(of, 16, START).map(|(_, token)| token)
    }

    #[test]
    fn the_seventeenth_session_is_refused_until_one_ends() {
        let mut sessions = Sessions::new(1);
        assert!((0..16).all(|_| begin(&mut sessions).is_some()));
        assert!(begin(&mut sessions).is_none());
        sessions.close("3");
        assert!(begin(&mut sessions).is_some());
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_lives_when_it_is_used() {
        let (mut sessions, accounts) = (Sessions::new(1), accounts());
        let [used, idle] = [(); 2].map(|()| begin(&mut sessions).unwrap());
        assert!(sessions.account_of(&used, IDLE / 2).is_some());
        sessions.tidy(&accounts, IDLE + IDLE / 4, || IDLE);
        assert!(sessions.account_of(&used, IDLE + IDLE / 4).is_some());
        assert!(sessions.account_of(&idle, IDLE + IDLE / 4).is_none());
    }

    #[test]
    fn a_session_ends_with_its_account() {
        let (mut sessions, mut accounts) = (Sessions::new(1), accounts());
        let token = begin(&mut sessions).unwrap();
        accounts.change(2, |it| it.enabled = false);
        sessions.tidy(&accounts, START, || IDLE);
        assert!(sessions.account_of(&token, START).is_none());
    }
}
