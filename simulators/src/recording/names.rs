//! Which folder a place of the service is: pure.

use sha2::{Digest as _, Sha256};

/// Where `/redfish/v1` is in the tree; the DMTF's tools call the two short and tall form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The tree's own folder is `/redfish/v1`. What lies outside of it is at its path from the host.
    Short,
    /// Every folder is at its path from the host.
    Long,
}

impl Layout {
    /// The word in `recording.json`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
        }
    }
}

/// The longest name of a folder; file systems take 255 bytes.
const LONGEST: usize = 200;

/// The longest path below the tree; Linux takes 4096 bytes in all.
const DEEPEST: usize = 3000;

/// Files of a tree, which no folder is called.
const FILES: [&str; 6] =
    ["index.json", "index.xml", "headers.json", "time.json", "error.json", "recording.json"];

/// The folders from the top of the tree to this place; nothing where no file system could hold it.
///
/// A folder is called as its segment is, percent-encoding included, with the query at the end. What cannot be called so
/// is escaped: a name that is too long is cut and ends in `~` and a digest, one of the tree's own files gets a `~`.
pub(super) fn folders(key: &str, layout: Layout) -> Option<Vec<String>> {
    let (path, query) = key.split_once('?').map_or((key, None), |(path, query)| (path, Some(query)));
    let mut segments: Vec<String> = path.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if let Some(query) = query {
        let last = segments.last_mut()?;
        last.push('?');
        last.push_str(&query.replace('/', "%2F"));
    }
    if layout == Layout::Short && segments.len() >= 2 && segments[..2] == ["redfish", "v1"] {
        segments.drain(..2);
    }
    let folders: Vec<String> = segments.iter().map(|segment| escaped(segment)).collect();
    let length: usize = folders.iter().map(|folder| folder.len() + 1).sum();
    (length <= DEEPEST).then_some(folders)
}

fn escaped(segment: &str) -> String {
    let safe: String =
        segment.chars().map(|c| if c.is_control() || "/\\".contains(c) { '~' } else { c }).collect();
    if safe == "." || safe == ".." {
        return safe.replace('.', "%2E");
    }
    if FILES.iter().any(|file| file.eq_ignore_ascii_case(&safe)) {
        return safe + "~";
    }
    if safe.len() <= LONGEST && safe == segment {
        return safe;
    }
    let digest = Sha256::digest(segment.as_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let end = (0..=LONGEST - 20).rev().find(|end| safe.is_char_boundary(*end)).unwrap_or(0);
    format!("{}~{digest}", safe.get(..end).unwrap_or(&safe))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn short(key: &str) -> String {
        folders(key, Layout::Short).unwrap().join("/")
    }

    #[test]
    fn the_short_form_leaves_out_the_root() {
        assert_eq!(short("/redfish/v1"), "");
        assert_eq!(short("/redfish/v1/$metadata"), "$metadata");
        assert_eq!(short("/redfish"), "redfish");
        assert_eq!(short("/schemas/Base.json"), "schemas/Base.json");
        assert_eq!(folders("/redfish/v1/Systems/1", Layout::Long).unwrap().join("/"), "redfish/v1/Systems/1");
    }

    #[test]
    fn a_name_is_kept_as_it_is_sent() {
        for name in ["Disk.Bay.7:Enclosure.Internal.0-1", "A%2fB%20C", "Slots?$skip=50", "{id}", "…"] {
            assert_eq!(short(&format!("/redfish/v1/{name}")), name);
        }
        assert_eq!(short("/redfish/v1/Slots?$filter=a/../b"), "Slots?$filter=a%2F..%2Fb");
    }

    #[test]
    fn what_cannot_be_a_folder_is_escaped() {
        assert_eq!(short("/redfish/v1/index.json"), "index.json~");
        assert_eq!(short("/redfish/v1/../x"), "%2E%2E/x");
        let [one, other] = ["a", "b"].map(|end| short(&format!("/redfish/v1/{}{end}", "x".repeat(300))));
        assert!(one.len() <= LONGEST && one.starts_with("xxx") && one != other, "{one}");
        assert_eq!(folders(&"/x".repeat(2000), Layout::Long), None);
    }

    proptest! {
        #[test]
        fn no_folder_is_another_than_a_plain_name(key in "(/|\\.|\\?|\\PC|\0){0,60}") {
            for folder in folders(&key, Layout::Short).into_iter().flatten() {
                prop_assert!(!folder.is_empty() && folder != "." && folder != "..", "{folder:?}");
                prop_assert!(!folder.contains(['/', '\0', '\\']) && folder.len() <= 255, "{folder:?}");
            }
        }
    }
}
