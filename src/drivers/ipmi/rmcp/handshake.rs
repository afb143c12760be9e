//! Setting up a session: Open Session, then RAKP 1 to 4 (IPMI v2.0 §13.17 to §13.24), each step a type of its own.
//!
//! [`Opening`] → [`Opened`] → [`Proven`] → [`Session`]. The user is looked up by name only (role bit 4), so that the
//! role that is asked for need not be the one the account was made with.

use zeroize::Zeroizing;

use super::{Malformed, algorithm::Keyed, field, session::Session};
use crate::endpoint::{Secret, Suite};

/// The privilege level that a session may reach (table 13-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Reads.
    User = 2,
    /// Power, boot, identify.
    Operator = 3,
    /// Configuration and the BMC's own reset.
    Administrator = 4,
}

impl Privilege {
    /// From the highest down.
    pub const LADDER: [Self; 3] = [Self::Administrator, Self::Operator, Self::User];
}

/// In which ways the BMC's handshake departs from the standard; none of them can be told from a wrong password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// It knows users by names of 16 bytes, and hashes the role without its name-only bit (Intel 82571).
    pub padded_name: bool,
    /// It expects RAKP 3's proof over the role without its name-only bit (Intel).
    pub plain_role_in_rakp3: bool,
    /// It authenticates packets by the session integrity key.
    pub sik_for_k1: bool,
    /// It gives out session ID 0.
    pub session_id_zero: bool,
}

/// Who asks, and what both sides know.
#[derive(Clone)]
pub struct Account {
    /// The user's name, at most 16 bytes.
    pub user: String,
    /// The user's password, at most 20 bytes.
    pub password: Secret,
    /// The BMC's own key; `None` where it has none and the password stands for it (§13.32).
    pub kg: Option<Secret>,
    /// How the BMC wants to be met.
    pub manner: Manner,
}

impl Account {
    /// The name as RAKP 1 carries it.
    fn name(&self) -> Vec<u8> {
        let mut name = self.user.as_bytes().to_vec();
        if self.manner.padded_name {
            name.resize(16, 0);
        }
        name
    }
}

/// Whether the BMC's proofs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only a BMC that knows the password.
    Proven,
    /// Any: a seeded fault.
    Anyone,
}

/// Why a step did not lead to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The message belongs to another handshake or to none: wait on.
    NotOurs,
    /// The BMC said no, with this status (table 13-15).
    Status(u8),
    /// The BMC took other algorithms than the ones offered.
    OtherSuite,
    /// The BMC could not prove that it knows the password: it does not, or ours is another.
    Unproven,
    /// It cannot be understood.
    Malformed(Malformed),
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Step one: proposes a suite and the highest role that will be wanted.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// Echoed by every answer of this handshake.
    pub tag: u8,
    /// What is proposed.
    pub suite: Suite,
    /// The role.
    pub role: Privilege,
    /// Our ID for the session, not zero.
    pub console_id: u32,
    /// Whether the BMC may have an ID of zero for it ([`Manner::session_id_zero`]).
    pub takes_zero: bool,
}

impl Opening {
    /// Open Session Request (table 13-9).
    pub fn request(&self) -> Vec<u8> {
        let mut request = vec![self.tag, self.role as u8, 0, 0];
        request.extend_from_slice(&self.console_id.to_le_bytes());
        let algorithms = [
            (0x00, self.suite.authentication()),
            (0x01, self.suite.integrity()),
            (0x02, self.suite.confidentiality()),
        ];
        for (kind, algorithm) in algorithms {
            request.extend_from_slice(&[kind, 0, 0, 8, algorithm, 0, 0, 0]);
        }
        request
    }

