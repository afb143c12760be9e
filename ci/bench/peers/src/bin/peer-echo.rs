//! A datagram there and back by UDP, as the system comes: `serve` says its port and sends everything back; `ask HOST:PORT` asks as often
//! as wanted, with as many bytes as a command in an IPMI session has.

use std::net::UdpSocket;

use halmark_bench_peers::times_asked;

const BYTES: usize = 72;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(),
        ["ask", address] => ask(address),
        _ => Err(format!("expected serve, or ask HOST:PORT; found {words:?}").into()),
    }
}

fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("{}", socket.local_addr()?.port());
    let mut bytes = [0; 2048];
    loop {
        let (length, from) = socket.recv_from(&mut bytes)?;
        socket.send_to(&bytes[..length], from)?;
    }
}

fn ask(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    let mut bytes = [0; BYTES];
    for _ in 0..times_asked() {
        socket.send(&bytes)?;
        socket.recv(&mut bytes)?;
    }
    println!("echoed");
    Ok(())
}
