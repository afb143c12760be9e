//! The certificate of the service's own HTTPS (DSP0268 Certificate): there where the service has TLS and is not behind another.

use serde_json::{Value, json};

use crate::redfish::{
    handle::Scene,
    tree::{Document, Live},
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_9_0";
/// A service shows one certificate.
const ID: &str = "1";

/// Its id.
pub(crate) fn ids(scene: &Scene<'_>) -> Vec<String> {
    scene.certificates.pem().map(|_| ID.to_owned()).into_iter().collect()
}

/// Its document; the key is nobody's business.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let pem = scene.certificates.pem().filter(|_| id == ID)?;
    let count = pem.matches("-----BEGIN CERTIFICATE-----").count();
    Some(json!({
        "@odata.id": format!("{}/{ID}", collection.path),
        "@odata.type": format!("#Certificate.{VERSION}.Certificate"),
        "Id": ID,
        "Name": "HTTPS Certificate",
        "CertificateString": pem,
        "CertificateType": if count > 1 { "PEMchain" } else { "PEM" },
        "CertificateUsageTypes": ["Web"],
    }))
}

/// Where all of them are (DSP0268 CertificateLocations).
pub(crate) fn locate(scene: &Scene<'_>, locations: &mut Value) {
    let Some(collection) = scene.tree().live(Live::Certificates) else { return };
    let links: Vec<Value> =
        ids(scene).iter().map(|id| json!({"@odata.id": format!("{}/{id}", collection.path)})).collect();
    if let Some(place) = locations.get_mut("Links") {
        place["Certificates@odata.count"] = json!(links.len());
        place["Certificates"] = links.into();
    }
}
