//! How the BMC of a row is reached: by which driver, at which endpoint, as whom.

use std::fmt;

use super::{Mac, record::Record};
use crate::{
    driver::Protocol,
    endpoint::{Credentials, Endpoint, IpmiOptions, Scheme},
};

/// A driver, as [`drivers::connect`](crate::drivers::connect) takes it, and the endpoint for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The driver's name.
    pub driver: String,
    /// The BMC by the driver's own protocol, and beside it by the other.
    pub endpoint: Endpoint,
}

/// What a row lacks to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// It has no address.
    NoAddress(Mac),
    /// It has no account.
    NoAccount(Mac),
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress(mac) => write!(
                f,
                "the inventory knows no address of {mac}: give it by `halmark bmc update {mac} --address ADDRESS`"
            ),
            Self::NoAccount(mac) => write!(
                f,
                "the inventory knows no credentials for {mac}: give them by `halmark bmc update {mac} --user NAME`"
            ),
        }
    }
}

impl std::error::Error for Unreached {}

/// How a row is reached. `driver` goes before the row's own, and `account` before its accounts. Where neither a person nor
/// discovery has said which driver, `auto` finds out.
pub fn reach(row: &Record, driver: Option<&str>, account: Option<&Credentials>) -> Result<Reach, Unreached> {
    let driver = driver.or(row.preferred_driver.as_deref()).unwrap_or_else(|| seen(row)).to_owned();
    if driver == "unmanaged" {
        return Ok(Reach { driver, endpoint: Endpoint::new(Scheme::Unmanaged, "", 0) });
    }
    let order = match driver.as_str() {
        "ipmi" => [Protocol::Ipmi, Protocol::Redfish],
        _ => [Protocol::Redfish, Protocol::Ipmi],
    };
    let one = |protocol: Protocol| account.or(row.account(protocol)).cloned();
    // An account that is known for one protocol only is tried for the other too, as on the command line.
    let any = one(order[0]).or(one(order[1])).ok_or(Unreached::NoAccount(row.mac))?;
    let [first, other] =
        order.map(|protocol| door(row, protocol, one(protocol).unwrap_or_else(|| any.clone())));
    Ok(Reach { driver, endpoint: first?.beside(other?) })
}

/// The one driver that the row was seen to answer, the one for its maker's BMCs before Redfish, and that before IPMI; `auto` where nobody has looked.
fn seen(row: &Record) -> &'static str {
    ["idrac", "redfish", "ipmi"].into_iter().find(|it| row.drivers.contains(*it)).unwrap_or("auto")
}

/// The row's endpoint by one protocol, as that account.
pub fn door(row: &Record, protocol: Protocol, account: Credentials) -> Result<Endpoint, Unreached> {
    let address = row.address.as_ref().ok_or(Unreached::NoAddress(row.mac))?.as_str();
    let endpoint = match protocol {
        Protocol::Ipmi => {
            let ipmi =
                IpmiOptions { suite: row.ipmi.suite, kg: row.ipmi.kg.clone(), ..IpmiOptions::default() };
            Endpoint { ipmi, ..Endpoint::new(Scheme::Ipmi, address, row.ipmi.port) }
        }
        Protocol::Redfish | Protocol::Ssh => {
            Endpoint::new(row.redfish.scheme, address, row.redfish.port).with_tls(row.redfish.tls.clone())
        }
    };
    Ok(endpoint.with_credentials(account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Tls;

    fn row() -> Record {
        let mut row = Record::new("92:33:b8:0e:df:8f".parse().unwrap());
        row.address = Some("10.0.0.1".parse().unwrap());
        row.ipmi.account = Some(Credentials::new("metal", "one"));
        row.redfish.account = Some(Credentials::new("afish", "two"));
        (row.ipmi.port, row.redfish.tls) = (6230, Tls::Insecure);
        row
    }

    #[test]
    fn each_protocol_is_reached_at_its_own_port_as_its_own_account() {
        let reached = reach(&row(), None, None).unwrap();
        assert_eq!(reached.driver, "auto");
        let doors = [Protocol::Redfish, Protocol::Ipmi].map(|it| reached.endpoint.door(it).unwrap());
        assert_eq!(doors.clone().map(|it| it.to_string()), ["https://10.0.0.1:443", "ipmi://10.0.0.1:6230"]);
        assert_eq!(doors.clone().map(|it| it.credentials.unwrap().user), ["afish", "metal"]);
        assert_eq!(doors[0].tls, Tls::Insecure);
    }

    #[test]
    fn the_driver_is_the_one_that_is_asked_for_then_the_preferred_one_then_one_that_was_seen() {
        let driver = |row: &Record, asked| reach(row, asked, None).unwrap().driver;
        let mut row = row();
        row.drivers = ["ipmi", "redfish"].map(str::to_owned).into();
        assert_eq!(driver(&row, None), "redfish");
        row.preferred_driver = Some("ipmi".to_owned());
        assert_eq!((driver(&row, None).as_str(), driver(&row, Some("auto")).as_str()), ("ipmi", "auto"));
        assert_eq!(reach(&row, None, None).unwrap().endpoint.scheme, Scheme::Ipmi);
    }

    #[test]
    fn an_account_of_one_protocol_serves_for_both_and_one_that_is_given_goes_before() {
        let mut row = row();
        row.redfish.account = None;
        let users = |endpoint: Endpoint| {
            [Protocol::Redfish, Protocol::Ipmi].map(|it| endpoint.door(it).unwrap().credentials.unwrap().user)
        };
        assert_eq!(users(reach(&row, None, None).unwrap().endpoint), ["metal", "metal"]);
        let given = Credentials::new("root", "three");
        assert_eq!(users(reach(&row, None, Some(&given)).unwrap().endpoint), ["root", "root"]);
    }

    #[test]
    fn what_is_not_known_is_told_with_the_way_to_give_it() {
        let mut row = Record::new("92:33:b8:0e:df:8f".parse().unwrap());
        assert_eq!(reach(&row, None, None), Err(Unreached::NoAccount(row.mac)));
        row.ipmi.account = Some(Credentials::new("metal", "one"));
        assert_eq!(reach(&row, None, None), Err(Unreached::NoAddress(row.mac)));
        assert_eq!(reach(&row, Some("unmanaged"), None).unwrap().endpoint.to_string(), "unmanaged:");
    }
}
