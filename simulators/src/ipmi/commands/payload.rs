//! Payloads: who has the console, and who may (IPMI v2.0 §24).

use std::collections::BTreeSet;

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene, Session},
    lan::{INSTANCE, LARGEST, SOL, Sol, Wanted},
    privilege::Privilege,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x48), "Activate Payload", Need::Level(Privilege::User), activate),
    Row::new((0x06, 0x49), "Deactivate Payload", Need::Level(Privilege::User), deactivate),
    Row::new((0x06, 0x4A), "Get Payload Activation Status", Need::Level(Privilege::User), status),
    Row::new((0x06, 0x4B), "Get Payload Instance Info", Need::Level(Privilege::User), instance),
    Row::new((0x06, 0x4C), "Set User Payload Access", Need::Level(Privilege::Administrator), set_access),
    Row::new((0x06, 0x4D), "Get User Payload Access", Need::Level(Privilege::Operator), access),
    Row::new((0x06, 0x4E), "Get Channel Payload Support", Need::Level(Privilege::User), support),
    Row::new((0x06, 0x4F), "Get Channel Payload Version", Need::Level(Privilege::User), version),
    Row::new((0x06, 0x55), "Suspend/Resume Payload Encryption", Need::Level(Privilege::User), encryption),
];

/// Whose account may not have the console, by slot; outlives restarts and the loss of AC. At first everybody may, as far as
/// the level goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    without: BTreeSet<u8>,
}

/// Bits of what may be used (§24.6, standard payloads): IPMI messages always, and serial over LAN.
const MESSAGES_AND_SOL: u8 = 0x03;
const SOL_BIT: u8 = 0x02;

const DISABLED: Completion = Completion(0x81);

/// §24.1.
fn activate(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const ALREADY: Completion = Completion(0x80);
    const LIMIT: Completion = Completion(0x82);
    const WITH_ENCRYPTION: Completion = Completion(0x83);
    const WITHOUT_ENCRYPTION: Completion = Completion(0x84);
    let [kind, instance, wishes, _, _, _] = request.exactly()?;
    let session = caller(request)?;
    is_sol(kind)?;
    if instance & 0x0F != INSTANCE {
        return Err(LIMIT);
    }
    let (must_encrypt, must_authenticate, level) = scene.kept.sol.demands();
    if !scene.kept.sol.is_enabled() || scene.kept.payloads.without.contains(&session.user) {
        return Err(DISABLED);
    }
    if session.privilege < level {
        return Err(Completion::INSUFFICIENT_PRIVILEGE);
    }
    let (encrypted, authenticated) = (wishes & 0x80 != 0, wishes & 0x40 != 0);
    let (can_encrypt, can_authenticate) =
        scene.sessions.protection(session.id).ok_or(Completion::NOT_IN_THIS_STATE)?;
    if encrypted && !can_encrypt {
        return Err(WITH_ENCRYPTION);
    }
    if (must_encrypt && !encrypted) || (must_authenticate && !authenticated) {
        return Err(WITHOUT_ENCRYPTION);
    }
    let port = scene.bmc.serial().take().ok_or(ALREADY)?;
    let authenticated = can_authenticate && (authenticated || encrypted);
    let retry = scene.kept.sol.retry();
    let events = scene.machine(|machine, _| machine.event_count());
    let wanted = Wanted { session: session.id, encrypted, authenticated, retry, events };
    scene.sessions.console().active = Some(Box::new(Sol::new(wanted, port)));
    let port = scene.sessions.port().to_le_bytes();
    Ok(vec![0, 0, 0, 0, LARGEST, 0, LARGEST, 0, port[0], port[1], 0xFF, 0xFF])
}

/// §24.2: one's own, or another's, by whoever may have it.
fn deactivate(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const ALREADY: Completion = Completion(0x80);
    let [kind, instance, ..]: [u8; 6] = request.exactly()?;
    is_sol(kind)?;
    let (_, _, level) = scene.kept.sol.demands();
    let by = request.caller.session;
    if by.is_some_and(|session| session.privilege < level) {
        return Err(Completion::INSUFFICIENT_PRIVILEGE);
    }
    let console = scene.sessions.console();
    if instance & 0x0F != INSTANCE || console.active.is_none() {
        return Err(ALREADY);
    }
    console.deactivate(by.map_or(0, |session| session.id));
    Ok(Vec::new())
}

