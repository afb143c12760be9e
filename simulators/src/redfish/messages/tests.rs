//! What is said stands in a registry, and says what it says there.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::Profile;

#[test]
fn a_message_names_its_registry_and_fills_its_arguments() {
    let said = message("PropertyValueNotInList", &["Sideways", "IndicatorLED"]);
    assert_eq!(said["MessageId"], "Base.1.19.PropertyValueNotInList");
    let text =
        "The value 'Sideways' for the property 'IndicatorLED' is not in the list of acceptable values.";
    assert_eq!(said["Message"], text);
}

#[test]
fn what_an_argument_says_is_not_filled_again() {
    assert_eq!(filled("'%1' and '%2', 100 %, %3", &["%2", "b"]), "'%2' and 'b', 100 %, %3");
}

#[test]
fn the_tables_say_what_the_registries_of_the_tree_say() {
    let tree = Profile::named("generic").unwrap().tree();
    for registry in [&BASE, &TASK_EVENT, &RESOURCE_EVENT] {
        let is_it = |document: &Value| {
            let version = document["RegistryVersion"].as_str().unwrap_or_default();
            let short = version.rsplit_once('.').map_or("", |(short, _)| short);
            format!("{}.{short}", document["RegistryPrefix"].as_str().unwrap_or_default()) == registry.id
        };
        let documents = tree.documents().iter().map(|it| it.template());
        let messages = &documents.into_iter().find(|it| is_it(it)).expect(registry.id)["Messages"];
        for (name, severity, text, resolution) in registry.rows {
            let message = &messages[*name];
            let said = (&message["Message"], &message["MessageSeverity"], &message["Resolution"]);
            assert_eq!(said, (&json!(text), &json!(severity), &json!(resolution)), "{name}");
        }
        assert_eq!(messages.as_object().unwrap().len(), registry.rows.len(), "{}", registry.id);
    }
}

#[test]
fn every_message_that_the_face_says_is_known_and_has_its_arguments() {
    let mut said = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/redfish"), &mut |text| calls(text, &mut said));
    assert!(said.len() > 20, "{said:?}");
    for (name, args) in said {
        let row = BASE.rows.iter().find(|row| row.0 == name).unwrap_or_else(|| panic!("{name} is unknown"));
        assert_eq!(row.2.matches('%').count(), args, "{name}");
    }
}

fn sources(folder: &Path, see: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => sources(&entry.path(), see),
            false => see(&fs::read_to_string(entry.path()).unwrap()),
        }
    }
}

/// Names and numbers of arguments of what is said, as far as both are written there.
fn calls(text: &str, said: &mut BTreeSet<(String, usize)>) {
    for (at, _) in text.match_indices("message(").chain(text.match_indices("refuse(")) {
        let mut rest = text[at..].split_once('(').unwrap().1.trim_start();
        rest = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == ',').trim_start();
        let Some((name, rest)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
            continue;
        };
        let Some(args) = rest.trim_start_matches(',').trim_start().strip_prefix("&[") else { continue };
        said.insert((name.to_owned(), count(args)));
    }
}

/// How many items there are until the bracket closes.
fn count(items: &str) -> usize {
    let (mut depth, mut count, mut is_open) = (0, 0, false);
    for letter in items.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ']' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => is_open = false,
            _ if letter.is_whitespace() => {}
            _ if !is_open => {
                count += 1;
                is_open = true;
            }
            _ => {}
        }
    }
    count
}
