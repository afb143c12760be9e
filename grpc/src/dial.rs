//! The service the other way around: it dials a control plane and takes its commands from a stream (`dial.proto`), since where it runs
//! no port may be open.
//!
//! What it owes outlives the stream: commands go on and answers are kept ([`memory`]) while it dials again ([`pace`]). Everything
//! happens in one loop on one task, but for the calls themselves.

mod calls;
mod memory;
mod pace;
mod stream;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::Instant,
};
use tonic::Status;

use self::{
    memory::{Decision, Memory, Most},
    pace::Pace,
    stream::Lost,
};
use crate::{
    pb::{self, Refusal, command_answer::Kind},
    server::{Peer, Service},
    tls,
    transport::Address,
};

/// How long calls may go on when the service ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// What time it is in the world, for the deadlines of commands.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What becomes of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The control plane answers.
    Connected,
    /// It does not, or no longer.
    Lost {
        /// Why.
        why: String,
        /// When it is dialled again.
        again_in: Duration,
    },
}

/// Whom to dial, and how.
pub struct Dialling {
    /// The control plane's address.
    pub to: Address,
    /// What time it is.
    pub clock: Clock,
    /// Told of each event; must not block.
    pub tell: Box<dyn FnMut(Event) + Send>,
}

/// Serves a control plane until told to end; calls that are under way then have five seconds. It never gives up.
pub async fn dial(service: &Service, mut dialling: Dialling, end: impl Future<Output = ()>) {
    let mut desk = Desk::new(service.clone(), &dialling);
    let mut pace = Pace::new();
    tokio::pin!(end);
    loop {
        let began = Instant::now();
        let lost = stream::attend(&mut desk, &mut dialling, end.as_mut()).await;
        let Lost::Stream(why) = lost else { break };
        let again_in = pace.wait(began.elapsed(), u16::from_ne_bytes(random()));
        (dialling.tell)(Event::Lost { why, again_in });
        tokio::select! {
            () = tokio::time::sleep(again_in) => {}
            () = end.as_mut() => break,
        }
    }
    desk.finish(Instant::now() + FAREWELL).await;
}

/// The commands of this instance, whatever stream they came on: what is under way, what is owed, and what is to be said next.
struct Desk {
    service: Service,
    peer: Peer,
    clock: Clock,
    memory: Memory,
    calls: JoinSet<Kind>,
    named: HashMap<Id, String>,
    handles: BTreeMap<String, AbortHandle>,
    queue: VecDeque<Say>,
    ending: bool,
}

/// Something to say on the stream.
enum Say {
    /// The answer to this command, if it is still owed.
    Owed(String),
    /// Something else.
    Other(pb::dial_request::Kind),
}

impl Desk {
    fn new(service: Service, dialling: &Dialling) -> Self {
        let instance = uuid::Builder::from_random_bytes(random()).into_uuid().to_string();
        Self {
            service,
            peer: Peer(format!("dial:{}", dialling.to)),
            clock: dialling.clock.clone(),
            memory: Memory::new(instance, Most::default()),
            calls: JoinSet::new(),
            named: HashMap::new(),
            handles: BTreeMap::new(),
            queue: VecDeque::new(),
            ending: false,
        }
    }

    /// A new stream begins with who we are, and with what is owed.
    fn open(&mut self) {
        let description = Some(self.service.description());
        let hello = pb::Hello { instance: self.memory.instance.clone(), description };
        self.queue.clear();
        self.say(pb::dial_request::Kind::Hello(hello));
        self.say(pb::dial_request::Kind::Beat(pb::Beat { asks: true }));
        self.queue.extend(self.memory.owed().into_iter().map(Say::Owed));
    }

    fn say(&mut self, kind: pb::dial_request::Kind) {
        self.queue.push_back(Say::Other(kind));
    }

    /// What is to be said next.
    fn next(&mut self) -> Option<pb::DialRequest> {
        loop {
            let kind = match self.queue.pop_front()? {
                Say::Other(kind) => kind,
                Say::Owed(id) => match self.memory.answer(&id) {
                    Some(answer) => pb::dial_request::Kind::Answer(answer.clone()),
                    None => continue,
                },
            };
            return Some(pb::DialRequest { kind: Some(kind) });
        }
    }

