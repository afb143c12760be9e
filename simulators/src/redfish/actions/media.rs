//! Virtual media (DSP0268 VirtualMedia): inserted and ejected by actions, or by a PATCH. The password is never kept.

use serde_json::{Value, json};

use super::Call;
use crate::redfish::{
    answer::Answer,
    change::accepted,
    handle::Scene,
    messages::{about, error, message, refuse},
    show,
    tree::Document,
};

const PARAMETERS: &[&str] = &[
    "Image",
    "Inserted",
    "WriteProtected",
    "UserName",
    "Password",
    "TransferProtocolType",
    "TransferMethod",
];
/// What is shown of a medium that is in; all of it goes with the medium.
const SHOWN: &[&str] = &[
    "/Image",
    "/ImageName",
    "/Inserted",
    "/ConnectedVia",
    "/WriteProtected",
    "/UserName",
    "/TransferProtocolType",
    "/TransferMethod",
];
/// Schemes of URIs, and their words.
const PROTOCOLS: &[(&str, &str)] = &[
    ("http", "HTTP"),
    ("https", "HTTPS"),
    ("nfs", "NFS"),
    ("cifs", "CIFS"),
    ("smb", "CIFS"),
    ("ftp", "FTP"),
    ("sftp", "SFTP"),
    ("scp", "SCP"),
    ("tftp", "TFTP"),
];

/// A medium.
#[derive(Default)]
struct Medium<'a> {
    image: &'a str,
    protocol: Option<&'a str>,
    method: Option<&'a str>,
    user: Option<&'a str>,
    writable: bool,
}

/// `VirtualMedia.InsertMedia`.
pub(super) fn insert(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let medium = match read(scene, call) {
        Ok(medium) => medium,
        Err(problem) => return problem,
    };
    if is_full(scene, call.resource) {
        return refuse(409, "ResourceInUse", &[]);
    }
    if scene.changes() {
        put_in(scene, call.resource, &medium);
    }
    accepted(scene, Answer::no_content)
}

/// `VirtualMedia.EjectMedia`; what is empty already stays empty.
pub(super) fn eject(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Err(problem) = call.no_other_than(&[]) {
        return problem;
    }
    if scene.changes() {
        take_out(scene, call.resource);
    }
    accepted(scene, Answer::no_content)
}

/// A PATCH of these properties, whose types are right already; an error where they make no sense together.
pub(crate) fn patch(scene: &Scene<'_>, slot: &Document, sent: &[(String, &Value)]) -> Result<(), Answer> {
    let value = |name: &str| sent.iter().find(|(pointer, _)| pointer == name).map(|(_, value)| *value);
    let text = |name: &str| value(name).and_then(Value::as_str);
    let takes_out = value("/Image").is_some_and(Value::is_null) || value("/Inserted") == Some(&json!(false));
    if takes_out {
        take_out(scene, slot);
        return Ok(());
    }
    let Some(image) = text("/Image") else {
        return match value("/Inserted") {
            Some(_) if !is_full(scene, slot) => {
                Err(error(400, vec![about(message("PropertyMissing", &["Image"]), "/Image")]))
            }
            _ => {
                sent.iter().filter(|(pointer, _)| pointer != "/Password").for_each(|(pointer, value)| {
                    scene.bmc.written().keep(&slot.path, pointer, (*value).clone());
                });
                Ok(())
            }
        };
    };
    let protocol = protocol(scene, slot, image, text("/TransferProtocolType"));
    let Ok(protocol) = protocol else {
        let said = message("PropertyValueFormatError", &[&hidden(image), "Image"]);
        return Err(error(400, vec![about(said, "/Image")]));
    };
    if is_full(scene, slot) {
        return Err(refuse(409, "ResourceInUse", &[]));
    }
    let medium = Medium {
        image,
        protocol,
        method: text("/TransferMethod"),
        user: text("/UserName"),
        writable: value("/WriteProtected") == Some(&json!(false)),
    };
    put_in(scene, slot, &medium);
    Ok(())
}

