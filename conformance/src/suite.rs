//! The suite: the scenarios that are compiled in, or those in files and directories.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::{
    journal::hex,
    scenario::{self, Cell, Scenario},
    source::{Problem, Source, suggestion},
};

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// Scenarios, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Every scenario in every cell.
    pub cells: Vec<Cell>,
    /// The files.
    pub sources: Vec<Arc<Source>>,
    /// Digest over all texts.
    pub digest: String,
}

/// Why there is no suite.
#[derive(Debug)]
pub enum SuiteError {
    /// A file or directory cannot be read.
    Io(PathBuf, std::io::Error),
    /// A path is neither a scenario file nor a directory.
    NotAScenario(PathBuf),
    /// A directory holds no scenario.
    Empty(PathBuf),
    /// Texts are wrong.
    Problems(Vec<Problem>),
}

impl std::fmt::Display for SuiteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => writeln!(f, "error: {} cannot be read: {error}", path.display()),
            Self::NotAScenario(path) => writeln!(
                f,
                "error: {} is not a scenario: expected a file that ends in .yaml, or a directory of them",
                path.display()
            ),
            Self::Empty(path) => {
                writeln!(f, "error: {} holds no scenario: expected files that end in .yaml", path.display())
            }
            Self::Problems(problems) => {
                problems.iter().try_for_each(|p| writeln!(f, "{p}"))?;
                writeln!(
                    f,
                    "{} problem{} found; nothing was run",
                    problems.len(),
                    if problems.len() == 1 { "" } else { "s" }
                )
            }
        }
    }
}

impl Suite {
    /// The suite that is compiled in.
    pub fn embedded(seed: u64) -> Result<Self, SuiteError> {
        let sources = SCENARIOS.iter().map(|(path, text)| Source::new(*path, *text)).collect();
        Self::of(sources, seed)
    }

    /// The scenarios in files and directories.
    pub fn from_paths(paths: &[PathBuf], seed: u64) -> Result<Self, SuiteError> {
        let mut files = Vec::new();
        for path in paths {
            let before = files.len();
            collect(path, &mut files)?;
            if files.len() == before {
                return Err(SuiteError::Empty(path.clone()));
            }
        }
        let sources = side_by_side(&files, |file| read(file)).into_iter().collect::<Result<_, _>>()?;
        Self::of(sources, seed)
    }

    /// A suite of texts.
    pub fn of(sources: Vec<Arc<Source>>, seed: u64) -> Result<Self, SuiteError> {
        let mut problems = Vec::new();
        let mut cells: Vec<Cell> = Vec::new();
        let mut known: BTreeMap<String, Arc<Scenario>> = BTreeMap::new();
        let loaded = side_by_side(&sources, |source| scenario::load(source, seed));
        for (source, loaded) in sources.iter().zip(loaded) {
            match loaded {
                Ok(read) => {
                    if let Some(Cell { scenario: new, .. }) = read.first() {
                        match known.entry(new.id.clone()) {
                            Entry::Occupied(other) => problems.push(twice(source, other.get())),
                            Entry::Vacant(free) => drop(free.insert(new.clone())),
                        }
                    }
                    cells.extend(read);
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            problems.dedup();
            return Err(SuiteError::Problems(problems));
        }
        cells.sort_by(|a, b| a.scenario.id.cmp(&b.scenario.id));
        let mut digest = Sha256::new();
        for source in &sources {
            digest.update(source.text.len().to_be_bytes());
            digest.update(source.text.as_bytes());
        }
        Ok(Self { cells, digest: hex(&digest.finalize()), sources })
    }

    /// The ids, each once.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<_> = self.cells.iter().map(|c| c.scenario.id.as_str()).collect();
        ids.dedup();
        ids
    }

    /// What to say of an id that is none.
    pub fn unknown_id(&self, id: &str) -> String {
        format!(
            "there is no scenario {id:?}: {}",
            match crate::source::did_you_mean(id, self.ids()) {
                Some(_) => suggestion(id, self.ids()),
                None => "`halmark list` shows them all".to_owned(),
            }
        )
    }
}

/// Does the same with every item, on as many threads as there are processors if it is worth it; in the order of the items.
fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const WORTH_IT: usize = 32;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let size = items.len().div_ceil(threads).max(WORTH_IT);
    let work = |part: &[T]| part.iter().map(&work).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let mut parts = items.chunks(size);
        let first = parts.next().unwrap_or_default();
        let others: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut done = work(first);
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    })
}

fn twice(source: &Arc<Source>, other: &Scenario) -> Problem {
    let line = source.text.lines().position(|l| l.starts_with("id:")).map_or(1, |at| at + 1);
    Problem {
        source: source.clone(),
        place: crate::source::Place { line, column: 1, length: 2 },
        message: format!("the id {:?} stands in two files", other.id),
        hint: format!("{} has it already", other.source.path),
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), SuiteError> {
    let io = |error| SuiteError::Io(path.to_owned(), error);
    let meta = std::fs::metadata(path).map_err(io)?;
    if meta.is_dir() {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type().map_err(io)?);
            if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
                collect(&path, files)?;
            } else if is_yaml(&path) {
                files.push(path);
            }
        }
        return Ok(());
    }
    if !is_yaml(path) {
        return Err(SuiteError::NotAScenario(path.to_owned()));
    }
    files.push(path.to_owned());
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yaml" || e == "yml")
}

fn read(path: &Path) -> Result<Arc<Source>, SuiteError> {
    let io = |error| SuiteError::Io(path.to_owned(), error);
    let name = path.display().to_string();
    let mut file = std::fs::File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > crate::yaml::LARGEST as u64 {
        let source = Source::new(name, "");
        let message = format!("the file has {size} bytes, more than {}", crate::yaml::LARGEST);
        let place = crate::source::Place { line: 1, column: 1, length: 1 };
        return Err(SuiteError::Problems(vec![Problem {
            source,
            place,
            message,
            hint: "a scenario is a page of text; split it".to_owned(),
        }]));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.read_to_end(&mut bytes).map_err(io)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count()
                    + 1;
            let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
            let place = crate::source::Place { line, column: 1, length: 1 };
            Err(SuiteError::Problems(vec![Problem {
                source,
                place,
                message: "the file is not UTF-8".to_owned(),
                hint: "save it as UTF-8".to_owned(),
            }]))
        }
    }
}
