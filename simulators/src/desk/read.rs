//! What the desk shows.

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Clock, Simulated};
use crate::{
    control::Control,
    deviations::deviations,
    machine::Override,
    redfish::{HttpExchange, Service, without_session},
    rules::HttpRule,
};

/// One of many.
pub(super) fn in_short(it: &Simulated) -> Value {
    let truth = it.bmc.control().truth();
    json!({
        "name": it.name,
        "url": it.url,
        "serial": truth.id.serial,
        "power": truth.power.word(),
        "bmc": presence(it),
    })
}

/// All that is so, whatever the firmware says.
pub(super) fn truth(it: &Simulated) -> Value {
    let control = it.bmc.control();
    let truth = control.truth();
    json!({
        "name": it.name,
        "url": it.url,
        "power": truth.power.word(),
        "host": truth.host.word(),
        "boot.override": truth.override_.map(override_),
        "boot.default": truth.default_boot.word(),
        "identify": truth.led.word(),
        "bmc": presence(it),
        "id": {
            "manufacturer": truth.id.manufacturer,
            "model": truth.id.model,
            "serial": truth.id.serial,
            "part_number": truth.id.part_number,
            "uuid": truth.id.uuid_text(),
            "mac": truth.id.mac_text(),
        },
        "age": control.now().as_secs_f64(),
        "events": control.event_count(),
        "exchanges": it.service.exchange_count(),
        "sessions": it.service.sessions(),
    })
}

fn override_(it: Override) -> Value {
    json!({"device": it.device.word(), "lasting": it.lasting.word(), "mode": it.mode.word()})
}

fn presence(it: &Simulated) -> &'static str {
    let control = it.bmc.control();
    match control.truth().bmc_up && it.bmc.is_up() {
        _ if control.is_dead() => "dead",
        true => "up",
        false => "down",
    }
}

/// The truth log from there on, and where to go on reading.
pub(super) fn events(control: &Control, from: usize) -> Value {
    let events = control.events_from(from);
    let next = from + events.len();
    let shown = events.iter().map(|it| json!({"seq": it.seq, "at": it.at.as_secs_f64(), "name": it.name}));
    json!({"events": shown.collect::<Value>(), "next": next})
}

/// Every deviation that there is.
pub(super) fn catalogue() -> Value {
    deviations().iter().map(|it| json!({"name": it.name, "about": it.about})).collect()
}

/// The rules in force.
pub(super) fn rules(service: &Service) -> Value {
    service.rules().iter().map(HttpRule::written).collect()
}

/// The transcript from there on, as far as it is kept, and where to go on reading.
pub(super) fn exchanges(service: &Service, from: usize, most: usize) -> Value {
    let all = service.some_exchanges_from(from, most);
    let next = all.last().map_or(from.min(service.exchange_count()) as u64, |last| last.seq + 1);
    json!({"exchanges": all.iter().map(exchange).collect::<Value>(), "next": next})
}

fn exchange(it: &HttpExchange) -> Value {
    let headers = |all: &[(String, String)]| -> Map<String, Value> {
        all.iter().map(|(name, value)| (name.clone(), json!(without_session(value)))).collect()
    };
    json!({
        "seq": it.seq,
        "at": it.at.as_secs_f64(),
        "method": it.method,
        "path": without_session(&it.path),
        "status": it.status,
        "request": {"headers": headers(&it.request_headers), "body": it.request_body},
        "response": {"headers": headers(&it.response_headers), "body": it.response_body},
        "injected": it.injected,
    })
}

/// What time is.
pub(super) fn time(clock: &Clock, since: Instant) -> Value {
    let kind = match clock {
        Clock::Real => "real",
        Clock::Held(_) => "held",
    };
    json!({"kind": kind, "can_step": matches!(clock, Clock::Held(_)), "now": since.elapsed().as_secs_f64()})
}
