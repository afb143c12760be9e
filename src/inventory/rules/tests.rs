//! Rules as ironic-inspector carries them out.

use serde_json::{Value, json};

use super::{Judged, Rules};

/// The file of the founding document, as it is printed there.
const FOUNDING: &str = include_str!("../../../tests/fixtures/founding/rules.json");

fn judged(rules: &Value, data: &Value, node: &Value) -> Judged {
    Rules::read(&rules.to_string()).expect("good rules").judge(data, node)
}

/// Whether one condition holds.
fn holds(condition: &Value, data: &Value) -> bool {
    let rule = json!({"conditions": [condition], "actions": [{"action": "set-attribute", "path": "/extra/it", "value": "x"}]});
    let judged = judged(&rule, data, &json!({"name": "n7"}));
    assert_eq!(judged.failed, None);
    judged.node["extra"]["it"] == "x"
}

/// Why a rule cannot be asked of this machine.
fn broken(rule: &Value, data: &Value) -> String {
    judged(rule, data, &json!({})).failed.expect("a failure").to_string()
}

fn done(judged: &Judged) -> Vec<&str> {
    judged.done.iter().map(|it| it.what.as_str()).collect()
}

fn passed_over(judged: &Judged) -> Vec<&str> {
    judged.looked.iter().filter(|it| it.over.is_some()).map(|it| it.rule.as_str()).collect()
}

#[test]
fn the_founding_documents_rules_work_as_they_are_printed() {
    let rules = Rules::read(FOUNDING).unwrap();
    assert_eq!(rules.len(), 2);

    let small = rules.judge(&json!({"memory_mb": 2048, "local_gb": 100}), &json!({}));
    assert_eq!(small.failed.unwrap().to_string(), "Memory too low, expected at least 4 GiB");
    assert!(small.done.is_empty(), "the rule that fails comes first");

    let good = rules.judge(&json!({"memory_mb": 4096, "local_gb": 40}), &json!({}));
    assert_eq!(good.failed, None);
    assert_eq!(good.node["properties"]["capabilities"], "compute_profile:1,control_profile:1");
    assert_eq!(done(&good), ["set-capability compute_profile = 1", "set-capability control_profile = 1"]);
    assert_eq!(passed_over(&good), ["Fail introspection for unexpected nodes"]);
    let held: Vec<_> =
        good.looked[1].held.iter().map(|it| (it.place.to_string(), it.what.as_str())).collect();
    assert_eq!(held, [("14:13".to_owned(), "local_gb lt 1024"), ("15:13".to_owned(), "local_gb ge 40")]);

    let large = rules.judge(&json!({"memory_mb": 4096, "local_gb": 1024}), &json!({}));
    assert!(large.done.is_empty() && passed_over(&large).len() == 2);
}

#[test]
fn operators_compare_as_python_does() {
    let data =
        json!({"n": 40, "f": 39.9, "s": "40", "t": "x86_64", "b": true, "e": "", "l": [1, 2], "none": null});
    for (op, field, value, is) in [
        ("eq", "n", json!(40), true),
        ("ne", "n", json!(40), false),
        ("lt", "f", json!(40), true),
        ("eq", "f", json!(39), true),
        ("eq", "s", json!(40), true),
        ("eq", "n", json!("40"), false),
        ("ge", "s", json!(39.5), true),
        ("gt", "t", json!("x86"), true),
        ("eq", "b", json!(true), true),
        ("eq", "b", json!(1), true),
        ("le", "n", json!(40), true),
        ("eq", "l", json!([1, 2]), true),
        ("in-net", "ip", json!("10.0.0.0/8"), false),
    ] {
        assert_eq!(
            holds(&json!({"op": op, "field": field, "value": value}), &data),
            is,
            "{field} {op} {value}"
        );
    }
    for (field, is) in [("e", true), ("none", true), ("missing", true), ("n", false), ("l", false)] {
        assert_eq!(holds(&json!({"op": "is-empty", "field": field}), &data), is, "{field}");
    }
}

#[test]
fn networks_hold_addresses_of_their_own_kind() {
    let data = json!({"four": "10.1.2.3", "six": "fd00::1"});
    for (field, net, is) in [
        ("four", "10.0.0.0/8", true),
        ("four", "10.0.0.0/255.0.0.0", true),
        ("four", "11.0.0.0/8", false),
        ("four", "0.0.0.0/0", true),
        ("four", "10.1.2.3", true),
        ("six", "fd00::/8", true),
        ("six", "0.0.0.0/0", false),
    ] {
        assert_eq!(holds(&json!({"op": "in-net", "field": field, "value": net}), &data), is, "{field} {net}");
    }
}

