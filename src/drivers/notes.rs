//! What was forgiven on the way to an answer.

use crate::driver::{Deviation, Note};

/// The notes of one operation, each once, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

impl Notes {
    pub(super) fn forgive(&mut self, deviation: Deviation) {
        let note = Note(deviation);
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}