    /// Does what the control plane says.
    fn hear(&mut self, said: pb::DialResponse) {
        match said.kind {
            Some(pb::dial_response::Kind::Command(command)) => self.obey(command),
            Some(pb::dial_response::Kind::Cancel(it)) => {
                if let Some(call) = self.handles.get(&it.id) {
                    call.abort();
                }
            }
            Some(pb::dial_response::Kind::Acknowledge(it)) => {
                it.ids.iter().for_each(|id| self.memory.acknowledge(id));
            }
            Some(pb::dial_response::Kind::Beat(pb::Beat { asks: true })) => {
                self.say(pb::dial_request::Kind::Beat(pb::Beat { asks: false }));
            }
            // A kind that is newer than this program is nothing that it could answer.
            Some(pb::dial_response::Kind::Beat(_)) | None => {}
        }
    }

    fn obey(&mut self, command: pb::Command) {
        if self.ending && self.memory.answer(&command.id).is_none() {
            return self.refuse(command.id, Refusal::Ending, "halmark is about to end".to_owned());
        }
        match self.memory.take(&command, (self.clock)()) {
            Decision::Begin(call, left) => {
                let (service, peer) = (self.service.clone(), self.peer.clone());
                let call = async move { calls::told(call.carry_out(&service, peer, left).await) };
                let handle = self.calls.spawn(call);
                self.named.insert(handle.id(), command.id.clone());
                self.handles.insert(command.id, handle);
            }
            Decision::Wait => {}
            Decision::Repeat => self.queue.push_back(Say::Owed(command.id)),
            Decision::Refuse(refusal, text) => self.refuse(command.id, refusal, text),
        }
    }

    fn refuse(&mut self, id: String, refusal: Refusal, text: String) {
        self.service.refused(&self.peer, word(refusal));
        let id = id.get(..id.floor_char_boundary(256)).unwrap_or_default().to_owned();
        let refused = pb::CommandRefused { refusal: refusal.into(), text };
        let answer = pb::CommandAnswer { id, kind: Some(Kind::Refused(refused)) };
        self.say(pb::dial_request::Kind::Answer(answer));
    }

    /// Waits for the next call to end, and keeps its answer. There has to be one.
    async fn call_ends(&mut self) {
        if let Some(done) = self.calls.join_next_with_id().await {
            self.ended(done);
        }
    }

    fn ended(&mut self, done: Result<(Id, Kind), JoinError>) {
        let (task, kind) = match done {
            Ok(done) => done,
            Err(error) if error.is_cancelled() => {
                (error.id(), calls::told(Err(Status::cancelled("it was cancelled"))))
            }
            Err(error) => (error.id(), calls::told(Err(Status::internal("the driver panicked")))),
        };
        let Some(id) = self.named.remove(&task) else { return };
        self.handles.remove(&id);
        self.memory.ended(&id, kind);
        self.queue.push_back(Say::Owed(id));
    }

    /// Waits for calls that are under way, and cancels those that are not done in time.
    async fn finish(&mut self, by: Instant) {
        let _ = tokio::time::timeout_at(by, async {
            while !self.calls.is_empty() {
                self.call_ends().await;
            }
        })
        .await;
        self.calls.abort_all();
        while !self.calls.is_empty() {
            self.call_ends().await;
        }
    }
}

const fn word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unspecified => "unspecified",
        Refusal::Malformed => "malformed",
        Refusal::UnknownCall => "unknown-call",
        Refusal::NoStreams => "no-streams",
        Refusal::Late => "late",
        Refusal::IdReused => "id-reused",
        Refusal::Acknowledged => "acknowledged",
        Refusal::OtherInstance => "other-instance",
        Refusal::TooMany => "too-many",
        Refusal::Ending => "ending",
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    tls::draw(&mut bytes);
    bytes
}
