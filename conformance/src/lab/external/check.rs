//! What a driver in another process has to be, whatever it does with a BMC: checked in real time, on a simulated BMC and on one
//! that never answers.

use std::time::Duration;

use halmark::{Credentials, Deadline, Driver, Endpoint, Operation, Protocol, endpoint::Scheme};
use halmark_grpc::client::{External as Client, Plugin};
use halmark_simulators::{Bmc, BmcOptions, Profile, ipmi, redfish};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket, UnixStream},
    time::{Instant, timeout},
};

use super::{External, Place, open, program};
use crate::operation::Call;

/// How long a healthy BMC may take to answer, program and all.
const PATIENCE: Duration = Duration::from_secs(20);
/// The deadline of a call that cannot succeed.
const SHORT: Duration = Duration::from_secs(2);
/// How much later than its deadline a call may return.
const LATE: Duration = Duration::from_millis(400);

/// What was checked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: &'static str,
    /// What was seen, or what is wrong.
    pub result: Result<String, String>,
}

/// Checks a driver and tells each finding as it comes. What needs an earlier check that failed is not tried.
pub fn check(external: &External, tell: &mut dyn FnMut(Finding)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(all(external, tell)),
        Err(error) => Err(("handshake", format!("no runtime could be made: {error}"))),
    };
    if let Err((what, why)) = done {
        tell(Finding { what, result: Err(why) });
    }
}

type Failed = (&'static str, String);

async fn all(external: &External, tell: &mut dyn FnMut(Finding)) -> Result<(), Failed> {
    let mut say = |what, result| tell(Finding { what, result });
    let began = Instant::now();
    let (mut bench, described) = Bench::set_up(external).await.map_err(|why| ("handshake", why))?;
    say("handshake", Ok(format!("serves after {} ms: {described}", began.elapsed().as_millis())));
    let good = bench.connect(bench.good.clone()).await.map_err(|why| ("connect", why))?;
    let claims = good.capabilities().words();
    say("claims", Ok(claims.iter().cloned().collect::<Vec<_>>().join(" ")));
    say("answer", answers(&good).await);
    say("unclaimed", refuses_the_unclaimed(&good).await);
    let silent = bench.connect(bench.silent.clone()).await.map_err(|why| ("connect", why))?;
    say("deadline", keeps_deadlines(&silent).await);
    say("cancel", survives_cancelling(&good, &silent).await);
    say("two calls", answers_beside_another(&good, &silent).await);
    let by = Deadline::after(PATIENCE);
    say(
        "nonsense",
        bench.plugin.refuses_nonsense(good.bmc(), by).await.map(|()| "is refused as such".to_owned()),
    );
    say("garbage", bench.survives_garbage(external, &good).await);
    good.close().await;
    silent.close().await;
    if let Some(result) = bench.dies_and_comes_back(external).await {
        say("death", result);
    }
    Ok(())
}

/// A driver, a BMC that answers and one that does not.
struct Bench {
    plugin: Plugin,
    driver: String,
    program: Option<program::Program>,
    good: Endpoint,
    silent: Endpoint,
    _world: World,
}

/// What the endpoints lead to, for as long as it is kept.
struct World {
    _bmc: Bmc,
    _redfish: Option<redfish::Service>,
    _ipmi: Option<ipmi::Service>,
    _silent: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn set_up(external: &External) -> Result<(Self, String), String> {
        let program = match &external.place {
            Place::Program(path) => Some(program::start(path)?),
            _ => None,
        };
        let plugin = plugin(external, program.as_ref()).await?;
        let description = super::describe(&plugin).await?;
        let about = description.about.clone();
        let (driver, capabilities) = external.choose(description)?;
        let speaks_ipmi = capabilities.protocols.contains(&Protocol::Ipmi)
            && !capabilities.protocols.contains(&Protocol::Redfish);
        let (good, silent, world) = world(speaks_ipmi).await?;
        let said = format!("{driver} of {about:?}");
        Ok((Self { plugin, driver, program, good, silent, _world: world }, said))
    }

    async fn connect(&self, endpoint: Endpoint) -> Result<Client, String> {
        let by = Deadline::after(super::PATIENCE);
        self.plugin.connect(&self.driver, &endpoint, by).await.map_err(|e| e.to_string())
    }

    /// Bytes that are no HTTP/2 at all end their own connection and nothing else.
    async fn survives_garbage(&self, external: &External, good: &Client) -> Result<String, String> {
        let io = |e: std::io::Error| format!("nobody takes a second connection: {e}");
        let garbage = [0xA5; 4096];
        match (&external.place, &self.program) {
            (Place::Program(_), Some(program)) => {
                throw(UnixStream::connect(program.socket()).await.map_err(io)?, &garbage).await
            }
            (Place::Unix(path), _) => throw(UnixStream::connect(path).await.map_err(io)?, &garbage).await,
            (Place::Tcp(authority), _) => {
                throw(TcpStream::connect(authority).await.map_err(io)?, &garbage).await
            }
            _ => return Ok("is for drivers in another process".to_owned()),
        }
        answers(good).await.map_err(|why| format!("after bytes that are no HTTP/2: {why}"))?;
        Ok("ends its own connection only".to_owned())
    }

    /// A program that is killed in the middle of a call ends that call, and can be started again.
    async fn dies_and_comes_back(&mut self, external: &External) -> Option<Result<String, String>> {
        let program = self.program.take()?;
        Some(self.die(external, program).await)
    }

    async fn die(&mut self, external: &External, program: program::Program) -> Result<String, String> {
        let silent = self.connect(self.silent.clone()).await?;
        let (ended, ()) =
            tokio::join!(timeout(PATIENCE, silent.power_read(Deadline::after(PATIENCE))), async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                drop(program);
            });
        match ended {
            Ok(Err(error)) if error.kind() == "internal" => {}
            other => return Err(format!("a call whose driver was killed ended with {other:?}")),
        }
        let Place::Program(path) = &external.place else { return Ok(String::new()) };
        self.program = Some(program::start(path)?);
        self.plugin = plugin(external, self.program.as_ref()).await?;
        let again = self.connect(self.good.clone()).await?;
        answers(&again).await.map_err(|why| format!("started again: {why}"))?;
        again.close().await;
        Ok("is seen in the middle of a call, and it starts again".to_owned())
    }
}

