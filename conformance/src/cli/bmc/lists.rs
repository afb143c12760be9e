//! `halmark bmc import` and `export`: lists of machines as others keep them, in and out of the table.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::{Args as Group, builder::PossibleValuesParser, builder::TypedValueParser};
use halmark::{
    Deadline, Tls,
    drivers::{self, auto},
    inventory::{
        Mac, Record, Store, StoreError,
        imports::{Entry, Format, Loss},
        leases, reach,
        store::Rows,
    },
};

use super::{now, place::Table};
use crate::cli::{
    complain,
    hal::{Door, exit},
    print, usage,
};

/// Larger files than this are refused unread, in bytes.
const LARGEST: u64 = 64 << 20;

/// `halmark bmc import`.
#[derive(Debug, Clone, Group)]
pub struct Import {
    /// What the file is: TripleO's instackenv.json, a file of `openstack baremetal create`, BareMetalHosts with their Secrets, or a
    /// vendor's list of MAC addresses and factory passwords.
    #[arg(value_parser = format())]
    format: Format,
    /// The file, or - for standard input.
    file: PathBuf,
    /// A DHCP server's lease file, which tells the MAC address of a BMC that the list knows by its address alone; may be repeated.
    #[arg(long, value_name = "FILE")]
    leases: Vec<PathBuf>,
    /// Ask a BMC whose MAC address nobody else knows, as the account in the list.
    #[arg(long)]
    ask: bool,
}

/// `halmark bmc export`.
#[derive(Debug, Clone, Group)]
pub struct Export {
    /// What the file shall be, as for `import`.
    #[arg(value_parser = format())]
    format: Format,
    /// The file, which is made for its owner alone; or - for standard output.
    file: PathBuf,
    /// Such a list holds passwords: this allows them on standard output.
    #[arg(long)]
    with_passwords: bool,
}

fn format() -> impl TypedValueParser<Value = Format> {
    let words = Format::ALL.map(Format::word);
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Format>())
}

/// Reads a list into the table: all that has a MAC address, or nothing where the list has a flaw.
pub(super) fn import(door: &Door, typed: &Import) -> Result<u8, u8> {
    let trusts = door.ca.is_some() || door.pin.is_some() || door.insecure;
    if trusts && !typed.ask {
        return Err(usage(
            "--ca, --pin and --insecure are for BMCs that are asked (--ask): rows keep what the list says of certificates",
        ));
    }
    let trust = trusts.then(|| door.tls()).transpose()?;
    let name = typed.file.display().to_string();
    let text = text(&typed.file)?;
    let entries = typed.format.read(&text).map_err(|flaws| {
        flaws.iter().for_each(|flaw| complain(&format!("error: {name}:{flaw}\n")));
        complain("  nothing was imported\n");
        exit::USAGE
    })?;
    let leased = leased(&typed.leases)?;
    let table = Table::meant(door)?;
    let rows = table.ask(Store::all)?;
    let keys: Vec<Option<Mac>> = entries
        .iter()
        .map(|entry| {
            let asked = || typed.ask.then(|| table.wait(ask(entry, door, trust.as_ref()))).flatten();
            key(entry, &rows, &leased).or_else(asked)
        })
        .collect();
    let told = table.ask(async |store: &Store| {
        store.change(|rows| Ok::<_, StoreError>(put(&entries, &keys, rows))).await
    })?;
    told.iter().for_each(|it| print(it));
    Ok(nameless(&name, &entries, &keys))
}

/// The key of an entry: what the list says, else the row that came from it before or has its address, else a lease.
fn key(entry: &Entry, rows: &BTreeMap<Mac, Record>, leased: &BTreeMap<String, Mac>) -> Option<Mac> {
    let address = entry.address.as_ref();
    let before = || rows.values().find(|row| entry.is_of(row)).map(|row| row.mac);
    let there =
        || rows.values().find(|row| address.is_some() && row.address.as_ref() == address).map(|row| row.mac);
    let lease = || leased.get(address?.as_str()).copied();
    entry.key().or_else(before).or_else(there).or_else(lease)
}

/// Addresses and whose they are, by lease files.
fn leased(files: &[PathBuf]) -> Result<BTreeMap<String, Mac>, u8> {
    let mut leased = BTreeMap::new();
    for file in files {
        let read = std::fs::read(file).map_err(|e| usage(format!("{}: {e}", file.display())))?;
        let leases = leases::read(&read);
        leases.skipped.iter().for_each(|it| complain(&format!("note: {}: {it}\n", file.display())));
        leased.extend(leases.active(None).filter_map(|it| Some((it.address.to_string(), it.mac?))));
    }
    Ok(leased)
}