/// §24.4: one instance, and whether somebody has it.
fn status(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [kind] = request.exactly()?;
    is_sol(kind)?;
    Ok(vec![1, u8::from(scene.sessions.console().active.is_some()), 0])
}

/// §24.5: whose it is; for the console, which port of the host.
fn instance(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [kind, instance] = request.exactly()?;
    is_sol(kind)?;
    if instance != INSTANCE {
        return Err(Completion::INVALID_FIELD);
    }
    let owner = scene.sessions.console().active.as_ref().map_or(0, |it| it.wanted.session);
    Ok([&owner.to_le_bytes()[..], &[u8::from(owner != 0), 0, 0, 0, 0, 0, 0, 0]].concat())
}

/// §24.6.
fn set_access(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, user, standard, _, _, _] = request.exactly()?;
    request.lan(channel)?;
    let slot = slot(user)?;
    if standard & SOL_BIT != 0 {
        match user >> 6 {
            0 => scene.kept.payloads.without.remove(&slot),
            1 => scene.kept.payloads.without.insert(slot),
            _ => return Err(Completion::INVALID_FIELD),
        };
    }
    Ok(Vec::new())
}

/// §24.7.
fn access(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, user] = request.exactly()?;
    request.lan(channel)?;
    let may = !scene.kept.payloads.without.contains(&slot(user)?);
    Ok(vec![if may { MESSAGES_AND_SOL } else { MESSAGES_AND_SOL & !SOL_BIT }, 0, 0, 0])
}

/// §24.8: messages and the console; every step of setting up a session; nobody else's.
fn support(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel] = request.exactly()?;
    request.lan(channel)?;
    Ok(vec![MESSAGES_AND_SOL, 0, 0x3F, 0, 0, 0, 0, 0])
}

/// §24.9: version 1.0 of each.
fn version(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const NOT_HERE: Completion = Completion(0x80);
    let [channel, kind] = request.exactly()?;
    request.lan(channel)?;
    match kind {
        0 | SOL | 0x10..=0x15 => Ok(vec![0x10]),
        _ => Err(NOT_HERE),
    }
}

/// §24.3: AES has no vector to begin anew.
fn encryption(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const NOT_SUPPORTED: Completion = Completion(0x80);
    const NOT_ALLOWED: Completion = Completion(0x81);
    const NOT_AVAILABLE: Completion = Completion(0x82);
    const NOT_ACTIVE: Completion = Completion(0x83);
    let [kind, instance, operation] = request.exactly()?;
    is_sol(kind)?;
    let session = caller(request)?;
    let (must_encrypt, _, _) = scene.kept.sol.demands();
    let (can_encrypt, _) = scene.sessions.protection(session.id).ok_or(NOT_AVAILABLE)?;
    let own = |it: &&mut Box<Sol>| it.wanted.session == session.id && instance & 0x0F == INSTANCE;
    let sol = scene.sessions.console().active.as_mut().filter(own).ok_or(NOT_ACTIVE)?;
    match operation & 0x1F {
        0 if must_encrypt => return Err(NOT_ALLOWED),
        0 => sol.encrypted = false,
        1 if !can_encrypt => return Err(NOT_AVAILABLE),
        1 => sol.encrypted = true,
        _ => return Err(NOT_SUPPORTED),
    }
    Ok(Vec::new())
}

fn caller(request: &Request<'_>) -> Result<Session, Completion> {
    request.caller.session.ok_or(Completion::NOT_IN_THIS_STATE)
}

fn is_sol(kind: u8) -> Result<(), Completion> {
    if kind & 0x3F == SOL { Ok(()) } else { Err(Completion::INVALID_FIELD) }
}

fn slot(user: u8) -> Result<u8, Completion> {
    Some(user & 0x3F).filter(|slot| (1..=15).contains(slot)).ok_or(Completion::OUT_OF_RANGE)
}
