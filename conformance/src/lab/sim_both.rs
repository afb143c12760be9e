//! A simulated BMC by both of its faces at once, for drivers that speak both.

use halmark::Endpoint;
use halmark_simulators::{Control, Profile};

use super::{Plan, sim::Sim, sim_ipmi::SimIpmi};
use crate::{evidence::Broken, plan::Case, scenario::Fault, wire::Record};

pub(super) struct SimBoth {
    redfish: Sim,
    ipmi: SimIpmi,
}

impl SimBoth {
    pub(super) async fn open(
        profile: &Profile,
        plan: &Plan,
        case: &Case,
    ) -> Result<(Endpoint, Self), Broken> {
        let (endpoint, redfish) = Sim::open(profile, plan, case).await?;
        let (beside, ipmi) = SimIpmi::of(redfish.bmc(), case)?;
        // Whoever asks is said once, so that it can be replaced once.
        let beside = Endpoint { credentials: None, ..beside };
        Ok((endpoint.beside(beside), Self { redfish, ipmi }))
    }

    pub(super) fn control(&self) -> Control {
        self.redfish.control()
    }

    pub(super) fn sessions(&self) -> usize {
        self.redfish.sessions() + self.ipmi.sessions()
    }

    /// What went over either wire, in the order of time.
    pub(super) fn new_wire(&mut self) -> Vec<Record> {
        let mut all = self.redfish.new_wire();
        all.extend(self.ipmi.new_wire());
        all.sort_by_key(|record| record.at);
        all
    }

    pub(super) fn was_struck(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Udp(_) => self.ipmi.was_struck(fault),
            _ => self.redfish.was_struck(fault),
        }
    }

    pub(super) fn set_faults(&mut self, set: &[&Fault]) -> Result<(), Broken> {
        self.redfish.set_faults(set)?;
        self.ipmi.set_faults(set)
    }

    pub(super) fn check(&self) -> Result<(), Broken> {
        self.redfish.check()
    }
}
