//! A BMC made of the driver's own parts: what it proves is right, so that what is changed on the way is the only thing wrong.

use halmark::{
    drivers::ipmi::rmcp::{algorithm::Keyed, session::Session},
    endpoint::Suite,
};

/// One end of a handshake, the BMC's.
#[derive(Debug, Clone)]
pub struct Peer {
    suite: Suite,
    password: Vec<u8>,
    console_id: [u8; 4],
    bmc_id: [u8; 4],
    bmc_random: [u8; 16],
    guid: [u8; 16],
    /// What RAKP 1 said: our random number, then role, length and name.
    introduced: Option<([u8; 16], Vec<u8>)>,
}

impl Peer {
    /// One with this password, that gives these numbers.
    pub fn new(password: &[u8], bmc_id: u32, bmc_random: [u8; 16]) -> Self {
        let (suite, guid) = (Suite::Three, [0x47; 16]);
        let (bmc_id, password) = (bmc_id.to_le_bytes(), password.to_vec());
        Self { suite, password, console_id: [0; 4], bmc_id, bmc_random, guid, introduced: None }
    }

    /// Open Session Response (table 13-10) to a request; nothing where it is none.
    pub fn open_session(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        let request: &[u8; 32] = request.first_chunk()?;
        self.suite = if request[12] == 1 { Suite::Three } else { Suite::Seventeen };
        self.console_id = [request[4], request[5], request[6], request[7]];
        let head = [request[0], 0, request[1], 0];
        Some([&head, &self.console_id[..], &self.bmc_id, &request[8..]].concat())
    }

    /// RAKP 2 (table 13-12).
    pub fn second(&mut self, first: &[u8]) -> Option<Vec<u8>> {
        let (head, name) = first.split_first_chunk::<28>()?;
        let random: [u8; 16] = std::array::from_fn(|at| head[8 + at]);
        let who = [&[head[24], head[27]], name].concat();
        let (ids, guid) = ([&self.console_id[..], &self.bmc_id].concat(), self.guid);
        let code =
            Keyed::new(self.suite, &self.password).code(&[&ids, &random, &self.bmc_random, &guid, &who]);
        self.introduced = Some((random, who));
        Some([&[head[0], 0, 0, 0], &self.console_id[..], &self.bmc_random, &guid, &code].concat())
    }

    /// RAKP 4 (table 13-14), and the BMC's end of the session.
    pub fn fourth(&self, third: &[u8]) -> Option<(Vec<u8>, Session)> {
        let (random, who) = self.introduced.as_ref()?;
        let sik = Keyed::new(self.suite, &self.password).code(&[random, &self.bmc_random, who]);
        let code = Keyed::new(self.suite, &sik).code(&[random, &self.bmc_id, &self.guid]);
        let answer = [&[*third.first()?, 0, 0, 0], &self.console_id[..], &code[..short(self.suite)]].concat();
        let (own, other) = (u32::from_le_bytes(self.bmc_id), u32::from_le_bytes(self.console_id));
        Some((answer, Session::new(self.suite, own, other, &sik)))
    }
}

/// Bytes of a code that is cut (table 13-18).
const fn short(suite: Suite) -> usize {
    match suite {
        Suite::Three => 12,
        Suite::Seventeen => 16,
    }
}

/// The answer to a message of a console: addresses turned round, sums that fit (§13.8).
pub fn answered(request: &[u8], completion: u8, data: &[u8]) -> Option<Vec<u8>> {
    let &[to, function, _, from, number, command, ..] = request else { return None };
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    let mut out = vec![from, (function >> 2 | 1) << 2];
    out.push(sum(&out));
    out.extend_from_slice(&[to, number, command, completion]);
    out.extend_from_slice(data);
    out.push(sum(&out[3..]));
    Some(out)
}
