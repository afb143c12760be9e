//! The driver against a scripted peer over loopback, on a held clock.
//!
//! The peer is a small healthy BMC; each test scripts the answers that it is about and leaves the others.

mod accounts;
mod answers;
mod bios;
mod boot;
mod identity;
mod made_of;
mod manager;
mod media;
mod observed;
mod overrides;
mod power;
mod quirks;
mod sessions;
mod tasks;
mod tls;
mod transport;
mod vendor;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use super::Redfish;
use crate::{
    driver::Deadline,
    endpoint::{Credentials, Endpoint, Seams},
};

pub(in crate::drivers) const SYSTEM: &str = "/redfish/v1/Systems/437XR1138R2";
const RESET: &str = "/redfish/v1/Systems/437XR1138R2/Actions/ComputerSystem.Reset";
const MANAGER: &str = "/redfish/v1/Managers/BMC";
const TOKEN: &str = "a-token";

/// A request as the peer saw it.
#[derive(Debug, Clone)]
pub(in crate::drivers) struct Seen {
    pub(in crate::drivers) method: String,
    pub(in crate::drivers) path: String,
    headers: BTreeMap<String, String>,
    pub(in crate::drivers) body: Value,
    at: Instant,
    /// The client's port: another one is another connection.
    from: u16,
}

impl Seen {
    pub(in crate::drivers) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    fn changes(&self) -> bool {
        matches!(self.method.as_str(), "POST" | "PATCH") && !self.path.ends_with("/Sessions")
    }
}

/// What the peer does with a request.
pub(in crate::drivers) enum Act {
    /// Answers.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Closes without an answer.
    Close,
    /// Keeps quiet, the connection open.
    Hang,
    /// Writes these bytes, one every so often.
    Drip(Vec<u8>, Duration),
}

pub(in crate::drivers) fn say(status: u16, body: Value) -> Act {
    Act::Say(status, Vec::new(), body.to_string())
}

pub(in crate::drivers) fn say_with(status: u16, header: (&'static str, &str), body: Value) -> Act {
    Act::Say(status, vec![(header.0, header.1.to_owned())], body.to_string())
}

pub(in crate::drivers) fn error(status: u16, id: &str, text: &str) -> Act {
    say(
        status,
        json!({"error": {"code": "Base.1.18.GeneralError", "message": "See @Message.ExtendedInfo.",
        "@Message.ExtendedInfo": [{"MessageId": id, "Message": text}]}}),
    )
}

type Script = Box<dyn FnMut(&Seen, &mut Bmc) -> Option<Act> + Send>;

/// The healthy BMC behind the script.
pub(in crate::drivers) struct Bmc {
    pub(in crate::drivers) system: Value,
    pub(in crate::drivers) manager: Value,
    chassis: Value,
    sessions: u32,
}

/// A scripted BMC on a port of its own.
pub(in crate::drivers) struct Peer {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    async fn healthy() -> Self {
        Self::scripted(|_, _| None).await
    }

    /// A peer whose script answers first; what it leaves is answered by the healthy BMC.
    pub(in crate::drivers) async fn scripted(
        script: impl FnMut(&Seen, &mut Bmc) -> Option<Act> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::new(Mutex::new((Box::new(script) as Script, Bmc::new())));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&log)));
            }
        });
        Self { port, seen }
    }

    /// A peer whose system has these properties instead.
    async fn with_system(properties: Value) -> Self {
        Self::scripted(move |_, bmc| {
            merge(&mut bmc.system, &properties);
            None
        })
        .await
    }

    pub(in crate::drivers) fn endpoint(&self) -> Endpoint {
        let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{}", self.port)).unwrap();
        endpoint.with_credentials(Credentials::new("admin", "secret"))
    }

    fn driver(&self) -> Redfish {
        Redfish::new(self.endpoint()).unwrap()
    }

    fn driver_with(&self, seams: Seams) -> Redfish {
        Redfish::new(Endpoint { seams, ..self.endpoint() }).unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Every request as "METHOD path".
    pub(in crate::drivers) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|s| format!("{} {}", s.method, s.path)).collect()
    }

    /// The bodies of what could change the machine.
    pub(in crate::drivers) fn changes(&self) -> Vec<Value> {
        self.seen().into_iter().filter(Seen::changes).map(|s| s.body).collect()
    }
}

pub(in crate::drivers) fn within(seconds: u64) -> Deadline {
    Deadline::after(Duration::from_secs(seconds))
}

