//! metal3's BareMetalHost and the Secret with its BMC's account, as YAML documents of one file.
//!
//! A host says `spec.bmc.address`, `credentialsName` and `disableCertificateVerification`; a Secret has `username` and `password`
//! in Base64 under `data`, or as they are under `stringData`. Other documents are kept.

mod base64;

use super::{
    Entry, Format, Kept, Reach,
    reach::{self, Where},
};
use crate::{
    endpoint::{Credentials, Scheme, Secret, Tls},
    inventory::{
        Record,
        text::{Flaw, Node, Place, yaml},
    },
};

/// The schemes of addresses, from all releases, without `+http` and `+https`: how a host of it is reached. No scheme is IPMI.
const SCHEMES: &[(&str, Reach)] = &[
    ("ibmc", Reach::Both),
    ("idrac", Reach::Both),
    ("idrac-redfish", Reach::Redfish),
    ("idrac-virtualmedia", Reach::Redfish),
    ("ilo4", Reach::Both),
    ("ilo4-virtualmedia", Reach::Both),
    ("ilo5", Reach::Redfish),
    ("ilo5-redfish", Reach::Redfish),
    ("ilo5-virtualmedia", Reach::Redfish),
    ("ipmi", Reach::Ipmi),
    ("irmc", Reach::Both),
    ("libvirt", Reach::Ipmi),
    ("redfish", Reach::Redfish),
    ("redfish-uefihttp", Reach::Redfish),
    ("redfish-virtualmedia", Reach::Redfish),
];

/// Reads a file.
pub fn read(text: &str) -> Result<Vec<Entry>, Vec<Flaw>> {
    let documents = yaml::read(text).map_err(|flaw| vec![flaw])?;
    let hosts: Vec<&Node> = documents.iter().filter(|it| is(it, "BareMetalHost")).collect();
    if hosts.is_empty() {
        let place = documents.first().map_or(Place { line: 1, column: 1 }, |it| it.place);
        return Err(vec![Flaw::at(place, "no document here is a BareMetalHost")]);
    }
    let belongs = |it: &&Node| hosts.iter().any(|host| std::ptr::eq(*host, *it) || is_secret_of(it, host));
    let others: Vec<Node> = documents.iter().filter(|it| !belongs(it)).cloned().collect();
    let frame = yaml::write(&others);
    let (mut entries, mut flaws) = (Vec::new(), Vec::new());
    for (at, host) in hosts.iter().enumerate() {
        let mine = |it: &&Node| std::ptr::eq(*it, *host) || is_secret_of(it, host);
        let mine: Vec<Node> = documents.iter().filter(mine).cloned().collect();
        match entry(host, mine.iter().find(|it| is(it, "Secret"))) {
            Ok(entry) => {
                let kept = Kept::new(Format::Metal3, at, yaml::write(&mine), &frame);
                entries.push(Entry { kept, ..entry });
            }
            Err(flaw) => flaws.push(flaw),
        }
    }
    if flaws.is_empty() { Ok(entries) } else { Err(flaws) }
}

fn is(document: &Node, kind: &str) -> bool {
    document.get("kind").and_then(Node::as_text) == Some(kind)
}

fn metadata<'n>(document: &'n Node, name: &str) -> Option<&'n str> {
    document.get("metadata")?.get(name)?.as_text()
}

/// Whether a document is the Secret that a host names, in the host's namespace.
fn is_secret_of(document: &Node, host: &Node) -> bool {
    let named = host.get("spec").and_then(|it| it.get("bmc")?.get("credentialsName")?.as_text());
    is(document, "Secret")
        && named.is_some()
        && metadata(document, "name") == named
        && metadata(document, "namespace") == metadata(host, "namespace")
}

