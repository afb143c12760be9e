//! Targets: what can be judged on them, what they are known to lack or to get wrong, and how they are reached.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use halmark_simulators::{Profile, ProfileError};
use serde::{Deserialize, Serialize};

use crate::{
    fields::Reader,
    scenario::Effects,
    source::{Problem, Source},
    yaml,
};

/// Debian's `ipmi_sim`, described.
const IPMI_SIM: &str = include_str!("../../simulators/targets/ipmi-sim.yaml");

/// Where scenarios run.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name: `sim:generic`, `ipmi-sim`, or the path of a target file.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// What it lacks, with reasons.
    pub lacks: BTreeMap<String, String>,
    /// How it is spoken to.
    pub face: Face,
    /// What it is known to get wrong.
    pub waivers: Vec<Waiver>,
    /// Which truths can be had.
    pub truths: Vec<String>,
    /// How much slower than the scenario says it may be.
    pub timing: f64,
    /// How much shorter holds and advances are, because its machine's delays are scaled down.
    pub hold: f64,
    /// What may be done to it.
    pub allow: Effects,
    /// The version that is installed here, where waivers are pinned to one and it can be told.
    pub installed: Option<String>,
}

/// How a target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// By Redfish.
    Redfish,
    /// By IPMI.
    Ipmi,
    /// By both at once, by a driver that chooses.
    Both,
}

impl Face {
    /// The one that a driver speaks to.
    pub fn of(driver: &str) -> Self {
        match driver {
            "auto" => Self::Both,
            composite if halmark::drivers::composite::is_composite(composite) => Self::Both,
            ipmi if ipmi.starts_with("ipmi") => Self::Ipmi,
            _ => Self::Redfish,
        }
    }
}

/// The kinds of targets.
#[derive(Debug, Clone)]
pub enum TargetKind {
    /// A simulated BMC in this process, of that profile or with that recorded tree.
    Sim(Box<Profile>),
    /// OpenIPMI's `ipmi_sim` as a child process.
    IpmiSim,
    /// A real BMC.
    Hardware(Box<Hardware>),
}

/// A real BMC and how to reach it.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// Its address: host or IP.
    pub address: String,
    /// The serial number that it must have.
    pub serial: Option<String>,
    /// Where the credentials come from.
    pub credentials: CredentialsFrom,
    /// Redfish: port and trust.
    pub redfish: Option<RedfishDoor>,
    /// IPMI: port and suite.
    pub ipmi: Option<IpmiDoor>,
}

/// How Redfish is reached.
#[derive(Debug, Clone)]
pub struct RedfishDoor {
    /// The port.
    pub port: u16,
    /// Plain HTTP.
    pub plain: bool,
    /// What is believed of its certificate.
    pub tls: halmark::Tls,
}

/// How IPMI is reached.
#[derive(Debug, Clone)]
pub struct IpmiDoor {
    /// The port.
    pub port: u16,
    /// The cipher suite.
    pub suite: Option<halmark::endpoint::Suite>,
}

/// Where credentials come from. Never from the file itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsFrom {
    /// Two environment variables.
    Environment {
        /// The variable of the user name.
        user: String,
        /// The variable of the password.
        password: String,
    },
    /// A file with two lines, user and password, that only its owner can read.
    File(PathBuf),
}

/// A known wrong of a target, which turns exactly the predicted failure into `waived`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waiver {
    /// Its id.
    pub id: String,
    /// The scenario.
    pub scenario: String,
    /// The condition that fails.
    pub condition: String,
    /// `fail` or `error`.
    pub verdict: String,
    /// Blame, or kind of error.
    pub blame: String,
    /// The version that it is pinned to.
    pub version: String,
    /// Why it is accepted.
    pub reason: String,
}

/// Why there is no such target.
#[derive(Debug)]
pub enum TargetError {
    /// The name means nothing.
    Unknown(String),
    /// The file cannot be read.
    Io(PathBuf, std::io::Error),
    /// The file is wrong.
    Problems(Vec<Problem>),
    /// It has no door for the driver's protocol.
    NoDoor(String),
    /// Its profile or its recorded tree cannot be had.
    Profile(String),
}

/// Whether somebody who wrote this meant a file.
fn is_path(name: &str) -> bool {
    name.contains('/') && !name.starts_with("sim") || name.ends_with(".yaml") || name.ends_with(".yml")
}

