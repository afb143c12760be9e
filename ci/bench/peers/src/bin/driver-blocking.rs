//! The power state by halmark's own driver whose thread waits for each answer, as the blocking libraries' do: a login with suite 3, Get
//! Chassis Status, Close Session. Nothing is awaited but time.

use halmark::drivers::ipmi::Ipmi;
use halmark_bench_peers::{
    Door,
    driver::{ask, endpoint},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut endpoint = endpoint(Door::from_environment()?)?;
    endpoint.ipmi.blocking = true;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(ask(&Ipmi::new(endpoint)?))
}