fn read<'a>(scene: &Scene<'_>, call: &'a Call<'_>) -> Result<Medium<'a>, Answer> {
    call.no_other_than(PARAMETERS)?;
    let Some(image) = call.text("Image")? else {
        return Err(refuse(400, "ActionParameterMissing", &[call.name, "Image"]));
    };
    let given = one_of(scene, call, "TransferProtocolType")?;
    let method = one_of(scene, call, "TransferMethod")?;
    let protocol = match protocol(scene, call.resource, image, given) {
        Ok(protocol) => protocol,
        Err(Mismatch::NoUri) => {
            let said = [&*hidden(image), "Image", call.name];
            return Err(refuse(400, "ActionParameterValueFormatError", &said));
        }
        Err(Mismatch::Protocols) => {
            let said = ["TransferProtocolType", given.unwrap_or_default()];
            return Err(refuse(400, "ActionParameterValueConflict", &said));
        }
    };
    if call.body.get("Password").is_some_and(|it| !it.is_string() && !it.is_null()) {
        return Err(refuse(400, "ActionParameterValueTypeError", &["…", "Password", call.name]));
    }
    // Inserting without connecting it makes no sense to a BMC that streams.
    if !flag(call, "Inserted")?.unwrap_or(true) {
        return Err(refuse(400, "ActionParameterValueConflict", &["Inserted", "false"]));
    }
    let writable = !flag(call, "WriteProtected")?.unwrap_or(true);
    Ok(Medium { image, protocol, method, user: call.text("UserName")?, writable })
}

fn flag(call: &Call<'_>, parameter: &str) -> Result<Option<bool>, Answer> {
    match call.body.get(parameter) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(call.wrong_type(other, parameter)),
    }
}

fn one_of<'a>(scene: &Scene<'_>, call: &'a Call<'_>, parameter: &str) -> Result<Option<&'a str>, Answer> {
    let Some(word) = call.text(parameter)? else { return Ok(None) };
    match call.allowable(scene, parameter) {
        Some(allowed) if !allowed.iter().any(|it| it == word) => {
            Err(refuse(400, "ActionParameterValueNotInList", &[word, parameter, call.name]))
        }
        _ => Ok(Some(word)),
    }
}

/// Why an image cannot be had.
enum Mismatch {
    /// It is no URI that the slot takes.
    NoUri,
    /// Its scheme and the protocol that was given differ.
    Protocols,
}

/// The word of the protocol by which this image comes. A URI that holds a password is none (RFC 3986 §3.2.1).
fn protocol<'a>(
    scene: &Scene<'_>,
    slot: &Document,
    image: &str,
    given: Option<&'a str>,
) -> Result<Option<&'a str>, Mismatch> {
    let Some((scheme, rest)) = image.split_once("://") else {
        return if given.is_some() && !image.is_empty() { Ok(given) } else { Err(Mismatch::NoUri) };
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let known = PROTOCOLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(scheme));
    let Some((_, word)) = known.filter(|_| !authority.contains('@') && !authority.is_empty()) else {
        return Err(Mismatch::NoUri);
    };
    let shown = show::value(scene, slot);
    let listed = shown.get("TransferProtocolType@Redfish.AllowableValues").and_then(Value::as_array);
    match given {
        Some(given) if given != *word => Err(Mismatch::Protocols),
        _ if listed.is_some_and(|listed| !listed.iter().any(|it| it == word)) => Err(Mismatch::NoUri),
        _ => Ok(Some(word)),
    }
}

/// An image as it may be said again.
fn hidden(image: &str) -> String {
    if image.contains('@') { "…".to_owned() } else { image.to_owned() }
}

fn is_full(scene: &Scene<'_>, slot: &Document) -> bool {
    show::value(scene, slot)["Inserted"] == true
}

fn put_in(scene: &Scene<'_>, slot: &Document, medium: &Medium<'_>) {
    let name = medium.image.trim_end_matches('/').rsplit('/').next().unwrap_or(medium.image);
    let mut written = scene.bmc.written();
    let mut keep = |pointer: &str, value: Value| {
        if slot.template().pointer(pointer).is_some() {
            written.keep(&slot.path, pointer, value);
        }
    };
    keep("/Image", json!(medium.image));
    keep("/ImageName", json!(name));
    keep("/Inserted", json!(true));
    keep("/ConnectedVia", json!("URI"));
    keep("/WriteProtected", json!(!medium.writable));
    medium.user.into_iter().for_each(|user| keep("/UserName", json!(user)));
    medium.protocol.into_iter().for_each(|word| keep("/TransferProtocolType", json!(word)));
    medium.method.into_iter().for_each(|word| keep("/TransferMethod", json!(word)));
    drop(written);
    scene.bmc.control().note(&format!("media.inserted:{}", name_of(slot)));
}

fn take_out(scene: &Scene<'_>, slot: &Document) {
    if !is_full(scene, slot) {
        return;
    }
    let mut written = scene.bmc.written();
    for pointer in SHOWN {
        written.forget(&slot.path, pointer);
    }
    drop(written);
    scene.bmc.control().note(&format!("media.ejected:{}", name_of(slot)));
}

fn name_of(slot: &Document) -> &str {
    slot.path.rsplit('/').next().unwrap_or(&slot.path)
}