/// What a BMC calls its MAC address; its certificate is believed as was typed, or else as the list says.
async fn ask(entry: &Entry, door: &Door, trust: Option<&Tls>) -> Option<Mac> {
    let nobody = Mac::new([2, 0, 0, 0, 0, 0]).ok()?;
    let mut row = Record::new(nobody);
    entry.fill(&mut row);
    if let Some(trust) = trust {
        row.redfish.tls = trust.clone();
    }
    let reached = reach::reach(&row, door.driver.as_deref(), None).ok()?;
    let by = Deadline::after(door.timeout);
    let driver = match reached.driver.as_str() {
        "auto" => auto::detect(&reached.endpoint, by).await.ok()?.driver,
        name => drivers::connect(name, reached.endpoint).ok()?,
    };
    let identity = driver.identity(by).await;
    driver.close().await;
    identity.ok()?.value.bmc_mac?.parse().ok()
}

fn put(entries: &[Entry], keys: &[Option<Mac>], rows: &mut Rows) -> Vec<String> {
    let mut told = Vec::new();
    for (entry, mac) in entries.iter().zip(keys).filter_map(|(entry, key)| Some((entry, (*key)?))) {
        let known = rows.get(mac).cloned();
        let word = if known.is_some() { "known" } else { "new" };
        let mut row = known.unwrap_or_else(|| Record::new(mac));
        entry.fill(&mut row);
        let address = row.address.as_ref().map_or("-", |it| it.as_str()).to_owned();
        told.push(format!("{word:<6} {mac}  {address}\n"));
        rows.put(row, now());
    }
    told
}

/// Tells whose MAC address nobody knows; the exit code.
fn nameless(name: &str, entries: &[Entry], keys: &[Option<Mac>]) -> u8 {
    let nameless: Vec<&Entry> =
        entries.iter().zip(keys).filter(|(_, key)| key.is_none()).map(|(it, _)| it).collect();
    for entry in &nameless {
        let at = entry.address.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
        complain(&format!(
            "error: {name}:{}: nobody knows the MAC address of the BMC{at}: not imported\n",
            entry.place
        ));
    }
    if nameless.is_empty() {
        return exit::DONE;
    }
    complain("  --leases FILE tells it by a DHCP server's leases, --ask asks the BMC itself\n");
    exit::STATE
}

fn text(file: &Path) -> Result<String, u8> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|it| it.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|e| usage(format!("{}: {e}", file.display())))?;
    if bytes.len() as u64 > LARGEST {
        return Err(usage(format!("{}: the file is larger than 64 MiB", file.display())));
    }
    String::from_utf8(bytes).map_err(|_| usage(format!("{}: the file is not text in UTF-8", file.display())))
}

/// Writes the table as a list.
pub(super) fn export(door: &Door, typed: &Export) -> Result<u8, u8> {
    let to_stdout = typed.file == Path::new("-");
    if to_stdout && !typed.with_passwords {
        return Err(usage("such a list holds passwords: name a file, or allow them with --with-passwords"));
    }
    let rows: Vec<Record> = Table::meant(door)?.ask(Store::all)?.into_values().collect();
    let text = typed.format.write(&rows);
    losses(typed.format, &rows);
    if to_stdout {
        print(&text);
        return Ok(exit::DONE);
    }
    write_alone(&typed.file, &text).map_err(|e| usage(format!("{}: {e}", typed.file.display())))?;
    Ok(exit::DONE)
}

/// Tells what of the rows is not in the list.
fn losses(format: Format, rows: &[Record]) {
    let mut lost: BTreeMap<Loss, Vec<String>> = BTreeMap::new();
    for row in rows {
        format.loss(row).into_iter().for_each(|it| lost.entry(it).or_default().push(row.mac.to_string()));
    }
    for (loss, macs) in lost {
        let (count, all) = (macs.len(), rows.len());
        complain(&format!("note: {count} of {all} rows {loss}: {}\n", macs.join(", ")));
    }
}

/// Puts a file with secrets in a place: a new one of mode 0600, whatever file was there before. What is no file is written to.
fn write_alone(file: &Path, text: &str) -> io::Result<()> {
    if std::fs::metadata(file).is_ok_and(|it| !it.is_file()) {
        return OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes());
    }
    let mut name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = file.with_file_name(name);
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut it| {
            it.write_all(text.as_bytes())?;
            std::fs::rename(&new, file)
        });
    written.inspect_err(|_| drop(std::fs::remove_file(&new)))
}
