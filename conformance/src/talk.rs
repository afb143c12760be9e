//! A talk with the host over its console, as data: what is typed, what has to come, and what is done meanwhile.

use std::time::Duration;

use halmark::{Console, Deadline, Driver, DriverError, Operation};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout_at,
};

use crate::{
    condition::Shape,
    operation::{Call, Returned},
};

/// One thing that is done while the console is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Reads until this text has come, after what was waited for before.
    Await(String),
    /// Types this, and waits until the BMC has taken it.
    Type(String),
    /// Carries out another operation of the driver.
    Meanwhile(Operation),
}

impl Turn {
    /// The operation that it carries out.
    pub fn operation(&self) -> Option<Operation> {
        if let Self::Meanwhile(operation) = self { Some(*operation) } else { None }
    }
}

/// What a talk returns: everything that was heard; everything that was typed; the text that did not come; how the console
/// ended, where it did so by itself; and what became of each operation meanwhile: its value, or the kind of its error.
pub const RETURNS: Shape = Shape::Fields(&[
    ("heard", Shape::Text),
    ("typed", Shape::Text),
    ("missing", Shape::Text),
    ("ended", Shape::Text),
    ("meanwhile", Shape::List(&Shape::Text)),
]);

/// The turns, for journals and people.
pub fn arguments(turns: &[Turn]) -> Value {
    let shown = turns.iter().map(|turn| match turn {
        Turn::Await(text) => json!({"await": text}),
        Turn::Type(text) => json!({"type": text}),
        Turn::Meanwhile(operation) => json!({"meanwhile": operation.to_string()}),
    });
    json!({"talk": shown.collect::<Vec<_>>()})
}

/// Opens the console, talks, and closes it.
pub async fn run(turns: &[Turn], driver: &dyn Driver, within: Duration) -> Result<Returned, DriverError> {
    let by = Deadline::after(within);
    // What is left then is for closing.
    let patience = by.or_after(within.mul_f64(0.8));
    let opened = driver.open_console(by).await?;
    let protocol = opened.protocol;
    let mut talk = Talk { console: opened.value, heard: Vec::new(), waited: 0, said: Said::default() };
    for turn in turns {
        if talk.take(turn, driver, patience).await.is_break() {
            break;
        }
    }
    talk.console.close(by).await?;
    let notes = opened.notes.iter().map(ToString::to_string).collect();
    Ok(Returned { value: talk.returned(), protocol, notes })
}

struct Talk {
    console: Box<dyn Console>,
    heard: Vec<u8>,
    /// So much of it was waited for.
    waited: usize,
    said: Said,
}

#[derive(Default)]
struct Said {
    typed: String,
    missing: Option<String>,
    ended: Option<String>,
    meanwhile: Vec<String>,
}

type Next = std::ops::ControlFlow<()>;

impl Talk {
    async fn take(&mut self, turn: &Turn, driver: &dyn Driver, by: Deadline) -> Next {
        match turn {
            Turn::Await(text) => self.hear(text, by).await,
            Turn::Type(text) => self.write(text, by).await,
            Turn::Meanwhile(operation) => {
                let done = Box::pin(Call::Plain(*operation).run(driver, by.left())).await;
                self.said.meanwhile.push(match done {
                    Ok(Returned { value: Value::String(word), .. }) => word,
                    Ok(_) => "ok".to_owned(),
                    Err(error) => error.kind().to_owned(),
                });
                Next::Continue(())
            }
        }
    }

    async fn hear(&mut self, wanted: &str, by: Deadline) -> Next {
        let mut buffer = [0; 1024];
        loop {
            let new = &self.heard[self.waited..];
            if let Some(at) = new.windows(wanted.len().max(1)).position(|part| part == wanted.as_bytes()) {
                self.waited += at + wanted.len();
                return Next::Continue(());
            }
            match timeout_at(by.instant(), self.console.read(&mut buffer)).await {
                Ok(Ok(0)) => self.said.ended = Some("it ended".to_owned()),
                Ok(Ok(count)) => {
                    self.heard.extend_from_slice(&buffer[..count]);
                    continue;
                }
                Ok(Err(error)) => self.said.ended = Some(error.to_string()),
                Err(_) => {}
            }
            self.said.missing = Some(wanted.to_owned());
            return Next::Break(());
        }
    }

    async fn write(&mut self, text: &str, by: Deadline) -> Next {
        self.said.typed.push_str(text);
        let writing = async {
            self.console.write_all(text.as_bytes()).await?;
            self.console.flush().await
        };
        match timeout_at(by.instant(), writing).await {
            Ok(Ok(())) => return Next::Continue(()),
            Ok(Err(error)) => self.said.ended = Some(error.to_string()),
            Err(_) => self.said.ended = Some("the BMC did not take what was typed".to_owned()),
        }
        Next::Break(())
    }

    fn returned(self) -> Value {
        let Said { typed, missing, ended, meanwhile } = self.said;
        json!({
            "heard": String::from_utf8_lossy(&self.heard),
            "typed": typed,
            "missing": missing,
            "ended": ended,
            "meanwhile": meanwhile,
        })
    }
}
