//! Where each BMC listens.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

use super::args::{Sim, TlsArg};

/// An IPv4 network, as in `127.1.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: u32,
    size: u64,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a network: expected such as 127.1.0.0/16");
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        let bits: u32 = bits.parse().ok().filter(|bits| (8..=32).contains(bits)).ok_or_else(wrong)?;
        let size = 1u64 << (32 - bits);
        let first = u32::from(address) & !u32::try_from(size - 1).unwrap_or(u32::MAX);
        Ok(Self { first, size })
    }
}

impl Network {
    /// How many machines it has room for; the network's own address and the broadcast address are none of them.
    fn room(self) -> u64 {
        if self.size > 2 { self.size - 2 } else { self.size }
    }

    fn address(self, place: u32) -> Ipv4Addr {
        let skipped = u32::from(self.size > 2);
        Ipv4Addr::from(self.first + skipped + place)
    }
}

/// Where each BMC listens, in their order; port 0 is any that is free.
pub(super) fn addresses(args: &Sim) -> Result<Vec<SocketAddr>, String> {
    let count = u32::try_from(args.count).ok().filter(|count| *count > 0);
    let count = count.ok_or_else(|| format!("--count {} makes no sense: expected 1 or more", args.count))?;
    if let Some(network) = args.addresses {
        let port = args.port.unwrap_or(if args.tls == TlsArg::Off { 80 } else { 443 });
        if u64::from(count) > network.room() {
            return Err(format!("the network has room for {} BMCs, not for {count}", network.room()));
        }
        return Ok((0..count).map(|place| (IpAddr::V4(network.address(place)), port).into()).collect());
    }
    if args.by_host {
        return Ok(vec![(args.listen, args.port.unwrap_or(0)).into()]);
    }
    let first = args.base_port.or(args.port);
    match first {
        None | Some(0) => Ok(vec![(args.listen, 0).into(); args.count]),
        Some(port) if args.port.is_some() && count > 1 => Err(format!(
            "{count} BMCs cannot have one port: take --base-port {port} (each its own), --by-host (one port, by host name) or \
             --addresses 127.1.0.0/16 (each its own address)"
        )),
        Some(port) => (0..count)
            .map(|place| {
                let port = u16::try_from(u32::from(port) + place);
                port.map(|port| (args.listen, port).into()).map_err(|_| {
                    format!(
                        "{count} ports from {} on are too many: the last one is 65535",
                        first.unwrap_or(0)
                    )
                })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_gives_each_an_address_of_its_own() {
        let network: Network = "127.1.0.0/16".parse().unwrap();
        assert_eq!(network.address(0), Ipv4Addr::new(127, 1, 0, 1));
        assert_eq!(network.address(255), Ipv4Addr::new(127, 1, 1, 0));
        assert_eq!(network.room(), 65_534);
        assert_eq!("127.0.0.9/32".parse::<Network>().unwrap().address(0), Ipv4Addr::new(127, 0, 0, 9));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["127.0.0.1", "127.0.0.1/33", "::1/64", "127.0.0.0/4", ""] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
