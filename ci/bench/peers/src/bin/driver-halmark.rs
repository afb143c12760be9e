//! The power state by halmark's own driver, as a library among libraries: a login with suite 3, Get Chassis Status, Close Session.

use halmark::drivers::ipmi::Ipmi;
use halmark_bench_peers::{
    Door,
    driver::{ask, endpoint},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ask(&Ipmi::new(endpoint(Door::from_environment()?)?)?).await
}
