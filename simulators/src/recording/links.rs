//! Where a document leads: pure.

use serde_json::Value;

use super::Endpoint;

/// A place on the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// What is asked for: path and query as the service spells them, percent-encoding kept, without a fragment.
    pub(super) request: String,
    /// What makes it the same place: no trailing slash, no empty segments.
    pub(super) key: String,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lead {
    /// To this place of the service.
    To(Target),
    /// Out of the service, or into the same document: it is not followed.
    Elsewhere,
}

/// Why a link cannot be followed; it is told in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusable;

/// Reads a link of a document of this endpoint.
///
/// # Errors
/// Where it is no absolute path, or one that climbs (`..`), or holds what no URI may hold.
pub(super) fn lead(link: &str, endpoint: &Endpoint) -> Result<Lead, Unusable> {
    let link = link.split('#').next().unwrap_or_default();
    if link.is_empty() {
        return Ok(Lead::Elsewhere);
    }
    let Some(path) = local(link, endpoint) else { return Ok(Lead::Elsewhere) };
    if !path.starts_with('/') || path.chars().any(char::is_control) {
        return Err(Unusable);
    }
    let request = encoded(path);
    let (path, query) = request.split_once('?').map_or((request.as_str(), None), |(p, q)| (p, Some(q)));
    if path.split('/').any(climbs) {
        return Err(Unusable);
    }
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut key = format!("/{}", segments.join("/"));
    if let Some(query) = query {
        key.push('?');
        key.push_str(query);
    }
    Ok(Lead::To(Target { request, key }))
}

/// The path of a link on this service; nothing where it is another's.
fn local<'l>(link: &'l str, endpoint: &Endpoint) -> Option<&'l str> {
    if link.starts_with("//") {
        return None;
    }
    let Some((scheme, rest)) = link.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '?']))
    else {
        return Some(link);
    };
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    endpoint.is_origin(scheme, authority).then_some(path)
}

/// `.` and `..`, percent-encoded or not (RFC 3986 §6.2.2.3 takes them for the same).
fn climbs(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// What a URI may not hold is encoded, since some BMCs have spaces in their links; what is encoded stays so.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0..=b' ' | 0x7f.. => {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

/// Every link of a document, in its order: `@odata.id`, `…@odata.nextLink`, `@Redfish.ActionInfo`, and the `Uri` of a
/// MessageRegistryFile's Location (DSP0266, "Reference properties"; DSP0268 MessageRegistryFile). Settings are found by
/// their `@odata.id`. The `target` of an action is none.
pub(super) fn links(document: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    collect(document, &mut found);
    if document["@odata.type"].as_str().is_some_and(|it| it.starts_with("#MessageRegistryFile.")) {
        let locations = document["Location"].as_array().into_iter().flatten();
        found.extend(locations.filter_map(|location| location["Uri"].as_str()));
    }
    found
}

fn collect<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(link) if is_link(name) => found.push(link),
                    other => collect(other, found),
                }
            }
        }
        _ => {}
    }
}

fn is_link(name: &str) -> bool {
    name == "@odata.id" || name == "@Redfish.ActionInfo" || name.ends_with("@odata.nextLink")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::recording::{Login, Scheme, Trust};

    fn endpoint() -> Endpoint {
        let host = "bmc.example".to_owned();
        Endpoint { scheme: Scheme::Https, host, port: 443, trust: Trust::System, login: Login::Nobody }
    }

    fn key(link: &str) -> Option<String> {
        match lead(link, &endpoint()) {
            Ok(Lead::To(target)) => Some(target.key),
            _ => None,
        }
    }

    #[test]
    fn a_place_is_the_same_with_and_without_slash_and_fragment() {
        for link in
            ["/redfish/v1", "/redfish/v1/", "/redfish//v1/#/Links", "https://BMC.example:443/redfish/v1"]
        {
            assert_eq!(key(link).as_deref(), Some("/redfish/v1"), "{link}");
        }
    }

    #[test]
    fn percent_encoding_is_kept_and_what_needs_it_gets_it() {
        assert_eq!(key("/redfish/v1/A%2fB%20C").as_deref(), Some("/redfish/v1/A%2fB%20C"));
        assert_eq!(key("/redfish/v1/CPU 1\\ü").as_deref(), Some("/redfish/v1/CPU%201%5C%C3%BC"));
        assert_eq!(key("/redfish/v1/Slots?$skip=50").as_deref(), Some("/redfish/v1/Slots?$skip=50"));
    }

    #[test]
    fn another_origin_is_not_followed() {
        for link in [
            "",
            "#/Fans/0",
            "//elsewhere/redfish/v1",
            "http://bmc.example/redfish/v1",
            "https://bmc.example:8443/redfish/v1",
            "https://redfish.dmtf.org/registries/Base.1.0.0.json",
            "https://bmc.example.evil/redfish/v1",
        ] {
            assert_eq!(lead(link, &endpoint()), Ok(Lead::Elsewhere), "{link}");
        }
    }

    #[test]
    fn what_climbs_or_holds_control_characters_is_unusable() {
        for link in [
            "/redfish/v1/../../etc/passwd",
            "/redfish/v1/Chassis/..",
            "/redfish/v1/%2e%2E/x",
            "/redfish/v1/./x",
            "/redfish/v1/a\0b",
            "/redfish/v1/a\nb",
            "Systems/1",
        ] {
            assert_eq!(lead(link, &endpoint()), Err(Unusable), "{link:?}");
        }
    }

    #[test]
    fn actions_are_not_followed_and_their_parameters_are() {
        let system = json!({
            "@odata.id": "/redfish/v1/Systems/1",
            "Actions": {"#ComputerSystem.Reset": {"target": "/reset", "@Redfish.ActionInfo": "/info"}},
            "@Redfish.Settings": {"SettingsObject": {"@odata.id": "/settings"}},
            "Links": {"Chassis": [{"@odata.id": "/chassis"}]},
            "Members@odata.nextLink": "/more?$skip=50",
            "Uri": "/no",
        });
        assert_eq!(
            links(&system),
            ["/redfish/v1/Systems/1", "/info", "/settings", "/chassis", "/more?$skip=50"]
        );
    }

    #[test]
    fn a_registry_is_where_its_file_says() {
        let file = json!({
            "@odata.type": "#MessageRegistryFile.v1_1_0.MessageRegistryFile",
            "Location": [{"Language": "en", "Uri": "/registries/Base.json"}, {"PublicationUri": "https://x"}],
        });
        assert_eq!(links(&file), ["/registries/Base.json"]);
    }

    proptest! {
        #[test]
        fn no_link_leads_upward(link in "\\PC{0,40}") {
            if let Ok(Lead::To(target)) = lead(&format!("/{link}"), &endpoint()) {
                let path = target.key.split('?').next().unwrap();
                prop_assert!(path.split('/').all(|segment| segment != ".." && segment != "."));
                prop_assert!(target.request.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
