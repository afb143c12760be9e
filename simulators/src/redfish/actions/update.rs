//! `UpdateService.SimpleUpdate` (DSP0268): a task that installs what an image holds, where somebody has said what that is.
//!
//! Nothing is fetched. The name of the image's file is looked up among those that the profile or the control knows
//! ([`crate::Image`]); with any other the task ends as on a BMC that cannot reach the server.

use serde_json::Value;

use super::Call;
use crate::{
    redfish::{
        answer::Answer,
        change::accepted,
        handle::Scene,
        live::task,
        messages::{message, refuse},
        policy::Success,
        show,
        tasks::{Beginning, Outcome},
        tree::{Document, trimmed},
    },
    updates::{Image, Part, Update, When},
};

const PARAMETERS: &[&str] =
    &["ImageURI", "TransferProtocol", "Targets", "Username", "Password", "ForceUpdate"];
/// DSP0266 §11.4.
const APPLY_TIME: &str = "@Redfish.OperationApplyTime";
/// How long an installation takes, in seconds of the real world.
const SECONDS: u32 = 30;

/// What was asked for.
struct Wish<'a> {
    image: &'a str,
    /// Where it shall go; anywhere where nothing is said.
    targets: Vec<&'a str>,
    waits: bool,
}

/// An entry of the firmware inventory, and whose it is.
type Place<'t> = (&'t Document, Part);

/// `UpdateService.SimpleUpdate`.
pub(super) fn simple(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let wish = match read(scene, call) {
        Ok(wish) => wish,
        Err(problem) => return problem,
    };
    let found = found(scene, &wish);
    let starts = scene.look.facts.restarts;
    if scene.changes()
        && let Ok((image, places)) = &found
    {
        let lasting = scene.look.second * SECONDS;
        let when = if wish.waits { When::Start(starts) } else { When::At(scene.now + lasting) };
        let update = |(place, part): &Place<'_>| Update {
            when,
            part: *part,
            inventory: place.path.to_string(),
            image: image.clone(),
        };
        let updates: Vec<_> = places.iter().map(update).collect();
        scene.bmc.with(|firmware, _| updates.into_iter().for_each(|it| firmware.updates.plan(it)));
    }
    if scene.policy().success != Success::AsUsual {
        return accepted(scene, Answer::no_content);
    }
    let outcome = found.map_or_else(|why| Outcome::Fails(Some(why)), |_| Outcome::Completes);
    let lasting = scene.look.second * if wish.waits { 0 } else { SECONDS };
    task::begin(scene, Beginning { lasting, outcome, waits: wish.waits.then_some(starts) })
}

fn read<'a>(scene: &Scene<'_>, call: &'a Call<'_>) -> Result<Wish<'a>, Answer> {
    call.no_other_than(PARAMETERS)?;
    let Some(image) = call.text("ImageURI")? else {
        return Err(refuse(400, "ActionParameterMissing", &[call.name, "ImageURI"]));
    };
    let protocol = call.text("TransferProtocol")?;
    if let Some(word) = protocol
        && !lists(call.allowable(scene, "TransferProtocol"), word)
    {
        return Err(refuse(400, "ActionParameterValueNotInList", &[word, "TransferProtocol", call.name]));
    }
    // The scheme of the URI counts, and HTTP where neither says anything (DSP0268 UpdateService.SimpleUpdate).
    let (scheme, rest) = image.split_once("://").unwrap_or((protocol.unwrap_or("HTTP"), image));
    let authority = rest.split('/').next().unwrap_or_default();
    let is_fine =
        !authority.is_empty() && lists(call.allowable(scene, "TransferProtocol"), &scheme.to_uppercase());
    if !is_fine || authority.contains('@') {
        let shown = if image.contains('@') { "…" } else { image };
        return Err(refuse(400, "ActionParameterValueFormatError", &[shown, "ImageURI", call.name]));
    }
    for name in ["Username", "Password"] {
        if call.body.get(name).is_some_and(|it| !it.is_string() && !it.is_null()) {
            return Err(refuse(400, "ActionParameterValueTypeError", &["…", name, call.name]));
        }
    }
    if let Some(other) = call.body.get("ForceUpdate").filter(|it| !it.is_boolean()) {
        return Err(call.wrong_type(other, "ForceUpdate"));
    }
    Ok(Wish { image, targets: targets(scene, call)?, waits: waits(call)? })
}

