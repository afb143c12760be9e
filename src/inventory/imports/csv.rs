//! A vendor's list of MAC addresses and the passwords that the BMCs were shipped with (RFC 4180).
//!
//! Columns are separated by commas, semicolons or tabs, whichever the first line has most of. A first line without a MAC address is
//! the header, and names the columns: one with `mac` in it, one with `password`, and perhaps `user` and `address` or `ip`. Without
//! a header the columns are MAC, password, or MAC, user, password. Where no user is named it is [`USER`].

use super::{Entry, Format, Kept, Reach};
use crate::{
    endpoint::{Credentials, Scheme, Tls},
    inventory::{
        Address, Mac, Record,
        text::{Flaw, Place},
    },
};

/// The user of a list that names none: Supermicro's, whose unique passwords come as such lists.
pub const USER: &str = "ADMIN";

/// Reads a file.
pub fn read(text: &str) -> Result<Vec<Entry>, Vec<Flaw>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = mark(text.lines().next().unwrap_or_default());
    let rows = rows(text, mark).map_err(|flaw| vec![flaw])?;
    let header = rows.first().filter(|row| !row.values.iter().any(|it| it.parse::<Mac>().is_ok()));
    let columns = match header {
        Some(header) => Columns::of(header).map_err(|flaw| vec![flaw])?,
        None => Columns::bare(rows.first().map_or(0, |it| it.values.len())),
    };
    let frame = format!("{mark}{}", header.map(|it| line(&it.values, mark)).unwrap_or_default());
    let (mut entries, mut flaws) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().skip(usize::from(header.is_some())).enumerate() {
        match columns.entry(row) {
            Ok(entry) => {
                let kept = Kept::new(Format::Csv, at, line(&row.values, mark), &frame);
                entries.push(Entry { kept, ..entry });
            }
            Err(flaw) => flaws.push(flaw),
        }
    }
    for (at, entry) in entries.iter().enumerate() {
        if let Some(first) =
            entries[..at].iter().find(|it| it.mac == entry.mac && it.account != entry.account)
        {
            let message = format!("this MAC address has another account in line {}", first.place.line);
            flaws.push(Flaw::at(entry.place, message));
        }
    }
    if flaws.is_empty() { Ok(entries) } else { Err(flaws) }
}

fn mark(first: &str) -> char {
    let count = |mark: &char| first.matches(*mark).count();
    // The comma, where there is a tie: `max_by_key` takes the last.
    ['\t', ';', ','].into_iter().max_by_key(count).unwrap_or(',')
}

struct Row {
    place: Place,
    values: Vec<String>,
    /// Where each value begins.
    places: Vec<Place>,
}

/// The rows with something in them. A value in quotes may hold marks, ends of lines, and quotes that are doubled.
fn rows(text: &str, mark: char) -> Result<Vec<Row>, Flaw> {
    let mut rows = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut rest = text.chars().peekable();
    let mut row = Row { place: Place { line, column }, values: Vec::new(), places: Vec::new() };
    while rest.peek().is_some() {
        let place = Place { line, column };
        let (mut value, mut in_quotes, mut was_quoted) = (String::new(), false, false);
        let end = loop {
            let Some(c) = rest.next() else {
                if in_quotes {
                    return Err(Flaw::at(place, "the quote that opens here is not closed"));
                }
                break '\n';
            };
            column += 1;
            if c == '\n' {
                (line, column) = (line + 1, 1);
            }
            match c {
                '"' if in_quotes && rest.peek() == Some(&'"') => {
                    value.push('"');
                    rest.next();
                    column += 1;
                }
                '"' if in_quotes => in_quotes = false,
                '"' if value.trim().is_empty() && !was_quoted => {
                    value.clear();
                    (in_quotes, was_quoted) = (true, true);
                }
                c if in_quotes => value.push(c),
                c if c == mark || c == '\n' => break c,
                '\r' if rest.peek() == Some(&'\n') => {}
                c => value.push(c),
            }
        };
        row.values.push(if was_quoted { value } else { value.trim().to_owned() });
        row.places.push(place);
        if end == '\n' {
            let place = Place { line, column: 1 };
            let whole = std::mem::replace(&mut row, Row { place, values: Vec::new(), places: Vec::new() });
            if whole.values.iter().any(|it| !it.is_empty()) {
                rows.push(whole);
            }
        }
    }
    Ok(rows)
}

/// A row as a line, without its end.
fn line(values: &[String], mark: char) -> String {
    let special = |c: char| c == mark || matches!(c, '"' | '\n' | '\r');
    let value = |it: &String| {
        let is_plain = !it.contains(special) && it.trim() == it;
        if is_plain { it.clone() } else { format!("\"{}\"", it.replace('"', "\"\"")) }
    };
    values.iter().map(value).collect::<Vec<_>>().join(&mark.to_string())
}

/// Which column is what.
#[derive(Debug, Clone, Copy)]
struct Columns {
    /// How many there are.
    count: usize,
    mac: usize,
    password: usize,
    user: Option<usize>,
    address: Option<usize>,
}

