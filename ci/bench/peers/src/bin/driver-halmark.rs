//! The power state by halmark's own driver, as a library among libraries: a login with suite 3, Get Chassis Status, Close Session.

use std::time::Duration;

use halmark::{Credentials, Deadline, Endpoint, drivers, endpoint::Suite, model::PowerState};
use halmark_bench_peers::{Door, tell, times_asked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let door = Door::from_environment()?;
    let mut endpoint = Endpoint::parse(&format!("ipmi://{}", door.address))?
        .with_credentials(Credentials::new(door.user, door.password.into_bytes()));
    endpoint.ipmi.suite = Some(Suite::Three);
    let driver = drivers::connect("ipmi", endpoint)?;
    let within = || Deadline::after(Duration::from_secs(8));
    let mut answer = driver.power_read(within()).await?;
    for _ in 1..times_asked() {
        answer = driver.power_read(within()).await?;
    }
    tell(answer.value == PowerState::PoweredOn);
    driver.close().await;
    Ok(())
}
