//! Enumerations of the vocabulary and of the wire: the same words, so that neither is listed twice. `powered-on` of `PowerState`
//! is `POWER_STATE_POWERED_ON`.

use halmark::{
    AccountProtocol, BmcReset, BootDevice, BootDuration, BootMode, Identify, MediaKind, Operation,
    PowerAction, PowerState, Protocol, Role,
    model::{AddressSource, Availability, DiskMedia, Health, SensorKind, Unit},
};

use crate::{failure::Odd, pb};

/// An enumeration that both sides have.
pub(crate) trait Words: Copy + 'static {
    /// What names on the wire begin with.
    const PREFIX: &'static str;
    /// Every value.
    const VALUES: &'static [Self];
    /// Its word.
    fn said(self) -> &'static str;
    /// The number of a name on the wire.
    fn number(name: &str) -> Option<i32>;
    /// The name of a number on the wire.
    fn name(number: i32) -> Option<&'static str>;
}

/// `powered-on` as names on the wire end.
fn shouted(word: &str) -> String {
    word.chars().map(|c| if matches!(c, '-' | '.') { '_' } else { c.to_ascii_uppercase() }).collect()
}

/// A value's number; 0, unspecified, for one that the wire has no word for.
pub(crate) fn number<T: Words>(value: T) -> i32 {
    T::number(&format!("{}_{}", T::PREFIX, shouted(value.said()))).unwrap_or_default()
}

/// The value of a number; nothing for unspecified, and an error for one that is not known.
pub(crate) fn optional<T: Words>(number: i32) -> Result<Option<T>, Odd> {
    if number == 0 {
        return Ok(None);
    }
    let name = T::name(number).and_then(|name| name.strip_prefix(T::PREFIX)?.strip_prefix('_'));
    let found = name.and_then(|name| T::VALUES.iter().find(|value| shouted(value.said()) == name));
    found.copied().map(Some).ok_or_else(|| Odd(format!("{} has no value {number}", T::PREFIX)))
}

/// The value of a number that has to be specified.
pub(crate) fn value<T: Words>(number: i32) -> Result<T, Odd> {
    optional(number)?.ok_or_else(|| Odd(format!("{} is not specified", T::PREFIX)))
}

/// The values of a repeated field.
pub(crate) fn values<T: Words, C: FromIterator<T>>(numbers: &[i32]) -> Result<C, Odd> {
    numbers.iter().map(|number| value(*number)).collect()
}

macro_rules! words {
    ($($ours:ident = $theirs:ident $prefix:literal),+ $(,)?) => {
        $(impl Words for $ours {
            const PREFIX: &'static str = $prefix;
            const VALUES: &'static [Self] = Self::ALL;
            fn said(self) -> &'static str {
                self.word()
            }
            fn number(name: &str) -> Option<i32> {
                pb::$theirs::from_str_name(name).map(|value| value as i32)
            }
            fn name(number: i32) -> Option<&'static str> {
                pb::$theirs::try_from(number).ok().map(|value| value.as_str_name())
            }
        })+

        #[cfg(test)]
        mod tests {
            use super::*;

            fn whole<T: Words>() {
                for value in T::VALUES {
                    let number = number(*value);
                    assert_ne!(number, 0, "{} has no {}", T::PREFIX, value.said());
                    assert_eq!(super::value::<T>(number).unwrap().said(), value.said());
                }
                let known = (1..64).filter(|number| T::name(*number).is_some()).count();
                assert_eq!(known, T::VALUES.len(), "{} has words that the contract does not have", T::PREFIX);
            }

            #[test]
            fn every_word_of_the_contract_is_one_on_the_wire_and_the_other_way_round() {
                $(whole::<$ours>();)+
            }
        }
    };
}
words! {
    AccountProtocol = AccountProtocol "ACCOUNT_PROTOCOL",
    AddressSource = AddressSource "ADDRESS_SOURCE",
    Availability = Availability "AVAILABILITY",
    BmcReset = BmcReset "BMC_RESET",
    BootDevice = BootDevice "BOOT_DEVICE",
    BootDuration = BootDuration "BOOT_DURATION",
    BootMode = BootMode "BOOT_MODE",
    DiskMedia = DiskMedia "DISK_MEDIA",
    Health = Health "HEALTH",
    MediaKind = MediaKind "MEDIA_KIND",
    Identify = Identify "IDENTIFY",
    Operation = Operation "OPERATION",
    PowerAction = PowerAction "POWER_ACTION",
    PowerState = PowerState "POWER_STATE",
    Protocol = Protocol "PROTOCOL",
    Role = Role "ROLE",
    SensorKind = SensorKind "SENSOR_KIND",
    Unit = Unit "UNIT",
}
