//! `halmark profile`: what simulated platforms there are, what is in one, and whether one of your own holds together.

use std::{fmt::Write as _, path::Path};

use clap::Subcommand;
use halmark_simulators::{Profile, ProfileError, deviations};

use super::{print, usage};
use crate::{source::suggestion, verdict::exit};

/// `halmark profile`.
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// List the profiles, a sentence each.
    List,
    /// Show ids, delays, deviations and resources of a profile.
    Show {
        /// A profile's name, or the folder of one of your own.
        profile: String,
    },
    /// Check a profile of your own: that it can be read, that its links lead somewhere, that it knows its deviations.
    Check {
        /// The folder, or its profile.json.
        path: String,
    },
}

/// `halmark profile …`.
pub(super) fn profile(command: &ProfileCommand) -> u8 {
    match command {
        ProfileCommand::List => list(),
        ProfileCommand::Show { profile } => match open(profile) {
            Ok(profile) => show(&profile),
            Err(problem) => usage(problem),
        },
        ProfileCommand::Check { path } => check(path),
    }
}

/// The profile of this name, or in this folder.
pub(super) fn open(name: &str) -> Result<Profile, String> {
    Profile::open(name).map_err(|error| match error {
        ProfileError::Unknown(name) => format!(
            "there is no profile {name:?}, and no folder of that name: {}",
            suggestion(&name, Profile::names())
        ),
        other => other.to_string(),
    })
}

fn list() -> u8 {
    for name in Profile::names() {
        let Some(profile) = Profile::named(name) else { continue };
        let (resources, odd) = (profile.resources().len(), profile.deviations.len());
        print(&format!("{name:<18} {resources:>4} resources {odd:>3} deviations  {}\n", profile.about));
    }
    exit::CONFORMANT
}

fn show(profile: &Profile) -> u8 {
    let mut text = format!("{}\n  {}\n", profile.name, profile.about);
    text.push_str("\nids\n");
    for (name, value) in profile.ids().iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "  {name:<18} {value}");
    }
    text.push_str("\ndelays, up to a fifth more or less by the seed\n");
    for (name, delay) in profile.delays() {
        let _ = writeln!(text, "  {name:<18} {}", humantime::format_duration(delay));
    }
    text.push_str("\ndeviations\n");
    if profile.deviations.is_empty() {
        text.push_str("  none\n");
    }
    for name in &profile.deviations {
        let about = deviations().iter().find(|it| it.name == name).map_or("", |it| it.about);
        let _ = writeln!(text, "  {name:<32} {about}");
    }
    let resources = profile.resources();
    let _ = writeln!(text, "\n{} resources", resources.len());
    for resource in resources {
        let _ = writeln!(text, "  {:<80} {}", resource.path, resource.schema);
    }
    print(&text);
    exit::CONFORMANT
}

fn check(path: &str) -> u8 {
    let given = Path::new(path);
    let folder = if given.is_file() { given.parent().unwrap_or(given) } else { given };
    let read =
        if folder.is_dir() { Profile::in_folder(folder).map_err(|e| e.to_string()) } else { open(path) };
    let profile = match read {
        Ok(profile) => profile,
        Err(problem) => return usage(problem),
    };
    let complaints = profile.complaints();
    complaints.iter().for_each(|complaint| print(&format!("{complaint}\n")));
    let resources = profile.resources().len();
    match complaints.len() {
        0 => print(&format!("{}: {resources} resources, nothing to complain about\n", profile.name)),
        1 => print(&format!("{}: {resources} resources, 1 complaint\n", profile.name)),
        count => print(&format!("{}: {resources} resources, {count} complaints\n", profile.name)),
    }
    if complaints.is_empty() { exit::CONFORMANT } else { exit::NONCONFORMANT }
}