impl std::fmt::Display for TargetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) if is_path(name) => {
                write!(
                    f,
                    "there is no file {name}: expected the path of a target file, or the name of a target such as sim:generic"
                )
            }
            Self::Unknown(name) => {
                let profiles: Vec<_> = Profile::names().iter().map(|p| format!("sim:{p}")).collect();
                write!(
                    f,
                    "there is no target {name:?}: expected {}, sim-tree:DIR, ipmi-sim, or the path of a target file",
                    profiles.join(", ")
                )
            }
            Self::Io(path, error) => write!(f, "the target file {} cannot be read: {error}", path.display()),
            Self::Problems(problems) => problems.iter().try_for_each(|p| write!(f, "{p}")),
            Self::NoDoor(text) | Self::Profile(text) => f.write_str(text),
        }
    }
}

/// What a simulated BMC can be asked for beside the wire.
pub const ALL_TRUTHS: &[&str] = &[
    "power",
    "events",
    "boot.override",
    "boot.default",
    "identify",
    "identity",
    "sessions",
    "bmc",
    "wire",
    "fru",
    "sensors",
    "power.metrics",
    "inventory",
    "boot.order",
    "log",
    "accounts",
    "bmc.clock",
    "bmc.network",
    "media",
    "bios",
    "console",
];

/// The driver that has the console: of a composite the part for that area, or for the rest.
fn console_of(driver: &str) -> &str {
    let driver = driver.strip_prefix("served:").unwrap_or(driver);
    let part = |area: &str| driver.split(',').find_map(|it| it.trim().strip_prefix(area)?.strip_prefix('='));
    part("console").or_else(|| part("rest")).unwrap_or(driver)
}

/// Why there is no console beside IPMI's.
const NO_SHELL: &str =
    "the platform has no shell behind SSH here, and its network protocol says that SSH is off";

impl Target {
    /// The target of that name.
    pub fn named(name: &str) -> Result<Self, TargetError> {
        match name.split_once(':') {
            Some(("sim", profile)) => match Profile::open(profile) {
                Ok(profile) => Ok(Self::sim(name, profile)),
                Err(ProfileError::Unknown(_)) => Err(TargetError::Unknown(name.to_owned())),
                Err(error) => Err(TargetError::Profile(error.to_string())),
            },
            Some(("sim-tree", dir)) => match Profile::recorded(Path::new(dir)) {
                Ok(profile) => Ok(Self::sim(name, profile)),
                Err(error) => Err(TargetError::Profile(error.to_string())),
            },
            None if name == "ipmi-sim" => Self::ipmi_sim(),
            _ if Path::new(name).is_file() => hardware(Path::new(name)),
            _ => Err(TargetError::Unknown(name.to_owned())),
        }
    }

    /// The same for this driver. What a profile or a recorded tree lacks, its Redfish lacks: IPMI has it all the same.
    pub fn spoken_to_by(self, driver: &str) -> Self {
        let face = Face::of(driver);
        let mut lacks = if self.is_held() && face == Face::Ipmi { BTreeMap::new() } else { self.lacks };
        if console_of(driver) == "idrac" && matches!(&self.kind, TargetKind::Sim(it) if !it.has_shell()) {
            lacks.insert("console.open".to_owned(), NO_SHELL.to_owned());
        }
        Self { face, lacks, ..self }
    }

    /// A simulated BMC of that profile.
    pub fn sim(name: &str, profile: Profile) -> Self {
        Self {
            name: name.to_owned(),
            lacks: profile.lacks.clone(),
            kind: TargetKind::Sim(Box::new(profile)),
            face: Face::Redfish,
            installed: None,
            waivers: Vec::new(),
            truths: ALL_TRUTHS.iter().map(|t| (*t).to_owned()).collect(),
            timing: 1.0,
            hold: 1.0,
            allow: Effects::Destructive,
        }
    }

    fn ipmi_sim() -> Result<Self, TargetError> {
        let source = Source::new("simulators/targets/ipmi-sim.yaml", IPMI_SIM);
        described(&source).map_err(TargetError::Problems)
    }

    /// The word by which scenarios name its kind.
    pub fn kind_word(&self) -> &'static str {
        match self.kind {
            TargetKind::Sim(_) => "sim",
            TargetKind::IpmiSim => "ipmi-sim",
            TargetKind::Hardware(_) => "hardware",
        }
    }

    /// Whether it lives on the held clock.
    pub fn is_held(&self) -> bool {
        matches!(self.kind, TargetKind::Sim(_))
    }
}