fn lists(allowable: Option<&[Value]>, word: &str) -> bool {
    allowable.is_none_or(|allowable| allowable.iter().any(|it| it == word))
}

/// URIs of resources that there are.
fn targets<'a>(scene: &Scene<'_>, call: &'a Call<'_>) -> Result<Vec<&'a str>, Answer> {
    const NAME: &str = "Targets";
    let Some(given) = call.body.get(NAME) else { return Ok(Vec::new()) };
    let texts: Option<Vec<&str>> = given.as_array().and_then(|it| it.iter().map(Value::as_str).collect());
    let texts = texts.ok_or_else(|| call.wrong_type(given, NAME))?;
    match texts.iter().find(|it| scene.tree().document(it).is_none()) {
        Some(strange) => Err(refuse(400, "ActionParameterValueFormatError", &[strange, NAME, call.name])),
        None => Ok(texts.into_iter().map(trimmed).collect()),
    }
}

/// Whether it shall wait for the host's next start: one of the apply times that the action lists.
fn waits(call: &Call<'_>) -> Result<bool, Answer> {
    let Some(given) = call.body.get(APPLY_TIME) else { return Ok(false) };
    let word = given.as_str().ok_or_else(|| call.wrong_type(given, APPLY_TIME))?;
    let support = format!("/Actions/#{}/@Redfish.OperationApplyTimeSupport/SupportedValues", call.name);
    let listed = call.resource.template().pointer(&support).and_then(Value::as_array);
    match listed.is_some_and(|listed| listed.iter().any(|it| it == word)) {
        true => Ok(word == "OnReset"),
        false => Err(refuse(400, "ActionParameterValueNotInList", &[word, APPLY_TIME, call.name])),
    }
}

/// What the image holds and where it goes; or the message about what stands in the way.
fn found<'s>(scene: &'s Scene<'_>, wish: &Wish<'_>) -> Result<(Image, Vec<Place<'s>>), Value> {
    let path = wish.image.split(['?', '#']).next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let image = scene.bmc.with(|firmware, _| firmware.updates.image(file).cloned());
    let image = image.ok_or_else(|| message("CouldNotEstablishConnection", &[wish.image]))?;
    let inventory = scene.tree().documents().iter().filter(|it| &*it.kind == "SoftwareInventory");
    let places: Vec<_> = inventory
        .filter(|it| takes(scene, it, &image.software) && is_among(it, &wish.targets))
        .map(|it| (it, part(scene, it)))
        .collect();
    if places.is_empty() {
        let targets = wish.targets.join(", ");
        return Err(message("ActionParameterValueConflict", &["Targets", &targets]));
    }
    Ok((image, places))
}

fn takes(scene: &Scene<'_>, inventory: &Document, software: &str) -> bool {
    let shown = show::value(scene, inventory);
    shown["SoftwareId"] == software && shown["Updateable"] == true
}

/// Whether a target is this software, what it belongs to, or what one of these is a part of.
fn is_among(inventory: &Document, targets: &[&str]) -> bool {
    let lies_at =
        |path: &str, at: &str| path.strip_prefix(at).is_some_and(|it| it.is_empty() || it.starts_with('/'));
    let related = related(inventory);
    let meant =
        |target: &&str| lies_at(&inventory.path, target) || related.iter().any(|it| lies_at(it, target));
    targets.is_empty() || targets.iter().any(meant)
}

fn related(inventory: &Document) -> Vec<&str> {
    let items = inventory.template()["RelatedItem"].as_array();
    items.into_iter().flatten().filter_map(|it| it["@odata.id"].as_str()).map(trimmed).collect()
}

fn part(scene: &Scene<'_>, inventory: &Document) -> Part {
    let related = related(inventory);
    match () {
        () if related.contains(&scene.tree().system()) => Part::Bios,
        () if related.contains(&scene.tree().manager()) => Part::Bmc,
        () => Part::Component,
    }
}
