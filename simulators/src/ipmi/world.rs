//! A BMC for the tests of commands: requests go straight to the dispatcher, in the name of whoever is wanted.

use super::{
    command::{
        Activation, Caller, Challenge, Channel, Completion, Open, Opened, Reply, Request, Scene, Session,
        Sessions,
    },
    dispatch,
    lan::{Console, Suite},
    privilege::Privilege,
};
use crate::{bmc::Bmc, bmc::BmcOptions, profile::Profile};

/// A BMC and whoever asks it.
pub(super) struct World {
    pub(super) bmc: Bmc,
    pub(super) sessions: Room,
}

/// Sessions that are only listed.
#[derive(Default)]
pub(super) struct Room {
    pub(super) open: Vec<Open>,
    pub(super) raised: Vec<(u32, Privilege)>,
    pub(super) console: Console,
}

impl Sessions for Room {
    fn list(&self) -> Vec<Open> {
        self.open.clone()
    }

    fn raise(&mut self, id: u32, to: Privilege) {
        self.raised.push((id, to));
    }

    fn close(&mut self, id: u32) -> bool {
        let before = self.open.len();
        self.open.retain(|it| it.id != id);
        self.open.len() < before
    }

    fn slots(&self) -> u8 {
        4
    }

    fn port(&self) -> u16 {
        623
    }

    fn protection(&self, _: u32) -> Option<(bool, bool)> {
        Some((true, true))
    }

    fn console(&mut self) -> &mut Console {
        &mut self.console
    }

    fn suites(&self) -> Vec<Suite> {
        [3, 17].into_iter().filter_map(|id| Suite::numbered(id).copied()).collect()
    }

    fn legacy_kinds(&self) -> u8 {
        0
    }

    fn signs_each_packet(&self) -> bool {
        true
    }

    fn challenge(&mut self, _: Challenge) -> (u32, [u8; 16]) {
        (0, [0; 16])
    }

    fn activate(&mut self, _: Activation) -> Result<Opened, Completion> {
        Err(Completion::UNSPECIFIED)
    }
}

/// Somebody with a session of this level, over the LAN.
pub(super) fn over_lan(level: Privilege) -> Caller {
    let session = Session { id: 0x0403_0201, user: 2, privilege: level, limit: level };
    Caller { channel: Channel::Lan, session: Some(session) }
}

/// Somebody inside the host.
pub(super) const IN_BAND: Caller = Caller { channel: Channel::System, session: None };

impl World {
    /// The generic platform.
    pub(super) fn new() -> Self {
        Self::of("generic", &[])
    }

    /// A platform with these deviations beside its own.
    pub(super) fn of(profile: &str, deviations: &[&str]) -> Self {
        let profile = Profile::named(profile).unwrap();
        let deviations = deviations.iter().map(|it| (*it).to_owned()).collect();
        let options = BmcOptions { seed: 7, deviations, ..BmcOptions::default() };
        Self { bmc: Bmc::start(&profile, options).unwrap(), sessions: Room::default() }
    }

    /// What an administrator is answered over the LAN.
    pub(super) fn ask(&mut self, command: (u8, u8), data: &[u8]) -> Reply {
        self.ask_as(over_lan(Privilege::Administrator), command, data)
    }

    /// What this one is answered.
    pub(super) fn ask_as(&mut self, caller: Caller, (netfn, number): (u8, u8), data: &[u8]) -> Reply {
        let mut kept = self.bmc.ipmi();
        let now = self.bmc.now();
        let look = self.bmc.look();
        let mut scene = Scene { bmc: &self.bmc, look, now, kept: &mut kept, sessions: &mut self.sessions };
        dispatch::answer(&mut scene, &Request { netfn, number, lun: 0, data, caller })
    }

    /// Every length but these is refused as such.
    pub(super) fn only_takes(&mut self, command: (u8, u8), data: &[u8], lengths: &[usize]) {
        for length in (0..=data.len() + 1).filter(|it| !lengths.contains(it)) {
            let sent: Vec<u8> = data.iter().copied().chain([0, 0]).take(length).collect();
            let reply = self.ask(command, &sent);
            assert_eq!(reply, Err(Completion::LENGTH_INVALID), "{command:02x?} {sent:02x?}");
        }
    }

    /// The values of one byte of otherwise right data, by whether they are refused as invalid.
    pub(super) fn refuses(&mut self, command: (u8, u8), data: &[u8], place: usize, values: &[u8]) {
        for value in values {
            let mut sent = data.to_vec();
            sent[place] = *value;
            assert_eq!(
                self.ask(command, &sent),
                Err(Completion::INVALID_FIELD),
                "{command:02x?} {sent:02x?}"
            );
        }
    }

    /// Lets time pass.
    pub(super) async fn wait(&self, seconds: u64) {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    }
}