fn described(source: &Arc<Source>) -> Result<Target, Vec<Problem>> {
    let root = yaml::parse(source).map_err(|p| vec![p])?;
    let reader = Reader::new(source);
    let target = read_described(&reader, &root);
    reader.finish(target)
}

fn read_described(reader: &Reader, root: &yaml::Node) -> Option<Target> {
    let mut fields = reader.map(root, "a target")?;
    reader.word(fields.must("kind")?, "kind", &["ipmi-sim"])?;
    let version = reader.text(fields.must("version")?)?;
    let truths =
        reader.texts(fields.must("truths")?, "a list of truths")?.into_iter().map(|(t, _)| t).collect();
    let hold = reader.share(fields.must("hold")?)?;
    let mut lacks = BTreeMap::new();
    for (key, value) in reader.map(fields.must("lacks")?, "a map of capabilities to reasons")?.rest() {
        lacks.insert(key.text.clone(), reader.text(value)?);
    }
    let mut waivers = Vec::new();
    for item in reader.list(fields.must("waivers")?, "a list of waivers")? {
        let mut w = reader.map(item, "a waiver")?;
        waivers.push(Waiver {
            id: reader.text(w.must("id")?)?,
            scenario: reader.text(w.must("scenario")?)?,
            condition: reader.text(w.must("condition")?)?,
            verdict: reader.word(w.must("verdict")?, "verdict", &["fail", "error"])?,
            blame: reader.word(w.must("blame")?, "blame", &["driver", "target"])?,
            version: version.clone(),
            reason: reader.text(w.must("reason")?)?,
        });
        w.done();
    }
    fields.done();
    Some(Target {
        name: "ipmi-sim".to_owned(),
        kind: TargetKind::IpmiSim,
        face: Face::Ipmi,
        lacks,
        waivers,
        truths,
        timing: 1.0,
        hold,
        allow: Effects::Destructive,
        installed: None,
    })
}

fn hardware(path: &Path) -> Result<Target, TargetError> {
    let text = std::fs::read(path).map_err(|e| TargetError::Io(path.to_owned(), e))?;
    let source = Source::new(path.display().to_string(), String::from_utf8_lossy(&text));
    let root = yaml::parse(&source).map_err(|p| TargetError::Problems(vec![p]))?;
    let reader = Reader::new(&source);
    let target = read_hardware(&reader, &root, path);
    reader.finish(target).map_err(TargetError::Problems)
}

