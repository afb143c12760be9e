//! Which numbers of packets are new, which were seen, and which are too far away (IPMI v2.0 §6.12.12-6.12.13).

/// The numbers around the highest one that was valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    highest: u32,
    /// Bit n: the number n below the highest was seen.
    seen: u32,
    ahead: u32,
    behind: u32,
}

/// Where a number lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the window, and never seen.
    New,
    /// In the window, and seen.
    Seen,
    /// Too far away, or zero, which is no packet of a session.
    Outside,
}

impl Window {
    /// RMCP+: fifteen above, sixteen below; the first number is 1 (§6.12.13).
    pub(super) const fn plus() -> Self {
        Self { highest: 0, seen: u32::MAX, ahead: 15, behind: 16 }
    }

    /// IPMI v1.5: eight above, eight below (§6.12.12).
    pub(super) const fn legacy(first: u32) -> Self {
        Self { highest: first.wrapping_sub(1), seen: u32::MAX, ahead: 8, behind: 8 }
    }

    /// The number after the highest.
    pub(super) const fn next_expected(&self) -> u32 {
        self.highest.wrapping_add(1)
    }

    /// Where a number lies.
    pub(super) const fn place(&self, number: u32) -> Place {
        let (above, below) = (number.wrapping_sub(self.highest), self.highest.wrapping_sub(number));
        if number == 0 {
            Place::Outside
        } else if above >= 1 && above <= self.ahead {
            Place::New
        } else if below > self.behind {
            Place::Outside
        } else if self.seen >> below & 1 == 1 {
            Place::Seen
        } else {
            Place::New
        }
    }

    /// This number was valid.
    pub(super) fn mark(&mut self, number: u32) {
        let above = number.wrapping_sub(self.highest);
        if (1..=self.ahead).contains(&above) {
            self.highest = number;
            self.seen = self.seen << above | 1;
        } else {
            self.seen |= 1u32.checked_shl(self.highest.wrapping_sub(number)).unwrap_or(0);
        }
    }
}

/// The next number to send, which is never zero.
pub(super) fn next(number: &mut u32) -> u32 {
    let sent = (*number).max(1);
    *number = sent.wrapping_add(1);
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut window = Window::plus();
        for number in [1, 3, 2, 10] {
            assert_eq!(window.place(number), Place::New, "{number}");
            window.mark(number);
            assert_eq!(window.place(number), Place::Seen, "{number}");
        }
        assert_eq!(window.place(9), Place::New);
    }

    #[test]
    fn numbers_far_away_are_outside_and_so_is_zero() {
        let mut window = Window::plus();
        assert_eq!(
            (window.place(0), window.place(15), window.place(16)),
            (Place::Outside, Place::New, Place::Outside)
        );
        for number in [15, 30] {
            window.mark(number);
        }
        assert_eq!((window.place(14), window.place(13)), (Place::New, Place::Outside));
        let legacy = Window::legacy(100);
        assert_eq!((legacy.place(107), legacy.place(108)), (Place::New, Place::Outside));
        assert_eq!((legacy.place(99), legacy.place(90)), (Place::Seen, Place::Outside));
    }

    #[test]
    fn numbers_wrap_around_and_leave_zero_out() {
        let mut window = Window::legacy(u32::MAX);
        window.mark(u32::MAX);
        assert_eq!((window.place(0), window.place(1)), (Place::Outside, Place::New));
        let mut sent = u32::MAX;
        assert_eq!([next(&mut sent), next(&mut sent), next(&mut sent)], [u32::MAX, 1, 2]);
    }
}
