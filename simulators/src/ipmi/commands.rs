//! Every command that the BMC knows, one file per group (IPMI v2.0 appendix G).

mod app;
mod chassis;
mod session;

pub(crate) use session::Security;

use super::command::Row;

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    [app::ROWS, chassis::ROWS, session::ROWS].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_command_is_there_twice() {
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = all().filter(|it| !seen.insert((it.netfn, it.number, it.group))).collect();
        assert!(twice.is_empty() && !seen.is_empty(), "{twice:?}");
    }
}
