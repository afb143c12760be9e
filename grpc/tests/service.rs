//! A driver as a service and the service as a driver, over a Unix socket: what goes in at one end comes out at the other.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod authority;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use authority::Authority;
use halmark::{
    Answer, Capabilities, Cause, Change, Console, Deadline, Deviation, Driver, DriverError, Endpoint, Note,
    Operation, PowerAction, PowerState, Protocol, Reply,
};
use halmark_grpc::{
    client::{Described, External, Plugin},
    listen::{self, Listener, Socket},
    server::{Entry, Limits, Maker, Offer, Service},
    tls,
    transport::{Address, Channel},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    time::Instant,
};

/// A driver that does what its host's name says, and counts the calls that are under way.
struct Toy {
    manner: String,
    capabilities: Capabilities,
    under_way: Arc<AtomicUsize>,
}

struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn at(toy: &Toy) -> Self {
        toy.under_way.fetch_add(1, Ordering::SeqCst);
        Self(toy.under_way.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn answer<T>(value: T) -> Answer<T> {
    let odd = Deviation::Missing { property: "PowerState".to_owned() };
    Answer { value, protocol: Protocol::Redfish, notes: vec![Note(odd)] }
}

#[async_trait]
impl Driver for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        let _under_way = UnderWay::at(self);
        match self.manner.as_str() {
            "hangs" => std::future::pending().await,
            "silent" => {
                tokio::time::sleep_until(by.instant()).await;
                let cause = Cause::Unreachable { reason: "no answer".to_owned() };
                Err(DriverError { operation: Operation::PowerRead, protocol: None, cause, at: None })
            }
            _ => Ok(answer(PowerState::PoweringOn)),
        }
    }

    async fn power(&self, _: PowerAction, _: Deadline) -> Reply<Change> {
        std::future::pending().await
    }

    async fn open_console(&self, _: Deadline) -> Reply<Box<dyn Console>> {
        let (host, console) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(host);
            let _ = tokio::io::copy(&mut from, &mut to).await;
        });
        Ok(answer(Box::new(Echo(console))))
    }
}

/// A console whose host says everything again.
#[derive(Debug)]
struct Echo(tokio::io::DuplexStream);

#[async_trait]
impl Console for Echo {
    async fn send_break(&mut self, _: Deadline) -> Result<(), DriverError> {
        self.0.write_all(b"<break>").await.expect("the host is there");
        Ok(())
    }

    async fn close(&mut self, _: Deadline) -> Result<(), DriverError> {
        Ok(())
    }
}

macro_rules! through {
    ($method:ident($($argument:ident: $kind:ty),*) -> $result:ty) => {
        fn $method(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            $($argument: $kind),*
        ) -> std::task::Poll<std::io::Result<$result>> {
            std::pin::Pin::new(&mut self.0).$method(cx, $($argument),*)
        }
    };
}
impl tokio::io::AsyncRead for Echo {
    through!(poll_read(into: &mut tokio::io::ReadBuf<'_>) -> ());
}
impl tokio::io::AsyncWrite for Echo {
    through!(poll_write(bytes: &[u8]) -> usize);
    through!(poll_flush() -> ());
    through!(poll_shutdown() -> ());
}

#[derive(Clone, Default)]
struct Toys(Arc<AtomicUsize>);

impl Maker for Toys {
    fn offers(&self) -> Vec<Offer> {
        let claims = vec!["power.read".to_owned(), "protocol:redfish".to_owned()];
        vec![Offer { name: "toy".to_owned(), about: String::new(), claims }]
    }

    fn make(&self, _: &str, endpoint: Endpoint) -> Result<Box<dyn Driver>, String> {
        let capabilities =
            Capabilities { operations: [Operation::PowerRead].into(), ..Capabilities::default() };
        Ok(Box::new(Toy { manner: endpoint.host, capabilities, under_way: self.0.clone() }))
    }
}

/// A service on a Unix socket, and the connection to it.
struct Bench {
    plugin: Plugin,
    under_way: Arc<AtomicUsize>,
    socket: PathBuf,
    end: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

fn socket() -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    std::env::temp_dir().join(format!("halmark-grpc-{}-{number}.sock", std::process::id()))
}

async fn bench(dress: impl FnOnce(Service) -> Service) -> Bench {
    let (toys, socket) = (Toys::default(), socket());
    let service = dress(Service::new(toys.clone()));
    let listener = Listener::Unix(Socket::bind(&socket).unwrap());
    let (end, ended) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        listen::serve(&service, listener, async {
            let _ = ended.await;
        })
        .await
    });
    let plugin = Plugin::new(Channel::open(&Address::Unix(socket.clone())).await.unwrap());
    Bench { plugin, under_way: toys.0, socket, end: Some(end), served }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

async fn toy(bench: &Bench, manner: &str) -> External {
    let endpoint = Endpoint::parse(&format!("http://{manner}")).unwrap();
    bench.plugin.connect("", &endpoint, soon()).await.unwrap()
}

#[tokio::test]
async fn an_answer_comes_with_its_protocol_and_what_was_forgiven() {
    let bench = bench(|it| it).await;
    let read = toy(&bench, "good").await.power_read(soon()).await;
    assert_eq!(read, Ok(answer(PowerState::PoweringOn)));
}

#[tokio::test]
async fn what_a_driver_does_not_do_is_unsupported() {
    let bench = bench(|it| it).await;
    let error = toy(&bench, "good").await.sensors(soon()).await.unwrap_err();
    assert_eq!(error, DriverError::unsupported(Operation::SensorsRead));
}

#[tokio::test(start_paused = true)]
async fn the_drivers_own_error_at_its_deadline_is_what_the_caller_gets() {
    let bench = bench(|it| it).await;
    let (began, limit) = (Instant::now(), Duration::from_secs(30));
    let error = toy(&bench, "silent").await.power_read(Deadline::after(limit)).await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed()), ("unreachable", limit));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_ignores_its_deadline_is_given_up() {
    let bench = bench(|it| it).await;
    let hanging = toy(&bench, "hangs").await;
    let (began, limit) = (Instant::now(), Duration::from_secs(30));
    let read = hanging.power_read(Deadline::after(limit)).await.unwrap_err();
    assert_eq!(read.kind(), "internal");
    assert!(began.elapsed() < limit + Duration::from_secs(1));
    let changed = hanging.power(PowerAction::Cycle, Deadline::after(limit)).await.unwrap_err();
    assert_eq!(changed.kind(), "outcome-unknown");
}

