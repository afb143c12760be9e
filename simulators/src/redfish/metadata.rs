//! What the service says of itself in OData's words: `$metadata` and the service document (DSP0266 §8.4).

use std::{collections::BTreeSet, fmt::Write};

use serde_json::{Value, json};

use super::tree::{Found, ROOT, Tree};

/// Schemas of what comes and goes, and of what answers carry: name and version.
const PASSING: &[(&str, &str)] = &[
    ("Session", super::live::session::VERSION),
    ("ManagerAccount", super::live::account::VERSION),
    ("Task", super::live::task::VERSION),
    ("EventDestination", super::live::subscription::VERSION),
    ("Event", super::events::VERSION),
    ("LogEntry", super::live::entry::VERSION),
    ("Certificate", super::live::certificate::VERSION),
    ("Message", super::messages::VERSION),
];

/// `/redfish/v1/$metadata`.
pub(super) fn of(tree: &Tree) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\">\n",
    );
    for (schema, version) in schemas(tree) {
        let uri = format!("http://redfish.dmtf.org/schemas/v1/{schema}_v1.xml");
        let versioned = match version.as_str() {
            "" => String::new(),
            version => format!("<edmx:Include Namespace=\"{schema}.{version}\"/>"),
        };
        let _ = writeln!(
            text,
            "  <edmx:Reference Uri=\"{uri}\"><edmx:Include Namespace=\"{schema}\"/>{versioned}</edmx:Reference>"
        );
    }
    let root =
        tree.document(ROOT).map_or("", |root| root.template()["@odata.type"].as_str().unwrap_or_default());
    let namespace = root.trim_start_matches('#').trim_end_matches(".ServiceRoot");
    let _ = write!(
        text,
        "  <edmx:Reference Uri=\"http://redfish.dmtf.org/schemas/v1/RedfishExtensions_v1.xml\">\
         <edmx:Include Namespace=\"RedfishExtensions.v1_0_0\" Alias=\"Redfish\"/></edmx:Reference>\n  \
         <edmx:DataServices>\n    <Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"Service\">\n      \
         <EntityContainer Name=\"Service\" Extends=\"{namespace}.ServiceContainer\"/>\n    </Schema>\n  \
         </edmx:DataServices>\n</edmx:Edmx>\n"
    );
    text
}

fn schemas(tree: &Tree) -> BTreeSet<(String, String)> {
    let own = tree.documents().iter().filter_map(|document| document.template()["@odata.type"].as_str());
    let own = own.filter_map(|kind| {
        let mut parts = kind.trim_start_matches('#').split('.');
        let schema = parts.next()?.to_owned();
        let version = parts.next().filter(|it| it.starts_with("v1_")).unwrap_or_default();
        Some((schema, version.to_owned()))
    });
    own.chain(PASSING.iter().map(|(schema, version)| ((*schema).to_owned(), (*version).to_owned()))).collect()
}

/// The `Link` header that leads to the schema of a resource (DSP0266 §8.2), where it has one.
pub(super) fn schema_of(found: Found<'_>, shown: Option<&mut Value>) -> Option<String> {
    let kind = match found {
        Found::Document(document) => document.template()["@odata.type"].as_str(),
        _ => shown.and_then(|shown| shown["@odata.type"].as_str()),
    }?;
    let mut parts = kind.trim_start_matches('#').split('.');
    let (schema, version) = (parts.next()?, parts.next()?);
    let name = if version.starts_with("v1_") { format!("{schema}.{version}") } else { schema.to_owned() };
    Some(format!("<http://redfish.dmtf.org/schemas/v1/{name}.json>; rel=describedby"))
}

/// `/redfish/v1/odata`: everything that the service root links to.
pub(super) fn service_document(tree: &Tree) -> Value {
    let root = tree.document(ROOT).map(|root| root.template());
    let links = root.and_then(Value::as_object).into_iter().flatten();
    let mut entries = vec![json!({"name": "Service", "kind": "Singleton", "url": "/redfish/v1/"})];
    entries.extend(links.filter_map(|(name, link)| {
        Some(json!({"name": name, "kind": "Singleton", "url": link.get("@odata.id")?}))
    }));
    json!({"@odata.context": "/redfish/v1/$metadata", "value": entries})
}
