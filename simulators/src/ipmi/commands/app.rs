//! Global commands of the BMC (IPMI v2.0 §20).

use super::super::{
    command::{Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};

/// The group.
pub(super) const ROWS: &[Row] =
    &[Row::new((0x06, 0x01), "Get Device ID", Need::Level(Privilege::User), device_id)];

/// §20.1.
fn device_id(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let (major, minor) = revision(&scene.look.view.id.bmc_firmware);
    // Device 20h, SDRs, revision 1; IPMI 2.0; sensors, SDR repository, SEL, FRU inventory and chassis; no maker; no product.
    Ok(vec![0x20, 0x81, major & 0x7F, minor, 0x02, 0x8F, 0, 0, 0, 0, 0])
}

/// The firmware's version as IPMI says it: a major number, and a minor one in BCD.
fn revision(text: &str) -> (u8, u8) {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse::<u8>().ok());
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0) % 100);
    (major, minor / 10 * 16 + minor % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_said_in_bcd() {
        assert_eq!(revision("7.12.30"), (7, 0x12));
        assert_eq!(revision("iLO 5 v2.3"), (5, 0x02));
    }
}