#[tokio::test]
async fn cancelling_a_call_ends_it_in_the_driver() {
    let bench = bench(|it| it).await;
    let hanging = toy(&bench, "hangs").await;
    let calling = tokio::spawn(async move { hanging.power_read(soon()).await });
    until(|| bench.under_way.load(Ordering::SeqCst) == 1).await;
    calling.abort();
    until(|| bench.under_way.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_bmc_that_hangs_keeps_no_other_waiting_and_turns_away_what_is_too_much() {
    let bench = bench(|it| it.with_limits(Limits { calls: 2, waiting: 3, connected: 10 })).await;
    let (hanging, good) = (Arc::new(toy(&bench, "hangs").await), toy(&bench, "good").await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let hanging = hanging.clone();
        calls.spawn(async move { hanging.power_read(Deadline::after(Duration::from_millis(700))).await });
    }
    for _ in 0..3 {
        let turned_away = calls.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(turned_away.kind(), "busy");
    }
    assert_eq!(bench.under_way.load(Ordering::SeqCst), 2);
    assert!(good.power_read(soon()).await.is_ok());
}

#[tokio::test]
async fn a_service_that_goes_away_in_the_middle_of_a_call_is_the_drivers_defect() {
    let (here, there) = tokio::net::UnixStream::pair().unwrap();
    let service = Service::new(Toys::default());
    let serving = tokio::spawn(async move { listen::serve_one(&service, there).await });
    let plugin = Plugin::new(Channel::over(here).await.unwrap());
    let endpoint = Endpoint::parse("http://hangs").unwrap();
    let hanging = plugin.connect("", &endpoint, soon()).await.unwrap();
    let (ended, ()) = tokio::join!(hanging.power_read(soon()), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        serving.abort();
    });
    assert_eq!(ended.unwrap_err().kind(), "internal");
    let after = hanging.power(PowerAction::Cycle, soon()).await.unwrap_err();
    assert_eq!(after.kind(), "internal");
    assert!(after.to_string().contains("went away"), "{after}");
}

#[tokio::test]
async fn a_console_carries_bytes_breaks_and_its_end() {
    let bench = bench(|it| it).await;
    let mut console = toy(&bench, "good").await.open_console(soon()).await.unwrap().value;
    let sent: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let (mut read, mut write) = tokio::io::split(&mut console);
    let mut heard = vec![0; sent.len()];
    let (told, _) = tokio::join!(
        async {
            write.write_all(&sent).await?;
            write.flush().await
        },
        async { read.read_exact(&mut heard).await.unwrap() }
    );
    told.unwrap();
    assert!(heard == sent);
    console.send_break(soon()).await.unwrap();
    let mut heard = [0; 7];
    console.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"<break>");
    console.close(soon()).await.unwrap();
    assert_eq!(console.read(&mut heard).await.unwrap(), 0);
}