    /// Takes the Open Session Response (table 13-10).
    ///
    /// A refusal may be the standard's 8 bytes, ipmi_sim's 2, or the bare status that Supermicro sends.
    pub fn answer(self, payload: &[u8]) -> Result<Opened, Refusal> {
        if let [status] = payload {
            return Err(Refusal::Status(*status));
        }
        let [tag, status] = field(payload, 0, "Open Session Response")?;
        if tag != self.tag {
            return Err(Refusal::NotOurs);
        }
        if status != 0 {
            return Err(Refusal::Status(status));
        }
        let what = "Open Session Response";
        if u32::from_le_bytes(field(payload, 4, what)?) != self.console_id {
            return Err(Refusal::NotOurs);
        }
        let bmc_id = u32::from_le_bytes(field(payload, 8, what)?);
        if bmc_id == 0 && !self.takes_zero {
            return Err(Malformed::Field { what: "BMC session ID", value: 0 }.into());
        }
        let taken = [payload.get(16), payload.get(24), payload.get(32)];
        let offered = [self.suite.authentication(), self.suite.integrity(), self.suite.confidentiality()];
        if taken.contains(&None) {
            return Err(Malformed::Short { what, bytes: payload.len(), needed: 36 }.into());
        }
        if taken.iter().zip(offered).any(|(taken, offered)| taken.is_some_and(|t| t & 0x3F != offered)) {
            return Err(Refusal::OtherSuite);
        }
        Ok(Opened { opening: self, bmc_id })
    }
}

/// Step two: the BMC has a place for the session.
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    opening: Opening,
    bmc_id: u32,
}

impl Opened {
    /// RAKP 1 (table 13-11), with our random number.
    pub fn rakp1(&self, console_random: &[u8; 16], account: &Account) -> Vec<u8> {
        let mut message = vec![self.opening.tag, 0, 0, 0];
        message.extend_from_slice(&self.bmc_id.to_le_bytes());
        message.extend_from_slice(console_random);
        let name = account.name();
        message.extend_from_slice(&[self.role_byte(), 0, 0, name.len() as u8]);
        message.extend_from_slice(&name);
        message
    }

    /// Takes RAKP 2 (table 13-12) and verifies the BMC's proof.
    ///
    /// A BMC that hashes the role of Open Session in place of RAKP 1's has proven itself no less, and is met in the same way.
    pub fn rakp2(
        self,
        payload: &[u8],
        console_random: &[u8; 16],
        account: &Account,
        trust: Trust,
    ) -> Result<Proven, Refusal> {
        let what = "RAKP 2";
        self.check_head(payload, what)?;
        let bmc_random: [u8; 16] = field(payload, 8, what)?;
        let guid: [u8; 16] = field(payload, 24, what)?;
        let suite = self.opening.suite;
        let code = payload.get(40..40 + suite.code_length()).ok_or(Malformed::Short {
            what,
            bytes: payload.len(),
            needed: 40 + suite.code_length(),
        })?;
        let password = Keyed::new(suite, account.password.reveal());
        let name = account.name();
        let ids = (self.opening.console_id.to_le_bytes(), self.bmc_id.to_le_bytes());
        let with = |role: u8| [&[role, name.len() as u8], &name[..]].concat();
        let fits = |role: &u8| {
            password.fits(&[&ids.0, &ids.1, console_random, &bmc_random, &guid, &with(*role)], code)
        };
        let plain = self.opening.role as u8;
        let named = if account.manner.padded_name { plain } else { self.role_byte() };
        let role = match [named, plain].into_iter().find(fits) {
            Some(role) => role,
            None if trust == Trust::Anyone => named,
            None => return Err(Refusal::Unproven),
        };
        let kg = account.kg.as_ref().map(|kg| Keyed::new(suite, kg.reveal()));
        let sik = Zeroizing::new(kg.as_ref().unwrap_or(&password).code(&[
            console_random,
            &bmc_random,
            &with(role),
        ]));
        let proving = if account.manner.plain_role_in_rakp3 { plain } else { role };
        let code = password.code(&[&bmc_random, &ids.0, &with(proving)]);
        let manner = account.manner;
        let odd_role = role != named;
        Ok(Proven { opened: self, sik, code, console_random: *console_random, guid, manner, odd_role })
    }

