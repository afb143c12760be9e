//! Tasks (DSP0266 §12): changes that are accepted now and end later.

use std::time::Duration;

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Its id in the collection.
    pub(crate) id: String,
    /// When it began.
    pub(crate) began: Duration,
    /// When it ends, or ended.
    pub(crate) ends: Duration,
    fails: bool,
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

    /// How much of it is done, in percent.
    pub(crate) fn percent(&self, now: Duration) -> u8 {
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
    /// A new task that ends then; `None` where there are so many under way already. One that is over gives way to it.
    pub(crate) fn start(&mut self, now: Duration, ends: Duration, fails: bool, limit: usize) -> Option<Task> {
        if self.all.len() >= limit {
            let over = self.all.iter().position(|it| it.state(now) != State::Running)?;
            self.all.remove(over);
        }
        self.made += 1;
        let task = Task { id: self.made.to_string(), began: now, ends, fails };
        self.all.push(task.clone());
        Some(task)
    }

    /// Forgets what has been over for so long.
    pub(crate) fn tidy(&mut self, now: Duration, kept: impl FnOnce() -> Option<Duration>) {
        if let Some(first) = self.all.iter().map(|it| it.ends).min()
            && first < now
            && let Some(kept) = kept()
        {
            self.all.retain(|it| it.ends + kept > now);
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

    #[test]
    fn the_oldest_that_is_over_gives_way_and_what_is_under_way_does_not() {
        let mut tasks = Tasks::default();
        for place in 1..=2 {
            assert!(tasks.start(SECOND, SECOND * (1 + place), false, 2).is_some());
        }
        assert!(tasks.start(SECOND, SECOND * 9, false, 2).is_none());
        assert_eq!(tasks.start(SECOND * 2, SECOND * 9, false, 2).unwrap().id, "3");
        assert_eq!(tasks.list().iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    }

    #[test]
    fn what_has_been_over_for_long_is_forgotten() {
        let mut tasks = Tasks::default();
        tasks.start(SECOND, SECOND * 4, true, 8);
        let kept = || Some(SECOND * 60);
        tasks.tidy(SECOND * 63, kept);
        assert_eq!(tasks.find("1").map(|it| it.state(SECOND * 63)), Some(State::Exception));
        tasks.tidy(SECOND * 64, kept);
        assert!(tasks.find("1").is_none());
    }

    #[test]
    fn the_percentage_grows_with_the_time() {
        let mut tasks = Tasks::default();
        let task = tasks.start(SECOND, SECOND * 5, false, 8).unwrap();
        assert_eq!([1, 2, 4, 5, 9].map(|at| task.percent(SECOND * at)), [0, 25, 75, 100, 100]);
    }
}
