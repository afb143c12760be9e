//! The power state by the crate `ipmi`: a login with suite 3, Get Chassis Status, Close Session.

use std::time::Duration;

use halmark_bench_peers::{Door, tell, times_asked};
use ipmi::{BlockingClient, PrivilegeLevel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let door = Door::from_environment()?;
    let client = BlockingClient::builder(door.address.parse()?)
        .username(door.user)
        .password(door.password)
        .privilege_level(PrivilegeLevel::Administrator)
        .timeout(Duration::from_secs(2))
        .retries(3)
        .build()?;
    let mut status = client.get_chassis_status()?;
    for _ in 1..times_asked() {
        status = client.get_chassis_status()?;
    }
    tell(status.system_power_on);
    client.close_session()?;
    Ok(())
}
