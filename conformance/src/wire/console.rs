//! The judge's reading of serial over LAN (IPMI v2.0 §15.9 to §15.11): which characters went each way.

use serde_json::{Value, json};

use super::{Exchange, Record};

/// Activate Payload (§24.1).
const ACTIVATE: (u8, u8) = (0x06, 0x48);
const IN_USE: u8 = 0x80;

/// What was typed and what the host wrote, each character once; nothing where nobody was given the console.
pub(super) fn told(records: &[Record]) -> Option<Value> {
    given(records).next()?;
    Some(json!({"typed": said(records, true), "heard": said(records, false)}))
}

/// Where the BMC gave the console to somebody while another had it.
pub fn given_twice(records: &[Record]) -> Option<usize> {
    let taken = records.iter().position(|record| is(record, Some(0)))?;
    let returned = |record: &Record| {
        matches!(
            &record.exchange,
            Exchange::Ipmi { netfn: 0x06, command: 0x49 | 0x3C, completion: Some(0), .. }
        )
    };
    let meanwhile = records.iter().enumerate().skip(taken + 1);
    meanwhile.take_while(|(_, record)| !returned(record)).find(|(_, it)| is(it, Some(0))).map(|(at, _)| at)
}

/// Where the BMC said that somebody else has the console.
pub fn in_use(records: &[Record]) -> Option<usize> {
    records.iter().position(|record| is(record, Some(IN_USE)))
}

fn given(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| is(record, Some(0)))
}

fn is(record: &Record, answered: Option<u8>) -> bool {
    matches!(&record.exchange, Exchange::Ipmi { netfn, command, completion, .. }
        if (*netfn, *command) == ACTIVATE && *completion == answered)
}

/// A packet under the number of the one before it is that one again, perhaps with more; what the network lost was not said.
fn said(records: &[Record], way: bool) -> String {
    let mut all = String::new();
    let mut last = (0, 0);
    for record in records.iter().filter(|record| record.injected.is_none()) {
        let Exchange::Console { to_host, number, text } = &record.exchange else { continue };
        if *to_host != way {
            continue;
        }
        let known = if last.0 == *number { last.1 } else { 0 };
        all.push_str(text.get(known..).unwrap_or_default());
        last = (*number, text.len().max(known));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(exchange: Exchange, lost: bool) -> Record {
        let injected = lost.then(|| "lost by the relay".to_owned());
        Record { at: 0, exchange, same_body_as: None, injected }
    }

    fn packet(to_host: bool, number: u8, text: &str) -> Exchange {
        Exchange::Console { to_host, number, text: text.to_owned() }
    }

    fn command(command: u8, completion: u8) -> Exchange {
        Exchange::Ipmi {
            netfn: 6,
            command,
            data: String::new(),
            sequence: 1,
            completion: Some(completion),
            response: None,
            session_sequence: 1,
        }
    }

    #[test]
    fn each_character_counts_once_however_often_it_was_sent_and_lost() {
        let records = [
            record(command(0x48, 0), false),
            record(packet(true, 1, "un"), true),
            record(packet(true, 1, "un"), false),
            record(packet(false, 1, "un"), false),
            record(packet(false, 1, "una"), false),
            record(packet(true, 2, "ame"), false),
            record(packet(false, 2, "me"), false),
        ];
        assert_eq!(told(&records).unwrap(), json!({"typed": "uname", "heard": "uname"}));
        assert_eq!(told(&records[1..]), None);
    }

    #[test]
    fn a_console_is_given_twice_only_where_nobody_gave_it_back() {
        let back = command(0x49, 0);
        let refused = [record(command(0x48, 0), false), record(command(0x48, 0x80), false)];
        assert_eq!((given_twice(&refused), in_use(&refused)), (None, Some(1)));
        assert_eq!(given_twice(&[record(command(0x48, 0), false), record(command(0x48, 0), false)]), Some(1));
        let again = [record(command(0x48, 0), false), record(back, false), record(command(0x48, 0), false)];
        assert_eq!(given_twice(&again), None);
    }
}
