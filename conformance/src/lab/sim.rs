//! A simulated Redfish BMC in this process, on the held clock.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use halmark::{
    Endpoint, Tls,
    endpoint::{HostKeys, Scheme, SshOptions},
};
use halmark_simulators::{
    Bmc, BmcOptions, Control, Profile,
    redfish::{HttpExchange, Service, ServiceOptions, tls::Certificate},
    relay::Relay,
    ssh,
};

use super::{Plan, account, deviations, rules};
use crate::{
    evidence::Broken,
    plan::Case,
    scenario::{Fault, Given},
    wire::{Exchange, Record},
};

pub(super) struct Sim {
    bmc: Bmc,
    service: Service,
    relay: Option<Relay>,
    shell: Option<ssh::Service>,
    wire: usize,
    /// What struck since faults were set, and how many connections there had been then.
    struck: BTreeSet<String>,
    connections: u64,
    _trust: Option<TrustFile>,
    _hosts: Option<TrustFile>,
}

impl Sim {
    pub(super) async fn open(
        profile: &Profile,
        plan: &Plan,
        case: &Case,
    ) -> Result<(Endpoint, Self), Broken> {
        let io = |what: &str, error: std::io::Error| {
            Broken::new("target", format!("{what} could not be started on loopback: {error}"))
        };
        let options = BmcOptions { seed: case.seed, deviations: deviations(plan, case), time_scale: 1.0 };
        let bmc = Bmc::start(profile, options).map_err(|e| Broken::new("harness", e.to_string()))?;
        let (certificate, trust) = certificate(case)?;
        let service = Service::start(&bmc, ServiceOptions { tls: certificate, ..ServiceOptions::default() })
            .map_err(|e| io("the Redfish service", e))?;
        let relay = match case.scenario.faults.values().any(|f| matches!(f, Fault::Tcp(_))) {
            true => Some(Relay::tcp(service.addr(), case.seed).map_err(|e| io("the relay", e))?),
            false => None,
        };
        let addr = relay.as_ref().map_or_else(|| service.addr(), Relay::addr);
        let scheme = if trust.is_some() { Scheme::Https } else { Scheme::Http };
        let endpoint = Endpoint::new(scheme, addr.ip().to_string(), addr.port())
            .with_credentials(account(case, &bmc.control().accounts()))
            .with_tls(trust.as_ref().map(|file| Tls::Ca(file.0.clone())).unwrap_or_default());
        let shell = match has_console(case) && ssh::Service::is_known_for(&bmc) {
            true => {
                Some(ssh::Service::start(&bmc, ssh::ServiceOptions::default()).map_err(|e| io("SSH", e))?)
            }
            false => None,
        };
        let hosts = shell.as_ref().map(known_hosts).transpose()?;
        let host_keys = hosts.as_ref().map(|file| HostKeys::File(file.0.clone())).unwrap_or_default();
        let endpoint = Endpoint { ssh: SshOptions { port: None, host_keys }, ..endpoint };
        let (struck, connections) = (BTreeSet::new(), 0);
        let (_trust, _hosts) = (trust, hosts);
        Ok((endpoint, Self { bmc, service, relay, shell, wire: 0, struck, connections, _trust, _hosts }))
    }

    /// The BMC, for another face of it.
    pub(super) fn bmc(&self) -> &Bmc {
        &self.bmc
    }

    pub(super) fn control(&self) -> Control {
        self.bmc.control()
    }

    pub(super) fn sessions(&self) -> usize {
        self.service.sessions() + self.shell.as_ref().map_or(0, ssh::Service::sessions)
    }

    pub(super) fn new_wire(&mut self) -> Vec<Record> {
        let new = self.service.exchanges_from(self.wire);
        self.wire += new.len();
        let struck = new.iter().filter_map(|exchange| exchange.injected.as_deref());
        self.struck.extend(struck.flat_map(|all| all.split(" + ")).map(ToOwned::to_owned));
        new.into_iter().map(record).collect()
    }