fn entry(host: &Node, secret: Option<&Node>) -> Result<Entry, Flaw> {
    let spec = host.get("spec").ok_or_else(|| Flaw::at(host.place, "this host has no spec"))?;
    spec.members()?;
    let none = Node::map([]);
    let bmc = spec.get("bmc").unwrap_or(&none);
    bmc.members()?;
    let at = bmc.parsed("address", Where::read, "address of a BMC")?;
    let reach = match &at {
        None => Reach::Unmanaged,
        Some(at) => reach_of(at).ok_or_else(|| {
            let place = bmc.get("address").map_or(host.place, |it| it.place);
            let known: Vec<&str> = SCHEMES.iter().map(|(word, _)| *word).collect();
            Flaw::at(
                place,
                format!("address has a scheme that metal3 never had: expected {}", known.join(", ")),
            )
        })?,
    };
    let verifies = bmc.text_of("disableCertificateVerification")?.map(|it| it != "true");
    let boot = spec.get("bootMACAddress").filter(|it| !it.is_null()).map(reach::mac).transpose()?;
    Ok(Entry {
        place: host.place,
        name: metadata(host, "name").map(str::to_owned),
        mac: None,
        boot: boot.into_iter().collect(),
        address: at.as_ref().map(|it| it.address.clone()),
        reach,
        scheme: scheme_of(at.as_ref()),
        port: at.as_ref().and_then(|it| it.port),
        account: secret.map(account).transpose()?,
        tls: reach::tls(verifies),
        kept: Kept::default(),
    })
}

/// A scheme without the `+http` or `+https` behind it.
fn reach_of(at: &Where) -> Option<Reach> {
    let scheme = at.scheme.as_deref().unwrap_or("ipmi");
    let base = scheme.split('+').next().unwrap_or_default();
    let transport = scheme.split_once('+').map_or("https", |(_, it)| it);
    let known = SCHEMES.iter().find(|(word, _)| *word == base).map(|(_, reach)| *reach);
    known.filter(|_| matches!(transport, "http" | "https"))
}

fn scheme_of(at: Option<&Where>) -> Scheme {
    let is_http = at.and_then(|it| it.scheme.as_deref()).is_some_and(|it| it.ends_with("+http"));
    if is_http { Scheme::Http } else { Scheme::Https }
}

fn account(secret: &Node) -> Result<Credentials, Flaw> {
    let user = value(secret, "username")?;
    let password = value(secret, "password")?;
    let user = String::from_utf8(user).map_err(|_| Flaw::at(secret.place, "username is no text"))?;
    Ok(Credentials { user, password: Secret::new(password) })
}

/// A value of a Secret; `stringData` goes over `data`.
fn value(secret: &Node, name: &str) -> Result<Vec<u8>, Flaw> {
    if let Some(plain) = secret.get("stringData").and_then(|it| it.get(name)) {
        let text = plain.as_text().ok_or_else(|| Flaw::at(plain.place, format!("{name} is no text")))?;
        return Ok(text.as_bytes().to_vec());
    }
    let data = secret
        .get("data")
        .ok_or_else(|| Flaw::at(secret.place, "this Secret has neither data nor stringData"))?;
    let missing = || Flaw::at(data.place, format!("this Secret has no {name}"));
    let encoded = data.get(name).ok_or_else(missing)?;
    let bytes = encoded.as_text().and_then(base64::decode);
    bytes.ok_or_else(|| Flaw::at(encoded.place, format!("{name} is not Base64")))
}

/// Writes rows.
pub(super) fn write(rows: &[&Record]) -> String {
    let mut documents: Vec<Node> = Vec::new();
    let mut others = Vec::new();
    for row in rows {
        let kept = Kept::of(row, Format::Metal3);
        others.extend(
            kept.as_ref()
                .and_then(|it| it.frame.clone())
                .and_then(|it| yaml::read(&it).ok())
                .unwrap_or_default(),
        );
        let mine = kept
            .and_then(|it| yaml::read(&it.text).ok())
            .filter(|it| it.iter().any(|it| is(it, "BareMetalHost")));
        let mut mine = mine.unwrap_or_else(|| blank(row));
        update(&mut mine, row);
        // Several hosts may have one Secret.
        mine.retain(|it| !documents.iter().any(|there| is(it, "Secret") && it.value() == there.value()));
        documents.append(&mut mine);
    }
    documents.append(&mut others);
    yaml::write(&documents)
}