async fn plugin(external: &External, program: Option<&program::Program>) -> Result<Plugin, String> {
    let channel = match program {
        Some(program) => open(&halmark_grpc::transport::Address::Unix(program.socket().to_owned())).await?,
        None => external.channel(halmark::endpoint::Seams::default()).await?,
    };
    Ok(Plugin::new(channel))
}

async fn throw(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    let mut answer = [0; 1024];
    let _ = timeout(SHORT, stream.read(&mut answer)).await;
}

async fn world(speaks_ipmi: bool) -> Result<(Endpoint, Endpoint, World), String> {
    let io = |e: std::io::Error| format!("the simulated BMC could not be started: {e}");
    let profile = Profile::named("generic").ok_or("the generic profile is missing")?;
    let bmc = Bmc::start(&profile, BmcOptions { seed: 7, deviations: Vec::new(), time_scale: 0.02 });
    let bmc = bmc.map_err(|e| e.to_string())?;
    let account = bmc.control().accounts().first().cloned().unwrap_or_default();
    let with = |scheme, addr: std::net::SocketAddr| {
        Endpoint::new(scheme, addr.ip().to_string(), addr.port())
            .with_credentials(Credentials::new(account.0.clone(), account.1.clone()))
    };
    if speaks_ipmi {
        let service = ipmi::Service::start(&bmc, ipmi::ServiceOptions::default()).map_err(io)?;
        let deaf = UdpSocket::bind("127.0.0.1:0").await.map_err(io)?;
        let (good, silent) =
            (with(Scheme::Ipmi, service.addr()), with(Scheme::Ipmi, deaf.local_addr().map_err(io)?));
        let keep = tokio::spawn(async move { swallow(deaf).await });
        return Ok((good, silent, World { _bmc: bmc, _redfish: None, _ipmi: Some(service), _silent: keep }));
    }
    let service = redfish::Service::start(&bmc, redfish::ServiceOptions::default()).map_err(io)?;
    let deaf = TcpListener::bind("127.0.0.1:0").await.map_err(io)?;
    let (good, silent) =
        (with(Scheme::Http, service.addr()), with(Scheme::Http, deaf.local_addr().map_err(io)?));
    let keep = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = deaf.accept().await {
            taken.push(stream);
        }
    });
    Ok((good, silent, World { _bmc: bmc, _redfish: Some(service), _ipmi: None, _silent: keep }))
}

