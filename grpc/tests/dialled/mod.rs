//! A control plane that is dialled, and the service that dials it.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use halmark::{Answer, Capabilities, Deadline, Driver, Endpoint, PowerState, Protocol, Reply};
use halmark_grpc::{
    dial::{self, Dialling, Event},
    pb::{
        self,
        control_plane_server::{ControlPlane, ControlPlaneServer},
    },
    server::{Entry, Maker, Offer, Service},
    transport::Address,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use prost_types::Any;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, rustls::ClientConfig};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use tower_service::Service as _;

/// A driver that is on; `slow` takes five seconds to say so.
struct Toy(Capabilities, Duration);

#[async_trait]
impl Driver for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0
    }

    async fn power_read(&self, _: Deadline) -> Reply<PowerState> {
        tokio::time::sleep(self.1).await;
        Ok(Answer { value: PowerState::PoweredOn, protocol: Protocol::Redfish, notes: Vec::new() })
    }
}

struct Nothing;

impl Maker for Nothing {
    fn offers(&self) -> Vec<Offer> {
        Vec::new()
    }

    fn make(&self, _: &str, _: Endpoint) -> Result<Box<dyn Driver>, String> {
        Err("nothing is made here".to_owned())
    }
}

/// What time it is in the tests' world: it begins with the runtime's.
const BEGIN: SystemTime = SystemTime::UNIX_EPOCH;

/// So many seconds after the beginning of the world. What is paused until then is the tests' time.
pub(crate) fn at(seconds: u64) -> SystemTime {
    BEGIN + Duration::from_secs(seconds)
}

pub(crate) fn command(id: &str, call: Any, by: SystemTime) -> pb::Command {
    pb::Command { id: id.to_owned(), by: Some(by.into()), call: Some(call), instance: String::new() }
}

fn packed(name: &str, message: &impl Message) -> Any {
    Any { type_url: format!("type.googleapis.com/halmark.v1.{name}"), value: message.encode_to_vec() }
}

pub(crate) fn power_read(bmc: &str) -> Any {
    packed("GetPowerRequest", &pb::GetPowerRequest { bmc: bmc.to_owned() })
}

pub(crate) fn console(bmc: &str) -> Any {
    let opening = pb::ConsoleOpening { bmc: bmc.to_owned(), within: None };
    let kind = Some(pb::open_console_request::Kind::Open(opening));
    packed("OpenConsoleRequest", &pb::OpenConsoleRequest { kind })
}

/// A service that dials, and the control plane it dials.
pub(crate) struct Dialled {
    socket: PathBuf,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    arrive: mpsc::UnboundedSender<Arrival>,
    log: Arc<Mutex<Vec<Entry>>>,
    events: Arc<Mutex<Vec<Event>>>,
    end: Option<oneshot::Sender<()>>,
    dialling: JoinHandle<()>,
    serving: Option<JoinHandle<()>>,
}

impl Drop for Dialled {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

impl Dialled {
    pub(crate) fn begin() -> Self {
        let mut dialled = Self::nobody();
        dialled.listen();
        dialled
    }

    /// One whose control plane is not there yet.
    pub(crate) fn nobody() -> Self {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let socket = std::env::temp_dir().join(format!("halmark-dial-{}-{number}.sock", std::process::id()));
        Self::dialling(Address::Unix(socket.clone()), socket)
    }

