//! The same by `halmark serve`, over the Unix socket that BENCH_SOCKET names: what a driver in another process adds to a call.

use halmark_bench_peers::{
    Door,
    driver::{ask, deadline, endpoint},
};
use halmark_grpc::{
    client::Plugin,
    transport::{Address, Channel},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = std::env::var("BENCH_SOCKET").map_err(|_| "BENCH_SOCKET is not set")?;
    let plugin = Plugin::new(Channel::open(&Address::Unix(socket.into())).await?);
    let driver = plugin.connect("ipmi", &endpoint(Door::from_environment()?)?, deadline()).await?;
    ask(&driver).await
}