impl Columns {
    fn of(header: &Row) -> Result<Self, Flaw> {
        let names: Vec<String> = header.values.iter().map(|it| it.to_ascii_lowercase()).collect();
        let find = |fits: &dyn Fn(&str) -> bool| names.iter().position(|it| fits(it));
        let missing =
            |what: &str| Flaw::at(header.place, format!("the header names no column for the {what}"));
        let is_bmc = |it: &str| {
            it.contains("mac") && ["bmc", "ipmi", "idrac", "ilo", "xcc"].iter().any(|w| it.contains(w))
        };
        let mac = find(&is_bmc).or(find(&|it| it.contains("mac") && !it.contains("machine")));
        let password = find(&|it| it.contains("pass") || it.contains("pwd"));
        Ok(Self {
            count: names.len(),
            mac: mac.ok_or_else(|| missing("MAC address"))?,
            password: password.ok_or_else(|| missing("password"))?,
            user: find(&|it| it.contains("user") || it.contains("login")),
            address: find(&|it| {
                (it.contains("address") && !it.contains("mac")) || it == "ip" || it.contains("bmc ip")
            }),
        })
    }

    fn bare(columns: usize) -> Self {
        let user = (columns >= 3).then_some(1);
        let password = if user.is_some() { 2 } else { 1 };
        Self { count: password + 1, mac: 0, password, user, address: None }
    }

    fn entry(self, row: &Row) -> Result<Entry, Flaw> {
        let value = |at: usize| row.values.get(at).filter(|it| !it.is_empty());
        let place = |at: usize| row.places.get(at).copied().unwrap_or(row.place);
        if let Some(at) = row.values.iter().skip(self.count).position(|it| !it.is_empty()) {
            let message = format!(
                "this row has more than {} columns; a value with a mark in it stands in quotes",
                self.count
            );
            return Err(Flaw::at(place(self.count + at), message));
        }
        let mac = value(self.mac).and_then(|it| it.parse::<Mac>().ok());
        let mac = mac
            .ok_or_else(|| Flaw::at(place(self.mac), "expected a MAC address, such as 3c:ec:ef:12:34:56"))?;
        let password =
            value(self.password).ok_or_else(|| Flaw::at(place(self.password), "this row has no password"))?;
        let user = self.user.and_then(value).map_or(USER, String::as_str);
        let address = match self.address.and_then(value) {
            None => None,
            Some(text) => {
                let bad = || {
                    Flaw::at(self.address.map_or(row.place, place), "expected an IP address or a host name")
                };
                Some(text.parse::<Address>().map_err(|_| bad())?)
            }
        };
        Ok(Entry {
            place: row.place,
            name: None,
            mac: Some(mac),
            boot: Vec::new(),
            address,
            reach: Reach::Both,
            scheme: Scheme::Https,
            port: None,
            account: Some(Credentials::new(user, password.as_str())),
            tls: Tls::System,
            kept: Kept::default(),
        })
    }
}

/// Writes the rows that have factory credentials.
pub(super) fn write(rows: &[&Record]) -> String {
    let kept = |row: &Record| Kept::of(row, Format::Csv);
    let frame = rows.iter().find_map(|row| kept(row)?.frame);
    let frame = frame.unwrap_or_else(|| ",mac,user,password".to_owned());
    let (mark, header) = (frame.chars().next().unwrap_or(','), frame.get(1..).unwrap_or_default());
    let names = self::rows(header, mark).ok().and_then(|it| it.into_iter().next());
    let columns = names.as_ref().and_then(|it| Columns::of(it).ok());
    let mut text = String::new();
    if !header.is_empty() {
        text.push_str(&format!("{header}\n"));
    }
    for row in rows {
        let Some(factory) = &row.factory else { continue };
        let values =
            kept(row).and_then(|it| self::rows(&it.text, mark).ok()?.into_iter().next()).map(|it| it.values);
        let columns = columns.unwrap_or_else(|| Columns::bare(values.as_ref().map_or(3, Vec::len)));
        let mut row_now =
            Row { place: Place::default(), values: values.unwrap_or_default(), places: Vec::new() };
        let said = columns.entry(&row_now).ok();
        if let (Some(at), Some(address)) = (columns.address, &row.address)
            && said.as_ref().and_then(|it| it.address.as_ref()) != Some(address)
        {
            row_now.put(at, &address.to_string());
        }
        if said.and_then(|it| it.account).as_ref() != Some(factory) {
            let password = factory.password.reveal_text();
            row_now.put(columns.mac, &row.mac.to_string());
            columns.user.into_iter().for_each(|at| row_now.put(at, &factory.user));
            row_now.put(columns.password, &password);
        }
        text.push_str(&line(&row_now.values, mark));
        text.push('\n');
    }
    text
}

impl Row {
    fn put(&mut self, at: usize, text: &str) {
        if self.values.len() <= at {
            self.values.resize(at + 1, String::new());
        }
        text.clone_into(&mut self.values[at]);
    }
}
