//! What becomes of a datagram or of a connection: decided from the rules and a seeded generator, without a clock.

use std::time::Duration;

use super::{Direction, Fate, WireFault, WireRule};
use crate::random::Random;

/// The rules that are set, each with its count, and the generator that throws the dice.
pub(super) struct Rulebook {
    rules: Vec<(WireRule, u32)>,
    random: Random,
}

/// A datagram's copies, each with its own delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) fate: Fate,
    pub(super) copies: Vec<(Duration, Vec<u8>)>,
}

/// What becomes of one TCP connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Treatment {
    pub(super) refused: bool,
    pub(super) stalled: bool,
    pub(super) to_bmc: Lane,
    pub(super) to_client: Lane,
}

/// What becomes of the bytes of a connection that go one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) reset_after: Option<usize>,
    pub(super) throttle: Option<(usize, Duration)>,
    pub(super) delay: Option<(Duration, Duration)>,
}

impl Rulebook {
    /// No rules.
    pub(super) fn new(random: Random) -> Self {
        Self { rules: Vec::new(), random }
    }

    /// These rules; counts start from nothing, the dice go on.
    pub(super) fn replace(&mut self, rules: Vec<WireRule>) {
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// What becomes of a datagram.
    pub(super) fn datagram(&mut self, towards: Direction, bytes: &[u8]) -> Verdict {
        let mut verdict = Verdict { fate: Fate::Passed, copies: vec![(Duration::ZERO, bytes.to_vec())] };
        let Self { rules, random } = self;
        for (rule, count) in rules.iter_mut().filter(|(rule, _)| rule.towards.is_none_or(|it| it == towards))
        {
            *count += 1;
            if rule.nth.holds(*count) {
                verdict.suffer(&rule.kind, random);
            }
        }
        verdict
    }

    /// What becomes of a connection.
    pub(super) fn connection(&mut self) -> Treatment {
        let mut treatment = Treatment::default();
        for (rule, count) in &mut self.rules {
            *count += 1;
            if rule.nth.holds(*count) {
                treatment.suffer(rule);
            }
        }
        treatment
    }

    /// How long something takes, given median and 99th percentile.
    pub(super) fn delay(&mut self, p50: Duration, p99: Duration) -> Duration {
        delay(p50, p99, &mut self.random)
    }
}

impl Verdict {
    fn suffer(&mut self, fault: &WireFault, random: &mut Random) {
        match fault {
            WireFault::Drop { p } if random.happens(*p) => {
                self.copies.clear();
                self.fate = Fate::Dropped;
            }
            WireFault::Duplicate { p } if random.happens(*p) => {
                let again = self.copies.clone();
                self.copies.extend(again);
                self.tell(Fate::Duplicated);
            }
            WireFault::Reorder { p, by } if random.happens(*p) => self.delay(*by),
            WireFault::Delay { p50, p99 } => self.delay(delay(*p50, *p99, random)),
            WireFault::Corrupt { p } if random.happens(*p) => {
                let flip = 1 << random.below(8);
                for (_, bytes) in &mut self.copies {
                    let place = random.below(bytes.len());
                    bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= flip);
                }
                self.tell(Fate::Corrupted);
            }
            WireFault::Truncate { p } if random.happens(*p) => {
                for (_, bytes) in &mut self.copies {
                    bytes.truncate(random.below(bytes.len()));
                }
                self.tell(Fate::Truncated);
            }
            _ => {}
        }
    }

    fn delay(&mut self, by: Duration) {
        let mut longest = Duration::ZERO;
        for (delay, _) in &mut self.copies {
            *delay += by;
            longest = longest.max(*delay);
        }
        if matches!(self.fate, Fate::Passed | Fate::Delayed(_)) && !longest.is_zero() {
            self.fate = Fate::Delayed(longest);
        }
    }

    fn tell(&mut self, fate: Fate) {
        if self.fate != Fate::Dropped {
            self.fate = fate;
        }
    }
}

