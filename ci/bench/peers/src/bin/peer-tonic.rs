//! A gRPC call over the Unix socket that BENCH_SOCKET names, by tonic as it comes: its health service, which does nothing, and its client.
//! `serve` is the service; `ask` calls it as often as wanted and says whether it serves.

use halmark_bench_peers::times_asked;
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = std::env::var("BENCH_SOCKET").map_err(|_| "BENCH_SOCKET is not set")?;
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve(&socket).await,
        Some("ask") => ask(&socket).await,
        other => Err(format!("expected serve or ask, found {other:?}").into()),
    }
}

async fn serve(socket: &str) -> Result<(), Box<dyn std::error::Error>> {
    let (_, health) = tonic_health::server::health_reporter();
    let incoming = UnixListenerStream::new(UnixListener::bind(socket)?);
    Ok(Server::builder().add_service(health).serve_with_incoming(incoming).await?)
}

async fn ask(socket: &str) -> Result<(), Box<dyn std::error::Error>> {
    let channel = Endpoint::try_from(format!("unix:{socket}"))?.connect().await?;
    let mut health = HealthClient::new(channel);
    let mut answer = health.check(HealthCheckRequest::default()).await?;
    for _ in 1..times_asked() {
        answer = health.check(HealthCheckRequest::default()).await?;
    }
    println!("{}", answer.into_inner().status().as_str_name());
    Ok(())
}
