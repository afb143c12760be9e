//! `halmark discover`: which BMCs there are, by lease files or address ranges, into the table.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
    time::Duration,
};

use clap::{Args as Group, ValueEnum};
use halmark::{
    Deadline, Timestamp,
    drivers::{self, auto},
    endpoint::Scheme,
    inventory::{
        Address, Mac, Record, StoreError,
        discovery::{self, Candidate, Doors, Finding, Limits, Range, Relation},
        leases, reach, survey,
    },
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::{
    now,
    place::{Table, unusable},
};
use crate::cli::{
    complain,
    hal::{self, Form, exit},
    print, usage,
};

/// How many BMCs are read at once.
const READ_AT_ONCE: usize = 16;

/// `halmark discover`.
#[derive(Debug, Group)]
pub struct Discover {
    /// A lease file of ISC dhcpd, dnsmasq or Kea; may be repeated. One of this and --range is needed.
    #[arg(long, value_name = "FILE", required_unless_present = "range")]
    leases: Vec<PathBuf>,
    /// Who wrote the lease files; by default that is seen.
    #[arg(long, value_enum)]
    format: Option<LeaseFormat>,
    /// A range of addresses, such as 10.0.0.0/24 or 10.0.0.1-10.0.0.9; may be repeated.
    #[arg(long, value_name = "RANGE")]
    range: Vec<Range>,
    /// Go on looking until interrupted, and tell what is new.
    #[arg(long)]
    watch: bool,
    /// With --watch: how long to wait between two rounds.
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration, value_name = "TIME")]
    every: Duration,
    /// Look for Redfish at this TCP port; by default 443, or 80 with --http.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    redfish_port: Option<u16>,
    /// Look for Redfish over plain HTTP.
    #[arg(long)]
    http: bool,
    /// Look for IPMI at this UDP port.
    #[arg(long, default_value_t = 623, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    ipmi_port: u16,
    /// How many addresses are asked at once.
    #[arg(long, default_value_t = 64, value_name = "N")]
    at_once: u16,
    /// How long an address may take to answer.
    #[arg(long, default_value = "4s", value_parser = humantime::parse_duration, value_name = "TIME")]
    patience: Duration,
    /// Do not read the BMCs that the inventory has credentials for.
    #[arg(long)]
    no_read: bool,
    /// When to give up reading one, such as 30s.
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// The inventory; by default HALMARK_INVENTORY, or halmark/inventory.redb in the folder for data (XDG_DATA_HOME).
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// How to print what is found: a line for each BMC.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Who wrote a lease file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LeaseFormat {
    Isc,
    Dnsmasq,
    Kea,
}

/// Carries it out.
pub(in crate::cli) fn discover(typed: &Discover) -> u8 {
    let table = match Table::at(typed.inventory.as_ref(), typed.timeout) {
        Ok(table) => table,
        Err(code) => return code,
    };
    if typed.output == Form::Text {
        print(&format!("{:<17}  {:<15}  {:<12}  {:<13}  WHAT\n", "MAC", "IP", "VENDOR", "DRIVERS"));
    }
    let search = Search { typed, table: &table, doors: typed.doors(), told: RefCell::default() };
    table.wait(hal::uninterrupted(search.rounds()))
}

impl Discover {
    fn doors(&self) -> Doors {
        let scheme = if self.http { Scheme::Http } else { Scheme::Https };
        Doors { scheme, redfish: self.redfish_port.unwrap_or(scheme.default_port()), ipmi: self.ipmi_port }
    }
}

struct Search<'t> {
    typed: &'t Discover,
    table: &'t Table,
    doors: Doors,
    told: RefCell<Told>,
}

/// What has been told, so that --watch tells only what is new.
#[derive(Default)]
struct Told {
    skipped: BTreeSet<String>,
    known: BTreeSet<Address>,
    read: BTreeMap<Mac, String>,
    /// The rows that were found in this round.
    found: BTreeSet<Mac>,
    failed: Option<u8>,
}

