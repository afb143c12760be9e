//! Tasks (DSP0266 §12): changes that are accepted now and end later.

use std::time::Duration;

use serde_json::Value;

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Its id in the collection.
    pub(crate) id: String,
    /// When it began.
    pub(crate) began: Duration,
    /// When it ends, or ended; what waits ends so long after it has begun.
    pub(crate) ends: Duration,
    outcome: Outcome,
    /// It begins when the host has started more often than this.
    waits: Option<u32>,
}

/// How a task ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Well.
    Completes,
    /// Not well; this message says why, where anybody knows.
    Fails(Option<Value>),
}

/// A task that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    /// How long it takes.
    pub(crate) lasting: Duration,
    /// How it ends.
    pub(crate) outcome: Outcome,
    /// It begins when the host has started more often than this; at once without.
    pub(crate) waits: Option<u32>,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits for the host's next start.
    Pending,
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
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Exception => "Exception",
        }
    }
}

impl Task {
    /// Where it stands.
    pub(crate) fn state(&self, now: Duration) -> State {
        match self.outcome {
            _ if self.waits.is_some() => State::Pending,
            _ if now < self.ends => State::Running,
            Outcome::Fails(_) => State::Exception,
            Outcome::Completes => State::Completed,
        }
    }

    /// Whether it waits for the host's next start.
    pub(crate) fn waits(&self) -> bool {
        self.waits.is_some()
    }

    /// How it ends, whenever that is.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// How much of it is done, in percent.
    pub(crate) fn percent(&self, now: Duration) -> u8 {
        if self.waits.is_some() {
            return 0;
        }
        let (gone, whole) = (now.saturating_sub(self.began), self.ends.saturating_sub(self.began));
        if gone >= whole { 100 } else { (gone.as_secs_f64() / whole.as_secs_f64() * 100.0) as u8 }
    }
}

/// The tasks that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    all: Vec<Task>,
    made: u32,
}

impl Tasks {
    /// A new task; `None` where there are so many under way already. One that is over gives way to it.
    pub(crate) fn start(&mut self, now: Duration, beginning: Beginning, limit: usize) -> Option<Task> {
        if self.all.len() >= limit {
            let is_over = |it: &Task| matches!(it.state(now), State::Completed | State::Exception);
            let over = self.all.iter().position(is_over)?;
            self.all.remove(over);
        }
        self.made += 1;
        let Beginning { lasting, outcome, waits } = beginning;
        let task = Task { id: self.made.to_string(), began: now, ends: now + lasting, outcome, waits };
        self.all.push(task.clone());
        Some(task)
    }

    /// The host has started so often, the last time then: what waited for that has begun.
    pub(crate) fn settle(&mut self, starts: u32, last: Duration) {
        for task in self.all.iter_mut().filter(|it| it.waits.is_some_and(|waits| starts > waits)) {
            task.ends = last + task.ends.saturating_sub(task.began);
            task.began = last;
            task.waits = None;
        }
    }

    /// Forgets what has been over for so long.
    pub(crate) fn tidy(&mut self, now: Duration, kept: impl FnOnce() -> Option<Duration>) {
        if let Some(first) = self.all.iter().filter(|it| it.waits.is_none()).map(|it| it.ends).min()
            && first < now
            && let Some(kept) = kept()
        {
            self.all.retain(|it| it.waits.is_some() || it.ends + kept > now);
        }
    }

    /// The task with this id.
    pub(crate) fn find(&self, id: &str) -> Option<&Task> {
        self.all.iter().find(|task| task.id == id)
    }

    /// Forgets a task; false where there is none.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let count = self.all.len();
        self.all.retain(|it| it.id != id);
        self.all.len() < count
    }

    /// All of them.
    pub(crate) fn list(&self) -> &[Task] {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn lasting(seconds: u32, outcome: Outcome) -> Beginning {
        Beginning { lasting: SECOND * seconds, outcome, waits: None }
    }

    #[test]
    fn the_oldest_that_is_over_gives_way_and_what_is_under_way_does_not() {
        let mut tasks = Tasks::default();
        for place in 1..=2 {
            assert!(tasks.start(SECOND, lasting(place, Outcome::Completes), 2).is_some());
        }
        assert!(tasks.start(SECOND, lasting(8, Outcome::Completes), 2).is_none());
        assert_eq!(tasks.start(SECOND * 2, lasting(7, Outcome::Completes), 2).unwrap().id, "3");
        assert_eq!(tasks.list().iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    }

    #[test]
    fn what_has_been_over_for_long_is_forgotten() {
        let mut tasks = Tasks::default();
        tasks.start(SECOND, lasting(3, Outcome::Fails(None)), 8);
        let kept = || Some(SECOND * 60);
        tasks.tidy(SECOND * 63, kept);
        assert_eq!(tasks.find("1").map(|it| it.state(SECOND * 63)), Some(State::Exception));
        tasks.tidy(SECOND * 64, kept);
        assert!(tasks.find("1").is_none());
    }

    #[test]
    fn what_waits_for_the_host_begins_when_it_starts() {
        let mut tasks = Tasks::default();
        let waiting = Beginning { waits: Some(3), ..lasting(4, Outcome::Completes) };
        tasks.start(SECOND, waiting, 8);
        tasks.settle(3, SECOND * 50);
        tasks.tidy(SECOND * 50, || Some(SECOND));
        assert_eq!(tasks.find("1").map(|it| it.state(SECOND * 50)), Some(State::Pending));
        tasks.settle(4, SECOND * 60);
        let states = [61, 64].map(|at| tasks.find("1").map(|it| it.state(SECOND * at)));
        assert_eq!(states, [Some(State::Running), Some(State::Completed)]);
    }

    #[test]
    fn the_percentage_grows_with_the_time() {
        let mut tasks = Tasks::default();
        let task = tasks.start(SECOND, lasting(4, Outcome::Completes), 8).unwrap();
        assert_eq!([1, 2, 4, 5, 9].map(|at| task.percent(SECOND * at)), [0, 25, 75, 100, 100]);
    }
}
