//! The power state by the crate `ipmi` as it comes, awaited: a login with suite 3, Get Chassis Status, Close Session.

use std::time::Duration;

use halmark_bench_peers::{Door, tell, times_asked};
use ipmi::{Client, PrivilegeLevel};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let door = Door::from_environment()?;
    let client = Client::builder(door.address.parse()?)
        .username(door.user)
        .password(door.password)
        .privilege_level(PrivilegeLevel::Administrator)
        .timeout(Duration::from_secs(2))
        .retries(3)
        .build()
        .await?;
    let mut status = client.get_chassis_status().await?;
    for _ in 1..times_asked() {
        status = client.get_chassis_status().await?;
    }
    tell(status.system_power_on);
    client.close_session().await?;
    Ok(())
}