impl Search<'_> {
    async fn rounds(&self) -> u8 {
        loop {
            let candidates = match self.candidates() {
                Ok(candidates) => candidates,
                // A server that writes its file anew has none for a moment.
                Err(code) if !self.typed.watch => return code,
                Err(_) => Vec::new(),
            };
            self.told.borrow_mut().found.clear();
            let limits = Limits { at_once: self.typed.at_once.into(), each: self.typed.patience };
            discovery::discover(candidates, self.doors, limits, |finding| self.related(finding)).await;
            if !self.typed.no_read {
                self.read_all().await;
            }
            if let Some(code) = self.told.borrow().failed {
                return code;
            }
            if !self.typed.watch {
                return exit::DONE;
            }
            sleep(self.typed.every).await;
        }
    }

    /// Leases first, since they say whose an address is.
    fn candidates(&self) -> Result<Vec<Candidate>, u8> {
        let mut candidates: BTreeMap<IpAddr, Candidate> = BTreeMap::new();
        for file in &self.typed.leases {
            let name = file.display();
            let text = std::fs::read(file).map_err(|e| usage(format!("{name}: {e}")))?;
            let format = match self.typed.format {
                None => leases::Format::of(&text),
                Some(LeaseFormat::Isc) => leases::Format::Isc,
                Some(LeaseFormat::Dnsmasq) => leases::Format::Dnsmasq,
                Some(LeaseFormat::Kea) => leases::Format::Kea,
            };
            let leases = format.read(&text);
            for skipped in leases.skipped.iter().map(|it| format!("note: {name}: {it}\n")) {
                if self.told.borrow_mut().skipped.insert(skipped.clone()) {
                    complain(&skipped);
                }
            }
            let seconds = Timestamp(now().0.div_euclid(1000));
            candidates.extend(leases.active(Some(seconds)).map(|it| (it.address, it.into())));
        }
        for address in self.typed.range.iter().flat_map(|it| it.addresses()) {
            candidates.entry(address).or_insert_with(|| address.into());
        }
        Ok(candidates.into_values().collect())
    }

    /// Puts a finding into the table and tells it.
    async fn related(&self, mut finding: Finding) {
        if finding.is_bmc() && finding.candidate.mac.is_none() {
            finding.candidate.mac = neighbour(finding.candidate.address);
        }
        let put = self
            .table
            .store
            .change(|rows| Ok::<_, StoreError>(discovery::relate(&finding, self.doors, rows, now())));
        // A row is written only where there is something to write.
        let relation = if finding.is_bmc() { put.await } else { Ok(Relation::Nothing) };
        match relation {
            Ok(relation) => self.tell(&finding, &relation),
            Err(error) => {
                let code = unusable(&error);
                self.told.borrow_mut().failed = Some(code);
            }
        }
    }

    fn tell(&self, finding: &Finding, relation: &Relation) {
        let mut told = self.told.borrow_mut();
        told.found.extend(relation.mac());
        let address = Address::from(finding.candidate.address);
        let is_first = told.known.insert(address);
        let what = match relation {
            Relation::New(_) => "new".to_owned(),
            Relation::Moved { from: Some(from), .. } => format!("moved from {from}"),
            Relation::Moved { from: None, .. } => "seen for the first time".to_owned(),
            Relation::Known(_) if is_first => "known".to_owned(),
            Relation::Nameless if is_first => "not kept: nobody knows its MAC address".to_owned(),
            Relation::Nothing if is_first && finding.pongs => "answers a ping and no driver".to_owned(),
            Relation::Known(_) | Relation::Nameless | Relation::Nothing => return,
        };
        let mac = relation.mac().or(finding.candidate.mac);
        let drivers: Vec<&str> = finding.drivers.iter().map(String::as_str).collect();
        let value = json!({
            "mac": mac.map(|it| it.to_string()), "address": finding.candidate.address.to_string(),
            "host": finding.candidate.host, "vendor": finding.vendor, "drivers": drivers, "what": what,
        });
        let mac = mac.map_or("-".to_owned(), |it| it.to_string());
        let vendor = hal::tame(finding.vendor.as_deref().unwrap_or("-"), "");
        let drivers = if drivers.is_empty() { "-".to_owned() } else { drivers.join(",") };
        let address = finding.candidate.address.to_string();
        self.line(&value, &format!("{mac:<17}  {address:<15}  {vendor:<12}  {drivers:<13}  {what}"));
    }

    fn line(&self, value: &Value, text: &str) {
        match self.typed.output {
            Form::Text => print(&format!("{text}\n")),
            Form::Json => print(&format!("{value}\n")),
            Form::Yaml => print(&format!("---\n{}", hal::yaml::text(value))),
        }
    }

    /// Reads those that were found and that there are credentials for, some at once.
    async fn read_all(&self) {
        let found = self.told.borrow().found.clone();
        let Ok(rows) = self.table.store.all().await else { return };
        let mut rows = rows.into_values().filter(|it| found.contains(&it.mac) && has_account(it));
        let mut reading = JoinSet::new();
        let timeout = self.typed.timeout;
        loop {
            while reading.len() < READ_AT_ONCE {
                match rows.next() {
                    Some(row) => drop(reading.spawn(async move { (row.mac, read(&row, timeout).await) })),
                    None => break,
                }
            }
            match reading.join_next().await {
                None => return,
                Some(Ok((mac, surveyed))) => self.note(mac, surveyed).await,
                Some(Err(_)) => {}
            }
        }
    }

    /// Puts what was read into the row, or why nothing could be.
    async fn note(&self, mac: Mac, surveyed: Result<survey::Survey, String>) {
        let put = self.table.store.change(|rows| {
            let Some(mut row) = rows.get(mac).cloned() else { return Ok(None) };
            let (what, remarks) = match surveyed {
                Ok(survey) => {
                    let remarks = survey.into_row(&mut row, now());
                    let machine = row.machine.map(|it| format!("machine {it}"));
                    (machine.unwrap_or_else(|| "read".to_owned()), remarks)
                }
                Err(reason) => {
                    row.status.last_error = Some(reason.clone());
                    (format!("not read: {reason}"), Vec::new())
                }
            };
            rows.put(row.clone(), now());
            Ok::<_, StoreError>(Some((row, what, remarks)))
        });
        match put.await {
            Ok(Some((row, what, remarks))) => {
                let remarks: Vec<String> = remarks.iter().map(ToString::to_string).collect();
                self.tell_read(&row, &what, &remarks);
            }
            Ok(None) => {}
            Err(error) => {
                let code = unusable(&error);
                self.told.borrow_mut().failed = Some(code);
            }
        }
    }

    fn tell_read(&self, row: &Record, what: &str, remarks: &[String]) {
        let before = self.told.borrow_mut().read.insert(row.mac, what.to_owned());
        if before.as_deref() == Some(what) {
            return;
        }
        let address = row.address.as_ref().map_or("-", |it| it.as_str());
        let value = json!({
            "mac": row.mac.to_string(), "address": address, "vendor": row.vendor,
            "machine_id": row.machine.map(|it| it.to_string()), "what": what,
        });
        let vendor = hal::tame(row.vendor.as_deref().unwrap_or("-"), "");
        let drivers = row.drivers.iter().cloned().collect::<Vec<_>>().join(",");
        self.line(
            &value,
            &format!("{}  {address:<15}  {vendor:<12}  {drivers:<13}  {}", row.mac, hal::tame(what, "")),
        );
        remarks.iter().for_each(|it| complain(&format!("note: {}: {it}\n", row.mac)));
    }
}

