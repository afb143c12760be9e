//! What IPMI says of a platform, as data: maker, product and revision, and the maker's own commands. `ipmi` in `profile.json`.

use serde_json::Value;

use super::privilege::Privilege;

/// The platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platform {
    /// The maker's enterprise number, 20 bits (§20.1).
    pub(crate) maker: u32,
    /// The product's number, the maker's own.
    pub(crate) product: u16,
    /// The device's number.
    pub(crate) device: u8,
    /// The device's revision, 4 bits.
    pub(crate) revision: u8,
    /// The auxiliary revision of the firmware.
    pub(crate) auxiliary: [u8; 4],
    /// The maker's own commands.
    pub(crate) own: Vec<Own>,
}

/// A command of the maker's own, which answers always the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    /// Network function, 2Eh or 30h to 3Eh, even.
    pub(crate) netfn: u8,
    /// Command.
    pub(crate) number: u8,
    /// With what its data begins.
    pub(crate) data: Vec<u8>,
    /// Who may send it.
    pub(crate) level: Privilege,
    /// The completion code and what follows.
    pub(crate) answer: Vec<u8>,
}

impl Default for Platform {
    /// A platform of which nothing is known.
    fn default() -> Self {
        Self { maker: 0, product: 0, device: 0x20, revision: 1, auxiliary: [0; 4], own: Vec::new() }
    }
}

impl Platform {
    /// Reads `ipmi` of a profile; what is not there is as it is by default.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let usual = Self::default();
        let number = |key: &str, usual: u32, most: u32| match &value[key] {
            Value::Null => Ok(usual),
            it => it
                .as_u64()
                .and_then(|it| u32::try_from(it).ok())
                .filter(|it| *it <= most)
                .ok_or_else(|| format!("ipmi/{key}: expected a number of at most {most}")),
        };
        let byte = |key: &str, usual: u8| number(key, u32::from(usual), 0xFF).map(|it| it as u8);
        let auxiliary = match &value["auxiliary-revision"] {
            Value::Null => usual.auxiliary,
            it => bytes(it)
                .and_then(|it| it.try_into().ok())
                .ok_or("ipmi/auxiliary-revision: expected four bytes, such as 00 01 02 03")?,
        };
        let own = value["commands"].as_array().map_or(&[][..], Vec::as_slice).iter().map(Own::read);
        Ok(Self {
            maker: number("maker", usual.maker, 0xF_FFFF)?,
            product: number("product", u32::from(usual.product), 0xFFFF)? as u16,
            device: byte("device", usual.device)?,
            revision: byte("device-revision", usual.revision)? & 0x0F,
            auxiliary,
            own: own.collect::<Result<_, _>>()?,
        })
    }
}

impl Own {
    /// `{"request": "30 70 0c 00", "level": "operator", "answer": "00 01"}`: network function, command and data; completion
    /// code and data.
    fn read(value: &Value) -> Result<Self, String> {
        let wrong = |what: &str| format!("ipmi/commands: {value}: {what}");
        let request = bytes(&value["request"]).ok_or_else(|| wrong("expected a request of bytes"))?;
        let answer = bytes(&value["answer"]).filter(|it| !it.is_empty());
        let [netfn, number, data @ ..] = request.as_slice() else {
            return Err(wrong("expected a network function and a command"));
        };
        if netfn % 2 != 0 || !matches!(netfn, 0x2E | 0x30..=0x3E) {
            return Err(wrong("expected network function 2e, or an even one from 30 to 3e"));
        }
        let level = match value["level"].as_str() {
            None | Some("administrator") => Privilege::Administrator,
            Some("operator") => Privilege::Operator,
            Some("user") => Privilege::User,
            Some(_) => return Err(wrong("expected user, operator or administrator")),
        };
        Ok(Self {
            netfn: *netfn,
            number: *number,
            data: data.to_vec(),
            level,
            answer: answer.ok_or_else(|| wrong("expected an answer of bytes, the completion code first"))?,
        })
    }
}

/// `00 1f a0`.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_str()?.split_whitespace().map(|it| u8::from_str_radix(it, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_platform_without_ipmi_is_the_usual_one() {
        assert_eq!(Platform::read(&Value::Null), Ok(Platform::default()));
    }

    #[test]
    fn a_platform_says_who_made_it_and_what_it_answers_itself() {
        let own = json!({"request": "30 70 0c", "level": "operator", "answer": "00 01"});
        let platform =
            Platform::read(&json!({"maker": 10876, "auxiliary-revision": "01 02 03 04", "commands": [own]}));
        let platform = platform.unwrap();
        assert_eq!((platform.maker, platform.auxiliary), (10876, [1, 2, 3, 4]));
        let own = &platform.own[0];
        assert_eq!((own.netfn, own.number, &*own.data, &*own.answer), (0x30, 0x70, &[0x0C][..], &[0, 1][..]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (wrong, word) in [
            (json!({"maker": 0x10_0000}), "maker"),
            (json!({"commands": [{"request": "06 01", "answer": "00"}]}), "2e"),
            (json!({"commands": [{"request": "30 01", "answer": ""}]}), "answer"),
        ] {
            assert!(Platform::read(&wrong).unwrap_err().contains(word), "{wrong}");
        }
    }
}
