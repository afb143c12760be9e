//! The host's console by SOL through ipmi_sim, with a listener of the test's as the host.

use std::time::Duration;

use halmark::{Cause, Driver as _};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Simulator, soon};

/// A BMC whose host is this listener.
async fn attached(by: &str) -> (Simulator, TcpListener) {
    let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sol =
        format!("\n  sol \"{by}:127.0.0.1:{}\" 115200 history=4000\n", host.local_addr().unwrap().port());
    (Simulator::start_with(&sol, "").await, host)
}

async fn accept(host: &TcpListener) -> TcpStream {
    let (stream, _) = timeout(Duration::from_secs(10), host.accept()).await.unwrap().unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn read(from: &mut (impl AsyncReadExt + Unpin), count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(Duration::from_secs(20), from.read_exact(&mut bytes)).await.unwrap().unwrap();
    bytes
}

#[tokio::test]
async fn what_is_written_reaches_the_host_and_what_the_host_says_is_read() {
    let (simulator, host) = attached("tcp").await;
    let mut host = accept(&host).await;
    let driver = simulator.driver();
    let mut console = driver.open_console(soon()).await.unwrap().value;
    let text: Vec<u8> = (0..600_u32).map(|at| b'a' + (at % 26) as u8).collect();
    console.write_all(&text).await.unwrap();
    timeout(Duration::from_secs(20), console.flush()).await.unwrap().unwrap();
    assert_eq!(read(&mut host, 600).await, text);
    host.write_all(&text).await.unwrap();
    assert_eq!(read(&mut console, 600).await, text);
    // The driver's own session goes on beside it.
    driver.power_read(soon()).await.unwrap();
    console.close(soon()).await.unwrap();
    driver.close().await;
}

#[tokio::test]
async fn a_console_in_use_is_a_conflict_until_it_is_closed() {
    let (simulator, host) = attached("tcp").await;
    let _host = accept(&host).await;
    let driver = simulator.driver();
    let mut first = driver.open_console(soon()).await.unwrap().value;
    let second = driver.open_console(soon()).await.unwrap_err();
    assert!(matches!(second.cause, Cause::Conflict { .. }), "{second}");
    first.close(soon()).await.unwrap();
    let mut third = driver.open_console(soon()).await.unwrap().value;
    third.close(soon()).await.unwrap();
    driver.close().await;
}

#[tokio::test]
async fn a_break_reaches_the_host() {
    let (simulator, host) = attached("telnet").await;
    let mut host = accept(&host).await;
    let driver = simulator.driver();
    let mut console = driver.open_console(soon()).await.unwrap().value;
    console.send_break(soon()).await.unwrap();
    // ipmi_sim hands a break on with the next character only.
    console.write_all(b"x").await.unwrap();
    // IAC BRK (RFC 854), after whatever is negotiated.
    let mut said = Vec::new();
    while !said.ends_with(&[0xFF, 0xF3, b'x']) {
        said.extend(read(&mut host, 1).await);
    }
    console.close(soon()).await.unwrap();
    driver.close().await;
}
