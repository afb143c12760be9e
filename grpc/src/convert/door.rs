//! Where a BMC is and how it is reached, as messages and back.

use halmark::{
    Credentials, Endpoint, Secret, Tls,
    endpoint::{HostKeys, IpmiOptions, SshOptions, Suite},
};

use super::{duration, told_duration};
use crate::{
    failure::Odd,
    pb::{self, trust::Kind},
};

/// Asks for a driver, by name, for an endpoint.
pub(crate) fn connect_request(driver: &str, endpoint: &Endpoint) -> pb::ConnectRequest {
    let pb::Door { url, credentials, trust, ipmi, ssh } = door(endpoint);
    let other = endpoint.other.as_deref().map(door);
    pb::ConnectRequest { driver: driver.to_owned(), url, credentials, trust, ipmi, other, ssh }
}

fn door(endpoint: &Endpoint) -> pb::Door {
    let account =
        |it: &Credentials| pb::Credentials { user: it.user.clone(), password: it.password.reveal().to_vec() };
    pb::Door {
        url: endpoint.to_string(),
        credentials: endpoint.credentials.as_ref().map(account),
        trust: trust(&endpoint.tls),
        ipmi: Some(options(&endpoint.ipmi)),
        ssh: shell(&endpoint.ssh),
    }
}

fn shell(ssh: &SshOptions) -> Option<pb::SshOptions> {
    let known_hosts_file = match &ssh.host_keys {
        HostKeys::Known => String::new(),
        HostKeys::File(file) => file.display().to_string(),
    };
    (*ssh != SshOptions::default())
        .then(|| pb::SshOptions { port: ssh.port.unwrap_or(0).into(), known_hosts_file })
}

fn trust(tls: &Tls) -> Option<pb::Trust> {
    let kind = match tls {
        Tls::System => return None,
        Tls::Ca(file) => Kind::CaFile(file.display().to_string()),
        Tls::Pin(digest) => Kind::PinSha256(digest.to_vec()),
        Tls::Insecure => Kind::Insecure(true),
    };
    Some(pb::Trust { kind: Some(kind) })
}

fn options(ipmi: &IpmiOptions) -> pb::IpmiOptions {
    pb::IpmiOptions {
        suite: match ipmi.suite {
            None => 0,
            Some(Suite::Three) => 3,
            Some(Suite::Seventeen) => 17,
        },
        kg: ipmi.kg.as_ref().map(|kg| kg.reveal().to_vec()),
        quirks: ipmi.quirks.iter().cloned().collect(),
        keep_alive: ipmi.keep_alive.and_then(duration),
    }
}

/// The endpoint that a caller asks for.
pub(crate) fn told_endpoint(it: pb::ConnectRequest) -> Result<Endpoint, Odd> {
    let pb::ConnectRequest { driver: _, url, credentials, trust, ipmi, other, ssh } = it;
    let endpoint = told_door(pb::Door { url, credentials, trust, ipmi, ssh })?;
    Ok(match other {
        Some(other) => endpoint.beside(told_door(other)?),
        None => endpoint,
    })
}

fn told_door(it: pb::Door) -> Result<Endpoint, Odd> {
    let endpoint = Endpoint::parse(&it.url).map_err(|e| Odd(e.to_string()))?;
    Ok(Endpoint {
        credentials: it.credentials.map(|it| Credentials::new(it.user, it.password)),
        tls: told_trust(it.trust)?,
        ipmi: told_options(it.ipmi.unwrap_or_default())?,
        ssh: told_shell(it.ssh.unwrap_or_default())?,
        ..endpoint
    })
}

fn told_shell(it: pb::SshOptions) -> Result<SshOptions, Odd> {
    let port = match u16::try_from(it.port) {
        Ok(port) => Some(port).filter(|port| *port != 0),
        Err(_) => return Err(Odd(format!("SSH's port {} is none: expected 0 to 65535", it.port))),
    };
    let host_keys = match it.known_hosts_file.as_str() {
        "" => HostKeys::Known,
        file => HostKeys::File(file.into()),
    };
    Ok(SshOptions { port, host_keys })
}

fn told_trust(it: Option<pb::Trust>) -> Result<Tls, Odd> {
    Ok(match it.and_then(|it| it.kind) {
        None | Some(Kind::Insecure(false)) => Tls::System,
        Some(Kind::Insecure(true)) => Tls::Insecure,
        Some(Kind::CaFile(file)) => Tls::Ca(file.into()),
        Some(Kind::PinSha256(digest)) => {
            Tls::Pin(digest.try_into().map_err(|_| Odd("a pin is 32 bytes".to_owned()))?)
        }
    })
}

fn told_options(it: pb::IpmiOptions) -> Result<IpmiOptions, Odd> {
    Ok(IpmiOptions {
        suite: match it.suite {
            0 => None,
            3 => Some(Suite::Three),
            17 => Some(Suite::Seventeen),
            other => return Err(Odd(format!("cipher suite {other} is not spoken: expected 3 or 17"))),
        },
        kg: it.kg.map(Secret::new),
        quirks: it.quirks.into_iter().collect(),
        keep_alive: it.keep_alive.map(told_duration).transpose()?,
        // How a thread waits is the business of whoever has it.
        blocking: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_with_both_doors_arrives_as_it_was_sent() {
        let account = Credentials::new("root", "calvin");
        let ipmi = Endpoint::parse("ipmi://[::1]:6230").unwrap().with_credentials(account.clone());
        let suite = Some(Suite::Seventeen);
        let ipmi = Endpoint { ipmi: IpmiOptions { suite, ..IpmiOptions::default() }, ..ipmi };
        let both = Endpoint::parse("https://bmc:8443").unwrap().with_tls(Tls::Pin([7; 32])).beside(ipmi);
        let ssh = SshOptions { port: Some(2222), host_keys: HostKeys::File("/etc/bmcs".into()) };
        let both = Endpoint { ssh, ..both };
        assert_eq!(told_endpoint(connect_request("auto", &both)), Ok(both));
    }
}
