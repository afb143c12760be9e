//! Sessions (DSP0266 §13.3.4): the only state of this face.

use std::time::Duration;

use crate::random::Random;

/// How many sessions may be open.
pub(crate) const LIMIT: usize = 16;
/// How long a session lives without a request (`SessionService.SessionTimeout`).
pub(crate) const IDLE: Duration = Duration::from_secs(30 * 60);

/// An open session.
#[derive(Clone)]
pub(crate) struct Session {
    /// Its id in the collection.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) user: String,
    token: String,
    last_used: Duration,
}

/// The open sessions.
pub(crate) struct Sessions {
    open: Vec<Session>,
    made: u32,
    random: Random,
}

impl Sessions {
    /// None yet; the seed gives the tokens.
    pub(crate) fn new(seed: u64) -> Self {
        Self { open: Vec::new(), made: 0, random: Random::new(seed ^ 0x5e55_1075) }
    }

    /// A new session and its token, unless there are too many.
    pub(crate) fn open(&mut self, user: &str, now: Duration) -> Option<(Session, String)> {
        self.forget_idle(now);
        if self.open.len() >= LIMIT {
            return None;
        }
        self.made += 1;
        let token = self.random.text(32);
        let id = self.made.to_string();
        let session = Session { id, user: user.to_owned(), token: token.clone(), last_used: now };
        self.open.push(session.clone());
        Some((session, token))
    }

    /// Whose token this is; using it keeps the session alive.
    pub(crate) fn user_of(&mut self, token: &str, now: Duration) -> Option<String> {
        self.forget_idle(now);
        let session = self.open.iter_mut().find(|session| session.token == token)?;
        session.last_used = now;
        Some(session.user.clone())
    }

    /// The session with this id.
    pub(crate) fn find(&mut self, id: &str, now: Duration) -> Option<&Session> {
        self.forget_idle(now);
        self.open.iter().find(|session| session.id == id)
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
    pub(crate) fn list(&mut self, now: Duration) -> &[Session] {
        self.forget_idle(now);
        &self.open
    }

    fn forget_idle(&mut self, now: Duration) {
        self.open.retain(|session| now.saturating_sub(session.last_used) < IDLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    #[test]
    fn the_seventeenth_session_is_refused_until_one_ends() {
        let mut sessions = Sessions::new(1);
        assert!((0..LIMIT).all(|_| sessions.open("admin", START).is_some()));
        assert!(sessions.open("admin", START).is_none());
        sessions.close("3");
        assert!(sessions.open("admin", START).is_some());
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_lives_when_it_is_used() {
        let mut sessions = Sessions::new(1);
        let (_, used) = sessions.open("admin", START).unwrap();
        let (_, idle) = sessions.open("admin", START).unwrap();
        assert!(sessions.user_of(&used, IDLE / 2).is_some());
        assert!(sessions.user_of(&used, IDLE + IDLE / 4).is_some());
        assert!(sessions.user_of(&idle, IDLE + IDLE / 4).is_none());
    }
}