#[test]
fn matches_is_anchored_and_contains_is_not() {
    let data = json!({"cpu": "x86_64", "flag": true});
    for (op, pattern, is) in [
        ("matches", "x86", false),
        ("matches", "x86.*", true),
        ("matches", "86_64", false),
        // Only the last alternative has the end that is added: so does Python's.
        ("matches", "x86|arm", true),
        ("contains", "86_", true),
        ("contains", "^86", false),
    ] {
        assert_eq!(holds(&json!({"op": op, "field": "cpu", "value": pattern}), &data), is, "{op} {pattern}");
    }
    assert!(holds(&json!({"op": "matches", "field": "flag", "value": "True"}), &data), "as Python prints it");
}

#[test]
fn several_values_are_taken_as_the_rule_says() {
    let data = json!({"interfaces": [{"speed": 10}, {"speed": 25}]});
    let condition = |multiple: &str, value: u64| json!({"op": "ge", "field": "data://interfaces[*].speed", "value": value, "multiple": multiple});
    let is = |multiple: &str, value| holds(&condition(multiple, value), &data);
    assert_eq!([is("any", 25), is("all", 25), is("first", 25)], [true, false, false]);
    assert_eq!([is("any", 10), is("all", 10), is("first", 10)], [true, true, true]);
}

#[test]
fn a_condition_is_told_as_it_is_meant() {
    let condition =
        json!({"op": "ge", "field": "node://a[*].b", "value": "x", "multiple": "all", "invert": true});
    let rule = json!({"conditions": [condition], "actions": [{"action": "fail", "message": "no"}]});
    let judged = judged(&rule, &json!({}), &json!({"a": []}));
    let over = judged.looked[0].over.as_ref().expect("it does not apply");
    assert_eq!(over.what, "not all of node://a[*].b ge \"x\"");
    assert_eq!(over.reason, "node://a[*].b is not there");
}

#[test]
fn an_inverted_condition_on_what_is_not_there_does_not_hold_either() {
    let data = json!({"memory_mb": 1});
    let condition = |field: &str| json!({"op": "eq", "field": field, "value": 2, "invert": true});
    assert!(holds(&condition("memory_mb"), &data));
    assert!(!holds(&condition("missing"), &data));
}

#[test]
fn paths_find_what_they_name_and_a_node_is_asked_by_its_scheme() {
    let data = json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "odd name": 3, "mac": "x", "deep": {"mac": "y"}});
    for (field, value) in [
        ("a.b[1].c", json!(2)),
        ("$.a.b[0].c", json!(1)),
        ("a.b[1:].c", json!(2)),
        ("a.*[0].c", json!(1)),
        ("'odd name'", json!(3)),
        ("$['odd name']", json!(3)),
        ("$..mac", json!("y")),
        ("node://name", json!("n7")),
    ] {
        assert!(holds(&json!({"op": "eq", "field": field, "value": value}), &data), "{field}");
    }
}

#[test]
fn values_are_formatted_from_what_was_found() {
    let rule = json!({"actions": [
        {"action": "set-attribute", "path": "/extra/cpu", "value": "{data[cpu][arch]} {{{data[disks][1]}}}"},
        {"action": "set-attribute", "path": "driver_info/all", "value": {"of": ["{data[cpu]}", 7]}},
        {"action": "set-capability", "name": "boot_mode", "value": "{data[boot]}"},
        {"action": "set-capability", "name": "gone"},
        {"action": "extend-attribute", "path": "/extra/tags", "value": "a"},
        {"action": "extend-attribute", "path": "/extra/tags", "value": "a", "unique": true},
        {"action": "extend-attribute", "path": "/extra/tags", "value": "a"},
    ]});
    let data = json!({"cpu": {"arch": "x86_64"}, "disks": ["sda", "sdb"], "boot": "uefi"});
    let node = json!({"properties": {"capabilities": "gone:1,kept:2,boot_mode:bios"}});
    let judged = judged(&rule, &data, &node);
    assert_eq!(judged.failed, None);
    assert_eq!(judged.node["extra"], json!({"cpu": "x86_64 {sdb}", "tags": ["a", "a"]}));
    assert_eq!(judged.node["driver_info"]["all"], json!({"of": ["{'arch': 'x86_64'}", 7]}));
    assert_eq!(judged.node["properties"]["capabilities"], "kept:2,boot_mode:uefi");
}

#[test]
fn what_was_done_before_a_failure_stays_done() {
    let rule = json!([
        {"actions": [{"action": "set-attribute", "path": "/extra/a", "value": "1"}]},
        {"description": "stop", "actions": [{"action": "fail", "message": "enough"},
            {"action": "set-attribute", "path": "/extra/b", "value": "2"}]},
        {"actions": [{"action": "set-attribute", "path": "/extra/c", "value": "3"}]},
    ]);
    let judged = judged(&rule, &json!({}), &json!({}));
    assert_eq!(judged.node["extra"], json!({"a": "1"}));
    let failure = judged.failed.unwrap();
    assert_eq!((failure.rule.as_str(), failure.is_wanted), ("stop", true));
}

