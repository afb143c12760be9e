//! Our IPMI face beside OpenIPMI's `ipmi_sim`: the same requests, and every difference by name, with the clause that decides it.
//!
//! Both have a machine of the same platform and seed. What is compared is the shape of an answer: its completion code and how much
//! follows. What they say in it is other tests' business, since sensors and logs are their own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod asker;
mod differences;
mod requests;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use asker::{Asker, Level};
use differences::{DIFFERENCES, Difference};
use halmark_simulators::{
    Bmc, BmcOptions, Profile, ipmi,
    openipmi::{IpmiSim, Options},
};
use requests::{REQUESTS, Request};

/// What is sent of a request, and as whom.
const VARIANTS: [(&str, Level); 5] = [
    ("right", Level::Administrator),
    ("short", Level::Administrator),
    ("long", Level::Administrator),
    ("operator", Level::Operator),
    ("user", Level::User),
];

/// What is also asked by somebody who has not logged in (§6.12.4, appendix G); silence takes time.
const SESSIONLESS: [&str; 6] = [
    "Get Channel Authentication Capabilities",
    "Get System GUID",
    "Get Channel Cipher Suites",
    "Get Device ID",
    "Get Chassis Status",
    "Chassis Control, on",
];

#[tokio::test]
async fn our_face_and_ipmi_sim_answer_alike_or_differ_as_listed() {
    let (ours, theirs) = (bmc(), bmc());
    let face = ipmi::Service::start(&ours, ipmi::ServiceOptions::default()).unwrap();
    let helper = PathBuf::from(env!("CARGO_BIN_EXE_halmark-chassis"));
    let sim = IpmiSim::start(&theirs, Options { helper, ..Options::default() }).await;
    let sim = sim.unwrap_or_else(|problem| panic!("failed to {problem}"));
    let (said, heard) = (answers(&ours, face.addr()).await, answers(&theirs, sim.addr()).await);
    sim.check().unwrap();
    let found: BTreeMap<_, _> = said
        .into_iter()
        .filter(|(asked, shape)| heard[asked] != *shape)
        .map(|(asked, shape)| (asked, (shape, heard[&asked].clone())))
        .collect();
    let unlisted: Vec<_> = found
        .iter()
        .filter(|(asked, shapes)| !DIFFERENCES.iter().any(|it| explains(it, asked, shapes)))
        .map(|((name, variant), (ours, theirs))| format!("({name:?}, {variant:?}, {ours:?}, {theirs:?})"))
        .collect();
    assert!(unlisted.is_empty(), "not listed in differences.rs:\n{}", unlisted.join("\n"));
    let stale: Vec<_> = DIFFERENCES
        .iter()
        .filter(|it| !found.iter().any(|(asked, shapes)| explains(it, asked, shapes)))
        .collect();
    assert!(stale.is_empty(), "listed in differences.rs, and seen no more: {stale:#?}");
}

#[test]
fn every_difference_names_requests_that_are_sent_and_the_clause_that_decides() {
    for it in DIFFERENCES {
        assert!(it.clause.contains('§') || it.clause.contains("table"), "{it:?}");
        assert!(REQUESTS.iter().any(|asked| matches(it.request, asked.name)), "{it:?}");
        assert!(
            it.variants
                .iter()
                .all(|name| *name == "sessionless" || VARIANTS.iter().any(|(known, _)| known == name)),
            "{it:?}"
        );
    }
}

fn bmc() -> Bmc {
    let profile = Profile::named("generic").unwrap();
    Bmc::start(&profile, BmcOptions { seed: 5, time_scale: 0.01, ..BmcOptions::default() }).unwrap()
}

type Asked = (&'static str, &'static str);

/// The shape of each answer: the completion code, and how many bytes follow it.
async fn answers(bmc: &Bmc, at: SocketAddr) -> BTreeMap<Asked, String> {
    let (user, password) = bmc.control().credentials();
    let mut admin = Asker::login(at, &user, &password, Level::Administrator).await;
    for (slot, password) in [(3, "operators-own"), (4, "readers-own")] {
        assert_eq!(admin.set_password(slot, password).await, "00:0");
    }
    let mut askers = [
        (Level::Operator, Asker::login(at, "operator", "operators-own", Level::Operator).await),
        (Level::User, Asker::login(at, "readonly", "readers-own", Level::User).await),
        (Level::Administrator, admin),
    ];
    let mut shapes = BTreeMap::new();
    for request in REQUESTS {
        for (variant, level) in VARIANTS {
            let Some(data) = cut(request, variant) else { continue };
            let (_, asker) = askers.iter_mut().find(|(it, _)| *it == level).unwrap();
            shapes.insert((request.name, variant), asker.ask(request.netfn, request.number, &data).await);
        }
    }
    let mut stranger = Asker::stranger(at).await;
    for request in REQUESTS.iter().filter(|it| SESSIONLESS.contains(&it.name)) {
        let shape = stranger.ask(request.netfn, request.number, request.data).await;
        shapes.insert((request.name, "sessionless"), shape);
    }
    shapes
}

/// The data of a variant; nothing where there is no such variant.
fn cut(request: &Request, variant: &str) -> Option<Vec<u8>> {
    let data = request.data.to_vec();
    match variant {
        "short" => (!data.is_empty()).then(|| data[..data.len() - 1].to_vec()),
        "long" => Some([&data[..], &[0]].concat()),
        _ => Some(data),
    }
}

fn explains(difference: &Difference, asked: &Asked, shapes: &(String, String)) -> bool {
    let variants = difference.variants;
    matches(difference.request, asked.0)
        && (variants.is_empty() || variants.contains(&asked.1))
        && alike(difference.ours, &shapes.0)
        && alike(difference.theirs, &shapes.1)
}

/// `DCMI *` is every request whose name begins so.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// `00:*` is any length, `c1:0|d4:0` is either.
fn alike(pattern: &str, shape: &str) -> bool {
    pattern.split('|').any(|it| matches(it, shape))
}