    /// RAKP 3 with "invalid integrity check value": tells a BMC that could not prove itself to give its place free.
    pub fn reject(&self) -> Vec<u8> {
        let mut message = vec![self.opening.tag, 0x0F, 0, 0];
        message.extend_from_slice(&self.bmc_id.to_le_bytes());
        message
    }

    fn role_byte(&self) -> u8 {
        const NAME_ONLY: u8 = 0x10;
        NAME_ONLY | self.opening.role as u8
    }

    /// What RAKP 2 and RAKP 4 begin with: tag, status, two reserved bytes, our session ID.
    fn check_head(&self, payload: &[u8], what: &'static str) -> Result<(), Refusal> {
        let [tag, status] = field(payload, 0, what)?;
        if tag != self.opening.tag {
            return Err(Refusal::NotOurs);
        }
        if status != 0 {
            return Err(Refusal::Status(status));
        }
        let console_id = u32::from_le_bytes(field(payload, 4, what)?);
        if console_id == self.opening.console_id { Ok(()) } else { Err(Refusal::NotOurs) }
    }
}

/// Step three: the BMC has proven that it knows the password.
pub struct Proven {
    opened: Opened,
    sik: Zeroizing<Vec<u8>>,
    code: Vec<u8>,
    console_random: [u8; 16],
    guid: [u8; 16],
    manner: Manner,
    odd_role: bool,
}

impl Proven {
    /// Whether the BMC's proof was over the role of Open Session instead of RAKP 1's.
    pub fn has_odd_role(&self) -> bool {
        self.odd_role
    }

    /// RAKP 3 (table 13-13): our proof.
    pub fn rakp3(&self) -> Vec<u8> {
        let mut message = vec![self.opened.opening.tag, 0, 0, 0];
        message.extend_from_slice(&self.opened.bmc_id.to_le_bytes());
        message.extend_from_slice(&self.code);
        message
    }

    /// Takes RAKP 4 (table 13-14) and verifies that the BMC has come to the same session key.
    pub fn rakp4(&self, payload: &[u8], trust: Trust) -> Result<Session, Refusal> {
        let what = "RAKP 4";
        self.opened.check_head(payload, what)?;
        let Opening { suite, console_id, .. } = self.opened.opening;
        let bmc_id = self.opened.bmc_id;
        let length = suite.short_length();
        let short = Malformed::Short { what, bytes: payload.len(), needed: 8 + length };
        let code = payload.get(8..8 + length).ok_or(short)?;
        let proof: [&[u8]; 3] = [&self.console_random, &bmc_id.to_le_bytes(), &self.guid];
        if trust == Trust::Proven && !Keyed::new(suite, &self.sik).fits(&proof, code) {
            return Err(Refusal::Unproven);
        }
        Ok(if self.manner.sik_for_k1 {
            Session::with_k1(suite, console_id, bmc_id, &self.sik, &self.sik)
        } else {
            Session::new(suite, console_id, bmc_id, &self.sik)
        })
    }
}

/// What an RMCP+ status code says (table 13-15).
pub fn status_text(status: u8) -> &'static str {
    match status {
        0x00 => "no errors",
        0x01 => "insufficient resources to create a session",
        0x02 => "invalid session ID",
        0x03 => "invalid payload type",
        0x04 => "invalid authentication algorithm",
        0x05 => "invalid integrity algorithm",
        0x06 => "no matching authentication payload",
        0x07 => "no matching integrity payload",
        0x08 => "inactive session ID",
        0x09 => "invalid role",
        0x0A => "unauthorized role or privilege level",
        0x0B => "insufficient resources to create a session at that role",
        0x0C => "invalid name length",
        0x0D => "unauthorized name",
        0x0E => "unauthorized GUID",
        0x0F => "invalid integrity check value",
        0x10 => "invalid confidentiality algorithm",
        0x11 => "no cipher suite matches",
        0x12 => "illegal parameter",
        _ => "a status that the standard does not know",
    }
}
