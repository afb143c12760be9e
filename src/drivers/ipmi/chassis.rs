//! The chassis: its power and its identify light (IPMI v2.0 §28).

use std::time::Duration;

use super::{command::Command, link::Talk, rmcp::handshake::Privilege};
use crate::{
    driver::Cause,
    drivers::failure::Failure,
    model::{Change, Identify, PowerAction, PowerState, SetIdentify},
};

/// Get Chassis Status (§28.2).
const GET_STATUS: Command = Command::read("Get Chassis Status", 0x00, 0x01);
/// Chassis Control (§28.3).
const CONTROL: Command =
    Command::read("Chassis Control", 0x00, 0x02).for_role(Privilege::Operator).changing();
/// Chassis Identify (§28.5).
const IDENTIFY: Command =
    Command::read("Chassis Identify", 0x00, 0x04).for_role(Privilege::Operator).changing();

/// The host's power, which IPMI knows as on or off and nothing between.
pub(super) async fn read_power(talk: &mut Talk<'_>) -> Result<PowerState, Failure> {
    Ok(if Status::read(talk).await?.is_on() { PowerState::PoweredOn } else { PowerState::PoweredOff })
}

/// Carries out a power action unless the present state makes it needless or impossible.
pub(super) async fn power(talk: &mut Talk<'_>, action: PowerAction) -> Result<Change, Failure> {
    use PowerAction::{Cycle, Nmi, Off, On, Reset, Shutdown};
    let off = !Status::read(talk).await?.is_on();
    match (action, off) {
        (On, false) | (Off | Shutdown, true) => return Ok(Change::AlreadySo),
        (Cycle | Reset | Nmi, true) => {
            let reason = "the host is powered off".to_owned();
            return Err(Failure::new(Cause::Conflict { reason }, GET_STATUS.at(Some(0))));
        }
        _ => {}
    }
    talk.ask(&CONTROL, &[control(action)]).await?;
    Ok(Change::Changed)
}

/// The control's number (table 28-4).
const fn control(action: PowerAction) -> u8 {
    match action {
        PowerAction::Off => 0x00,
        PowerAction::On => 0x01,
        PowerAction::Cycle => 0x02,
        PowerAction::Reset => 0x03,
        PowerAction::Nmi => 0x04,
        PowerAction::Shutdown => 0x05,
    }
}

/// What the identify light does.
pub(super) async fn read_identify(talk: &mut Talk<'_>) -> Result<Identify, Failure> {
    Ok(Status::read(talk).await?.identify())
}

/// Lights or darkens the identify light: an interval in seconds, or "until further notice".
pub(super) async fn set_identify(talk: &mut Talk<'_>, to: SetIdentify) -> Result<Change, Failure> {
    let lasting = to.lasting.map(|time| time.as_secs().min(255) as u8);
    match (to.state, lasting) {
        (Identify::Lit, None) => talk.ask(&IDENTIFY, &[0, 0x01]).await?,
        (Identify::Lit, Some(seconds)) => talk.ask(&IDENTIFY, &[seconds]).await?,
        _ => talk.ask(&IDENTIFY, &[0]).await?,
    };
    Ok(Change::Changed)
}

/// Why this cannot be asked of any BMC over IPMI, if it cannot.
pub(super) fn check_identify(to: SetIdentify) -> Result<(), &'static str> {
    let longest = Duration::from_secs(255);
    match (to.state, to.lasting) {
        (Identify::Unknown, _) => Err("no light can be set to unknown"),
        (Identify::Unlit | Identify::Blinking, Some(_)) => Err("only a lit light can be given a duration"),
        (_, Some(time)) if time > longest => Err("IPMI lights at most 255 s"),
        (_, Some(time)) if time.subsec_nanos() != 0 => Err("IPMI lights for whole seconds"),
        _ => Ok(()),
    }
}

/// Three bytes of Get Chassis Status: current power, last event, miscellaneous (table 28-3).
struct Status {
    power: u8,
    miscellaneous: Option<u8>,
}

impl Status {
    async fn read(talk: &mut Talk<'_>) -> Result<Self, Failure> {
        let data = talk.ask(&GET_STATUS, &[]).await?;
        let short = GET_STATUS.short(data.len(), 3);
        let Some(power) = data.first() else { return Err(GET_STATUS.broken(short)) };
        if data.len() < 3 {
            talk.forgive(short);
        }
        Ok(Self { power: *power, miscellaneous: data.get(2).copied() })
    }

    fn is_on(&self) -> bool {
        self.power & 0x01 != 0
    }

    /// Bit 6 says whether bits 5:4 mean anything: off, on for an interval, on until further notice.
    fn identify(&self) -> Identify {
        match self.miscellaneous {
            Some(misc) if misc & 0x40 != 0 => match misc >> 4 & 0x03 {
                0b00 => Identify::Unlit,
                0b01 | 0b10 => Identify::Lit,
                _ => Identify::Unknown,
            },
            _ => Identify::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn light(miscellaneous: u8) -> Identify {
        Status { power: 1, miscellaneous: Some(miscellaneous) }.identify()
    }

    #[test]
    fn a_light_whose_state_is_not_supported_is_unknown_and_not_dark() {
        assert_eq!(light(0x00), Identify::Unknown);
        assert_eq!([0x40, 0x50, 0x60, 0x70].map(light), {
            use Identify::{Lit, Unknown, Unlit};
            [Unlit, Lit, Lit, Unknown]
        });
    }

    #[test]
    fn a_duration_fits_into_a_byte_of_seconds() {
        let lit = |lasting| check_identify(SetIdentify { state: Identify::Lit, lasting: Some(lasting) });
        assert!(lit(Duration::from_secs(255)).is_ok());
        assert!(lit(Duration::from_secs(256)).is_err());
        assert!(lit(Duration::from_millis(1500)).is_err());
    }
}
