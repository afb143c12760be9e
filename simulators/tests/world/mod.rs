//! A BMC, its Redfish service, and a client that is nobody's driver: bytes over TCP.
#![allow(dead_code, reason = "every test file takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{io, net::SocketAddr, time::Duration};

use halmark_simulators::{
    Bmc, BmcOptions, Control, Profile,
    machine::{Command, Device, Lasting, Mode, Override, Power},
    redfish::{Service, ServiceOptions},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time::{sleep, timeout},
};

pub(crate) const SYSTEM: &str = "/redfish/v1/Systems/1";
pub(crate) const MANAGER: &str = "/redfish/v1/Managers/1";
pub(crate) const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";
pub(crate) const PXE_ONCE: Override =
    Override { device: Device::Pxe, lasting: Lasting::Once, mode: Mode::Uefi };

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The document; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The last part of the first MessageId.
    pub(crate) fn message(&self) -> String {
        let said = self.json()["error"]["@Message.ExtendedInfo"][0]["MessageId"].clone();
        said.as_str().and_then(|id| id.rsplit('.').next()).unwrap_or_default().to_owned()
    }
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: bmc\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        request.push_str("\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend(body);
        self.stream.write_all(&bytes).await?;
        self.receive(method == "HEAD").await
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(crate) async fn receive(&mut self, head_only: bool) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                break end;
            }
            self.more(&mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let mut reply = Reply { status, headers, body: bytes.split_off(end + 4) };
        let length: usize = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        while !head_only && reply.body.len() < length {
            self.more(&mut reply.body).await?;
        }
        Ok(reply)
    }

    /// Everything that comes until the end, or the error that it ends with.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let end = self.stream.read_to_end(&mut bytes);
        timeout(Duration::from_secs(60), end).await.map_err(|_| io::ErrorKind::TimedOut)??;
        Ok(bytes)
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        match self.stream.read_buf(bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// A BMC, its service, and a connection to it with the administrator's Basic credentials.
pub(crate) struct World {
    pub(crate) bmc: Bmc,
    pub(crate) control: Control,
    pub(crate) service: Service,
    client: Mutex<Client>,
    basic: String,
}

impl World {
    /// A healthy BMC whose host is off.
    pub(crate) async fn healthy() -> Self {
        Self::with(&[]).await
    }

    /// A BMC with these deviations, whose host is off.
    pub(crate) async fn with(deviations: &[&str]) -> Self {
        Self::of("generic", deviations).await
    }

    /// A BMC of this profile with these deviations too, whose host is off.
    pub(crate) async fn of(profile: &str, deviations: &[&str]) -> Self {
        Self::made_of(&Profile::named(profile).unwrap(), deviations).await
    }

    /// The same of a profile that was read.
    pub(crate) async fn made_of(profile: &Profile, deviations: &[&str]) -> Self {
        let deviations = deviations.iter().map(|name| (*name).to_owned()).collect();
        let bmc = Bmc::start(profile, BmcOptions { seed: 7, deviations, time_scale: 1.0 }).unwrap();
        let service = Service::start(&bmc, ServiceOptions::default()).unwrap();
        let client = Mutex::new(Client::connect(service.addr()).await.unwrap());
        let control = bmc.control();
        let (user, password) = control.credentials();
        Self { bmc, control, service, client, basic: basic(&user, &password) }
    }

    /// A running operating system.
    pub(crate) async fn on(&self) {
        self.control.establish_power(Power::On);
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.service.addr()).await.unwrap()
    }

    /// With these headers and no credentials.
    pub(crate) async fn bare(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.client.lock().await.send(method, path, headers, body.as_bytes()).await.unwrap()
    }

    /// As the administrator.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.bare(method, path, &[("Authorization", &self.basic)], body).await
    }

    /// As the administrator, over a connection of its own; nothing where the BMC does not answer.
    pub(crate) async fn fresh(&self, method: &str, path: &str, body: Option<Value>) -> Option<Reply> {
        let mut client = Client::connect(self.service.addr()).await.ok()?;
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        client.send(method, path, &[("Authorization", &self.basic)], body.as_bytes()).await.ok()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    /// As somebody else of the BMC's accounts.
    pub(crate) async fn send_as(&self, who: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        let accounts = self.control.accounts();
        let (user, password) = accounts.iter().find(|(user, _)| user == who).unwrap();
        self.bare(method, path, &[("Authorization", &basic(user, password))], body).await
    }

    pub(crate) async fn system(&self) -> Value {
        self.get(SYSTEM).await.json()
    }

    pub(crate) async fn power_word(&self) -> Value {
        self.system().await["PowerState"].clone()
    }

    pub(crate) async fn reset(&self, kind: &str) -> Reply {
        self.send("POST", &format!("{SYSTEM}/Actions/ComputerSystem.Reset"), Some(json!({"ResetType": kind})))
            .await
    }

    pub(crate) async fn reset_bmc(&self) -> Reply {
        let path = format!("{MANAGER}/Actions/Manager.Reset");
        self.send("POST", &path, Some(json!({"ResetType": "ForceRestart"}))).await
    }

    pub(crate) async fn patch(&self, body: Value) -> Reply {
        self.send("PATCH", SYSTEM, Some(body)).await
    }

    pub(crate) async fn set_boot(&self, enabled: &str, target: &str) -> Reply {
        let boot = json!({"BootSourceOverrideEnabled": enabled, "BootSourceOverrideTarget": target});
        self.patch(json!({"Boot": boot})).await
    }

    /// Enabled, target and mode, as the BMC shows them.
    pub(crate) async fn boot(&self) -> String {
        let boot = &self.system().await["Boot"];
        let word = |part: &str| boot[format!("BootSourceOverride{part}")].as_str().unwrap_or("?").to_owned();
        format!("{} {} {}", word("Enabled"), word("Target"), word("Mode"))
    }

    pub(crate) async fn set_light(&self, word: &str) -> Reply {
        self.patch(json!({"IndicatorLED": word})).await
    }

    /// A session of the administrator: the answer and its token.
    pub(crate) async fn log_in(&self) -> (Reply, String) {
        let (user, password) = self.control.credentials();
        let body = json!({"UserName": user, "Password": password});
        let reply = self.bare("POST", SESSIONS, &[], Some(body)).await;
        let token = reply.header("X-Auth-Token").unwrap_or_default().to_owned();
        (reply, token)
    }

    /// The status of a read with this token.
    pub(crate) async fn with_token(&self, token: &str) -> u16 {
        self.bare("GET", SYSTEM, &[("X-Auth-Token", token)], None).await.status
    }

    /// What has happened after half an hour, without what was given, in one line.
    pub(crate) async fn log(&self) -> String {
        sleep(Duration::from_secs(1800)).await;
        let events = self.control.events_from(0).into_iter();
        let names = events.map(|event| event.name).filter(|name| !name.starts_with("given."));
        names.collect::<Vec<_>>().join(" ")
    }

    /// Lets time pass on the paused clock.
    pub(crate) async fn wait(&self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    /// Straight through the firmware, as another face would.
    pub(crate) fn command(&self, command: Command) -> bool {
        self.bmc.command(command).is_ok()
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{user}:{password}");
    let mut encoded = String::from("Basic ");
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            encoded.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    encoded
}
