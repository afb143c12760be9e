//! The crate `ipmi-rs` as it is, behind the contract: a subject of the suite, not a driver to use.
//!
//! What is here is the least that makes it one: the crate has no chassis commands, so that theirs are sent raw (IPMI v2.0 §28.2,
//! §28.3), and its errors are sorted. Nothing is mended: it logs in with suite 3, never raises the session's level, never closes
//! a session and never sends anything twice. It blocks, so that each call has a thread of its own; a paused clock of tokio's does
//! not move on while that runs, and the crate's own patience is in real time. Only the feature `subjects` brings it in.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use ipmi_rs::{
    connection::{IpmiConnection, LogicalUnit, Message, Request, RequestTargetAddress, Response},
    rmcp::{ActivationError, Rmcp, RmcpIpmiError},
};

use super::{ConnectError, failure::Failure};
use crate::{
    driver::{
        Answer, Capabilities, Cause, Deadline, Driver, DriverError, Exchange, Operation, Protocol, Reply,
    },
    endpoint::{Credentials, Endpoint, Scheme},
    model::{Change, PowerAction, PowerState},
};

const NAME: &str = "ipmi-rs";
/// How long the crate waits for a datagram.
const PATIENCE: Duration = Duration::from_millis(500);
const CHASSIS: u8 = 0x00;
const GET_STATUS: u8 = 0x01;
const CONTROL: u8 = 0x02;

/// The crate, and where it is to go.
pub struct IpmiRs {
    capabilities: Capabilities,
    door: Arc<Door>,
}

struct Door {
    address: String,
    account: Credentials,
    session: Mutex<Option<Rmcp>>,
}

impl IpmiRs {
    /// A driver for this endpoint. Touches nothing on the wire.
    ///
    /// # Errors
    /// Where the endpoint is not one of IPMI, or has no credentials.
    pub fn new(endpoint: Endpoint) -> Result<Self, ConnectError> {
        if endpoint.scheme != Scheme::Ipmi {
            let endpoint = endpoint.to_string();
            return Err(ConnectError::WrongScheme { driver: NAME, endpoint, expected: "ipmi://HOST" });
        }
        let account = endpoint.credentials.ok_or(ConnectError::NoCredentials { driver: NAME })?;
        let address = format!("{}:{}", endpoint.host, endpoint.port);
        let door = Door { address, account, session: Mutex::new(None) };
        Ok(Self { capabilities: capabilities(), door: Arc::new(door) })
    }

    /// Something of the crate's, on a thread of its own; its panics are its defects.
    async fn do_there<T: Send + 'static>(
        &self,
        operation: Operation,
        work: impl FnOnce(&mut Rmcp) -> Result<T, Failure> + Send + 'static,
    ) -> Reply<T> {
        let door = self.door.clone();
        let done = tokio::task::spawn_blocking(move || door.through(work)).await;
        let done = done.unwrap_or_else(|panic| {
            Err(Cause::Internal { reason: format!("the crate panicked: {panic}") }.into())
        });
        let answer = |value| Answer { value, protocol: Protocol::Ipmi, notes: Vec::new() };
        done.map(answer).map_err(|failure| failure.of(operation, Protocol::Ipmi))
    }
}

fn capabilities() -> Capabilities {
    let powers = PowerAction::ALL.iter().map(|action| Operation::of_power(*action));
    Capabilities {
        protocols: [Protocol::Ipmi].into(),
        operations: powers.chain([Operation::PowerRead]).collect(),
        ..Capabilities::default()
    }
}