fn has_account(row: &Record) -> bool {
    row.ipmi.account.is_some() || row.redfish.account.is_some()
}

/// Reads a BMC as its row says; why not, in words without secrets.
pub(super) async fn read(row: &Record, timeout: Duration) -> Result<survey::Survey, String> {
    let reached = reach::reach(row, None, None).map_err(|e| e.to_string())?;
    let by = Deadline::after(timeout);
    let driver = match reached.driver.as_str() {
        "auto" => {
            let found = auto::detect(&reached.endpoint, by).await;
            found
                .map_err(|error| match error {
                    auto::DetectError::Connect(error) => error.to_string(),
                    auto::DetectError::Silent(cause) => cause.to_string(),
                })?
                .driver
        }
        name => drivers::connect(name, reached.endpoint).map_err(|e| e.to_string())?,
    };
    let surveyed = survey::survey(driver.as_ref(), by).await;
    driver.close().await;
    surveyed.map_err(|e| e.to_string())
}

/// The MAC address of a neighbour on the same network, which the kernel knows once it has spoken to it.
fn neighbour(address: IpAddr) -> Option<Mac> {
    let table = std::fs::read_to_string("/proc/net/arp").ok()?;
    let address = address.to_string();
    let mut rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|it| it.first() == Some(&address.as_str()))?;
    row.get(3)?.parse().ok()
}
