//! Asks an IPMI port whether somebody answers, with the first datagram that every session begins with.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{net::UdpSocket, time::timeout};

use super::StartError;

/// Get Channel Authentication Capabilities for the current channel, administrator, IPMI v2.0 data (IPMI v2.0 §22.13):
/// RMCP, no session, 20h ← 81h.
const QUESTION: [u8; 23] = [
    0x06, 0x00, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x20, 0x18, 0xc8,
    0x81, 0x00, 0x38, 0x8e, 0x04, 0xb5,
];
/// Where the command stands in an answer without a session.
const COMMAND: usize = 19;
/// How long one question is waited for.
const BLINK: Duration = Duration::from_millis(20);

/// Asks once.
pub(super) async fn answers(addr: SocketAddr) -> Result<bool, StartError> {
    let asked = async {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(addr).await?;
        let mut answer = [0; 64];
        // Refused as long as nobody listens: the answer to that is to ask again.
        let heard = timeout(BLINK, async {
            socket.send(&QUESTION).await?;
            socket.recv(&mut answer).await
        });
        let is_answer = match heard.await {
            Ok(Ok(length)) => length > COMMAND && answer[COMMAND] == 0x38,
            Ok(Err(_)) => {
                tokio::time::sleep(BLINK / 10).await;
                false
            }
            Err(_) => false,
        };
        Ok(is_answer)
    };
    asked.await.map_err(|source| StartError::Io { doing: "ask ipmi_sim whether it is ready", source })
}
