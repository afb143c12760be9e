//! The rules that are set, and which of them strike.

use std::time::Duration;

use super::{HttpAction, HttpRule, Phase, When, glob::glob};
use crate::{
    bmc::Bmc,
    machine::{Event, Host, Power},
    random::Random,
};

/// The machine at the moment of a request.
pub(crate) struct Situation {
    /// The time since its birth.
    pub(crate) now: Duration,
    /// The host's power.
    pub(crate) power: Power,
    /// What runs on the host.
    pub(crate) host: Host,
    /// What has happened since the rules were set, where a rule asks for that.
    pub(crate) events: Vec<Event>,
}

impl Situation {
    /// The situation of this BMC, with the events from this number on.
    pub(crate) fn of(bmc: &Bmc, events_from: Option<usize>) -> Self {
        bmc.with(|firmware, now| {
            let machine = &firmware.machine;
            let events = events_from.map(|from| machine.events_from(from)).unwrap_or_default();
            Self { now, power: machine.power(), host: machine.host(), events: events.to_vec() }
        })
    }
}

/// The rules that are set, each with its count of matching requests.
#[derive(Debug, Default)]
pub(crate) struct Rulebook {
    rules: Vec<Counted>,
    /// How many events the truth log had when they were set.
    set_at: usize,
    /// How many connections were struck since then.
    connections: u64,
}

#[derive(Debug)]
struct Counted {
    rule: HttpRule,
    count: u32,
    random: Random,
}

impl Rulebook {
    /// Starts counting from nothing. The seed decides where a rule strikes a share; `events` is the length of the truth log.
    pub(crate) fn new(rules: Vec<HttpRule>, seed: u64, events: usize) -> Self {
        let counted = |(place, rule)| {
            let random = Random::new(seed.wrapping_mul(31).wrapping_add(place as u64) ^ 0x0725_51e5);
            Counted { rule, count: 0, random }
        };
        Self { rules: rules.into_iter().enumerate().map(counted).collect(), set_at: events, connections: 0 }
    }

    /// The rules, as they were set.
    pub(crate) fn rules(&self) -> Vec<HttpRule> {
        self.rules.iter().map(|it| it.rule.clone()).collect()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// From which event on the truth log matters; `None` where no rule asks for events.
    pub(crate) fn events_from(&self) -> Option<usize> {
        self.rules.iter().any(|it| it.rule.when.since.is_some()).then_some(self.set_at)
    }

    /// Counts a request, and says what becomes of it: all that strikes it, in the order of the rules.
    pub(crate) fn decide(&mut self, method: &str, path: &str, situation: &Situation) -> Vec<HttpAction> {
        self.struck(situation, |rule| rule.action.phase() != Phase::Welcome && rule.is_about(method, path))
    }

    /// Counts a connection, and says what becomes of it.
    pub(crate) fn welcome(&mut self, situation: &Situation) -> Option<HttpAction> {
        let struck = self.struck(situation, |rule| rule.action.phase() == Phase::Welcome).into_iter().next();
        self.connections += u64::from(struck.is_some());
        struck
    }

    /// How many connections were struck since the rules were set.
    pub(crate) fn connections_struck(&self) -> u64 {
        self.connections
    }

    fn struck(&mut self, situation: &Situation, is_meant: impl Fn(&HttpRule) -> bool) -> Vec<HttpAction> {
        let meant = self.rules.iter_mut().filter(|it| is_meant(&it.rule) && it.rule.when.holds(situation));
        let struck = meant.filter_map(|it| {
            it.count = it.count.saturating_add(1);
            let strikes =
                it.rule.nth.holds(it.count) && (it.rule.share >= 1.0 || it.random.happens(it.rule.share));
            strikes.then(|| it.rule.action.clone())
        });
        struck.collect()
    }
}

impl HttpRule {
    fn is_about(&self, method: &str, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|it| it.eq_ignore_ascii_case(method)))
            && self.path.as_ref().is_none_or(|pattern| glob(pattern.as_bytes(), path.as_bytes()))
    }
}

