//! Commands about sessions, before them and in them (IPMI v2.0 §22.13-22.20, §22.25).

use std::net::IpAddr;

use super::super::{
    command::{Activation, Challenge, Completion, Need, Open, Reply, Request, Row, Scene},
    lan::{LONGEST, Suite, Who},
    privilege::Privilege,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x38), "Get Channel Authentication Capabilities", Need::Nothing, authentication),
    Row::new((0x06, 0x54), "Get Channel Cipher Suites", Need::Nothing, cipher_suites),
    Row::new((0x06, 0x39), "Get Session Challenge", Need::Nothing, challenge),
    Row::new((0x06, 0x3A), "Activate Session", Need::Nothing, activate),
    Row::new((0x06, 0x3B), "Set Session Privilege Level", Need::Level(Privilege::User), set_privilege),
    Row::new((0x06, 0x3C), "Close Session", Need::Level(Privilege::Callback), close),
    Row::new((0x06, 0x3D), "Get Session Info", Need::Level(Privilege::User), info),
    Row::new((0x06, 0x56), "Set Channel Security Keys", Need::Level(Privilege::Administrator), security_keys),
];

/// The number of the LAN channel, and the one that means the channel of the request (§6.3).
const LAN: u8 = 1;
const THIS: u8 = 0x0E;

/// The key that a BMC has beside the passwords (Kg, §13.33). It outlives restarts and the loss of AC, and never prints.
#[derive(Default)]
pub(crate) struct Security {
    group_key: Option<[u8; LONGEST]>,
    locked: bool,
}

impl Security {
    /// The key, unless it is all zeros, which means that there is none.
    pub(crate) fn group_key(&self) -> Option<[u8; LONGEST]> {
        self.group_key.filter(|key| key.iter().any(|byte| *byte != 0))
    }

    /// Gives the BMC this key.
    pub(crate) fn set_group_key(&mut self, key: [u8; LONGEST]) {
        self.group_key = Some(key);
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Security(…)")
    }
}

fn lan_channel(byte: u8) -> Result<u8, Completion> {
    match byte & 0x0F {
        LAN | THIS => Ok(LAN),
        _ => Err(Completion::INVALID_FIELD),
    }
}

/// §22.13.
fn authentication(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, privilege] = request.exactly()?;
    let extended = channel & 0x80 != 0;
    let channel = lan_channel(channel)?;
    let accounts = scene.bmc.accounts();
    let usable = || accounts.everybody().filter(|it| it.enabled);
    let named = usable().any(|it| !it.user.is_empty());
    let null = usable().any(|it| it.user.is_empty());
    let anonymous = usable().any(|it| it.user.is_empty() && it.password.is_empty());
    let has_group_key = extended && scene.kept.security.group_key().is_some();
    let signs_once = !signs_each_packet(scene);
    let status = u8::from(has_group_key) << 5
        | u8::from(signs_once) << 4
        | u8::from(named) << 2
        | u8::from(null) << 1
        | u8::from(anonymous);
    let kinds = scene.sessions.legacy_kinds();
    let versions = u8::from(extended) * (0x02 | u8::from(kinds != 0));
    let level = Privilege::from_number(privilege & 0x0F).ok_or(Completion::INVALID_FIELD)?;
    let kinds = kinds & scene.kept.lan.authentication(level);
    Ok(vec![channel, kinds | u8::from(extended) << 7, status, versions, 0, 0, 0, 0])
}

/// §22.15.
fn cipher_suites(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, _payload, place] = request.exactly()?;
    let channel = lan_channel(channel)?;
    let suites = scene.sessions.suites();
    let records = match place & 0x80 {
        0 => algorithms(&suites),
        _ => suites.iter().flat_map(Suite::record).collect(),
    };
    let part = records.chunks(16).nth(usize::from(place & 0x3F)).unwrap_or_default();
    Ok([&[channel], part].concat())
}

