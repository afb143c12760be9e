//! The language is robust: no text makes its reader panic, and what it accepts runs.

mod common;

use std::sync::{Arc, OnceLock};

use halmark_conformance::{scenario, source::Source, suite::Suite, yaml};
use proptest::prelude::*;

fn sources() -> &'static [Arc<Source>] {
    static SOURCES: OnceLock<Vec<Arc<Source>>> = OnceLock::new();
    SOURCES.get_or_init(|| Suite::embedded(7).unwrap_or_else(|e| panic!("the suite is good: {e}")).sources)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = scenario::load(&Source::new("fuzz.yaml", text), 7);
    }

    #[test]
    fn no_yaml_like_text_makes_the_reader_panic(text in "[a-z:{}\\[\\]\"'&*!|>%@#\\- \n,.0-9$]{0,200}") {
        let _ = yaml::parse(&Source::new("fuzz.yaml", text));
    }

    #[test]
    fn no_mutation_of_a_good_scenario_makes_the_reader_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), length in 0usize..40, put in "[a-z0-9:{}\\[\\]\"' \n,.$-]{0,20}") {
        let sources = sources();
        let text = &sources[which.index(sources.len())].text;
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let after = (at + length).min(characters.len());
        let mutated: String = characters[..at].iter().copied().chain(put.chars()).chain(characters[after..].iter().copied()).collect();
        if let Err(problems) = scenario::load(&Source::new("fuzz.yaml", mutated), 7) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.to_string().contains("fuzz.yaml:"));
            }
        }
    }

    #[test]
    fn no_journal_makes_verify_panic(text in "\\PC*") {
        let _ = halmark_conformance::verify::verify(&text);
    }
}

#[test]
fn every_scenario_of_the_suite_explains_itself() {
    let folder = common::folder("explain");
    let suite = Suite::embedded(7).unwrap_or_else(|e| panic!("the suite is good: {e}"));
    for id in suite.ids() {
        let output = common::halmark(&folder, &["explain", id]);
        let text = common::told(&output);
        assert!(output.status.success() && text.contains("catches") && text.contains("spec"), "{text}");
    }
}

#[test]
fn the_suite_covers_every_area_of_this_milestone_with_twenty_five_scenarios() {
    let suite = Suite::embedded(7).unwrap_or_else(|e| panic!("the suite is good: {e}"));
    assert!(suite.ids().len() >= 25);
    for area in ["power", "boot", "identify", "uuid", "inventory", "session", "resilience", "bmc"] {
        assert!(suite.cells.iter().any(|c| c.scenario.area == area), "{area}");
    }
}

#[test]
fn every_quirk_of_every_vendor_s_profile_is_on_in_a_scenario() {
    use halmark_conformance::scenario::Given;
    let suite = Suite::embedded(7).unwrap_or_else(|e| panic!("the suite is good: {e}"));
    let mut on = std::collections::BTreeSet::new();
    for given in suite.cells.iter().flat_map(|cell| &cell.scenario.given) {
        if let Given::Deviation(names) = &given.value {
            on.extend(names.iter().cloned());
        }
    }
    for profile in halmark_simulators::Profile::names() {
        let quirks = halmark_simulators::Profile::named(profile).expect("it is compiled in").deviations;
        let off: Vec<_> = quirks.iter().filter(|it| !on.contains(*it)).collect();
        assert!(off.is_empty(), "{profile}: {off:?}");
    }
}

#[test]
fn the_description_of_the_language_names_everything_there_is() {
    let text = std::fs::read_to_string(common::root().join("docs/scenarios.md")).expect("it is there");
    let observables = halmark_conformance::condition::OBSERVABLES.iter().map(|o| o.name);
    for word in observables.chain(halmark::Operation::WORDS.iter().copied()) {
        assert!(text.contains(&format!("`{word}`")), "{word}");
    }
}
