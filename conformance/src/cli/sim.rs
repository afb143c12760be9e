//! `halmark sim`: simulated BMCs for whoever wants to talk to some.

mod addresses;
pub(super) mod args;
mod control;
pub(super) mod descriptors;
mod files;
mod ipmi;
mod log;
mod ssh;
mod told;
mod truth;

use std::{
    net::SocketAddr,
    ops::Range,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use halmark_simulators::{
    Bmc, BmcOptions, Credentials, Profile, Role,
    desk::Hall,
    redfish::{
        Reception, Service, ServiceOptions, Transcript,
        tls::{ByName, Certificate},
    },
};
use tokio::time::Instant;

use self::{
    args::{Sim, TlsArg},
    files::Files,
    log::Log,
};
use super::{args::Output, complain, print, run::wait_for_signal, usage};
use crate::{source::suggestion, verdict::exit};

/// How many events of a machine are kept at least: it may run for weeks.
const KEPT: usize = 1_000;

/// One BMC while all of them start.
struct Starting {
    name: String,
    host: String,
    url: String,
    bmc: Bmc,
    service: Service,
    ipmi: Option<halmark_simulators::ipmi::Service>,
    ssh: Option<halmark_simulators::ssh::Service>,
}

/// All that is served, and the one port in front of it where there is one.
struct Served {
    hall: Arc<Hall>,
    _reception: Option<Reception>,
}

/// Everything that is known before the first BMC starts.
struct Plan {
    profile: Profile,
    addresses: Vec<SocketAddr>,
    certificate: Option<Pair>,
    accounts: Accounts,
    files: Files,
    log: Log,
    group_key: Option<[u8; 20]>,
    requests: Arc<AtomicU64>,
}

/// A certificate and its key, PEM.
type Pair = (Vec<u8>, Vec<u8>);

/// Who may log in, and whether we made the administrator's password.
struct Accounts {
    all: Vec<Credentials>,
    made: bool,
}

/// `halmark sim`.
pub(super) fn sim(args: &Sim) -> u8 {
    if args.tls == TlsArg::Ca && args.cert.is_none() {
        // Its key takes a while, and nobody needs it before the rest is there.
        std::thread::spawn(|| Certificate::authority("localhost").ca_pem().len());
    }
    match prepared(args).and_then(|plan| Ok((plan, runtime(args)?))) {
        Ok((plan, runtime)) => runtime.block_on(serve(args, &plan)).unwrap_or_else(usage),
        Err(problem) => usage(problem),
    }
}

async fn serve(args: &Sim, plan: &Plan) -> Result<u8, String> {
    let begun = Instant::now();
    let _stopped = control::stop_time(args);
    let served = start(args, plan)?;
    // It listens; its resources are read while that is told, unless the first request is there before.
    let profile = plan.profile.clone();
    std::thread::spawn(move || profile.prepare());
    let hall = &served.hall;
    let desk = control::offer(args, hall)?;
    let _truth = truth::offer(args.truth.as_deref(), hall)?;
    let words = told::Words::of(args, plan, hall.all(), desk.as_ref().map(|it| it.addr()))?;
    match args.output {
        Output::Text => print(&words.text()),
        Output::Json => print(&words.json()),
    }
    let end = async {
        match args.lasting {
            Some(lasting) if args.held => control::elsewhere(lasting).await,
            Some(lasting) => tokio::time::sleep(lasting).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = end => {}
        () = wait_for_signal() => {}
    }
    hall.all().iter().for_each(|it| {
        it.service.stop();
        it.ipmi.iter().for_each(|ipmi| ipmi.stop());
        it.ssh.iter().for_each(|ssh| ssh.stop());
    });
    complain(&told::farewell(
        hall.all().len(),
        plan.requests.load(std::sync::atomic::Ordering::Relaxed),
        begun.elapsed(),
    ));
    Ok(exit::CONFORMANT)
}

fn prepared(args: &Sim) -> Result<Plan, String> {
    let addresses = addresses::addresses(args)?;
    let listeners = if args.by_host { 1 } else { args.count };
    let beside = usize::from(ipmi::is_offered(args)) + usize::from(args.ssh.is_some());
    descriptors::make_room(args.count, listeners + beside * args.count)?;
    Ok(Plan {
        profile: profile(args)?,
        addresses,
        certificate: given_certificate(args)?,
        accounts: accounts(args)?,
        files: Files::open(args.files.as_deref())?,
        log: Log::open(args.log.as_deref())?,
        group_key: ipmi::group_key(args)?,
        requests: Arc::default(),
    })
}

/// Every processor works, unless time stands still: then there is one, since only one can be stopped.
fn runtime(args: &Sim) -> Result<tokio::runtime::Runtime, String> {
    let built = if args.held {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()
    } else {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    };
    built.map_err(|error| format!("no runtime could be made: {error}"))
}

fn start(args: &Sim, plan: &Plan) -> Result<Served, String> {
    let mut all = Vec::with_capacity(args.count);
    let mut ports = (args.count > MANY).then_some(FIRST_PORT..u16::MAX);
    for place in 0..args.count {
        let bmc = start_bmc(args, plan, place)?;
        bmc.control().keep_events(KEPT);
        let name = format!("bmc{}", place + 1);
        let address = plan.addresses.get(place).or(plan.addresses.first()).copied();
        let address = address.unwrap_or_else(|| (args.listen, 0).into());
        let host = if args.by_host { format!("{name}.localhost") } else { host_of(address) };
        let options = ServiceOptions {
            tls: certificate(args, plan, &host)?,
            listen: address,
            observer: Some(plan.log.observer(plan.requests.clone(), args.by_host.then(|| host.clone()))),
            transcript: if args.control.is_some() { Transcript::Last(1_000) } else { Transcript::None },
        };
        let service = match args.by_host {
            true => Service::behind(&bmc, options),
            false => listen(&bmc, options, &mut ports).map_err(|error| not_listened(address, &error))?,
        };
        let url = url(args, &reached(service.addr()).to_string());
        let ipmi = ipmi::offer(args, plan, &bmc, service.addr(), place)?;
        let ssh = ssh::offer(args, plan, &bmc, service.addr(), place)?;
        all.push(Starting { name, host, url, bmc, service, ipmi, ssh });
    }
    let reception = if args.by_host { Some(receive(args, plan, &mut all)?) } else { None };
    let mut hall = Hall::new();
    for it in all {
        hall.add(it.name, it.url, it.bmc, it.service);
        it.ipmi.into_iter().for_each(|service| hall.add_ipmi(service));
        it.ssh.into_iter().for_each(|service| hall.add_ssh(service));
    }
    Ok(Served { hall: Arc::new(hall), _reception: reception })
}

/// From so many BMCs on, ports are tried one after another: the system's own search for a free one gets slow (15,000 took it
/// more than a minute, and this two seconds).
const MANY: usize = 256;
const FIRST_PORT: u16 = 16_384;

/// Where the port is left to us, the next one that is free.
fn listen(bmc: &Bmc, options: ServiceOptions, ports: &mut Option<Range<u16>>) -> std::io::Result<Service> {
    let Some(ports) = ports.as_mut().filter(|_| options.listen.port() == 0) else {
        return Service::start(bmc, options);
    };
    for port in ports {
        let listen = (options.listen.ip(), port).into();
        match Service::start(bmc, ServiceOptions { listen, ..options.clone() }) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    Err(std::io::ErrorKind::AddrInUse.into())
}

fn start_bmc(args: &Sim, plan: &Plan, place: usize) -> Result<Bmc, String> {
    let options = BmcOptions {
        seed: args.seed.wrapping_add(place as u64),
        deviations: args.deviation.clone(),
        time_scale: args.time_scale,
    };
    let another = (place > 0 && plan.profile.recording().is_some()).then(|| plan.profile.another());
    let profile = another.as_ref().unwrap_or(&plan.profile);
    let bmc = Bmc::start_for(profile, options, plan.accounts.all.clone())
        .map_err(|unknown| deviation_unknown(&unknown.name))?;
    if let Some(recording) = profile.recording() {
        bmc.control().establish_power(recording.power);
    }
    Ok(bmc)
}

/// One port for all.
fn receive(args: &Sim, plan: &Plan, all: &mut [Starting]) -> Result<Reception, String> {
    let listen = plan.addresses.first().copied().unwrap_or_else(|| (args.listen, 0).into());
    let tls = match certificate(args, plan, "localhost")? {
        None => None,
        Some(given) if plan.certificate.is_some() || args.tls == TlsArg::SelfSigned => {
            Some(ByName::given(&given))
        }
        Some(_) => Some(ByName::authority(all.iter().map(|it| it.host.clone()))),
    };
    let services = all.iter().map(|it| (it.host.clone(), &it.service));
    let reception = Reception::start(listen, tls, services).map_err(|error| not_listened(listen, &error))?;
    for it in all {
        it.url = url(args, &format!("{}:{}", it.host, reception.addr().port()));
    }
    Ok(reception)
}

fn url(args: &Sim, host: &str) -> String {
    format!("{}://{host}", if args.tls == TlsArg::Off { "http" } else { "https" })
}

/// The profile, or the recorded tree in its place.
fn profile(args: &Sim) -> Result<Profile, String> {
    match &args.tree {
        Some(dir) => Profile::recorded(dir).map_err(|error| error.to_string()),
        None => super::profile::open(&args.profile),
    }
}

fn deviation_unknown(name: &str) -> String {
    let known: Vec<&str> = halmark_simulators::deviations().iter().map(|it| it.name).collect();
    format!("there is no deviation {name:?}: {}", suggestion(name, known.iter().copied()))
}

/// What a URL says of an address: an unspecified one is reached by loopback.
fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    (ip, address.port()).into()
}

fn host_of(address: SocketAddr) -> String {
    reached(address).ip().to_string()
}

fn certificate(args: &Sim, plan: &Plan, host: &str) -> Result<Option<Certificate>, String> {
    Ok(match (args.tls, &plan.certificate) {
        (TlsArg::Off, _) => None,
        (_, Some((chain, key))) => {
            Some(Certificate::from_pem(chain, key).map_err(|error| error.to_string())?)
        }
        (TlsArg::SelfSigned, None) => Some(Certificate::self_signed(host)),
        (TlsArg::Ca, None) => Some(Certificate::authority(host)),
    })
}

/// What a client has to trust, where one certificate is enough for all BMCs.
fn trusted(args: &Sim, plan: &Plan) -> Option<String> {
    if plan.certificate.is_some() {
        return None;
    }
    let host = host_of(*plan.addresses.first()?);
    match args.tls {
        TlsArg::Off => None,
        TlsArg::Ca => Some(Certificate::authority(&host).ca_pem().to_owned()),
        TlsArg::SelfSigned if args.addresses.is_some() => None,
        TlsArg::SelfSigned if args.by_host => Some(Certificate::self_signed("localhost").ca_pem().to_owned()),
        TlsArg::SelfSigned => Some(Certificate::self_signed(&host).ca_pem().to_owned()),
    }
}

fn given_certificate(args: &Sim) -> Result<Option<Pair>, String> {
    let (Some(chain), Some(key)) = (&args.cert, &args.key) else { return Ok(None) };
    if args.tls == TlsArg::Off {
        return Err("--cert has no use with --tls off".to_owned());
    }
    Ok(Some((contents(chain)?, contents(key)?)))
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// The administrator that was given, or one with a password that nobody can guess; an operator and one that only reads.
fn accounts(args: &Sim) -> Result<Accounts, String> {
    let made = || files::random_text(16).map_err(|error| format!("no password could be made: {error}"));
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let given = match &args.password_file {
        Some(file) => {
            let text =
                String::from_utf8(contents(file)?).map_err(|_| format!("{} is no text", file.display()))?;
            let line = text.lines().next().unwrap_or_default().to_owned();
            if line.is_empty() {
                return Err(format!("{} has no password in its first line", file.display()));
            }
            Some(line)
        }
        None => variable(&args.password_env),
    };
    let is_made = given.is_none();
    let user = variable(&args.user_env).unwrap_or_else(|| "admin".to_owned());
    let password = given.map_or_else(made, Ok)?;
    usable(&user, &password, args)?;
    let mut all = vec![Credentials { user, password, role: Role::Administrator }];
    for (user, other, role) in
        [("operator", "operator2", Role::Operator), ("readonly", "readonly2", Role::ReadOnly)]
    {
        let user = if all[0].user == user { other } else { user };
        all.push(Credentials { user: user.to_owned(), password: made()?, role });
    }
    Ok(Accounts { all, made: is_made })
}

/// What no client could log in with is told before anybody tries.
fn usable(user: &str, password: &str, args: &Sim) -> Result<(), String> {
    if user.contains(':') {
        return Err(format!("{}: no user's name has a colon (RFC 7617 §2): give another", args.user_env));
    }
    let too_long = |what: &str, has: usize, most: usize, clause: &str| {
        format!(
            "{what} has {has} bytes, and IPMI knows {most} at most (IPMI v2.0 §{clause}): give a shorter one, or --no-ipmi"
        )
    };
    match (user.len(), password.len()) {
        _ if args.no_ipmi => Ok(()),
        (17.., _) => Err(too_long(&format!("the name in {}", args.user_env), user.len(), 16, "22.28")),
        (_, 21..) => Err(too_long("the administrator's password", password.len(), 20, "22.30")),
        _ => Ok(()),
    }
}

fn not_listened(address: SocketAddr, error: &std::io::Error) -> String {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    match error.kind() {
        AddrInUse => format!(
            "{address} is in use: give another --port or --base-port, or none, and the system chooses one that is free"
        ),
        AddrNotAvailable => {
            format!("{} is no address of this machine: check --listen or --addresses", address.ip())
        }
        PermissionDenied => format!("port {} needs a privilege: give a --port above 1023", address.port()),
        _ if descriptors::are_used_up(error) => descriptors::too_few(),
        _ => format!("{address} cannot be listened on: {error}"),
    }
}

/// For how long something was served, as people say it.
fn said(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}
