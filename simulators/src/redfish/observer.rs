//! Whoever is told of each exchange, such as the log of `halmark sim`.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

/// One exchange, without bodies, headers and secrets.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// Where the service listens.
    pub at: std::net::SocketAddr,
    /// The method.
    pub method: &'a str,
    /// The path and the query; the id of a session is left out.
    pub path: Cow<'a, str>,
    /// The status; 0 where no answer was sent.
    pub status: u16,
    /// From the whole request to the answer's first byte.
    pub took: Duration,
}

/// Is told of each exchange; cheap to clone.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Observed<'_>) + Send + Sync>);

impl Observer {
    /// One that does this. It is called on the way of every answer, so it should be quick.
    pub fn new(tell: impl Fn(&Observed<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn tell(&self, observed: &Observed<'_>) {
        (self.0)(observed);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The path without a session's id, which is as good as half a secret.
pub(crate) fn shown(path: &str) -> Cow<'_, str> {
    const SESSIONS: &str = "/Sessions/";
    match path.split_once(SESSIONS) {
        Some((before, after)) if !after.is_empty() => {
            let rest = after.find(['/', '?']).map_or("", |end| &after[end..]);
            format!("{before}{SESSIONS}…{rest}").into()
        }
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_session_is_not_shown() {
        assert_eq!(
            shown("/redfish/v1/SessionService/Sessions/17?a=b"),
            "/redfish/v1/SessionService/Sessions/…?a=b"
        );
        assert_eq!(shown("/redfish/v1/SessionService/Sessions"), "/redfish/v1/SessionService/Sessions");
    }
}
