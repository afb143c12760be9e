//! The published proto is written as such files are, and what was published stays as it is.
//!
//! The rules are those of Google's style guide for protocol buffers and of its AIP-126 (enums), 131 to 136 (requests and answers) and
//! 192 (documentation). The field numbers are kept in `proto/halmark/v1/fields.txt`: `HALMARK_BLESS=1 cargo test -p halmark-grpc
//! --test proto` writes it anew, and whoever reads the change sees what old programs will make of it.

use std::{collections::BTreeSet, fs, path::Path};

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

/// With comments and their places.
const COMMENTED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/commented.bin"));
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/halmark/v1/fields.txt");

fn ours() -> Vec<FileDescriptorProto> {
    let all = FileDescriptorSet::decode(COMMENTED).expect("build.rs wrote it");
    let ours: Vec<_> = all.file.into_iter().filter(|it| it.name().starts_with("halmark/")).collect();
    assert!(ours.len() >= 5, "{} files", ours.len());
    ours
}

#[test]
fn every_file_is_of_the_package_of_its_folder() {
    for file in ours() {
        assert_eq!(file.package(), "halmark.v1", "{}", file.name());
        assert!(file.name().starts_with("halmark/v1/") && file.syntax() == "proto3", "{}", file.name());
    }
}

#[test]
fn names_are_written_as_their_kind_is() {
    let mut wrong = Vec::new();
    for file in ours() {
        for service in &file.service {
            wrong.extend(unless(is_camel(service.name()), service.name()));
            for method in &service.method {
                wrong.extend(unless(is_camel(method.name()), method.name()));
                let named = |of: &str, end: &str| of == format!(".halmark.v1.{}{end}", method.name());
                let fits = named(method.input_type(), "Request") && named(method.output_type(), "Response");
                let streams = method.client_streaming() && method.server_streaming();
                wrong.extend(unless(fits || streams, &format!("the messages of {}", method.name())));
            }
        }
        for message in &file.message_type {
            names_of(message, &mut wrong);
        }
        file.enum_type.iter().for_each(|it| values_of(it, &mut wrong));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn names_of(message: &DescriptorProto, wrong: &mut Vec<String>) {
    wrong.extend(unless(is_camel(message.name()), message.name()));
    for name in message
        .field
        .iter()
        .map(FieldDescriptorProto::name)
        .chain(message.oneof_decl.iter().map(|it| it.name()))
    {
        let is_snake = name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
        // A field that may be absent has a union of its own, which the compiler names.
        wrong.extend(unless(is_snake, &format!("{}.{name}", message.name())));
    }
    message.nested_type.iter().for_each(|it| names_of(it, wrong));
    message.enum_type.iter().for_each(|it| values_of(it, wrong));
}

/// The first value says that none was given, and every value begins with the name of its enum (AIP-126).
fn values_of(it: &EnumDescriptorProto, wrong: &mut Vec<String>) {
    let mut prefix = String::new();
    for letter in it.name().chars() {
        if letter.is_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.extend(letter.to_uppercase());
    }
    let first = it.value.first().map(|it| (it.number(), it.name().to_owned()));
    wrong.extend(unless(
        first == Some((0, format!("{prefix}_UNSPECIFIED"))),
        &format!("the first of {}", it.name()),
    ));
    for value in &it.value {
        let fits =
            value.name().starts_with(&format!("{prefix}_")) && value.name() == value.name().to_uppercase();
        wrong.extend(unless(fits, value.name()));
    }
}

fn unless(holds: bool, name: &str) -> Option<String> {
    (!holds).then(|| name.to_owned())
}

fn is_camel(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_uppercase()) && name.bytes().all(|it| it.is_ascii_alphanumeric())
}

#[test]
fn every_service_call_message_and_enum_says_what_it_is() {
    let mut silent = Vec::new();
    for file in ours() {
        let places = file.source_code_info.iter().flat_map(|it| &it.location);
        let said: BTreeSet<&[i32]> = places
            .filter(|it| !it.leading_comments().trim().is_empty())
            .map(|it| it.path.as_slice())
            .collect();
        // The numbers of these lists in FileDescriptorProto and ServiceDescriptorProto (descriptor.proto).
        const MESSAGES: i32 = 4;
        const ENUMS: i32 = 5;
        const SERVICES: i32 = 6;
        const METHODS: i32 = 2;
        let mut look = |path: &[i32], name: &str| silent.extend(unless(said.contains(path), name));
        for (at, message) in (0..).zip(&file.message_type) {
            look(&[MESSAGES, at], message.name());
        }
        for (at, it) in (0..).zip(&file.enum_type) {
            look(&[ENUMS, at], it.name());
        }
        for (at, service) in (0..).zip(&file.service) {
            look(&[SERVICES, at], service.name());
            for (method, it) in (0..).zip(&service.method) {
                look(&[SERVICES, at, METHODS, method], it.name());
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn what_was_published_keeps_its_numbers_and_types() {
    let mut lines = BTreeSet::new();
    for file in ours() {
        file.message_type.iter().for_each(|it| fields(it.name(), it, &mut lines));
        for it in &file.enum_type {
            lines.extend(
                it.value.iter().map(|value| format!("{} {} = {}", it.name(), value.name(), value.number())),
            );
        }
        for service in &file.service {
            lines.extend(service.method.iter().map(|it| {
                let stream = |streams| if streams { "stream " } else { "" };
                let (asked, told) = (stream(it.client_streaming()), stream(it.server_streaming()));
                format!(
                    "{}.{}({asked}{}) {told}{}",
                    service.name(),
                    it.name(),
                    it.input_type(),
                    it.output_type()
                )
            }));
        }
    }
    let now = lines.into_iter().map(|it| it + "\n").collect::<String>();
    if std::env::var_os("HALMARK_BLESS").is_some() {
        fs::write(KEPT, &now).expect("it can be written");
    }
    let kept = fs::read_to_string(Path::new(KEPT)).expect("it is there");
    let (was, is): (BTreeSet<_>, BTreeSet<_>) = (kept.lines().collect(), now.lines().collect());
    let gone: Vec<_> = was.difference(&is).collect();
    assert!(
        gone.is_empty(),
        "programs that are there speak these, and they are gone; give what is new another number or name: {gone:#?}"
    );
    let new: Vec<_> = is.difference(&was).collect();
    assert!(
        new.is_empty(),
        "new, and not in fields.txt; HALMARK_BLESS=1 cargo test -p halmark-grpc --test proto adds them: {new:#?}"
    );
}

fn fields(path: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    for field in &message.field {
        let many = if field.label() == Label::Repeated { "repeated " } else { "" };
        let own =
            if field.type_name().is_empty() { of(field.r#type()) } else { field.type_name().to_owned() };
        lines.insert(format!("{path} {} = {} {many}{own}", field.name(), field.number()));
    }
    for nested in &message.nested_type {
        fields(&format!("{path}.{}", nested.name()), nested, lines);
    }
}

fn of(kind: Type) -> String {
    kind.as_str_name().trim_start_matches("TYPE_").to_lowercase()
}