impl Treatment {
    fn suffer(&mut self, rule: &WireRule) {
        match rule.kind {
            WireFault::Refuse => self.refused = true,
            WireFault::StallHandshake => self.stalled = true,
            WireFault::ResetAfter { bytes } => self.lanes(rule, |lane| lane.reset_after = Some(bytes)),
            WireFault::Throttle { bytes, every } => {
                self.lanes(rule, |lane| lane.throttle = Some((bytes.max(1), every)));
            }
            WireFault::Delay { p50, p99 } => self.lanes(rule, |lane| lane.delay = Some((p50, p99))),
            WireFault::Drop { .. }
            | WireFault::Duplicate { .. }
            | WireFault::Reorder { .. }
            | WireFault::Corrupt { .. }
            | WireFault::Truncate { .. } => {}
        }
    }

    fn lanes(&mut self, rule: &WireRule, change: impl Fn(&mut Lane)) {
        if rule.towards != Some(Direction::ToClient) {
            change(&mut self.to_bmc);
        }
        if rule.towards != Some(Direction::ToBmc) {
            change(&mut self.to_client);
        }
    }
}

/// Log-normal between the two percentiles: the 99th lies 2.326 standard deviations above the median.
fn delay(p50: Duration, p99: Duration, random: &mut Random) -> Duration {
    let (median, late) = (p50.as_secs_f64(), p99.max(p50).as_secs_f64());
    if median == 0.0 {
        return p99.mul_f64(random.unit());
    }
    let normal = (-2.0 * (1.0 - random.unit()).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
    let factor = ((late / median).ln() / 2.326 * normal).exp();
    Duration::from_secs_f64((median * factor).min(late * 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Nth;

    fn rule(kind: WireFault) -> WireRule {
        WireRule { towards: None, nth: Nth::ALL, kind }
    }

    fn book(rules: Vec<WireRule>) -> Rulebook {
        let mut book = Rulebook::new(Random::new(7));
        book.replace(rules);
        book
    }

    #[test]
    fn the_same_seed_throws_the_same_dice() {
        let fates = || {
            let mut book = book(vec![
                rule(WireFault::Drop { p: 0.2 }),
                rule(WireFault::Delay { p50: Duration::from_millis(40), p99: Duration::from_millis(900) }),
            ]);
            (0..100).map(|_| book.datagram(Direction::ToBmc, b"hello")).collect::<Vec<_>>()
        };
        assert_eq!(fates(), fates());
    }

    #[test]
    fn a_fifth_is_lost_where_a_fifth_is_to_be_lost() {
        let mut book = book(vec![rule(WireFault::Drop { p: 0.2 })]);
        let lost =
            (0..10_000).filter(|_| book.datagram(Direction::ToBmc, b"x").fate == Fate::Dropped).count();
        assert!((1_800..2_200).contains(&lost), "{lost}");
    }

    #[test]
    fn a_rule_for_one_way_leaves_the_other_alone() {
        let to_client = Some(Direction::ToClient);
        let mut book =
            book(vec![WireRule { towards: to_client, nth: Nth::FIRST, kind: WireFault::Drop { p: 1.0 } }]);
        let fates = [Direction::ToBmc, Direction::ToClient, Direction::ToClient]
            .map(|it| book.datagram(it, b"x").fate);
        assert_eq!(fates, [Fate::Passed, Fate::Dropped, Fate::Passed]);
    }

    #[test]
    fn half_of_the_delays_are_at_most_the_median_and_all_but_a_hundredth_at_most_the_late_one() {
        let (p50, p99) = (Duration::from_millis(40), Duration::from_millis(900));
        let mut random = Random::new(3);
        let delays: Vec<_> = (0..10_000).map(|_| delay(p50, p99, &mut random)).collect();
        let at_most = |limit| delays.iter().filter(|it| **it <= limit).count();
        assert!((4_800..5_200).contains(&at_most(p50)), "{}", at_most(p50));
        assert!((9_850..9_950).contains(&at_most(p99)), "{}", at_most(p99));
    }

    #[test]
    fn corruption_changes_exactly_one_bit() {
        let mut book = book(vec![rule(WireFault::Corrupt { p: 1.0 })]);
        let verdict = book.datagram(Direction::ToBmc, &[0; 32]);
        let bits: u32 = verdict.copies[0].1.iter().map(|byte| byte.count_ones()).sum();
        assert_eq!((verdict.fate, bits), (Fate::Corrupted, 1));
    }
}