    /// One that dials over TLS a control plane that listens there.
    pub(crate) async fn tls(config: Arc<ClientConfig>, acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("localhost:{}", listener.local_addr().unwrap().port());
        let mut dialled = Self::dialling(Address::Tls(at, config), PathBuf::new());
        let plane = ControlPlaneServer::new(Plane(dialled.arrive.clone()));
        dialled.serving = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(serve(plane.clone(), stream));
                }
            }
        }));
        dialled
    }

    fn dialling(to: Address, socket: PathBuf) -> Self {
        let log: Arc<Mutex<Vec<Entry>>> = Arc::default();
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let (keep, told) = (log.clone(), events.clone());
        let service =
            Service::new(Nothing).with_audit(Arc::new(move |it| keep.lock().unwrap().push(it.clone())));
        service.know("good", Box::new(Toy(Capabilities::default(), Duration::ZERO)));
        service.know("slow", Box::new(Toy(Capabilities::default(), Duration::from_secs(5))));
        let began = Instant::now();
        let dialling = Dialling {
            to,
            clock: Arc::new(move || BEGIN + began.elapsed()),
            tell: Box::new(move |it| told.lock().unwrap().push(it)),
        };
        let (end, ended) = oneshot::channel::<()>();
        let dialling = tokio::spawn(async move {
            dial::dial(&service, dialling, async {
                let _ = ended.await;
            })
            .await;
        });
        let (arrive, arrivals) = mpsc::unbounded_channel();
        Self { socket, arrivals, arrive, log, events, end: Some(end), dialling, serving: None }
    }

    pub(crate) fn listen(&mut self) {
        let listener = UnixListener::bind(&self.socket).unwrap();
        let plane = ControlPlaneServer::new(Plane(self.arrive.clone()));
        self.serving = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(plane.clone(), stream));
            }
        }));
    }

    /// The next stream that is opened, after its `hello`.
    pub(crate) async fn accept(&mut self) -> Stream {
        let (mut heard, says) = self.arrivals.recv().await.unwrap();
        let first = heard.message().await.unwrap().unwrap();
        let Some(pb::dial_request::Kind::Hello(hello)) = first.kind else { panic!("{first:?}") };
        Stream { hello, heard, says }
    }

    pub(crate) fn log(&self) -> Vec<(String, &'static str, &'static str)> {
        let log = self.log.lock().unwrap();
        assert!(log.iter().all(|it| it.peer.starts_with("dial:")));
        log.iter().map(|it| (it.bmc.clone(), it.operation, it.outcome)).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn end(&mut self) {
        drop(self.end.take());
    }

    pub(crate) async fn ended(&mut self) {
        (&mut self.dialling).await.unwrap();
    }
}

async fn serve(
    plane: ControlPlaneServer<Plane>,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) {
    let service = hyper::service::service_fn(move |request| plane.clone().call(request));
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

type Arrival = (Streaming<pb::DialRequest>, mpsc::Sender<Result<pb::DialResponse, Status>>);

#[derive(Clone)]
struct Plane(mpsc::UnboundedSender<Arrival>);

#[tonic::async_trait]
impl ControlPlane for Plane {
    type DialStream = ReceiverStream<Result<pb::DialResponse, Status>>;

    async fn dial(
        &self,
        request: Request<Streaming<pb::DialRequest>>,
    ) -> Result<Response<Self::DialStream>, Status> {
        let (says, said) = mpsc::channel(10_000);
        let _ = self.0.send((request.into_inner(), says));
        Ok(Response::new(ReceiverStream::new(said)))
    }
}

/// The control plane's end of a stream; dropping it ends it.
pub(crate) struct Stream {
    pub(crate) hello: pb::Hello,
    heard: Streaming<pb::DialRequest>,
    says: mpsc::Sender<Result<pb::DialResponse, Status>>,
}

impl Stream {
    pub(crate) fn saying(command: pb::Command) -> pb::DialResponse {
        pb::DialResponse { kind: Some(pb::dial_response::Kind::Command(command)) }
    }

    pub(crate) fn say(&self, kind: pb::dial_response::Kind) {
        self.says.try_send(Ok(pb::DialResponse { kind: Some(kind) })).unwrap();
    }

    pub(crate) fn command(&self, command: pb::Command) {
        self.say(pb::dial_response::Kind::Command(command));
    }

    pub(crate) fn break_off(self, status: Status) {
        self.says.try_send(Err(status)).unwrap();
    }

    /// The next answer; asked whether anybody is there, it says so.
    pub(crate) async fn answer(&mut self) -> pb::CommandAnswer {
        loop {
            let heard = self.heard.message().await.unwrap().unwrap();
            match heard.kind.unwrap() {
                pb::dial_request::Kind::Answer(answer) => return answer,
                kind => self.live(&kind),
            }
        }
    }

    fn live(&self, kind: &pb::dial_request::Kind) {
        let asked = pb::dial_request::Kind::Beat(pb::Beat { asks: true });
        assert_eq!(kind, &asked);
        self.say(pb::dial_response::Kind::Beat(pb::Beat { asks: false }));
    }

    pub(crate) async fn beats_for(&mut self, long: Duration) {
        let _ = tokio::time::timeout(long, async {
            while let Some(heard) = self.heard.message().await.unwrap() {
                self.live(&heard.kind.unwrap());
            }
            panic!("the stream was given up");
        })
        .await;
    }

    /// Whether the other end says nothing more.
    pub(crate) async fn ends(&mut self) -> bool {
        loop {
            match self.heard.message().await {
                Ok(Some(pb::DialRequest { kind: Some(pb::dial_request::Kind::Beat(_)) })) => {}
                other => return matches!(other, Ok(None)),
            }
        }
    }
}