/// Each algorithm once, with its tag (§22.15.1).
fn algorithms(suites: &[Suite]) -> Vec<u8> {
    let mut all: Vec<u8> = suites.iter().flat_map(|it| it.record().into_iter().skip(2)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether each packet of IPMI v1.5 has a code: the BMC's manner, and the channel's setting.
fn signs_each_packet(scene: &Scene<'_>) -> bool {
    scene.sessions.signs_each_packet() && scene.kept.channels.access().each_packet()
}

/// §22.16.
fn challenge(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const UNKNOWN: Completion = Completion(0x81);
    const NO_NULL_USER: Completion = Completion(0x82);
    let [kind, name @ ..]: [u8; 17] = request.exactly()?;
    let kind = kind & 0x0F;
    if kind > 5 || scene.sessions.legacy_kinds() >> kind & 1 == 0 {
        return Err(Completion::INVALID_FIELD);
    }
    let missing = if name == [0; 16] { NO_NULL_USER } else { UNKNOWN };
    let who = Who::named(scene.bmc, &name, scene.now, scene.kept.channels.access().limit).ok_or(missing)?;
    let (name, user, limit) = (who.name.clone(), who.slot, who.limit);
    let password = who.short_password().ok_or(missing)?;
    let each = signs_each_packet(scene);
    let (id, challenge) = scene.sessions.challenge(Challenge { kind, name, user, limit, password, each });
    Ok([&id.to_le_bytes()[..], &challenge].concat())
}

/// §22.17.
fn activate(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [kind, limit, rest @ ..]: [u8; 22] = request.exactly()?;
    let limit = Privilege::from_number(limit & 0x0F).ok_or(Completion::INVALID_FIELD)?;
    let challenge = std::array::from_fn(|at| rest[at]);
    let outbound = u32::from_le_bytes(std::array::from_fn(|at| rest[16 + at]));
    let wanted = Activation { kind: kind & 0x0F, limit, challenge, outbound };
    let kind = wanted.kind;
    if kind > 5 || scene.kept.lan.authentication(limit) >> kind & 1 == 0 {
        return Err(Completion::INVALID_FIELD);
    }
    let opened = scene.sessions.activate(wanted)?;
    let mut answer = vec![kind];
    answer.extend_from_slice(&opened.id.to_le_bytes());
    answer.extend_from_slice(&opened.inbound.to_le_bytes());
    answer.push(opened.limit.number());
    Ok(answer)
}

/// §22.18.
fn set_privilege(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const TOO_MUCH: Completion = Completion(0x81);
    let [level] = request.exactly()?;
    let session = request.caller.session.ok_or(Completion::NOT_IN_THIS_STATE)?;
    let wanted = match level & 0x0F {
        0 => return Ok(vec![session.privilege.number()]),
        2..=5 => Privilege::from_number(level & 0x0F).ok_or(Completion::INVALID_FIELD)?,
        _ => return Err(Completion::INVALID_FIELD),
    };
    if wanted > session.limit {
        return Err(TOO_MUCH);
    }
    scene.sessions.raise(session.id, wanted);
    Ok(vec![wanted.number()])
}

/// §22.19: one's own session, or by an administrator any.
fn close(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const NO_SUCH_SESSION: Completion = Completion(0x87);
    const NO_SUCH_HANDLE: Completion = Completion(0x88);
    let (&id, handle) = request.data.split_first_chunk().ok_or(Completion::LENGTH_INVALID)?;
    let id = u32::from_le_bytes(id);
    let sessions = scene.sessions.list();
    let meant = match (id, handle) {
        (0, [handle]) => sessions.iter().find(|it| it.handle == *handle).ok_or(NO_SUCH_HANDLE)?,
        (1.., []) => sessions.iter().find(|it| it.id == id).ok_or(NO_SUCH_SESSION)?,
        (0, []) => return Err(NO_SUCH_SESSION),
        _ => return Err(Completion::LENGTH_INVALID),
    };
    if let Some(own) = request.caller.session
        && own.id != meant.id
        && own.privilege < Privilege::Administrator
    {
        return Err(Completion::INSUFFICIENT_PRIVILEGE);
    }
    scene.sessions.close(meant.id);
    Ok(Vec::new())
}

/// §22.20.
fn info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let sessions = scene.sessions.list();
    let meant = match request.data {
        [0] => request.caller.session.and_then(|own| sessions.iter().find(|it| it.id == own.id)),
        [0xFE, handle] => sessions.iter().find(|it| it.handle == *handle),
        [0xFF, a, b, c, d] => sessions.iter().find(|it| it.id == u32::from_le_bytes([*a, *b, *c, *d])),
        [0xFE | 0xFF, ..] => return Err(Completion::LENGTH_INVALID),
        [place] => sessions.get(usize::from(*place) - 1),
        _ => return Err(Completion::LENGTH_INVALID),
    };
    let is_by_name = matches!(request.data, [0xFE | 0xFF, ..]);
    let count = u8::try_from(sessions.len()).unwrap_or(u8::MAX).min(0x3F);
    let mut answer = vec![meant.map_or(0, |it| it.handle), scene.sessions.slots().min(0x3F), count];
    match meant {
        Some(it) => answer.extend_from_slice(&shown(it)),
        None if is_by_name => return Err(Completion::NOT_PRESENT),
        None => {}
    }
    Ok(answer)
}

/// The account, the level, the protocol and the channel, and where the console is; its MAC address is not known.
fn shown(it: &Open) -> [u8; 15] {
    let address = match it.peer.ip() {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(_) => [0; 4],
    };
    let mut shown = [0; 15];
    shown[..3].copy_from_slice(&[it.user, it.privilege.number(), u8::from(it.is_v2) << 4 | LAN]);
    shown[3..7].copy_from_slice(&address);
    shown[13..].copy_from_slice(&it.peer.port().to_le_bytes());
    shown
}

/// §22.25: Kg can be written and locked, and is not read back; the user's own key is derived, and cannot be set.
fn security_keys(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const LOCKED: Completion = Completion(0x80);
    const TOO_SHORT: Completion = Completion(0x81);
    const TOO_LONG: Completion = Completion(0x82);
    const KG: u8 = 1;
    let &[channel, operation, key, ref value @ ..] = request.data else {
        return Err(Completion::LENGTH_INVALID);
    };
    lan_channel(channel)?;
    let security = &mut scene.kept.security;
    match (operation & 3, key) {
        (_, 0) => Err(Completion::INVALID_FIELD),
        (0, KG) => Ok(vec![1 + u8::from(!security.locked)]),
        (1, KG) if security.locked => Err(LOCKED),
        (1, KG) => match <[u8; LONGEST]>::try_from(value) {
            Ok(value) => {
                security.set_group_key(value);
                Ok(vec![2])
            }
            Err(_) if value.len() < LONGEST => Err(TOO_SHORT),
            Err(_) => Err(TOO_LONG),
        },
        (2, KG) => {
            security.locked = true;
            Ok(vec![1])
        }
        _ => Err(Completion::INVALID_FIELD),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::Trial;

    #[tokio::test(start_paused = true)]
    async fn nobody_is_let_in_by_an_authentication_type_that_there_is_not() {
        let mut trial = Trial::new();
        for kind in 6..16 {
            let data = [&[kind, 4][..], &[0; 20]].concat();
            assert_eq!(trial.user(0x06, 0x3A, &data), Err(0xCC), "type {kind}");
        }
    }
}
