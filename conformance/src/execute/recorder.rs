//! What happens in a case, in order: kept for the oracle, and written to the journal.

use crate::{
    condition::TruthEvent,
    evidence::{Broken, CaseEnd, Event},
    journal::Journal,
    lab::Lab,
    redact::Redactor,
    seeded::HarnessFault,
    wire::Record,
};

/// Events of one case, kept for the oracle. In real time each is written to the journal as it happens; on the held clock,
/// where a case takes less than a millisecond, whoever judges the case writes them all with their verdict.
pub(super) struct Recorder<'a> {
    pub(super) case: &'a str,
    pub(super) journal: &'a Journal,
    pub(super) held: bool,
    /// What must not stand in the evidence: the passwords of the simulated BMC, should the driver tell them.
    pub(super) redactor: Redactor,
    pub(super) written: usize,
    pub(super) all: Vec<Event>,
    pub(super) truth: Vec<TruthEvent>,
    pub(super) wire: Vec<Record>,
}

impl Recorder<'_> {
    pub(super) fn record(&mut self, event: Event) {
        self.all.push(if is_told_by_driver(&event) { self.redactor.value(event) } else { event });
        self.flush();
    }

    fn flush(&mut self) {
        if !self.held {
            self.journal.write(&self.all[self.written..]);
            self.written = self.all.len();
        }
    }

    /// Fetches what happened beside the driver, and records it before what comes next.
    pub(super) fn fetch(&mut self, lab: &mut Lab, harness: Option<HarnessFault>) {
        let mut block = Vec::new();
        for event in lab.new_events() {
            if harness != Some(HarnessFault::LosesTruth) || self.truth.len() != 1 {
                block.push(Event::Truth {
                    case: self.case.to_owned(),
                    at: event.at,
                    name: event.name.clone(),
                });
            }
            self.truth.push(event);
        }
        for record in lab.new_wire() {
            if harness != Some(HarnessFault::LosesWire) || !self.wire.is_empty() {
                block.push(Event::Wire {
                    case: self.case.to_owned(),
                    record: record.without_repetition(&self.wire),
                });
            }
            self.wire.push(record);
        }
        self.all.append(&mut block);
        if self.written < self.all.len() {
            self.flush();
        }
    }

    pub(super) fn end(&mut self, lab: Option<&mut Lab>, broken: Option<Broken>) {
        let (at, sessions, idle_faults) = match lab {
            Some(lab) => (lab.now(), lab.open_sessions(), lab.idle_faults()),
            None => (0, None, Vec::new()),
        };
        let end = CaseEnd {
            case: self.case.to_owned(),
            at,
            events: self.truth.len(),
            wire: self.wire.len(),
            sessions,
            idle_faults,
            broken,
        };
        self.record(Event::CaseEnd(Box::new(end)));
    }
}

/// Whether words of the driver's stand in it. What went over the wire has been recorded without passwords.
fn is_told_by_driver(event: &Event) -> bool {
    matches!(
        event,
        Event::Called(_)
            | Event::Observed { .. }
            | Event::Kept { .. }
            | Event::Probed { .. }
            | Event::CaseEnd(_)
    )
}
