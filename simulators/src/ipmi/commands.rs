//! Every command that the BMC knows, one file per group (IPMI v2.0 appendix G).

pub(super) mod app;
pub(crate) mod boot;
pub(crate) mod channel;
pub(super) mod chassis;
mod dcmi;
mod event;
pub(super) mod firewall;
mod fru;
pub(super) mod info;
pub(super) mod lan;
pub(super) mod payload;
pub(super) mod pef;
mod sdr;
mod sel;
mod sensor;
mod session;
pub(super) mod sol;
mod user;
mod watchdog;

pub(crate) use session::Security;

use std::sync::LazyLock;

use super::command::Row;

/// Those of each network function, in the order of these.
static BY_FUNCTION: LazyLock<[Vec<&'static Row>; 256]> = LazyLock::new(|| {
    std::array::from_fn(|netfn| all().filter(|row| usize::from(row.netfn) == netfn).collect())
});

/// Those of a number: more than one where a body defines its own (table 5-1).
pub(super) fn numbered(netfn: u8, number: u8) -> impl Iterator<Item = &'static Row> {
    BY_FUNCTION[usize::from(netfn)].iter().copied().filter(move |row| row.number == number)
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    let groups = [
        app::ROWS,
        boot::ROWS,
        channel::ROWS,
        chassis::ROWS,
        dcmi::ROWS,
        event::ROWS,
        firewall::ROWS,
        fru::ROWS,
        info::ROWS,
        lan::ROWS,
        pef::ROWS,
        sdr::ROWS,
        sel::ROWS,
        sensor::ROWS,
        payload::ROWS,
        session::ROWS,
        sol::ROWS,
        user::ROWS,
        watchdog::ROWS,
    ];
    groups.into_iter().flatten()
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