#[test]
fn conditions_are_looked_at_before_any_action() {
    let rule = json!([
        {"actions": [{"action": "set-attribute", "path": "/extra/a", "value": "1"}]},
        {"conditions": [{"op": "eq", "field": "node://extra.a", "value": "1"}],
         "actions": [{"action": "set-attribute", "path": "/extra/b", "value": "2"}]},
    ]);
    assert_eq!(judged(&rule, &json!({}), &json!({})).node["extra"], json!({"a": "1"}));
}

#[test]
fn a_scope_is_the_nodes() {
    let rule = json!({"scope": "lab", "actions": [{"action": "fail", "message": "here"}]});
    let node = |scope: &str| json!({"properties": {"inspection_scope": scope}});
    assert!(judged(&rule, &json!({}), &node("lab")).failed.is_some());
    assert_eq!(judged(&rule, &json!({}), &node("hall")).failed, None);
    assert_eq!(passed_over(&judged(&rule, &json!({}), &json!({}))).len(), 1);
}

#[test]
fn a_rule_that_does_not_fit_the_machine_says_where_and_why() {
    let ask = |op: &str, value: Value| {
        json!({"description": "r", "conditions": [{"op": op, "field": "f", "value": value}],
            "actions": [{"action": "fail", "message": "m"}]})
    };
    let rule = |action: Value| json!({"description": "r", "actions": [action]});
    for (rule, data, text) in [
        (ask("lt", json!(4)), json!({"f": "many"}), "f is no whole number, and the rule's value is one"),
        (ask("lt", json!(4.5)), json!({"f": null}), "f is no number, and the rule's value is one"),
        (
            ask("lt", json!("a")),
            json!({"f": 1}),
            "f is of another kind than the rule's value: the two have no order",
        ),
        (ask("in-net", json!("10.0.0.0/8")), json!({"f": "x"}), "f is no IP address, which in-net wants"),
        (
            rule(json!({"action": "set-attribute", "path": "/extra/a", "value": "{data[x][y]}"})),
            json!({"x": {}}),
            "the value wants data[x][y], which is not there",
        ),
        (
            rule(json!({"action": "set-attribute", "path": "/no/where", "value": "1"})),
            json!({}),
            "the node has no \"no\", which \"/no/where\" goes through",
        ),
        (
            rule(json!({"action": "extend-attribute", "path": "/extra", "value": "1"})),
            json!({}),
            "what is at \"/extra\" is no list",
        ),
    ] {
        let told = broken(&rule, &data);
        assert!(told.ends_with(text) && told.contains("rule \"r\""), "{told}");
    }
}

#[test]
fn a_file_that_is_wrong_says_where() {
    let of = |condition: &str, action: &str| {
        format!("[{{\n  \"conditions\": [{condition}],\n  \"actions\": [{action}]\n}}]")
    };
    let fail = "{\"action\": \"fail\", \"message\": \"m\"}";
    for (text, flaw) in [
        ("7".to_owned(), "1:1: expected a list of rules, and this is a number"),
        ("[{\"conditions\": []}]".to_owned(), "1:2: this rule has no actions"),
        (of("", ""), "3:14: a rule has one action at least"),
        (
            of("{\"op\": \"is\", \"field\": \"a\"}", fail),
            "2:25: this is no \"op\": expected eq, ne, lt, gt, le, ge, in-net, matches, contains, is-empty",
        ),
        (of("{\"op\": \"eq\", \"field\": \"a\"}", fail), "2:18: the condition eq needs \"value\""),
        (
            of("{\"op\": \"eq\", \"field\": \"a\", \"value\": 1, \"vlaue\": 2}", fail),
            "2:57: the condition eq has no \"vlaue\": expected field, invert, multiple, op, value",
        ),
        (
            of("{\"op\": \"eq\", \"field\": \"a b\", \"value\": 1}", fail),
            "2:40: this is no JSON path that is read here: expected one such as memory_mb, inventory.interfaces[*].name or $..mac",
        ),
        (
            of("{\"op\": \"eq\", \"field\": \"http://a\", \"value\": 1}", fail),
            "2:40: this field has a scheme of its own: expected data:// or node://",
        ),
        (
            of("{\"op\": \"in-net\", \"field\": \"a\", \"value\": \"10.0.0/8\"}", fail),
            "2:58: this is no network: expected one such as 10.0.0.0/8",
        ),
        (
            of("", "{\"action\": \"set-attribute\", \"path\": \"/a\", \"value\": \"{data.x}\"}"),
            "3:66: expected a format such as {data[memory_mb]}",
        ),
        (of("", "{\"action\": \"fail\"}"), "3:15: the action fail needs \"message\""),
        (
            of("", "{\"action\": \"explode\"}"),
            "3:26: this is no \"action\": expected fail, set-attribute, set-capability, extend-attribute",
        ),
    ] {
        assert_eq!(Rules::read(&text).unwrap_err().to_string(), flaw, "{text}");
    }
    let regex = of("{\"op\": \"contains\", \"field\": \"a\", \"value\": \"(\"}", fail);
    assert!(
        Rules::read(&regex).unwrap_err().to_string().starts_with("2:60: this regular expression is not read")
    );
}
