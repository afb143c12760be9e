//! A BMC for the tests of commands, and somebody who asks it.

use std::time::Duration;

use super::{
    Kept,
    command::{
        Activation, Caller, Challenge, Channel, Completion, Open, Opened, Request, Scene, Session, Sessions,
    },
    dispatch,
    lan::{Console, Suite},
    privilege::Privilege,
};
use crate::{Bmc, BmcOptions, Profile, machine::Power};

/// A BMC, and what it keeps.
pub(crate) struct Trial {
    pub(crate) bmc: Bmc,
    pub(crate) kept: Kept,
}

#[derive(Default)]
struct Nobody(Console);

impl Sessions for Nobody {
    fn list(&self) -> Vec<Open> {
        Vec::new()
    }

    fn raise(&mut self, _: u32, _: Privilege) {}

    fn close(&mut self, _: u32) -> bool {
        false
    }

    fn slots(&self) -> u8 {
        0
    }

    fn port(&self) -> u16 {
        0
    }

    fn protection(&self, _: u32) -> Option<(bool, bool)> {
        None
    }

    fn console(&mut self) -> &mut Console {
        &mut self.0
    }

    fn suites(&self) -> Vec<Suite> {
        Vec::new()
    }

    fn legacy_kinds(&self) -> u8 {
        0
    }

    fn signs_each_packet(&self) -> bool {
        false
    }

    fn challenge(&mut self, _: Challenge) -> (u32, [u8; 16]) {
        (0, [0; 16])
    }

    fn activate(&mut self, _: Activation) -> Result<Opened, Completion> {
        Err(Completion::NOT_IN_THIS_STATE)
    }
}

impl Trial {
    /// One of the generic platform.
    pub(crate) fn new() -> Self {
        Self::on("generic", &[])
    }

    /// One of this platform, with these deviations.
    pub(crate) fn on(profile: &str, deviations: &[&str]) -> Self {
        let profile = Profile::named(profile).expect("it is compiled in");
        let deviations = deviations.iter().map(|it| (*it).to_owned()).collect();
        let options = BmcOptions { seed: 7, deviations, ..BmcOptions::default() };
        Self { bmc: Bmc::start(&profile, options).expect("they are known"), kept: Kept::default() }
    }

    /// The host comes up, from off to a running operating system.
    pub(crate) async fn run_host(&self) {
        self.bmc.command(crate::machine::Command::PowerOn).expect("it is off");
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!(self.bmc.view().power, Power::On);
    }

    /// The host is up at once.
    pub(crate) fn switch_on(&self) {
        self.bmc.control().establish_power(Power::On);
    }

    /// The answer to a user: its data, or the completion code.
    pub(crate) fn user(&mut self, netfn: u8, number: u8, data: &[u8]) -> Result<Vec<u8>, u8> {
        self.ask(Privilege::User, netfn, number, data)
    }

    /// The answer to an operator.
    pub(crate) fn operator(&mut self, netfn: u8, number: u8, data: &[u8]) -> Result<Vec<u8>, u8> {
        self.ask(Privilege::Operator, netfn, number, data)
    }

    /// The answer to an administrator.
    pub(crate) fn administrator(&mut self, netfn: u8, number: u8, data: &[u8]) -> Result<Vec<u8>, u8> {
        self.ask(Privilege::Administrator, netfn, number, data)
    }

    /// The answer to somebody at this level, without what defines a group.
    pub(crate) fn ask(
        &mut self,
        privilege: Privilege,
        netfn: u8,
        number: u8,
        data: &[u8],
    ) -> Result<Vec<u8>, u8> {
        let whole = self.whole(privilege, netfn, number, data);
        let group = if netfn == 0x2C { 1 } else { 0 };
        if whole[0] == 0 { Ok(whole[1 + group..].to_vec()) } else { Err(whole[0]) }
    }

    /// The whole answer, as it goes out.
    pub(crate) fn whole(&mut self, privilege: Privilege, netfn: u8, number: u8, data: &[u8]) -> Vec<u8> {
        let session = Session { id: 1, user: 2, privilege, limit: privilege };
        let caller = Caller { channel: Channel::Lan, session: Some(session) };
        let mut scene = Scene {
            bmc: &self.bmc,
            look: self.bmc.look(),
            now: self.bmc.now(),
            kept: &mut self.kept,
            sessions: &mut Nobody::default(),
        };
        dispatch::answered(&mut scene, &Request { netfn, number, lun: 0, data, caller })
    }

    /// A command takes data of these lengths, and refuses all others up to 20 with C7h.
    pub(crate) fn takes_lengths(&mut self, netfn: u8, number: u8, lengths: &[usize]) {
        let group: &[u8] = if netfn == 0x2C { &[0xDC] } else { &[] };
        for length in group.len()..=20 {
            let data = [group, &vec![0; length - group.len()]].concat();
            let answer = self.ask(Privilege::Administrator, netfn, number, &data);
            assert_eq!(
                answer != Err(0xC7),
                lengths.contains(&length),
                "{netfn:02x} {number:02x} with {length} bytes: {answer:02x?}"
            );
        }
    }
}