#[tokio::test]
async fn the_audit_log_has_every_call_and_its_end_and_no_secret() {
    let log: Arc<Mutex<Vec<Entry>>> = Arc::default();
    let keep = log.clone();
    let bench =
        bench(|it| it.with_audit(Arc::new(move |entry| keep.lock().unwrap().push(entry.clone())))).await;
    let endpoint = Endpoint::parse("http://good").unwrap();
    let endpoint = endpoint.with_credentials(halmark::Credentials::new("root", "calvin"));
    bench.plugin.describe(soon()).await.unwrap();
    let good = bench.plugin.connect("", &endpoint, soon()).await.unwrap();
    good.power_read(soon()).await.unwrap();
    good.fru(soon()).await.unwrap_err();
    good.close().await;
    let log = log.lock().unwrap();
    let told: Vec<_> = log.iter().map(|it| (it.operation, it.outcome)).collect();
    let expected = [
        ("describe", "ok"),
        ("connect", "ok"),
        ("power.read", "ok"),
        ("fru.read", "unsupported"),
        ("disconnect", "ok"),
    ];
    assert_eq!(told, expected);
    assert!(log.iter().all(|it| it.peer.starts_with("unix:uid=")));
    assert!(!format!("{log:?}").contains("calvin"));
}

#[tokio::test]
async fn a_closed_service_has_its_own_bmcs_and_connects_no_other() {
    let bench = bench(|it| {
        let toys = Toys::default();
        it.know("rack7", toys.make("", Endpoint::parse("http://good").unwrap()).unwrap());
        it.closed()
    })
    .await;
    let endpoint = Endpoint::parse("http://good").unwrap();
    let refused = bench.plugin.connect("", &endpoint, soon()).await.unwrap_err();
    assert!(refused.to_string().contains("PermissionDenied"), "{refused}");
    let description = bench.plugin.describe(soon()).await.unwrap();
    assert_eq!(description.bmcs, ["rack7"]);
    let driver: Described = description.drivers[0].clone();
    assert!(bench.plugin.known("rack7", driver).power_read(soon()).await.is_ok());
}

#[tokio::test]
async fn a_service_whose_bmcs_have_no_names_or_endless_ones_is_none() {
    for name in [String::new(), "a".repeat(256)] {
        let bench = bench(|it| {
            it.know(&name, Toys::default().make("", Endpoint::parse("http://good").unwrap()).unwrap());
            it
        })
        .await;
        let odd = bench.plugin.describe(soon()).await.unwrap_err().to_string();
        assert!(odd.contains(&format!("has {} bytes; 1 to 255 are allowed", name.len())), "{odd}");
    }
}

#[tokio::test]
async fn nonsense_is_refused_as_such() {
    let bench = bench(|it| it).await;
    let good = toy(&bench, "good").await;
    assert_eq!(bench.plugin.refuses_nonsense(good.bmc(), soon()).await, Ok(()));
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_service() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bench = bench(|it| it).await;
    assert_eq!(std::fs::metadata(&bench.socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(Socket::bind(&bench.socket).is_err(), "somebody listens there");
    drop(bench.end.take());
    bench.served.await.unwrap().unwrap();
    assert!(!bench.socket.exists());
}

#[tokio::test]
async fn a_tcp_port_takes_only_callers_with_a_certificate() {
    let authority = Authority::new();
    let (service, ours) = (authority.identity("localhost"), authority.identity("caller"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("localhost:{}", listener.local_addr().unwrap().port());
    let acceptor = tls::acceptor(service, authority.pem.as_bytes()).unwrap();
    tokio::spawn(async move {
        let service = Service::new(Toys::default());
        listen::serve(&service, Listener::Tls(listener, acceptor), std::future::pending()).await
    });
    let known = tls::caller(Some(ours), authority.pem.as_bytes()).unwrap();
    let plugin = Plugin::new(Channel::open(&Address::Tls(at.clone(), known)).await.unwrap());
    assert!(plugin.describe(soon()).await.is_ok());
    let unknown = tls::caller(None, authority.pem.as_bytes()).unwrap();
    // TLS 1.3 tells a caller only afterwards that its certificate was wanted.
    if let Ok(channel) = Channel::open(&Address::Tls(at, unknown)).await {
        assert!(Plugin::new(channel).describe(soon()).await.is_err());
    }
}

/// Waits for a fact, for five seconds at most.
async fn until(fact: impl Fn() -> bool) {
    for _ in 0..1000 {
        if fact() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not become so");
}
