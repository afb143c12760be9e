//! What halmark's drivers take, as a library or behind `halmark serve`.

use std::time::Duration;

use halmark::{Credentials, Deadline, Driver, Endpoint, endpoint::Suite, model::PowerState};

use crate::{Door, tell, times_asked};

/// The BMC, for a login with suite 3.
pub fn endpoint(door: Door) -> Result<Endpoint, Box<dyn std::error::Error>> {
    let mut endpoint = Endpoint::parse(&format!("ipmi://{}", door.address))?
        .with_credentials(Credentials::new(door.user, door.password.into_bytes()));
    endpoint.ipmi.suite = Some(Suite::Three);
    Ok(endpoint)
}

/// A call has so long.
pub fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(8))
}

/// Asks for the power state as often as wanted, tells the last, and ends the session.
pub async fn ask(driver: &dyn Driver) -> Result<(), Box<dyn std::error::Error>> {
    let mut answer = driver.power_read(deadline()).await?;
    for _ in 1..times_asked() {
        answer = driver.power_read(deadline()).await?;
    }
    tell(answer.value == PowerState::PoweredOn);
    driver.close().await;
    Ok(())
}
