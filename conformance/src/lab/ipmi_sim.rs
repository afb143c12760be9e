//! OpenIPMI's `ipmi_sim` as a child process behind a UDP relay, in real time, with our machine behind its chassis.

use halmark::{Endpoint, endpoint::Scheme};
use halmark_simulators::{
    Bmc, BmcOptions, Control, Profile, openipmi,
    relay::{Fate, Relay},
};

use super::{Plan, account, capture::Capture, deviations, rules};
use crate::{evidence::Broken, plan::Case, scenario::Fault, wire::Record};

/// The machine's delays on this target, as a share of the profile's.
const TIME_SCALE: f64 = 0.02;

pub(super) struct IpmiSim {
    bmc: Bmc,
    sim: openipmi::IpmiSim,
    relay: Relay,
    capture: Capture,
    datagrams: usize,
    /// Whether a datagram met a fault since faults were set.
    struck: bool,
}

impl IpmiSim {
    pub(super) async fn open(plan: &Plan, case: &Case) -> Result<(Endpoint, Self), Broken> {
        let profile = Profile::named("generic")
            .ok_or_else(|| Broken::new("harness", "the generic profile is missing"))?;
        let options =
            BmcOptions { seed: case.seed, deviations: deviations(plan, case), time_scale: TIME_SCALE };
        let bmc = Bmc::start(&profile, options).map_err(|e| Broken::new("harness", e.to_string()))?;
        let helper = openipmi::Options {
            binary: None,
            helper: plan.helper.clone(),
            helper_args: vec![crate::CHASSIS_HELPER.to_owned()],
            port: None,
        };
        let sim =
            openipmi::IpmiSim::start(&bmc, helper).await.map_err(|e| Broken::new("target", e.to_string()))?;
        let relay = Relay::udp(sim.addr(), case.seed)
            .map_err(|e| Broken::new("target", format!("the relay could not be started: {e}")))?;
        let credentials = account(case, &bmc.control().accounts());
        let capture = Capture::new(credentials.password.reveal());
        let endpoint = Endpoint::new(Scheme::Ipmi, relay.addr().ip().to_string(), relay.addr().port())
            .with_credentials(credentials);
        Ok((endpoint, Self { bmc, sim, relay, capture, datagrams: 0, struck: false }))
    }

    pub(super) fn control(&self) -> Control {
        self.bmc.control()
    }

    pub(super) fn open_sessions(&self) -> usize {
        self.capture.open_sessions()
    }

    pub(super) fn new_wire(&mut self) -> Vec<Record> {
        let new = self.relay.transcript_from(self.datagrams);
        self.datagrams += new.len();
        self.struck |= new.iter().any(|datagram| datagram.fate != Fate::Passed);
        for datagram in new {
            self.capture.take(
                super::micros(datagram.at),
                datagram.to_bmc,
                &datagram.bytes,
                datagram.fate != Fate::Dropped,
            );
        }
        self.capture.new_records()
    }

    /// Whether a fault has struck since it was set.
    pub(super) fn was_struck(&self, fault: &Fault) -> bool {
        matches!(fault, Fault::Udp(_)) && self.struck
    }

    pub(super) fn set_faults(&mut self, set: &[&Fault]) -> Result<(), Broken> {
        self.struck = false;
        self.relay.set_rules(rules::udp(set));
        Ok(())
    }

    pub(super) fn check(&mut self) -> Result<(), Broken> {
        self.sim.check().map_err(|died| Broken::new("target", died.to_string()))
    }
}
