//! What queries mean, and that nothing in them can do harm.

use proptest::prelude::*;
use serde_json::json;

use super::{expand::Which, *};

const ALL: Offered = Offered {
    all: true,
    no_links: true,
    links: true,
    levels: true,
    most_levels: 6,
    select: true,
    filter: true,
    only: true,
    window: true,
};

fn read(text: &str) -> Result<Query, (u16, String)> {
    parameters::read(text, ALL).map_err(|mut answer| {
        let code = answer.document().and_then(|it| it["error"]["code"].as_str().map(str::to_owned));
        (answer.status, code.unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned())
    })
}

fn drive() -> Value {
    json!({
        "Id": "1", "Name": "it's a drive", "CapacityBytes": 960, "Status": {"Health": "OK", "State": null},
        "Failed": false, "Created": "2026-11-21T10:00:00+02:00", "Tags": [{"Key": "a"}, {"Key": "b"}],
    })
}

fn holds(filter: &str) -> Option<bool> {
    filter::parse(filter).map(|filter| filter.holds(&drive()))
}

#[test]
fn a_filter_compares_as_the_standard_says() {
    for filter in [
        "Id eq '1'",
        "Name eq 'it''s a drive'",
        "CapacityBytes gt 100 and CapacityBytes le 960.0",
        "Status/Health ne 'Critical'",
        "not (Failed eq true) and (Id eq '2' or Id eq '1')",
        "Id eq '2' or Id eq '3' and Id eq '4' or Id eq '1'",
        "Status/State eq null and Nothing/Such eq null",
        "Created eq '2026-11-21T08:00:00Z' and Created lt 2026-11-21T08:00:01Z",
        "Tags/Key eq 'b'",
        "'1' eq Id",
        "not Failed",
        "Id lt '2'",
    ] {
        assert_eq!(holds(filter), Some(true), "{filter}");
    }
    for filter in ["Id eq 1", "Tags/Key ne 'a'", "Nothing gt 3", "Failed", "CapacityBytes eq '960'"] {
        assert_eq!(holds(filter), Some(false), "{filter}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    for filter in [
        "",
        "Id eq",
        "eq '1'",
        "Id eq '1",
        "(Id eq '1'",
        "Id eq '1')",
        "Id eq '1' and",
        "Id '1'",
        "1x eq 2",
        "a//b eq 1",
    ] {
        assert_eq!(filter::parse(filter), None, "{filter}");
    }
}

#[test]
fn brackets_and_comparisons_have_a_bound() {
    let nested = |depth: usize| format!("{}A eq 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(filter::parse(&nested(31)).is_some() && filter::parse(&nested(32)).is_none());
    assert!(filter::parse(&format!("{}A eq 1", "not ".repeat(100_000))).is_none());
    let wide = |count: usize| vec!["A eq 1"; count].join(" or ");
    assert!(filter::parse(&wide(128)).is_some() && filter::parse(&wide(129)).is_none());
}

#[test]
fn an_expansion_has_a_sign_and_perhaps_levels() {
    for (text, which, levels) in [
        ("$expand=*", Which::All, 1),
        ("$expand=.($levels=6)", Which::OutsideLinks, 6),
        ("%24expand=~%28%24levels%3D2%29", Which::InLinks, 2),
    ] {
        assert_eq!(read(text).unwrap().expand, Some(Expand { which, levels }), "{text}");
    }
}

#[test]
fn a_value_that_is_wrong_says_how() {
    for (text, status, code) in [
        ("$expand=Members", 400, "QueryParameterValueFormatError"),
        ("$expand=.($levels=7)", 400, "QueryParameterOutOfRange"),
        ("$expand=.($levels=0)", 400, "QueryParameterOutOfRange"),
        ("$expand=.($levels=max)", 400, "QueryParameterValueTypeError"),
        ("$expand=.(levels=1)", 400, "QueryParameterValueFormatError"),
        ("$top=ten", 400, "QueryParameterValueTypeError"),
        ("$top=", 400, "QueryParameterValueTypeError"),
        ("$skip=-1", 400, "QueryParameterOutOfRange"),
        ("$top=99999999999999999999", 400, "QueryParameterOutOfRange"),
        ("$filter=Id eq", 400, "QueryParameterValueFormatError"),
        ("$filter=%zz", 400, "QueryParameterValueFormatError"),
        ("$select=", 400, "QueryParameterValueFormatError"),
        ("$select=A//B", 400, "QueryParameterValueFormatError"),
        ("only=1", 400, "QueryParameterValueFormatError"),
        ("only&$select=Id", 400, "QueryCombinationInvalid"),
        ("$top=1&$top=2", 400, "QueryCombinationInvalid"),
        ("$count=true", 501, "QueryNotSupported"),
        ("$", 501, "QueryNotSupported"),
    ] {
        assert_eq!(read(text), Err((status, code.to_owned())), "{text}");
    }
}

#[test]
fn what_has_no_dollar_and_is_not_known_is_ignored() {
    assert_eq!(read("colour=red&&x&excerpt"), Ok(Query::default()));
    assert!(parameters::read("only", Offered::default()).is_ok_and(|query| query.is_plain()));
    assert!(parameters::read("$top=1", Offered::default()).is_err_and(|answer| answer.status == 501));
}

#[test]
fn a_selection_takes_along_what_is_said_about_a_property() {
    let mut value = json!({
        "@odata.id": "/a", "@odata.etag": "1", "Id": "a",
        "Boot": {"Target": "Pxe", "Target@Redfish.AllowableValues": ["Pxe"], "Mode": "UEFI"},
        "Members": [{"@odata.id": "/b", "Name": "b", "Id": "c"}], "Members@odata.count": 1, "Status": {"Health": "OK"},
    });
    Select::read("Boot/Target, Members/Name,Status,Nothing").unwrap().keep_in(&mut value);
    assert_eq!(
        value,
        json!({
            "@odata.id": "/a", "@odata.etag": "1",
            "Boot": {"Target": "Pxe", "Target@Redfish.AllowableValues": ["Pxe"]},
            "Members": [{"@odata.id": "/b", "Name": "b"}], "Members@odata.count": 1, "Status": {"Health": "OK"},
        })
    );
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_a_complaint(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn any_words_are_a_filter_or_none(words in prop::collection::vec(
        prop::sample::select(vec!["(", ")", "not", "and", "or", "eq", "ne", "lt", "A", "B/C", "'x'", "1", "-", "null", "'"]), 0..60,
    )) {
        if let Some(filter) = filter::parse(&words.join(" ")) {
            filter.holds(&drive());
        }
    }
}
