//! Deviations of the identify light.

use super::Deviation;
use crate::{
    firmware::Ruling,
    machine::{Command::SetLed, Led},
};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("identify-does-nothing", "accepts what the light is told, and leaves it as it is")
        .on_command(|command, _| match command {
            SetLed { .. } => Ruling::Pretend,
            _ => Ruling::Pass,
        }),
    Deviation::named("identify-goes-dark", "the light goes dark after 15 s, whatever it was told")
        .on_command(|command, facts| match command {
            SetLed { led, lasting } if led != Led::Unlit => {
                let limit = facts.second * 15;
                Ruling::Instead(SetLed { led, lasting: Some(lasting.map_or(limit, |it| it.min(limit))) })
            }
            _ => Ruling::Pass,
        }),
    Deviation::named("identify-stuck-lit", "the light stays lit once it is lit").on_command(
        |command, facts| match command {
            SetLed { led: Led::Lit, .. } => Ruling::Instead(SetLed { led: Led::Lit, lasting: None }),
            SetLed { .. } if facts.led == Led::Lit => Ruling::Pretend,
            _ => Ruling::Pass,
        },
    ),
    Deviation::named("identify-lies", "always says that the light is lit")
        .on_view(|view, _| view.led = Led::Lit),
];
