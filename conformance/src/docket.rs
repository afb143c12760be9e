//! Everything recorded of one case, sorted by what it is evidence of. What does not fit together is no evidence.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    condition::{Mark, Seen, TruthEvent},
    evidence::{Called, CaseEnd, CaseStart, Event},
    wire::Record,
};

/// Everything recorded of one case, sorted.
#[derive(Debug, Default)]
pub(crate) struct Evidence<'a> {
    pub(crate) start: Option<&'a CaseStart>,
    pub(crate) end: Option<&'a CaseEnd>,
    pub(crate) established: Option<&'a BTreeMap<String, Seen>>,
    pub(crate) probed: Option<(&'a str, &'a Seen, usize)>,
    pub(crate) events: Vec<TruthEvent>,
    pub(crate) wire: Vec<Record>,
    pub(crate) marks: BTreeMap<String, Mark>,
    pub(crate) snapshots: BTreeMap<String, Value>,
    pub(crate) steps: Vec<Carried<'a>>,
}

/// What was recorded of one step.
#[derive(Debug)]
pub(crate) struct Carried<'a> {
    pub(crate) id: &'a str,
    pub(crate) start: u64,
    pub(crate) wire: usize,
    pub(crate) end: Option<u64>,
    pub(crate) calls: Vec<&'a Called>,
    pub(crate) looks: Vec<Look<'a>>,
}

/// One observation.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) began: u64,
    pub(crate) at: u64,
    pub(crate) values: &'a BTreeMap<String, Seen>,
    pub(crate) events: usize,
    pub(crate) wire: usize,
}

impl<'a> Evidence<'a> {
    /// Sorts the events of one case.
    pub(crate) fn sort(events: &[&'a Event]) -> Result<Self, String> {
        let mut all = Self::default();
        for event in events {
            all.take(event)?;
        }
        Ok(all)
    }

    fn take(&mut self, event: &'a Event) -> Result<(), String> {
        match event {
            Event::CaseStart(start) => self.start = Some(start),
            Event::CaseEnd(end) => self.end = Some(end),
            Event::Established { truth, .. } => self.established = Some(truth),
            Event::Probed { operation, returned, wire, .. } => {
                self.probed = Some((operation, returned, *wire))
            }
            Event::Truth { at, name, .. } => self.events.push(TruthEvent { at: *at, name: name.clone() }),
            Event::Wire { record, .. } => self.wire.push(record.with_repetition(&self.wire)),
            Event::Marked { name, events, wire, .. } => {
                self.marks.insert(name.clone(), Mark { events: *events, wire: *wire });
            }
            Event::Kept { name, value, .. } => drop(self.snapshots.insert(name.clone(), value.clone())),
            Event::StepStart { step, at, wire, .. } => self.steps.push(Carried {
                id: step,
                start: *at,
                wire: *wire,
                end: None,
                calls: Vec::new(),
                looks: Vec::new(),
            }),
            Event::StepEnd { step, at, .. } => match self.steps.last_mut().filter(|s| s.id == step) {
                Some(carried) => carried.end = Some(*at),
                None => return Err(format!("{step} ended without having begun")),
            },
            Event::Called(called) => match self.steps.last_mut().filter(|s| s.id == called.step) {
                Some(carried) => carried.calls.push(called),
                None => return Err(format!("{} was called outside of its step", called.operation)),
            },
            Event::Observed { step, began, at, values, events, wire, .. } => {
                match self.steps.last_mut().filter(|s| s.id == step) {
                    Some(carried) => carried.looks.push(Look {
                        began: *began,
                        at: *at,
                        values,
                        events: *events,
                        wire: *wire,
                    }),
                    None => return Err(format!("{step} was looked at outside of its step")),
                }
            }
            Event::RunStart(_) | Event::Source { .. } | Event::Verdict { .. } | Event::RunEnd { .. } => {}
        }
        Ok(())
    }
}
