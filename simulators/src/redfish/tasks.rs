//! Tasks (DSP0266 §12): changes that are accepted now and end later.

use std::time::Duration;

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Its id in the collection.
    pub(crate) id: String,
    fails: bool,
    ends: Duration,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Under way.
    Running,
    /// Ended well.
    Completed,
    /// Failed.
    Exception,
}

impl State {
    /// The value of `TaskState`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Exception => "Exception",
        }
    }
}

impl Task {
    /// Where it stands.
    pub(crate) fn state(&self, now: Duration) -> State {
        match self.fails {
            _ if now < self.ends => State::Running,
            true => State::Exception,
            false => State::Completed,
        }
    }
}

/// The tasks that there were.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Vec<Task>);

impl Tasks {
    /// A new task that ends then.
    pub(crate) fn start(&mut self, ends: Duration, fails: bool) -> Task {
        let task = Task { id: (self.0.len() + 1).to_string(), fails, ends };
        self.0.push(task.clone());
        task
    }

    /// The task with this id.
    pub(crate) fn find(&self, id: &str) -> Option<&Task> {
        self.0.iter().find(|task| task.id == id)
    }

    /// All of them.
    pub(crate) fn list(&self) -> &[Task] {
        &self.0
    }
}