fn read_hardware(reader: &Reader, root: &yaml::Node, path: &Path) -> Option<Target> {
    let beside = |name: String| path.parent().map_or_else(|| PathBuf::from(&name), |dir| dir.join(&name));
    let mut fields = reader.map(root, "a target: a map that begins with `kind: hardware`")?;
    reader.word(fields.must("kind")?, "kind", &["hardware"])?;
    let mut address = reader.map(fields.must("address")?, "`{bmc: 192.0.2.12}`")?;
    let bmc = reader.text(address.must("bmc")?)?;
    address.done();
    let serial = match fields.maybe("identity") {
        None => None,
        Some(node) => {
            let mut identity = reader.map(node, "`{serial: 7CX1, must-match: true}`")?;
            let serial = reader.text(identity.must("serial")?)?;
            let must = identity.maybe("must-match").map_or(Some(true), |node| reader.flag(node))?;
            identity.done();
            must.then_some(serial)
        }
    };
    let credentials = {
        let mut from = reader
            .map(fields.must("credentials")?, "`{from: env, user: BMC_USER, password: BMC_PASSWORD}`")?;
        let read = match reader.word(from.must("from")?, "source", &["env", "file"])?.as_str() {
            "env" => CredentialsFrom::Environment {
                user: reader.text(from.must("user")?)?,
                password: reader.text(from.must("password")?)?,
            },
            _ => CredentialsFrom::File(beside(reader.text(from.must("path")?)?)),
        };
        from.done();
        read
    };
    let redfish = match fields.maybe("redfish") {
        None => None,
        Some(node) => {
            let mut door = reader.map(node, "`{port: 443, tls: {ca: rack-ca.pem}}`")?;
            let plain = door.maybe("plain-http").map_or(Some(false), |n| reader.flag(n))?;
            let port = door
                .maybe("port")
                .map_or(Some(if plain { 80 } else { 443 }), |n| reader.whole(n, 1, 65_535))?;
            let tls = door.maybe("tls").map_or(Some(halmark::Tls::System), |n| tls(reader, n, &beside))?;
            door.done();
            Some(RedfishDoor { port: u16::try_from(port).ok()?, plain, tls })
        }
    };
    let ipmi = match fields.maybe("ipmi") {
        None => None,
        Some(node) => {
            let mut door = reader.map(node, "`{port: 623, suite: 17}`")?;
            let port = door.maybe("port").map_or(Some(623), |n| reader.whole(n, 1, 65_535))?;
            let suite = match door.maybe("suite") {
                None => None,
                Some(n) => match reader.whole(n, 0, 255)? {
                    3 => Some(halmark::endpoint::Suite::Three),
                    17 => Some(halmark::endpoint::Suite::Seventeen),
                    other => {
                        return reader.fail(
                            n.place,
                            format!("cipher suite {other} is not spoken"),
                            "expected 3 or 17",
                        );
                    }
                },
            };
            door.done();
            Some(IpmiDoor { port: u16::try_from(port).ok()?, suite })
        }
    };
    let timing = match fields.maybe("timing") {
        None => 1.0,
        Some(node) => {
            let mut most = 1.0_f64;
            for (key, value) in reader.map(node, "`{power: 1.0, boot: 2.5}`")?.rest() {
                match value.kind {
                    yaml::Kind::Float(f) if (0.1..=4.0).contains(&f) => most = most.max(f),
                    yaml::Kind::Int(i @ 1..=4) => most = most.max(i as f64),
                    _ => {
                        return reader.fail(
                            value.place,
                            format!("{} is not a timing factor", key.text),
                            "expected a number up to 4.0",
                        );
                    }
                }
            }
            most
        }
    };
    let mut allow = Effects::ReadOnly;
    if let Some(node) = fields.maybe("allow") {
        for item in reader.list(node, "a list of effects")? {
            allow = allow.max(Effects::named(&reader.word(item, "effects", Effects::WORDS)?)?);
        }
    }
    fields.done();
    if redfish.is_none() && ipmi.is_none() {
        return reader.fail(
            root.place,
            "this target has no door",
            "add `redfish: {port: 443}` or `ipmi: {port: 623}`",
        );
    }
    let hardware = Hardware { address: bmc, serial, credentials, redfish, ipmi };
    Some(Target {
        name: path.display().to_string(),
        kind: TargetKind::Hardware(Box::new(hardware)),
        face: Face::Redfish,
        lacks: BTreeMap::new(),
        waivers: Vec::new(),
        truths: Vec::new(),
        timing,
        hold: 1.0,
        allow,
        installed: None,
    })
}

fn tls(reader: &Reader, node: &yaml::Node, beside: &dyn Fn(String) -> PathBuf) -> Option<halmark::Tls> {
    let mut fields = reader.map(node, "`{ca: rack-ca.pem}`, `{pin: sha256…}` or `{insecure: true}`")?;
    let tls = if let Some(ca) = fields.maybe("ca") {
        halmark::Tls::Ca(beside(reader.text(ca)?))
    } else if let Some(pin) = fields.maybe("pin") {
        match parse_pin(&reader.text(pin)?) {
            Some(digest) => halmark::Tls::Pin(digest),
            None => {
                return reader.fail(
                    pin.place,
                    "this is not a SHA-256 digest",
                    "expected 64 hexadecimal digits, colons allowed",
                );
            }
        }
    } else if reader.flag(fields.must("insecure")?)? {
        halmark::Tls::Insecure
    } else {
        halmark::Tls::System
    };
    fields.done();
    Some(tls)
}

/// A SHA-256 digest in hexadecimal, with or without colons.
pub fn parse_pin(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_the_driver_s_or_that_of_a_composite_s_part() {
        let all = ["idrac", "served:idrac", "console=idrac,rest=ipmi", "power=ipmi,rest=idrac"];
        assert!(all.iter().all(|driver| console_of(driver) == "idrac"));
        assert_eq!(console_of("console=ipmi,rest=idrac"), "ipmi");
        let lacks = |driver| {
            let generic = Target::sim("sim:generic", Profile::named("generic").unwrap());
            generic.spoken_to_by(driver).lacks.contains_key("console.open")
        };
        assert!(lacks("idrac") && lacks("rest=idrac") && !lacks("ipmi") && !lacks("console=ipmi,rest=idrac"));
    }
}
