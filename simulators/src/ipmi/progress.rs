//! "Set in progress": parameter 0 of every set of parameters, by which those who write keep out of each other's way (IPMI v2.0
//! §22.14a, §23.2, §28.13, §30.3). A BMC does not enforce it; it is lost when the BMC restarts.

use super::command::Completion;

/// Whether somebody is writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Progress {
    /// Nobody is.
    #[default]
    Complete,
    /// Somebody is.
    InProgress,
}

impl Progress {
    /// Its number.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    /// Sets it. Who begins while somebody is writing is told so; nothing is rolled back, so that there is no commit.
    pub(super) fn set(&mut self, data: &[u8]) -> Result<(), Completion> {
        let [to] = data else { return Err(Completion::LENGTH_INVALID) };
        *self = match (to & 0x03, *self) {
            (0, _) => Self::Complete,
            (1, Self::Complete) => Self::InProgress,
            (1, Self::InProgress) => return Err(Completion::SET_IN_PROGRESS),
            _ => return Err(Completion::INVALID_FIELD),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_begins_second_is_told_so_until_the_first_has_ended() {
        let mut progress = Progress::default();
        assert_eq!(progress.set(&[1]), Ok(()));
        assert_eq!(progress.set(&[1]), Err(Completion::SET_IN_PROGRESS));
        assert_eq!((progress.set(&[2]), progress.set(&[3])), (Err(Completion(0xCC)), Err(Completion(0xCC))));
        assert_eq!((progress.set(&[0]), progress.set(&[1])), (Ok(()), Ok(())));
        assert_eq!(progress.set(&[]), Err(Completion::LENGTH_INVALID));
    }
}