async fn serve(mut stream: TcpStream, shared: Arc<Mutex<(Script, Bmc)>>, log: Arc<Mutex<Vec<Seen>>>) {
    let mut buffer = Vec::new();
    while let Some(seen) = read_request(&mut stream, &mut buffer).await {
        log.lock().unwrap().push(seen.clone());
        let act = {
            let mut shared = shared.lock().unwrap();
            let (script, bmc) = &mut *shared;
            script(&seen, bmc).unwrap_or_else(|| bmc.answer(&seen))
        };
        match act {
            Act::Close => return,
            Act::Hang => {
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
            Act::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Act::Drip(bytes, every) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    sleep(every).await;
                }
                return;
            }
            Act::Say(status, headers, body) => {
                let mut answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    answer += &format!("{name}: {value}\r\n");
                }
                answer += "\r\n";
                if stream.write_all((answer + &body).as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
                .collect();
            let length: usize = headers.get("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                let rest = buffer.split_off(end + 4 + length);
                let body = serde_json::from_slice(&buffer[end + 4..]).unwrap_or(Value::Null);
                *buffer = rest;
                let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
                let from = stream.peer_addr().ok()?.port();
                return Some(Seen { method, path, headers, body, at: Instant::now(), from });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

impl Bmc {
    fn new() -> Self {
        let values = ["On", "ForceOff", "ForceRestart", "GracefulShutdown", "PowerCycle", "Nmi"];
        Self {
            system: json!({
                "@odata.id": SYSTEM, "PowerState": "On", "Manufacturer": "Contoso", "Model": "3500RX",
                "SerialNumber": "437XR1138R2", "PartNumber": "224071-J23", "BiosVersion": "P79 v1.45 (12/06/2017)",
                "UUID": "38947555-7742-3448-3784-823347823834", "IndicatorLED": "Off",
                "LocationIndicatorActive": false,
                "Boot": {
                    "BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None",
                    "BootSourceOverrideMode": "UEFI",
                    "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Cd", "Hdd", "BiosSetup"],
                },
                "Actions": {"#ComputerSystem.Reset": {
                    "target": RESET, "ResetType@Redfish.AllowableValues": values}},
                "Links": {"Chassis": [{"@odata.id": "/redfish/v1/Chassis/1U"}],
                    "ManagedBy": [{"@odata.id": MANAGER}]},
            }),
            manager: json!({
                "@odata.id": MANAGER, "FirmwareVersion": "1.00",
                "EthernetInterfaces": {"@odata.id": "/redfish/v1/Managers/BMC/EthernetInterfaces"},
                "Actions": {"#Manager.Reset": {"target": "/redfish/v1/Managers/BMC/Actions/Manager.Reset",
                    "ResetType@Redfish.AllowableValues": ["ForceRestart", "GracefulRestart"]}},
            }),
            chassis: json!({"@odata.id": "/redfish/v1/Chassis/1U", "SerialNumber": "CH4551S", "ChassisType": "RackMount"}),
            sessions: 0,
        }
    }

    fn answer(&mut self, seen: &Seen) -> Act {
        let members = |path: &str| say(200, json!({"Members": [{"@odata.id": path}]}));
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/redfish/v1/") => say(
                200,
                json!({
                    "Systems": {"@odata.id": "/redfish/v1/Systems"},
                    "Managers": {"@odata.id": "/redfish/v1/Managers"},
                    "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
                }),
            ),
            ("POST", "/redfish/v1/SessionService/Sessions") => {
                if seen.body != json!({"UserName": "admin", "Password": "secret"}) {
                    return error(401, "Base.1.18.InsufficientPrivilege", "no");
                }
                self.sessions += 1;
                let location = format!("/redfish/v1/SessionService/Sessions/{}", self.sessions);
                let headers = vec![("X-Auth-Token", TOKEN.to_owned()), ("Location", location)];
                Act::Say(201, headers, "{}".to_owned())
            }
            _ if seen.headers.get("x-auth-token").map(String::as_str) != Some(TOKEN) => {
                error(401, "Base.1.18.NoValidSession", "no session")
            }
            ("DELETE", _) => Act::Say(204, Vec::new(), String::new()),
            ("GET", "/redfish/v1/Systems") => members(SYSTEM),
            ("GET", "/redfish/v1/Managers") => members(MANAGER),
            ("GET", SYSTEM) => say(200, self.system.clone()),
            ("GET", MANAGER) => say(200, self.manager.clone()),
            ("GET", "/redfish/v1/Chassis/1U") => say(200, self.chassis.clone()),
            ("GET", "/redfish/v1/Managers/BMC/EthernetInterfaces") => {
                members("/redfish/v1/Managers/BMC/EthernetInterfaces/1")
            }
            ("GET", "/redfish/v1/Managers/BMC/EthernetInterfaces/1") => say(
                200,
                json!({"MACAddress": "23:11:8A:33:CF:EA", "IPv4Addresses": [{"Address": "192.0.2.10"}]}),
            ),
            ("POST", RESET) => {
                match seen.body["ResetType"].as_str() {
                    Some("On") => self.system["PowerState"] = "On".into(),
                    Some("ForceOff" | "GracefulShutdown") => self.system["PowerState"] = "Off".into(),
                    _ => {}
                }
                Act::Say(204, Vec::new(), String::new())
            }
            ("POST", "/redfish/v1/Managers/BMC/Actions/Manager.Reset") => {
                Act::Say(204, Vec::new(), String::new())
            }
            ("PATCH", SYSTEM) => {
                merge(&mut self.system, &seen.body);
                Act::Say(204, Vec::new(), String::new())
            }
            _ => error(404, "Base.1.18.ResourceMissingAtURI", "not here"),
        }
    }
}

/// A JSON merge patch (RFC 7396) without its removals.
fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}
