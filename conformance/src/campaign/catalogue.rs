//! The catalogue of seeded faults, `faults/catalogue.yaml`, read and checked.

use std::sync::Arc;

use crate::{
    blame::Subject,
    fields::{Fields, Reader},
    mutants::DriverFault,
    seeded::{HarnessFault, Seeded},
    source::{Problem, Source},
    yaml::{self, Node},
};

/// The catalogue that is compiled in.
pub const CATALOGUE: &str = include_str!("../../faults/catalogue.yaml");

/// Who is made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The BMC.
    Target,
    /// The driver.
    Driver,
    /// The driver, in what only a bad network shows.
    Transport,
    /// halmark itself.
    Harness,
}

/// The words of the families.
const FAMILIES: &[(&str, Family)] = &[
    ("target", Family::Target),
    ("driver", Family::Driver),
    ("transport", Family::Transport),
    ("harness", Family::Harness),
];

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its family.
    pub family: Family,
    /// What is wrong, in a sentence.
    pub about: String,
    /// How it is sown.
    pub seeded: Seeded,
    /// How it is sown, in words.
    pub sown: String,
    /// Who is judged.
    pub subject: Subject,
    /// The driver.
    pub driver: String,
    /// The target.
    pub target: String,
    /// The verdict that it must earn.
    pub verdict: String,
    /// The blame, or the kind of error.
    pub blame: String,
}

/// Reads the catalogue.
pub fn rows() -> Result<Vec<Row>, Vec<Problem>> {
    let source: Arc<Source> = Source::new("conformance/faults/catalogue.yaml", CATALOGUE);
    let root = yaml::parse(&source).map_err(|p| vec![p])?;
    let reader = Reader::new(&source);
    let rows = read(&reader, &root);
    reader.finish(rows)
}

fn read(reader: &Reader, root: &Node) -> Option<Vec<Row>> {
    let mut fields = reader.map(root, "`{faults: […]}`")?;
    reader.word(fields.must("halmark")?, "format", &["faults/v1"])?;
    let items = reader.list(fields.must("faults")?, "a list of faults")?;
    let rows = items
        .iter()
        .map(|item| row(reader, item))
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Option<Vec<_>>>()?;
    fields.done();
    for (at, one) in rows.iter().enumerate() {
        if rows[..at].iter().any(|other| other.id == one.id) {
            return reader.fail(
                items[at].place,
                format!("the fault {:?} stands twice", one.id),
                "ids are unique",
            );
        }
    }
    Some(rows)
}

fn row(reader: &Reader, node: &Node) -> Option<Row> {
    let mut fields = reader.map(node, "a fault")?;
    let id_node = fields.must("id")?;
    let id = reader.text(id_node)?;
    let Some((_, family)) = FAMILIES.iter().find(|(word, _)| id.split('.').next() == Some(word)) else {
        return reader.fail(
            id_node.place,
            format!("{id:?} names no family"),
            "expected target., driver., transport. or harness.",
        );
    };
    let about = reader.text(fields.must("about")?)?;
    let sown_node = fields.must("sown")?;
    let mut sown_fields =
        reader.map(sown_node, "`{deviation: …}`, `{driver: …}`, `{seam: …}` or `{harness: …}`")?;
    let (seeded, sown) = sown(reader, &mut sown_fields)?;
    sown_fields.done();
    let default_subject = if *family == Family::Target { "target" } else { "driver" };
    let subject = fields
        .maybe("subject")
        .map_or(Some(default_subject.to_owned()), |n| reader.word(n, "subject", &["driver", "target"]))?;
    let driver = fields
        .maybe("driver")
        .map_or(Some("redfish".to_owned()), |n| reader.word(n, "driver", &["redfish", "ipmi"]))?;
    let target = fields.maybe("target").map_or(Some("sim:generic".to_owned()), |n| reader.text(n))?;
    let default = if *family == Family::Harness { ("error", "harness") } else { ("fail", default_subject) };
    let verdict = fields
        .maybe("verdict")
        .map_or(Some(default.0.to_owned()), |n| reader.word(n, "verdict", &["fail", "error"]))?;
    let blame = fields.maybe("blame").map_or(Some(default.1.to_owned()), |n| {
        reader.word(n, "blame", &["driver", "target", "harness", "plugin", "oracle", "budget"])
    })?;
    fields.done();
    let subject = if subject == "target" { Subject::Target } else { Subject::Driver };
    Some(Row { id, family: *family, about, seeded, sown, subject, driver, target, verdict, blame })
}

