//! An IPMI message on the LAN (IPMI v2.0 §13.8).

/// The BMC's own address (§5.4).
pub(crate) const BMC: u8 = 0x20;
/// Addresses, function, sequence, command and the two checksums.
const LEAST: usize = 7;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// The network function, even.
    pub(crate) netfn: u8,
    /// The logical unit that is asked.
    pub(crate) lun: u8,
    /// Who asks: the address, as it came.
    pub(crate) from: u8,
    /// Its logical unit.
    pub(crate) from_lun: u8,
    /// The requester's number for it (rqSeq), below 64.
    pub(crate) sequence: u8,
    /// The command.
    pub(crate) number: u8,
    /// What follows it.
    pub(crate) data: &'a [u8],
}

impl<'a> Message<'a> {
    /// A request to this BMC whose checksums are right; nothing else is answered.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() < LEAST {
            return None;
        }
        let (head, body) = bytes.split_at_checked(3)?;
        let &[to, function, _] = head else { return None };
        let (&[from, number_of, number], data) = body.split_first_chunk()?;
        let data = data.get(..data.len() - 1)?;
        let is_whole = sum(head) == 0 && sum(body) == 0;
        let netfn = function >> 2;
        (is_whole && to == BMC && netfn % 2 == 0).then_some(Self {
            netfn,
            lun: function & 3,
            from,
            from_lun: number_of & 3,
            sequence: number_of >> 2,
            number,
            data,
        })
    }

    /// The answer to it: completion code and data.
    pub(crate) fn answered(&self, whole: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(LEAST + whole.len());
        out.extend_from_slice(&[self.from, (self.netfn | 1) << 2 | self.from_lun]);
        out.push(sum(&out).wrapping_neg());
        out.extend_from_slice(&[BMC, self.sequence << 2 | self.lun, self.number]);
        out.extend_from_slice(whole);
        out.push(sum(&out[3..]).wrapping_neg());
        out
    }
}

/// What a checksum makes zero.
fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Get Device ID, as ipmitool sends it.
    const REQUEST: [u8; 7] = [0x20, 0x18, 0xC8, 0x81, 0x04, 0x01, 0x7A];

    #[test]
    fn a_request_is_answered_with_its_own_number_and_right_checksums() {
        let message = Message::read(&REQUEST).unwrap();
        assert_eq!((message.netfn, message.number, message.sequence), (6, 1, 1));
        let answer = message.answered(&[0, 0x20, 0x81]);
        assert_eq!(answer[..7], [0x81, 0x1C, 0x63, 0x20, 0x04, 0x01, 0x00]);
        assert_eq!((sum(&answer[..3]), sum(&answer[3..])), (0, 0));
    }

    #[test]
    fn what_has_a_wrong_checksum_or_is_an_answer_is_not_heard() {
        for place in 0..REQUEST.len() {
            let mut wrong = REQUEST;
            wrong[place] ^= 0x40;
            assert_eq!(Message::read(&wrong), None, "byte {place}");
        }
        assert_eq!(Message::read(&[0x20, 0x1C, 0xC4, 0x81, 0x04, 0x01, 0x7A]), None);
    }
}
