//! Which request means what.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Clock, Shared, Simulated, act, read, sensors};
use crate::rules::{Node, Unreadable};

/// A request.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: Value,
}

/// An answer; null is none.
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) document: Value,
    pub(super) allow: Option<String>,
}

/// 200 and a document.
pub(super) fn ok(document: Value) -> Said {
    Said { status: 200, document, allow: None }
}

/// 204.
pub(super) fn done() -> Said {
    Said { status: 204, document: Value::Null, allow: None }
}

/// What is wrong, and what was expected instead.
pub(super) fn refuse(status: u16, error: impl Into<String>, expected: impl Into<String>) -> Said {
    let document = json!({"error": error.into(), "expected": expected.into()});
    Said { status, document, allow: None }
}

impl From<Unreadable> for Said {
    fn from(problem: Unreadable) -> Self {
        let document = json!({"error": problem.to_string(), "at": problem.at, "expected": problem.expected});
        Self { status: 400, document, allow: None }
    }
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    About,
    All,
    Catalogue,
    Time,
    GoOn,
    Truth,
    Establish,
    Events,
    Note,
    Act,
    Images,
    Sensors,
    SetSensors,
    Deviations,
    Deviate,
    Conform,
    Rules,
    SetRules,
    ClearRules,
    Exchanges,
    ExpireSessions,
    DropConnections,
    Certificate,
    Kill,
}

/// Method, path (`{}` is a BMC's name) and meaning.
const ROUTES: &[(&str, &str, What)] = &[
    ("GET", "/", What::About),
    ("GET", "/bmcs", What::All),
    ("GET", "/deviations", What::Catalogue),
    ("GET", "/clock", What::Time),
    ("POST", "/clock/step", What::GoOn),
    ("GET", "/bmcs/{}", What::Truth),
    ("PUT", "/bmcs/{}/given", What::Establish),
    ("GET", "/bmcs/{}/events", What::Events),
    ("POST", "/bmcs/{}/events", What::Note),
    ("POST", "/bmcs/{}/acts", What::Act),
    ("PUT", "/bmcs/{}/images", What::Images),
    ("GET", "/bmcs/{}/sensors", What::Sensors),
    ("PUT", "/bmcs/{}/sensors", What::SetSensors),
    ("GET", "/bmcs/{}/deviations", What::Deviations),
    ("PUT", "/bmcs/{}/deviations", What::Deviate),
    ("DELETE", "/bmcs/{}/deviations", What::Conform),
    ("GET", "/bmcs/{}/rules", What::Rules),
    ("PUT", "/bmcs/{}/rules", What::SetRules),
    ("DELETE", "/bmcs/{}/rules", What::ClearRules),
    ("GET", "/bmcs/{}/exchanges", What::Exchanges),
    ("POST", "/bmcs/{}/sessions/expire", What::ExpireSessions),
    ("POST", "/bmcs/{}/connections/drop", What::DropConnections),
    ("PUT", "/bmcs/{}/certificate", What::Certificate),
    ("POST", "/bmcs/{}/kill", What::Kill),
];

/// The answer to a request.
pub(super) async fn answer(shared: &Shared, asked: Asked<'_>) -> Said {
    let found: Vec<_> = ROUTES.iter().filter_map(|route| Some((route, fits(route.1, asked.path)?))).collect();
    if found.is_empty() {
        let paths: Vec<_> = ROUTES.iter().map(|route| format!("{} {}", route.0, route.1)).collect();
        return refuse(404, format!("there is nothing at {}", asked.path), paths.join(", "));
    }
    let Some((route, name)) = found.iter().find(|(route, _)| route.0 == asked.method) else {
        let methods: Vec<_> = found.iter().map(|(route, _)| route.0).collect();
        let said = refuse(405, format!("{} is not for {}", asked.method, asked.path), methods.join(", "));
        return Said { allow: Some(methods.join(", ")), ..said };
    };
    if let Err(problem) = only_known(route.2, &asked) {
        return problem;
    }
    match name {
        None => of_the_hall(shared, route.2, &asked).await,
        Some(name) => match shared.hall.find(name) {
            Some(bmc) => of_one(bmc, route.2, &asked).await.unwrap_or_else(|problem| problem),
            None => {
                let known: Vec<_> = shared.hall.all().iter().take(8).map(|it| it.name.as_str()).collect();
                let more = if shared.hall.all().len() > known.len() { ", …" } else { "" };
                refuse(404, format!("there is no BMC {name:?}"), format!("{}{more}", known.join(", ")))
            }
        },
    }
}

/// Whether a path is of this pattern: `None` where it is not, and the name in it where it has one.
fn fits<'p>(pattern: &str, path: &'p str) -> Option<Option<&'p str>> {
    let path = path.strip_suffix('/').filter(|it| !it.is_empty()).unwrap_or(path);
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut name = None;
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(name),
            (Some("{}"), Some(segment)) if !segment.is_empty() => name = Some(segment),
            (Some(one), Some(other)) if one == other => {}
            _ => return None,
        }
    }
}

