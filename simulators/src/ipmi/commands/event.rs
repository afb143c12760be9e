//! Where events go (IPMI v2.0 §29.1-29.2).

use super::super::{
    command::{Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x04, 0x00), "Set Event Receiver", Need::Level(Privilege::Administrator), set),
    Row::new((0x04, 0x01), "Get Event Receiver", Need::Level(Privilege::User), get),
];

/// §29.1: a slave address, FFh for none, and a logical unit.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [address, unit] = request.exactly()?;
    scene.kept.pef.receiver = [address, unit & 0x03];
    Ok(Vec::new())
}

/// §29.2: the BMC itself, where nobody has said otherwise.
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(scene.kept.pef.receiver.to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::super::world::World;

    #[tokio::test(start_paused = true)]
    async fn events_go_to_the_bmc_until_somebody_says_otherwise() {
        let mut world = World::new();
        world.only_takes((4, 0), &[0x20, 0], &[2]);
        world.only_takes((4, 1), &[], &[0]);
        assert_eq!(world.ask((4, 1), &[]).unwrap(), [0x20, 0]);
        world.ask((4, 0), &[0x82, 0x01]).unwrap();
        assert_eq!(world.ask((4, 1), &[]).unwrap(), [0x82, 1]);
    }
}
