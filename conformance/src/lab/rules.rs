//! From the faults of a scenario to the rules of relay and face.

use halmark_simulators::{
    relay::{Direction, WireFault, WireRule},
    rules,
};

use crate::scenario::{Fault, HttpAction, HttpFault, Nth, TcpFault, UdpFault};

/// The rules of the Redfish face.
pub(super) fn http(set: &[&Fault]) -> Vec<rules::HttpRule> {
    set.iter()
        .filter_map(|fault| if let Fault::Http(fault) = fault { Some(http_rule(fault)) } else { None })
        .collect()
}

fn nth(nth: Nth) -> rules::Nth {
    rules::Nth { from: nth.from, to: nth.to }
}

fn http_rule(fault: &HttpFault) -> rules::HttpRule {
    rules::HttpRule {
        methods: fault.methods.clone(),
        path: fault.path.clone(),
        when: fault.when.clone(),
        nth: nth(fault.nth),
        share: fault.share,
        action: http_action(&fault.action),
    }
}

pub(super) fn http_action(action: &HttpAction) -> rules::HttpAction {
    use rules::HttpAction as To;
    match action {
        HttpAction::Respond { status, headers, body } => To::Respond {
            status: *status,
            headers: headers.clone().into_iter().collect(),
            body: body.clone(),
        },
        HttpAction::Delay(by) => To::Delay(*by),
        HttpAction::Drip { bytes, every } => To::Drip { bytes_every: (*bytes, *every) },
        HttpAction::Cut(after) => To::CutBody { after: *after },
        HttpAction::Reset => To::ResetConnection,
        HttpAction::ResetAfter => To::ResetAfter,
        HttpAction::Hang => To::Hang,
        HttpAction::HangAfter => To::HangAfter,
        HttpAction::Html => To::HtmlPage,
        HttpAction::TruncatedJson => To::TruncatedJson,
        HttpAction::EmptyBody => To::EmptyBody,
        HttpAction::HugeBody(bytes) => To::HugeBody { bytes: *bytes },
        HttpAction::DeepJson(depth) => To::DeepJson { depth: *depth },
        HttpAction::WrongContentType => To::WrongContentType,
        HttpAction::StripHeader(name) => To::StripHeader(name.clone()),
        HttpAction::Field { at, becomes } => To::Field { at: at.clone(), becomes: *becomes },
        HttpAction::StallHandshake => To::StallHandshake,
        HttpAction::RefuseHandshake => To::RefuseHandshake,
    }
}

/// Whether it strikes a connection before there is a request.
pub(super) fn is_of_a_handshake(action: &HttpAction) -> bool {
    matches!(action, HttpAction::StallHandshake | HttpAction::RefuseHandshake)
}

/// The rules of the UDP relay.
pub(super) fn udp(set: &[&Fault]) -> Vec<WireRule> {
    set.iter()
        .filter_map(|fault| if let Fault::Udp(fault) = fault { Some(fault) } else { None })
        .flat_map(udp_rules)
        .collect()
}

fn udp_rules(fault: &UdpFault) -> Vec<WireRule> {
    let towards = fault.towards_bmc.map(|to_bmc| if to_bmc { Direction::ToBmc } else { Direction::ToClient });
    let nth = fault.nth.map_or(rules::Nth::ALL, nth);
    let share = |p: f64, kind: fn(f64) -> WireFault| (p > 0.0).then(|| kind(p));
    let kinds = [
        share(fault.drop, |p| WireFault::Drop { p }),
        share(fault.duplicate, |p| WireFault::Duplicate { p }),
        share(fault.corrupt, |p| WireFault::Corrupt { p }),
        share(fault.truncate, |p| WireFault::Truncate { p }),
        fault.reorder.map(|(p, by)| WireFault::Reorder { p, by }),
        fault.delay.map(|(p50, p99)| WireFault::Delay { p50, p99 }),
    ];
    kinds.into_iter().flatten().map(|kind| WireRule { towards, nth, kind }).collect()
}

/// The rules of the TCP relay.
pub(super) fn tcp(set: &[&Fault]) -> Vec<WireRule> {
    let kind = |fault: &&Fault| match fault {
        Fault::Tcp(TcpFault::Refuse) => Some(WireFault::Refuse),
        Fault::Tcp(TcpFault::Stall) => Some(WireFault::StallHandshake),
        Fault::Tcp(TcpFault::ResetAfter(bytes)) => Some(WireFault::ResetAfter { bytes: *bytes }),
        _ => None,
    };
    set.iter().filter_map(kind).map(|kind| WireRule { towards: None, nth: rules::Nth::ALL, kind }).collect()
}