    /// Whether a fault has struck since it was set, as far as that can be seen.
    pub(super) fn was_struck(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Http(fault) if rules::is_of_a_handshake(&fault.action) => {
                self.service.connections_struck() > 0
            }
            Fault::Http(fault) => self.struck.contains(&rules::http_action(&fault.action).to_string()),
            Fault::Tcp(_) => self.connections() > self.connections,
            Fault::Udp(_) => false,
            Fault::ExpireSessions | Fault::DropConnections => true,
        }
    }

    fn connections(&self) -> u64 {
        self.relay.as_ref().map_or(0, |relay| relay.tcp_counts().connections)
    }

    pub(super) fn set_faults(&mut self, set: &[&Fault]) -> Result<(), Broken> {
        self.struck.clear();
        self.connections = self.connections();
        self.service.set_rules(rules::http(set));
        if let Some(relay) = &self.relay {
            relay.set_rules(rules::tcp(set));
        }
        for fault in set {
            match fault {
                Fault::ExpireSessions => self.service.expire_sessions(),
                Fault::DropConnections => self.service.drop_connections(),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), Broken> {
        match self.bmc.control().is_dead() {
            true => Err(Broken::new("target", "the simulated BMC died in the middle of the case")),
            false => Ok(()),
        }
    }
}

fn record(exchange: HttpExchange) -> Record {
    let retry_after = exchange
        .response_headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
        .map(|(_, v)| v.clone());
    Record {
        at: super::micros(exchange.at),
        injected: exchange.injected,
        same_body_as: None,
        exchange: Exchange::Http {
            method: exchange.method,
            path: exchange.path,
            status: exchange.status,
            request: exchange.request_body.map(Into::into),
            response: exchange.response_body.map(Into::into),
            retry_after,
        },
    }
}

/// The certificate of a case, and what the driver is told to trust.
fn certificate(case: &Case) -> Result<(Option<Certificate>, Option<TrustFile>), Broken> {
    const HOST: &str = "127.0.0.1";
    let wanted = case
        .scenario
        .given
        .iter()
        .find_map(|g| if let Given::Certificate(kind) = &g.value { Some(kind.as_str()) } else { None });
    let Some(wanted) = wanted else { return Ok((None, None)) };
    let certificate = match wanted {
        "trusted" => Certificate::authority(HOST),
        "expired" => Certificate::expired(HOST),
        "wrong-host" => Certificate::wrong_host(),
        _ => Certificate::self_signed(HOST),
    };
    // What is trusted is always the authority: the other certificates have to fail for what they are.
    let authority = TrustFile::new(Certificate::authority(HOST).ca_pem()).map_err(|e| {
        Broken::new(
            "harness",
            format!("the authority's certificate could not be written to a temporary file: {e}"),
        )
    })?;
    Ok((Some(certificate), Some(authority)))
}

/// Whether a case is about the host's console.
fn has_console(case: &Case) -> bool {
    case.scenario.requires.iter().any(|it| it.value == "console.open")
}

/// The host key of the shell, as a driver's file of known hosts (sshd(8)).
fn known_hosts(shell: &ssh::Service) -> Result<TrustFile, Broken> {
    let (ip, port) = (shell.addr().ip(), shell.addr().port());
    TrustFile::new(&format!("[{ip}]:{port} {}\n", shell.host_key())).map_err(|e| {
        Broken::new("harness", format!("the host key could not be written to a temporary file: {e}"))
    })
}

/// What a driver is told to trust, in a file that is there for as long as the case.
struct TrustFile(PathBuf);

impl TrustFile {
    /// Writes it, never through somebody else's file.
    fn new(pem: &str) -> std::io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        for _ in 0..1_000 {
            let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(format!("halmark-authority-{process}-{number}.pem"));
            match std::fs::File::create_new(&path) {
                Ok(mut file) => {
                    let new = Self(path);
                    file.write_all(pem.as_bytes())?;
                    return Ok(new);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(std::io::Error::other("the folder for temporary files is full of other people's certificates"))
    }
}

impl Drop for TrustFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_trusted_lies_in_a_file_of_its_own_that_goes_with_the_case() {
        let (one, other) = (TrustFile::new("one").unwrap(), TrustFile::new("other").unwrap());
        assert_ne!(one.0, other.0);
        assert_eq!(std::fs::read_to_string(&one.0).unwrap(), "one");
        let path = one.0.clone();
        drop(one);
        assert!(!path.exists() && other.0.exists());
    }
}
