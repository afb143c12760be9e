//! A simulated IPMI BMC in this process, on the held clock, behind a UDP relay.

use halmark::{Endpoint, endpoint::Scheme};
use halmark_simulators::{
    Bmc, BmcOptions, Control, Profile,
    ipmi::{Service, ServiceOptions},
    redfish::Transcript,
    relay::{Fate, Relay},
};

use super::{Plan, account, capture::Capture, deviations, rules};
use crate::{evidence::Broken, plan::Case, scenario::Fault, wire::Record};

pub(super) struct SimIpmi {
    /// The BMC, unless it is another's.
    _bmc: Option<Bmc>,
    control: Control,
    service: Service,
    relay: Relay,
    capture: Capture,
    datagrams: usize,
    /// Whether a datagram met a fault since faults were set.
    struck: bool,
}

impl SimIpmi {
    pub(super) fn open(profile: &Profile, plan: &Plan, case: &Case) -> Result<(Endpoint, Self), Broken> {
        let options = BmcOptions { seed: case.seed, deviations: deviations(plan, case), time_scale: 1.0 };
        let bmc = Bmc::start(profile, options).map_err(|e| Broken::new("harness", e.to_string()))?;
        let (endpoint, sim) = Self::of(&bmc, case)?;
        Ok((endpoint, Self { _bmc: Some(bmc), ..sim }))
    }

    /// The IPMI face of a BMC that somebody else keeps.
    pub(super) fn of(bmc: &Bmc, case: &Case) -> Result<(Endpoint, Self), Broken> {
        let io = |what: &str, error: std::io::Error| {
            Broken::new("target", format!("{what} could not be started on loopback: {error}"))
        };
        // What went over the wire is read by the judge itself, from the relay's datagrams.
        let quiet = ServiceOptions { transcript: Transcript::None, ..ServiceOptions::default() };
        let service = Service::start(bmc, quiet).map_err(|e| io("the IPMI service", e))?;
        let relay = Relay::udp(service.addr(), case.seed).map_err(|e| io("the relay", e))?;
        let credentials = account(case, &bmc.control().accounts());
        let capture = Capture::new(credentials.password.reveal());
        let endpoint = Endpoint::new(Scheme::Ipmi, relay.addr().ip().to_string(), relay.addr().port())
            .with_credentials(credentials);
        let control = bmc.control();
        Ok((endpoint, Self { _bmc: None, control, service, relay, capture, datagrams: 0, struck: false }))
    }

    pub(super) fn control(&self) -> Control {
        self.control.clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.service.sessions()
    }

    pub(super) fn new_wire(&mut self) -> Vec<Record> {
        let new = self.relay.transcript_from(self.datagrams);
        self.datagrams += new.len();
        self.struck |= new.iter().any(|datagram| datagram.fate != Fate::Passed);
        for it in new {
            let passed = it.fate != Fate::Dropped;
            self.capture.take(super::micros(it.at), it.to_bmc, &it.bytes, passed);
        }
        self.capture.new_records()
    }

    /// Whether a fault has struck since it was set.
    pub(super) fn was_struck(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Udp(_) => self.struck,
            Fault::ExpireSessions => true,
            _ => false,
        }
    }

    pub(super) fn set_faults(&mut self, set: &[&Fault]) -> Result<(), Broken> {
        self.struck = false;
        self.relay.set_rules(rules::udp(set));
        if set.iter().any(|fault| matches!(fault, Fault::ExpireSessions)) {
            self.service.expire_sessions();
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), Broken> {
        match self.control.is_dead() {
            true => Err(Broken::new("target", "the simulated BMC died in the middle of the case")),
            false => Ok(()),
        }
    }
}
