//! Somebody who asks over IPMI v1.5 with a straight password (§22.16, §22.17), written for this comparison alone.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::UdpSocket, time::timeout};

/// No answer within this is none; both answer on loopback, and the machine may be busy.
const PATIENCE: Duration = Duration::from_millis(700);
const TRIES: usize = 3;

/// The level that a session works at (table 22-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    User = 2,
    Operator = 3,
    Administrator = 4,
}

/// A session, or none yet.
pub(crate) struct Asker {
    socket: UdpSocket,
    password: [u8; 16],
    kind: u8,
    session: u32,
    sequence: u32,
    number: u8,
}

impl Asker {
    /// Somebody who has not logged in.
    pub(crate) async fn stranger(at: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(at).await.unwrap();
        Self { socket, password: [0; 16], kind: 0, session: 0, sequence: 0, number: 0 }
    }

    /// Opens a session at this level.
    pub(crate) async fn login(at: SocketAddr, user: &str, password: &str, level: Level) -> Self {
        let mut asker = Self { password: padded(password), ..Self::stranger(at).await };
        let name: [u8; 16] = padded(user);
        let challenge = asker.whole(0x06, 0x39, &[&[4], &name[..]].concat()).await.expect("a challenge");
        assert_eq!(challenge[0], 0, "{user} is challenged");
        asker.session = u32::from_le_bytes(challenge[1..5].try_into().unwrap());
        asker.kind = 4;
        let wanted = [&[4, level as u8], &challenge[5..21], &[1, 0, 0, 0]].concat();
        let opened = asker.whole(0x06, 0x3A, &wanted).await.expect("a session");
        assert_eq!(opened[0], 0, "{user} logs in");
        asker.session = u32::from_le_bytes(opened[2..6].try_into().unwrap());
        asker.sequence = u32::from_le_bytes(opened[6..10].try_into().unwrap());
        assert_eq!(asker.ask(0x06, 0x3B, &[level as u8]).await, "00:1", "{user} works at {level:?}");
        asker
    }

    /// Gives the user of a slot a password (§22.30).
    pub(crate) async fn set_password(&mut self, slot: u8, password: &str) -> String {
        let password: [u8; 16] = padded(password);
        self.ask(0x06, 0x47, &[&[slot, 2], &password[..]].concat()).await
    }

    /// The shape of the answer: the completion code, and how many bytes follow it.
    pub(crate) async fn ask(&mut self, netfn: u8, number: u8, data: &[u8]) -> String {
        match self.whole(netfn, number, data).await {
            Some(answer) => format!("{:02x}:{}", answer[0], answer.len() - 1),
            None => "silence".to_owned(),
        }
    }

    /// The completion code, and what follows it.
    async fn whole(&mut self, netfn: u8, number: u8, data: &[u8]) -> Option<Vec<u8>> {
        self.number = (self.number + 1) % 64;
        for _ in 0..TRIES {
            let packet = self.packet(netfn, number, data);
            self.socket.send(&packet).await.unwrap();
            if let Ok(answer) = timeout(PATIENCE, self.answer(netfn, number)).await {
                return Some(answer);
            }
        }
        None
    }

    async fn answer(&self, netfn: u8, number: u8) -> Vec<u8> {
        loop {
            let mut buffer = [0; 1024];
            let length = self.socket.recv(&mut buffer).await.unwrap();
            let head = if buffer[4] == 0 { 14 } else { 30 };
            let message = &buffer[head..length];
            if message.len() > 7
                && message[1] >> 2 == netfn + 1
                && message[4] >> 2 == self.number
                && message[5] == number
            {
                return message[6..message.len() - 1].to_vec();
            }
        }
    }

    /// RMCP, the session's header (§13.6) and the message (§13.8).
    fn packet(&mut self, netfn: u8, number: u8, data: &[u8]) -> Vec<u8> {
        let first = [0x20, netfn << 2];
        let second = [&[0x81, self.number << 2, number], data].concat();
        let message = [&first[..], &[checksum(&first)], &second, &[checksum(&second)]].concat();
        let code: &[u8] = if self.kind == 0 { &[] } else { &self.password };
        let head = [0x06, 0, 0xFF, 0x07, self.kind];
        let length = [u8::try_from(message.len()).unwrap()];
        let (sequence, session) = (self.sequence.to_le_bytes(), self.session.to_le_bytes());
        if self.sequence != 0 {
            self.sequence += 1;
        }
        [&head[..], &sequence, &session, code, &length, &message].concat()
    }
}

fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte))
}