fn sown(reader: &Reader, fields: &mut Fields<'_>) -> Option<(Seeded, String)> {
    let mut seeded = Seeded::default();
    let mut words = Vec::new();
    if let Some(node) = fields.maybe("deviation") {
        let known: Vec<&str> = halmark_simulators::deviations().iter().map(|d| d.name).collect();
        let name = reader.word(node, "deviation", &known)?;
        words.push(format!("BMC {name}"));
        seeded.deviations.push(name);
    }
    if let Some(node) = fields.maybe("driver") {
        let known: Vec<&str> = DriverFault::ALL.iter().map(|(word, _)| *word).collect();
        let name = reader.word(node, "driver fault", &known)?;
        seeded.driver = DriverFault::ALL.iter().find(|(word, _)| *word == name).map(|(_, fault)| *fault);
        words.push(format!("driver {name}"));
    }
    if let Some(node) = fields.maybe("harness") {
        let known: Vec<&str> = HarnessFault::ALL.iter().map(|(word, _)| *word).collect();
        let name = reader.word(node, "harness fault", &known)?;
        seeded.harness = HarnessFault::ALL.iter().find(|(word, _)| *word == name).map(|(_, fault)| *fault);
        words.push(format!("harness {name}"));
    }
    if let Some(node) = fields.maybe("seam") {
        let known: Vec<&str> = SEAMS.iter().map(|(word, _)| *word).collect();
        let name = reader.word(node, "seam", &known)?;
        if let Some((_, set)) = SEAMS.iter().find(|(word, _)| *word == name) {
            set(&mut seeded.seams);
        }
        words.push(format!("wire {name}"));
    }
    if words.is_empty() {
        return reader.fail(
            fields.place,
            "this fault is sown by nothing",
            "expected deviation, driver, seam or harness",
        );
    }
    Some((seeded, words.join(" + ")))
}

type Set = fn(&mut halmark::endpoint::Seams);

/// The wrongs that a driver can be made to do on the wire.
const SEAMS: &[(&str, Set)] = &[
    ("repeats-changing-request", |s| s.repeats_changing_request = true),
    ("retries-unknown-outcome", |s| s.retries_unknown_outcome = true),
    ("new-sequence-on-retry", |s| s.new_sequence_on_retry = true),
    ("never-retries", |s| s.never_retries = true),
    ("hammers", |s| s.hammers = true),
    ("never-gives-up", |s| s.never_gives_up = true),
    ("waits-for-handshake", |s| s.waits_for_handshake = true),
    ("leaves-session", |s| s.leaves_session = true),
    ("retries-wrong-password", |s| s.retries_wrong_password = true),
    ("never-logs-in-again", |s| s.never_logs_in_again = true),
    ("no-body-cap", |s| s.no_body_cap = true),
    ("ignores-etag", |s| s.ignores_etag = true),
    ("ignores-tasks", |s| s.ignores_tasks = true),
    ("ignores-next-link", |s| s.ignores_next_link = true),
    ("follows-foreign-link", |s| s.follows_foreign_link = true),
    ("retries-server-error", |s| s.retries_server_error = true),
    ("ignores-retry-after", |s| s.ignores_retry_after = true),
    ("hurries-tasks", |s| s.hurries_tasks = true),
    ("believes-failed-tasks", |s| s.believes_failed_tasks = true),
    ("logs-in-every-time", |s| s.logs_in_every_time = true),
    ("trusts-any-certificate", |s| s.trusts_any_certificate = true),
    ("trusts-any-bmc", |s| s.trusts_any_bmc = true),
];
