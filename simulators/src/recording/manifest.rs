//! `recording.json`: what a tree is. Pure. No address, no user, no name of a host.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Endpoint, Kind, Options, Report};

/// The version of the manifest's fields.
const FORMAT: &str = "halmark-recording/1";

/// A link that is not in the tree as a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The link.
    pub(super) path: String,
    /// Why, in one word.
    pub(super) cause: &'static str,
    /// The status of the last answer, if there was one.
    pub(super) status: Option<u16>,
    /// How many requests were sent for it.
    pub(super) tries: u32,
}

/// What was seen and done on the way.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) service: Service,
    pub(super) failures: Vec<Failure>,
    /// Folder, and the path that could not be its name.
    pub(super) renamed: BTreeMap<String, String>,
    pub(super) replaced: BTreeMap<Kind, usize>,
    pub(super) nulled: usize,
}

/// Whose service it is, as far as it says so.
#[derive(Debug, Default)]
pub(super) struct Service {
    vendor: Option<String>,
    product: Option<String>,
    redfish: Option<String>,
    model: Option<String>,
    firmware: Option<String>,
}

impl Service {
    /// Reads what the service root and the first manager say of themselves (DSP0268 ServiceRoot, Manager).
    pub(super) fn read(&mut self, document: &Value) {
        let said = |name: &str| document[name].as_str().map(str::to_owned);
        let kind = document["@odata.type"].as_str().unwrap_or_default();
        if kind.starts_with("#ServiceRoot.") {
            self.vendor = self.vendor.take().or_else(|| said("Vendor"));
            self.product = self.product.take().or_else(|| said("Product"));
            self.redfish = self.redfish.take().or_else(|| said("RedfishVersion"));
        } else if kind.starts_with("#Manager.") && self.firmware.is_none() {
            (self.model, self.firmware) = (said("Model"), said("FirmwareVersion"));
        }
    }

    /// Passes every text through a redaction.
    pub(super) fn clean(&mut self, mut by: impl FnMut(&str) -> String) {
        for said in
            [&mut self.vendor, &mut self.product, &mut self.redfish, &mut self.model, &mut self.firmware]
        {
            *said = said.take().map(|text| by(&text));
        }
    }
}

/// The manifest while the recording runs: what a tree says of itself whose recorder was killed.
pub(super) fn unfinished(options: &Options, endpoint: &Endpoint) -> Value {
    let mut manifest = head(options, "unfinished");
    manifest["options"] = chosen(options, endpoint);
    manifest
}

/// The manifest of a tree that is done.
pub(super) fn finished(options: &Options, endpoint: &Endpoint, report: &Report, story: &Story) -> Value {
    let mut manifest = head(options, report.end.word());
    manifest["took_seconds"] = json!((report.took.as_secs_f64() * 100.0).round() / 100.0);
    let service = &story.service;
    manifest["service"] = json!({
        "vendor": service.vendor,
        "product": service.product,
        "redfish_version": service.redfish,
        "manager_model": service.model,
        "manager_firmware": service.firmware,
    });
    manifest["resources"] = json!(report.recorded);
    manifest["refused"] = json!(report.refused);
    manifest["not_asked"] = json!(report.left);
    manifest["options"] = chosen(options, endpoint);
    let replaced: Map<String, Value> =
        story.replaced.iter().map(|(kind, count)| (kind.word().to_owned(), json!(count))).collect();
    manifest["redacted"] = json!({
        "kinds": words(options),
        "replaced": replaced,
        "credentials_nulled": story.nulled,
    });
    manifest["renamed"] = json!(story.renamed);
    manifest["failures"] = story.failures.iter().map(told).collect();
    manifest
}

fn head(options: &Options, ended: &str) -> Value {
    json!({
        "format": FORMAT,
        "tool": concat!("halmark ", env!("CARGO_PKG_VERSION")),
        "started": options.started,
        "ended": ended,
    })
}

fn chosen(options: &Options, endpoint: &Endpoint) -> Value {
    json!({
        "layout": options.layout.word(),
        "login": endpoint.login.word(),
        "rate": options.rate,
        "max_resources": options.max_resources,
        "depth": options.depth,
        "timeout_seconds": options.timeout.as_secs_f64(),
        "redact": words(options),
    })
}

fn words(options: &Options) -> Vec<&'static str> {
    options.redact.iter().map(|kind| kind.word()).collect()
}

fn told(failure: &Failure) -> Value {
    json!({"path": failure.path, "cause": failure.cause, "status": failure.status, "tries": failure.tries})
}
