//! `CertificateService.ReplaceCertificate` and `GenerateCSR` (DSP0268): of the certificate of the service's own HTTPS. Who
//! connects from then on is shown the new one; connections that are open stay.

use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::Call;
use crate::redfish::{
    answer::Answer,
    change::accepted,
    handle::Scene,
    live,
    messages::refuse,
    tree::{Live, trimmed},
};

/// Parts of a name, and what they are called.
const NAMES: &[(&str, DnType)] = &[
    ("CommonName", DnType::CommonName),
    ("Organization", DnType::OrganizationName),
    ("OrganizationalUnit", DnType::OrganizationalUnitName),
    ("City", DnType::LocalityName),
    ("State", DnType::StateOrProvinceName),
    ("Country", DnType::CountryName),
];
/// Algorithm and curve of the keys that this BMC makes (TCG Algorithm Registry).
const KEYS: &[(&str, &str)] = &[("KeyPairAlgorithm", "TPM_ALG_ECDSA"), ("KeyCurveId", "TPM_ECC_NIST_P256")];

/// `CertificateService.ReplaceCertificate`.
pub(super) fn replace(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let text = match read(scene, call) {
        Ok(text) => text,
        Err(problem) => return problem,
    };
    if !scene.changes() {
        return accepted(scene, Answer::no_content);
    }
    match scene.certificates.replace(text) {
        Ok(true) => accepted(scene, Answer::no_content),
        // What was sent may hold a key.
        Err(_) => refuse(400, "ActionParameterValueFormatError", &["…", "CertificateString", call.name]),
        Ok(false) => refuse(404, "ResourceMissingAtURI", &[&call.resource.path]),
    }
}

fn read<'a>(scene: &Scene<'_>, call: &'a Call<'_>) -> Result<&'a str, Answer> {
    call.no_other_than(&["CertificateString", "CertificateType", "CertificateUri"])?;
    let path = link(call, "CertificateUri")?;
    let collection = scene.tree().live(Live::Certificates).map_or("", |it| &*it.path);
    let known = live::certificate::ids(scene).into_iter().map(|id| format!("{collection}/{id}"));
    if !known.into_iter().any(|known| known == path) {
        return Err(refuse(404, "ResourceMissingAtURI", &[path]));
    }
    let Some(kind) = call.text("CertificateType")? else {
        return Err(refuse(400, "ActionParameterMissing", &[call.name, "CertificateType"]));
    };
    if !["PEM", "PEMchain"].contains(&kind) {
        return Err(refuse(400, "ActionParameterValueNotInList", &[kind, "CertificateType", call.name]));
    }
    match call.body.get("CertificateString") {
        None => Err(refuse(400, "ActionParameterMissing", &[call.name, "CertificateString"])),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(refuse(400, "ActionParameterValueTypeError", &["…", "CertificateString", call.name])),
    }
}

/// `CertificateService.GenerateCSR`: a new key, which stays here, and a request for a certificate of it (RFC 2986).
pub(super) fn request(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let params = match wanted(scene, call) {
        Ok(params) => params,
        Err(problem) => return problem,
    };
    let key = KeyPair::generate().expect("ring makes P-256 keys");
    let request = params.serialize_request(&key).and_then(|it| it.pem());
    let Ok(request) = request else {
        return refuse(400, "ActionParameterValueFormatError", &["…", "AlternativeNames", call.name]);
    };
    if scene.changes() {
        scene.certificates.await_certificate(&key);
    }
    let collection = scene.tree().live(Live::Certificates).map_or("", |it| &*it.path);
    Answer::ok(json!({"CSRString": request, "CertificateCollection": {"@odata.id": collection}}))
}

fn wanted(scene: &Scene<'_>, call: &Call<'_>) -> Result<CertificateParams, Answer> {
    let names = NAMES.iter().map(|it| it.0).chain(KEYS.iter().map(|it| it.0));
    let known: Vec<&str> = names.chain(["AlternativeNames", "CertificateCollection"]).collect();
    call.no_other_than(&known)?;
    let collection = link(call, "CertificateCollection")?;
    if scene.tree().live(Live::Certificates).is_none_or(|it| &*it.path != collection)
        || scene.certificates.pem().is_none()
    {
        return Err(refuse(404, "ResourceMissingAtURI", &[collection]));
    }
    for (name, only) in KEYS {
        if let Some(word) = call.text(name)?.filter(|word| word != only) {
            return Err(refuse(400, "ActionParameterValueNotInList", &[word, name, call.name]));
        }
    }
    let alternatives = match call.body.get("AlternativeNames") {
        None => Vec::new(),
        Some(given) => texts(given).ok_or_else(|| call.wrong_type(given, "AlternativeNames"))?,
    };
    let format_error =
        |_| refuse(400, "ActionParameterValueFormatError", &["…", "AlternativeNames", call.name]);
    let mut params = CertificateParams::new(alternatives).map_err(format_error)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (name, part) in NAMES {
        if let Some(text) = call.text(name)? {
            params.distinguished_name.push(part.clone(), text);
        }
    }
    Ok(params)
}

/// A link that must be there.
fn link<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a str, Answer> {
    match call.body.get(name) {
        None => Err(refuse(400, "ActionParameterMissing", &[call.name, name])),
        Some(given) => given["@odata.id"].as_str().map(trimmed).ok_or_else(|| call.wrong_type(given, name)),
    }
}

fn texts(given: &Value) -> Option<Vec<String>> {
    given.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
}