/// A host of a row that came from elsewhere, named by its MAC address. Without an account it has no Secret; where there is no BMC,
/// the row's key is the machine's own interface.
fn blank(row: &Record) -> Vec<Node> {
    let name = format!("bmc-{}", row.mac.to_string().replace(':', "-"));
    let secret_name = format!("{name}-secret");
    let reach = Reach::of(row);
    let has_account = reach.protocols().iter().any(|it| row.account(*it).is_some());
    let mut bmc = Node::map([]);
    if has_account {
        bmc.set("credentialsName", Node::text(secret_name.clone()));
    }
    let spec = match reach {
        Reach::Unmanaged => Node::map([("bootMACAddress", Node::text(row.mac.to_string()))]),
        _ => Node::map([("bmc", bmc)]),
    };
    let secret = Node::map([
        ("apiVersion", Node::text("v1")),
        ("kind", Node::text("Secret")),
        ("metadata", Node::map([("name", Node::text(secret_name))])),
        ("type", Node::text("Opaque")),
        ("data", Node::map([])),
    ]);
    let host = Node::map([
        ("apiVersion", Node::text("metal3.io/v1alpha1")),
        ("kind", Node::text("BareMetalHost")),
        ("metadata", Node::map([("name", Node::text(name))])),
        ("spec", spec),
    ]);
    has_account.then_some(secret).into_iter().chain([host]).collect()
}

/// Writes what a row has otherwise than its documents say.
fn update(documents: &mut [Node], row: &Record) {
    let reach = Reach::of(row);
    let account = reach.protocols().iter().find_map(|it| row.account(*it));
    if let Some(secret) = documents.iter_mut().find(|it| is(it, "Secret")) {
        update_secret(secret, account);
    }
    let Some(host) = documents.iter_mut().find(|it| is(it, "BareMetalHost")) else { return };
    let Some(bmc) = host.get_mut("spec").and_then(|it| it.get_mut("bmc")) else { return };
    let was = bmc.parsed("address", Where::read, "").ok().flatten();
    let (usual, port) = match reach {
        Reach::Ipmi => (Scheme::Ipmi.default_port(), row.ipmi.port),
        _ => (row.redfish.scheme.default_port(), row.redfish.port),
    };
    let Some(address) = row.address.clone().filter(|_| reach != Reach::Unmanaged) else { return };
    let keeps_scheme = was.as_ref().is_some_and(|it| reach_of(it) == Some(reach))
        && (reach == Reach::Ipmi || scheme_of(was.as_ref()) == row.redfish.scheme);
    let scheme = match (&was, reach) {
        (Some(was), _) if keeps_scheme => was.scheme.clone(),
        (_, Reach::Ipmi) => Some("ipmi".to_owned()),
        _ if row.redfish.scheme == Scheme::Http => Some("redfish+http".to_owned()),
        _ => Some("redfish".to_owned()),
    };
    let path = match (&was, reach) {
        (Some(was), _) if keeps_scheme => was.path.clone(),
        _ => String::new(),
    };
    let was_port = was.as_ref().and_then(|it| it.port).unwrap_or(usual);
    let is_same = was.as_ref().is_some_and(|it| keeps_scheme && it.address == address && was_port == port);
    if !is_same {
        let at = Where { scheme, address, port: (port != usual).then_some(port), path };
        bmc.set("address", Node::text(at.write()));
    }
    let trusts_any = row.redfish.tls == Tls::Insecure && reach != Reach::Ipmi;
    let name = "disableCertificateVerification";
    let was = bmc.text_of(name).ok().flatten() == Some("true");
    if trusts_any != was && reach != Reach::Ipmi {
        bmc.set(name, Node::plain(if trusts_any { "true" } else { "false" }));
    }
}

fn update_secret(secret: &mut Node, now: Option<&Credentials>) {
    let Some(now) = now else { return };
    if account(secret).as_ref() == Ok(now) {
        return;
    }
    let bytes = [("username", now.user.as_bytes()), ("password", now.password.reveal())];
    for (name, bytes) in bytes {
        let plain = std::str::from_utf8(bytes).ok();
        match (secret.get_mut("stringData").filter(|it| it.get(name).is_some()), plain) {
            (Some(data), Some(text)) => data.set(name, Node::text(text)),
            _ => {
                if secret.get("data").is_none() {
                    secret.set("data", Node::map([]));
                }
                if let Some(data) = secret.get_mut("data") {
                    data.set(name, Node::text(base64::encode(bytes)));
                }
            }
        }
    }
}
