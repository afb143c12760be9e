//! Volumes of a storage (DSP0268 Volume; Swordfish): made of whole drives, ended, initialized. What is on them is simulated
//! by nobody.

mod sent;

use sent::Sent;
use serde_json::{Map, Value, json};

use crate::{
    redfish::{
        actions::Call,
        answer::Answer,
        change::accepted,
        handle::Scene,
        live::task,
        messages::{error, refuse},
        policy::Success,
        show,
        tasks::{Beginning, Outcome},
        tree::Document,
    },
    volumes::Change,
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_10_2";
/// How long the initialization of a volume takes, in seconds of the real world.
const SECONDS: u32 = 60;

/// The ids of all of them.
pub(crate) fn ids(scene: &Scene<'_>, collection: &Document) -> Vec<String> {
    let paths = scene.bmc.volumes().paths(scene.tree(), &collection.path);
    paths.iter().map(|it| it.rsplit('/').next().unwrap_or(it).to_owned()).collect()
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let path = format!("{}/{id}", collection.path);
    let volumes = scene.bmc.volumes();
    if let Some(made) = volumes.made(&path) {
        return Some(made.clone());
    }
    let is_gone = volumes.is_gone(&path);
    drop(volumes);
    scene.tree().document(&path).filter(|_| !is_gone).map(|it| show::value(scene, it))
}

/// A new volume (DSP0266 §7.9): at once, or when the host starts.
pub(crate) fn create(scene: &Scene<'_>, collection: &Document, body: &Map<String, Value>) -> Answer {
    let sent = Sent::read(scene, collection, body);
    if !sent.wrong.is_empty() {
        return error(400, sent.wrong);
    }
    let id = free_id(scene, collection);
    let path = format!("{}/{id}", collection.path);
    let volume = said(scene, collection, &path, &sent);
    if let Some(answer) = carry(scene, sent.waits, Change::Make(path.clone(), volume.clone())) {
        return answer;
    }
    Answer::ok(volume).with_status(201).with_header("Location", path)
}

/// The end of a volume: at once, or when the host starts.
pub(crate) fn end(
    scene: &Scene<'_>,
    collection: &Document,
    id: &str,
    body: Option<&Value>,
) -> Option<Answer> {
    document(scene, collection, id)?;
    let none = Map::new();
    let waits = match sent::waits(collection, body.and_then(Value::as_object).unwrap_or(&none)) {
        Ok(waits) => waits,
        Err(wrong) => return Some(error(400, vec![wrong])),
    };
    let path = format!("{}/{id}", collection.path);
    Some(carry(scene, waits, Change::End(path)).unwrap_or_else(Answer::no_content))
}

/// Does it, now or later; an answer where it is not the usual one.
fn carry(scene: &Scene<'_>, waits: bool, change: Change) -> Option<Answer> {
    let starts = scene.look.facts.restarts;
    if scene.changes() {
        let mut volumes = scene.bmc.volumes();
        match waits {
            true => volumes.change_later(starts, change),
            false => volumes.change(change),
        }
        volumes.link(scene.tree(), &mut scene.bmc.written());
    }
    if scene.policy().success != Success::AsUsual {
        return Some(accepted(scene, Answer::no_content));
    }
    let beginning =
        Beginning { lasting: std::time::Duration::ZERO, outcome: Outcome::Completes, waits: Some(starts) };
    waits.then(|| task::begin(scene, beginning))
}

/// `Volume.Initialize`: at once where nothing is written, else a task.
pub(crate) fn initialize(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Err(problem) = call.no_other_than(&["InitializeMethod", "InitializeType"]) {
        return problem;
    }
    let mut is_quick = false;
    for (name, words, quick) in [
        ("InitializeType", &["Fast", "Slow"][..], "Fast"),
        ("InitializeMethod", &["Skip", "Background", "Foreground"][..], "Skip"),
    ] {
        match call.text(name) {
            Ok(Some(word)) if !words.contains(&word) => {
                return refuse(400, "ActionParameterValueNotInList", &[word, name, call.name]);
            }
            Ok(word) => is_quick |= word == Some(quick),
            Err(problem) => return problem,
        }
    }
    if is_quick || scene.policy().success != Success::AsUsual {
        return accepted(scene, Answer::no_content);
    }
    task::start(scene, scene.look.second * SECONDS, false)
}

/// The first number that no volume has or will have.
fn free_id(scene: &Scene<'_>, collection: &Document) -> String {
    let (volumes, known) = (scene.bmc.volumes(), scene.tree());
    let is_free = |id: &u32| {
        let path = format!("{}/{id}", collection.path);
        known.document(&path).is_none() && volumes.made(&path).is_none() && !volumes.is_promised(&path)
    };
    (1..).find(is_free).unwrap_or_default().to_string()
}

fn said(scene: &Scene<'_>, collection: &Document, path: &str, sent: &Sent) -> Value {
    let id = path.rsplit('/').next().unwrap_or(path);
    let storage = collection.path.rsplit_once('/').map_or("", |(storage, _)| storage);
    let controllers = format!("{storage}/Controllers/");
    let controllers = scene
        .tree()
        .documents()
        .iter()
        .filter(|it| it.path.starts_with(&controllers) && &*it.kind == "StorageController");
    let link = |path: &str| json!({"@odata.id": path});
    let mut volume = json!({
        "@odata.id": path,
        "@odata.type": format!("#Volume.{VERSION}.Volume"),
        "Id": id,
        "Name": sent.name.clone().unwrap_or_else(|| format!("Volume {id}")),
        "RAIDType": sent.raid.word,
        "CapacityBytes": sent.capacity,
        "BlockSizeBytes": 512,
        "Encrypted": sent.encrypted,
        "Operations": [],
        "Status": {"State": "Enabled", "Health": "OK"},
        "Links": {
            "Drives": sent.drives.iter().map(|it| link(it)).collect::<Value>(),
            "Controllers": controllers.map(|it| link(&it.path)).collect::<Value>(),
        },
        "Actions": {"#Volume.Initialize": {
            "target": format!("{path}/Actions/Volume.Initialize"),
            "InitializeMethod@Redfish.AllowableValues": ["Skip", "Background", "Foreground"],
        }},
    });
    for (name, value) in &sent.kept {
        volume[name] = value.clone();
    }
    let siblings = format!("{}/", collection.path);
    let sibling = scene.tree().documents().iter().find(|it| it.path.starts_with(&siblings));
    sibling.into_iter().for_each(|sibling| resemble(&mut volume, sibling.template()));
    volume
}

/// A platform's volumes are of one version of the schema, and have the same.
fn resemble(volume: &mut Value, sibling: &Value) {
    volume["@odata.type"] = sibling["@odata.type"].clone();
    for (object, name) in [("", "Actions"), ("/Links", "Controllers"), ("", "Operations"), ("", "Encrypted")]
    {
        if sibling.pointer(&format!("{object}/{name}")).is_none()
            && let Some(Value::Object(members)) = volume.pointer_mut(object)
        {
            members.shift_remove(name);
        }
    }
}