impl When {
    fn holds(&self, situation: &Situation) -> bool {
        let is_so = self.power.is_none_or(|power| power == situation.power)
            && self.host.is_none_or(|host| host == situation.host);
        let age = match &self.since {
            None => Some(situation.now),
            Some(name) => {
                let last = situation.events.iter().rev().find(|event| event.name == *name);
                last.map(|event| situation.now.saturating_sub(event.at))
            }
        };
        let is_time =
            |age: Duration| self.from.is_none_or(|from| age >= from) && self.to.is_none_or(|to| age < to);
        is_so && age.is_some_and(is_time)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Nth;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Situation {
        Situation { now: SECOND * seconds as u32, power: Power::On, host: Host::Os, events: Vec::new() }
    }

    fn hang() -> HttpRule {
        HttpRule::every(HttpAction::Hang)
    }

    fn book(rules: Vec<HttpRule>) -> Rulebook {
        Rulebook::new(rules, 7, 0)
    }

    #[test]
    fn the_third_to_fourth_of_the_matching_requests_are_meant() {
        let mut book = book(vec![HttpRule {
            methods: vec!["GET".into()],
            path: Some("/a*".into()),
            nth: Nth { from: 3, to: Some(4) },
            ..hang()
        }]);
        let decided =
            ["/a", "/b", "/a1", "/a2", "/a", "/a"].map(|path| book.decide("GET", path, &at(0)).len());
        assert_eq!(decided, [0, 0, 0, 1, 1, 0]);
        assert_eq!(book.decide("POST", "/a", &at(0)), []);
    }

    #[test]
    fn every_rule_that_means_a_request_strikes_it_in_order() {
        let rule = |nth, action| HttpRule { nth, ..HttpRule::every(action) };
        let mut book = book(vec![
            rule(Nth::FIRST, HttpAction::Delay(SECOND)),
            rule(Nth { from: 1, to: Some(2) }, HttpAction::EmptyBody),
        ]);
        let decided = [(); 3].map(|()| book.decide("GET", "/", &at(0)));
        assert_eq!(
            decided,
            [vec![HttpAction::Delay(SECOND), HttpAction::EmptyBody], vec![HttpAction::EmptyBody], vec![]]
        );
    }

    #[test]
    fn a_share_is_struck_and_the_seed_says_which() {
        let decide = |seed| {
            let mut book = Rulebook::new(vec![HttpRule { share: 0.25, ..hang() }], seed, 0);
            (0..400).map(|_| book.decide("GET", "/", &at(0)).len()).collect::<Vec<_>>()
        };
        assert_eq!(decide(7), decide(7));
        assert_ne!(decide(7), decide(8));
        let count: usize = decide(7).iter().sum();
        assert!((60..140).contains(&count), "{count}");
    }

    #[test]
    fn a_rule_is_in_force_in_its_state_and_in_its_time() {
        let when = |when| book(vec![HttpRule { when, ..hang() }]);
        let mut off = when(When { power: Some(Power::Off), ..When::default() });
        assert_eq!(off.decide("GET", "/", &at(0)), []);
        assert_eq!(off.decide("GET", "/", &Situation { power: Power::Off, ..at(0) }).len(), 1);
        let mut time = when(When { from: Some(SECOND * 5), to: Some(SECOND * 9), ..When::default() });
        assert_eq!([4, 5, 8, 9].map(|now| time.decide("GET", "/", &at(now)).len()), [0, 1, 1, 0]);
    }

    #[test]
    fn a_rule_begins_with_its_event_and_ends_so_long_after_it() {
        let when = When { since: Some("bmc.ready".into()), to: Some(SECOND * 30), ..When::default() };
        let mut book = book(vec![HttpRule { when, ..hang() }]);
        assert_eq!(book.events_from(), Some(0));
        let ready = |seconds| vec![Event { seq: 0, at: SECOND * seconds, name: "bmc.ready".into() }];
        assert_eq!(book.decide("GET", "/", &at(10)), []);
        assert_eq!(book.decide("GET", "/", &Situation { events: ready(10), ..at(39) }).len(), 1);
        assert_eq!(book.decide("GET", "/", &Situation { events: ready(10), ..at(40) }), []);
    }

    #[test]
    fn a_rule_about_handshakes_counts_connections_alone() {
        let rule = HttpRule { nth: Nth { from: 2, to: None }, ..HttpRule::every(HttpAction::StallHandshake) };
        let mut book = book(vec![rule]);
        assert_eq!(book.welcome(&at(0)), None);
        assert_eq!(book.decide("GET", "/", &at(0)), []);
        assert_eq!(book.welcome(&at(0)), Some(HttpAction::StallHandshake));
    }
}