#[async_trait]
impl Driver for IpmiRs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn power_read(&self, _: Deadline) -> Reply<PowerState> {
        self.do_there(Operation::PowerRead, |bmc| {
            Ok(if is_on(bmc)? { PowerState::PoweredOn } else { PowerState::PoweredOff })
        })
        .await
    }

    async fn power(&self, action: PowerAction, _: Deadline) -> Result<Answer<Change>, DriverError> {
        self.do_there(Operation::of_power(action), move |bmc| {
            match (action, is_on(bmc)?) {
                (PowerAction::On, true) | (PowerAction::Off | PowerAction::Shutdown, false) => {
                    return Ok(Change::AlreadySo);
                }
                (PowerAction::Cycle | PowerAction::Reset | PowerAction::Nmi, false) => {
                    return Err(Cause::Conflict { reason: "the host is powered off".to_owned() }.into());
                }
                _ => {}
            }
            ask(bmc, CONTROL, vec![control(action)]).map_err(Failure::after_silence)?;
            Ok(Change::Changed)
        })
        .await
    }
}

impl Door {
    /// Logs in where there is no session; one that failed is forgotten, since the crate cannot say what became of it.
    fn through<T>(&self, work: impl FnOnce(&mut Rmcp) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bmc = match session.take() {
            Some(open) => open,
            None => self.login()?,
        };
        let done = work(&mut bmc)?;
        *session = Some(bmc);
        Ok(done)
    }

    fn login(&self) -> Result<Rmcp, Failure> {
        let mut bmc = Rmcp::new(self.address.as_str(), PATIENCE).map_err(unreachable)?;
        bmc.activate(true, Some(&self.account.user), Some(self.account.password.reveal()))
            .map_err(refused)?;
        Ok(bmc)
    }
}

impl Failure {
    /// A change whose answer did not come may have been made.
    fn after_silence(self) -> Self {
        if matches!(self.cause, Cause::Unreachable { .. }) { self.after_a_change() } else { self }
    }
}

/// Bit 0 of the first byte (table 28-3).
fn is_on(bmc: &mut Rmcp) -> Result<bool, Failure> {
    let answer = ask(bmc, GET_STATUS, Vec::new())?;
    let state = answer.data().first();
    state.map(|it| it & 0x01 != 0).ok_or_else(|| Cause::Internal { reason: "no data".to_owned() }.into())
}

fn ask(bmc: &mut Rmcp, command: u8, data: Vec<u8>) -> Result<Response, Failure> {
    let target = RequestTargetAddress::Bmc(LogicalUnit::Zero);
    let answer = bmc.send_recv(&mut Request::new(Message::new_raw(CHASSIS, command, data), target));
    let answer = answer.map_err(|error: RmcpIpmiError| unreachable(format!("{error:?}")))?;
    let at = |completion| Exchange::Ipmi { netfn: CHASSIS, command, completion: Some(completion) };
    match answer.cc() {
        0x00 => Ok(answer),
        // Table 5-2.
        code @ 0xD4 => Err(Failure::new(Cause::Denied, at(code))),
        code @ 0xC0 => Err(Failure::new(Cause::Busy { retry_after: None }, at(code))),
        code @ 0xD5 => {
            let reason = "not in the present state".to_owned();
            Err(Failure::new(Cause::Conflict { reason }, at(code)))
        }
        code => {
            let message = "completion code".to_owned();
            Err(Failure::new(Cause::Refused { code: format!("{code:02X}h"), message }, at(code)))
        }
    }
}

/// The control's number (table 28-4).
const fn control(action: PowerAction) -> u8 {
    match action {
        PowerAction::Off => 0x00,
        PowerAction::On => 0x01,
        PowerAction::Cycle => 0x02,
        PowerAction::Reset => 0x03,
        PowerAction::Nmi => 0x04,
        PowerAction::Shutdown => 0x05,
    }
}

fn unreachable(error: impl ToString) -> Failure {
    Cause::Unreachable { reason: error.to_string() }.into()
}

/// The crate names a wrong password by the handshake's message that it fails at; nothing of it is a secret.
fn refused(error: ActivationError) -> Failure {
    let text = format!("{error:?}");
    if ["RakpMessage2Parse", "RakpMessage4", "ServerAuthenticationFailed"].iter().any(|it| text.contains(it))
    {
        return Cause::Unauthorized.into();
    }
    unreachable(text)
}
