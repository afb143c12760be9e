//! ASF's presence ping: whether something that may be a BMC listens, asked of the RMCP port (§13.2.3, ASF v2.0 §3.2.4).

use crate::{
    driver::Deadline,
    drivers::ipmi::wire::{Pace, Turn, Wire},
    endpoint::{Endpoint, Seams},
};

/// The tag that comes back in the pong.
const TAG: u8 = 0x68;

/// RMCP header of class ASF, ASF's enterprise number, ping, tag, reserved, no data.
const PING: [u8; 12] = [0x06, 0x00, 0xFF, 0x06, 0x00, 0x00, 0x11, 0xBE, 0x80, TAG, 0x00, 0x00];

/// Whether a pong comes. Some BMCs that speak IPMI send none.
pub(crate) async fn ping(endpoint: &Endpoint, by: Deadline) -> bool {
    let Ok(wire) = Wire::open(endpoint).await else { return false };
    wire.exchange(PING.to_vec(), &mut Pong, Pace::brisk(Seams::default()), by).await.is_ok()
}

struct Pong;

impl Turn for Pong {
    type Answer = ();

    fn accept(&mut self, datagram: &[u8]) -> Option<()> {
        let is_asf = datagram.first() == Some(&0x06) && datagram.get(3) == Some(&0x06);
        let is_pong = datagram.get(4..8) == PING.get(4..8) && datagram.get(8..10) == Some(&[0x40, TAG]);
        (is_asf && is_pong).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pong_to_this_ping_is_one() {
        let pong =
            |kind, tag| [&[0x06, 0, 0xFF, 0x06, 0, 0, 0x11, 0xBE, kind, tag, 0, 16][..], &[0; 16]].concat();
        assert_eq!(Pong.accept(&pong(0x40, TAG)), Some(()));
        assert_eq!(Pong.accept(&pong(0x40, 1)), None);
        assert_eq!(Pong.accept(&pong(0x80, TAG)), None);
        assert_eq!(Pong.accept(&[]), None);
    }
}