async fn of_the_hall(shared: &Shared, what: What, asked: &Asked<'_>) -> Said {
    match what {
        What::All => ok(shared.hall.all().iter().map(read::in_short).collect()),
        What::Catalogue => ok(read::catalogue()),
        What::Time => ok(read::time(&shared.clock, shared.since)),
        What::GoOn => go_on(&shared.clock, asked).await.unwrap_or_else(|problem| problem),
        _ => ok(json!({
            "halmark": env!("CARGO_PKG_VERSION"),
            "bmcs": shared.hall.all().len(),
            "clock": read::time(&shared.clock, shared.since),
        })),
    }
}

async fn go_on(clock: &Clock, asked: &Asked<'_>) -> Result<Said, Said> {
    const WHAT: &str = "{\"by\": \"30s\"}";
    let object = Node::new("", &asked.body).object(&["by"], WHAT)?;
    let Some(by) = object.get("by") else { return Err(refuse(400, "it is not said by how much", WHAT)) };
    let by = Node::new("/by", by).time()?;
    match clock {
        Clock::Real => {
            let why = "time is the world's here and cannot be stepped";
            Err(refuse(409, why, "a hall whose time is held (halmark sim --held)"))
        }
        Clock::Held(step) => Ok(ok(json!({"stepped": step.by(by).await.as_secs_f64()}))),
    }
}

async fn of_one(it: &Simulated, what: What, asked: &Asked<'_>) -> Result<Said, Said> {
    let control = it.bmc.control();
    match what {
        What::Truth => Ok(ok(read::truth(it))),
        What::Establish => act::establish(&control, &asked.body).map(|()| ok(read::truth(it))),
        What::Events => {
            let (from, wait) = (number(asked, "from")?.unwrap_or(0), number(asked, "wait")?.unwrap_or(0));
            // An hour is as good as forever.
            let wait = Duration::from_secs(wait.min(3600) as u64);
            if !wait.is_zero() {
                let _ = tokio::time::timeout(wait, control.changed_after(from)).await;
            }
            Ok(ok(read::events(&control, from)))
        }
        What::Note => act::note(&control, &asked.body).map(|()| done()),
        What::Act => act::act(&control, &asked.body).map(|()| ok(read::truth(it))),
        What::Images => act::images(&control, &asked.body).map(|()| done()),
        What::Sensors => Ok(ok(control.sensors())),
        What::SetSensors => sensors::set(&control, &asked.body).map(|()| ok(control.sensors())),
        What::Deviations => Ok(ok(json!(control.deviations()))),
        What::Deviate => act::deviate(&control, &asked.body).map(|()| ok(json!(control.deviations()))),
        What::Conform => {
            let _ = control.deviate(&[]);
            Ok(done())
        }
        What::Rules => Ok(ok(read::rules(&it.service))),
        What::SetRules => act::set_rules(&it.service, &asked.body).map(|()| ok(read::rules(&it.service))),
        What::ClearRules => {
            it.service.set_rules(Vec::new());
            Ok(done())
        }
        What::Exchanges => {
            let (from, most) = (number(asked, "from")?.unwrap_or(0), number(asked, "most")?.unwrap_or(100));
            Ok(ok(read::exchanges(&it.service, from, most.min(1_000))))
        }
        What::ExpireSessions => {
            it.service.expire_sessions();
            Ok(done())
        }
        What::DropConnections => {
            it.service.drop_connections();
            Ok(done())
        }
        What::Certificate => act::certificate(&it.service, &asked.body).map(|()| done()),
        _ => {
            control.kill();
            Ok(done())
        }
    }
}

/// The parameters that a query may have.
fn parameters(what: What) -> &'static [&'static str] {
    match what {
        What::Events => &["from", "wait"],
        What::Exchanges => &["from", "most"],
        _ => &[],
    }
}

/// The query's parameters; one without `=` has no value.
fn pairs<'a>(asked: &Asked<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    asked.query.split('&').filter(|it| !it.is_empty()).map(|it| it.split_once('=').unwrap_or((it, "")))
}

/// Refuses a parameter that means nothing here, or stands there twice.
fn only_known(what: What, asked: &Asked<'_>) -> Result<(), Said> {
    let known = parameters(what);
    let expected = if known.is_empty() { "no parameters".to_owned() } else { known.join(", ") };
    for (place, (name, _)) in pairs(asked).enumerate() {
        if !known.contains(&name) {
            return Err(refuse(400, format!("there is no parameter {name:?} here"), expected));
        }
        if pairs(asked).take(place).any(|(before, _)| before == name) {
            return Err(refuse(400, format!("{name} is there twice"), format!("one {name}")));
        }
    }
    Ok(())
}

/// A parameter of the query that is a whole number.
fn number(asked: &Asked<'_>, name: &str) -> Result<Option<usize>, Said> {
    match pairs(asked).find(|(key, _)| *key == name).map(|(_, value)| value) {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| refuse(400, format!("{name} is {text:?}"), format!("a whole number as {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_with_its_name_and_with_a_slash_at_its_end() {
        assert_eq!(fits("/bmcs/{}/rules", "/bmcs/bmc1/rules"), Some(Some("bmc1")));
        assert_eq!(fits("/bmcs/{}", "/bmcs/bmc1/"), Some(Some("bmc1")));
        assert_eq!(fits("/", "/"), Some(None));
        assert_eq!(fits("/bmcs/{}", "/bmcs/"), None);
        assert_eq!(fits("/bmcs/{}", "/bmcs/a/b"), None);
    }
}