async fn swallow(deaf: UdpSocket) {
    let mut datagram = [0; 2048];
    while deaf.recv(&mut datagram).await.is_ok() {}
}

/// The first operation that reads and is claimed.
fn reading(driver: &Client) -> Result<Call, String> {
    let claimed = &driver.capabilities().operations;
    let reads =
        [Operation::PowerRead, Operation::IdentityRead, Operation::IdentifyGet, Operation::SensorsRead];
    let found = reads.into_iter().find(|it| claimed.contains(it));
    found.map(Call::Plain).ok_or_else(|| "it claims nothing that reads, such as power.read".to_owned())
}

async fn answers(good: &Client) -> Result<String, String> {
    let call = reading(good)?;
    let answered = call.run(good, PATIENCE).await.map_err(|e| e.to_string())?;
    Ok(format!("{} is {}", call.operation(), answered.value.to_string().chars().take(60).collect::<String>()))
}

async fn refuses_the_unclaimed(good: &Client) -> Result<String, String> {
    let claimed = &good.capabilities().operations;
    let unclaimed: Vec<Operation> =
        Operation::ALL.iter().copied().filter(|it| !claimed.contains(it)).collect();
    for operation in &unclaimed {
        match Call::probe(*operation).run(good, PATIENCE).await {
            Err(error) if error.kind() == "unsupported" => {}
            Err(error) => return Err(format!("{operation} is not claimed and not UNIMPLEMENTED: {error}")),
            Ok(_) => return Err(format!("{operation} is not claimed, and it says that it did it")),
        }
    }
    Ok(format!("{} operations are UNIMPLEMENTED", unclaimed.len()))
}

async fn keeps_deadlines(silent: &Client) -> Result<String, String> {
    let (call, began) = (reading(silent)?, Instant::now());
    let ended = call.run(silent, SHORT).await;
    let took = began.elapsed();
    match ended {
        _ if took > SHORT + LATE => Err(format!("{took:.1?} where {SHORT:?} was the deadline")),
        Err(error) if error.kind() == "unreachable" => {
            Ok(format!("a silent BMC is unreachable after {took:.1?}"))
        }
        Err(error) => Err(format!("a BMC that does not answer is unreachable, and it said: {error}")),
        Ok(answer) => Err(format!("a BMC that does not answer was said to answer {}", answer.value)),
    }
}

async fn survives_cancelling(good: &Client, silent: &Client) -> Result<String, String> {
    let call = reading(silent)?;
    for _ in 0..20 {
        if timeout(Duration::from_millis(20), call.run(silent, PATIENCE)).await.is_ok() {
            return Err("a call to a BMC that does not answer ended at once".to_owned());
        }
    }
    let began = Instant::now();
    answers(good).await.map_err(|why| format!("after twenty cancelled calls: {why}"))?;
    Ok(format!("after twenty cancelled calls it answers in {} ms", began.elapsed().as_millis()))
}

async fn answers_beside_another(good: &Client, silent: &Client) -> Result<String, String> {
    let waiting = async {
        let _ = reading(silent)?.run(silent, SHORT).await;
        Err("it answers only after the call to the other BMC has ended".to_owned())
    };
    let beside = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        answers(good).await
    };
    tokio::select! {
        answered = beside => answered.map(|_| "one BMC answers while another does not".to_owned()),
        late = waiting => late,
    }
}
