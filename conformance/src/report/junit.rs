//! JUnit: `<failure>` for fail, `<error>` for error, `<skipped>` with its reason for what was not run.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::{CaseReport, Report};
use crate::verdict::Word;

/// The report as JUnit XML, one suite an area.
pub fn write(report: &Report) -> Result<String, String> {
    let mut areas: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for case in &report.cases {
        areas
            .entry(&case.area)
            .or_insert_with(|| TestSuite::new(case.area.clone()))
            .add_test_case(test_case(case));
    }
    let mut document = Document::new(format!("halmark {} on {}", report.driver, report.target));
    document.add_test_suites(areas.into_values());
    document.to_string().map_err(|e| e.to_string())
}

fn test_case(case: &CaseReport) -> TestCase {
    let verdict = &case.verdict;
    let mut status = match verdict.word {
        Word::Pass | Word::PassUnverified => TestCaseStatus::success(),
        Word::Fail | Word::Xpass => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Word::Error | Word::Flaky => TestCaseStatus::non_success(NonSuccessKind::Error),
        Word::Na | Word::Blocked | Word::Waived => TestCaseStatus::skipped(),
    };
    if !verdict.is_pass() {
        status.set_message(format!("{} [{}] {}", verdict.word.text(), verdict.detail, verdict.text));
        status.set_type(verdict.word.text());
        let mut lines = vec![case.title.clone()];
        if let Some(place) = &case.place {
            lines.push(format!("{}:{}:{}\n{}", place.file, place.line, place.column, place.excerpt));
        }
        lines.extend(case.wire.iter().map(|wire| format!("wire {wire}")));
        lines.push(format!("reproduce: {}", case.reproduce));
        status.set_description(lines.join("\n"));
    }
    let mut test = TestCase::new(case.case.clone(), status);
    test.set_classname(format!("halmark.{}", case.area));
    test.set_time(Duration::from_secs_f64(case.real_ms / 1e3));
    test
}
