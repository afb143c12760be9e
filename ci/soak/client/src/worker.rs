//! One connection's work: what is asked next is drawn, the same for the same number.

use std::{collections::HashSet, env, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::{
    Failed,
    http::{Connection, Trust},
    times::Times,
};

/// How many resources are read in turn.
const MOST: usize = 250;

/// What is known of the BMCs, which are all of one profile.
pub struct Known {
    readable: Vec<String>,
    sessions: String,
    system: String,
    reset: String,
    property: (&'static str, [&'static str; 2]),
    clear: Option<String>,
    test_event: Option<String>,
    subscriptions: String,
    destination: String,
    login: String,
    /// Whether they send events.
    pub events: bool,
}

impl Known {
    /// Walks the first BMC; every BMC gets a subscription, where it takes one.
    pub async fn of(trust: &Trust, urls: &[String], destination: &str) -> Result<Self, Failed> {
        let login =
            json!({"UserName": env::var("BMC_USER")?, "Password": env::var("BMC_PASSWORD")?}).to_string();
        let mut known = Self {
            readable: Vec::new(),
            sessions: String::new(),
            system: String::new(),
            reset: String::new(),
            property: ("LocationIndicatorActive", ["true", "false"]),
            clear: None,
            test_event: None,
            subscriptions: String::new(),
            destination: destination.to_owned(),
            login,
            events: false,
        };
        let mut first = Connection::open(trust, &urls[0]).await?;
        first.send("GET", "/redfish/v1/", "", "").await?;
        let root: Value = serde_json::from_slice(first.body())?;
        known.sessions = link(&root["Links"]["Sessions"]).ok_or("the root has no link to sessions")?;
        for url in urls {
            let mut connection = Connection::open(trust, url).await?;
            let (session, token) = known.log_in(&mut connection).await?;
            if known.readable.is_empty() {
                known.walk(&mut connection, &token).await?;
            }
            if !known.subscriptions.is_empty() {
                let made =
                    connection.send("POST", &known.subscriptions, &token, &known.subscription()).await?;
                known.events = made == 201;
            }
            connection.send("DELETE", &session, &token, "").await?;
        }
        if known.reset.is_empty() {
            return Err("no system with a reset was found".into());
        }
        Ok(known)
    }

    fn subscription(&self) -> String {
        json!({"Destination": self.destination, "Protocol": "Redfish", "Context": "soak"}).to_string()
    }

    async fn log_in(&self, connection: &mut Connection) -> Result<(String, String), Failed> {
        let status = connection.send("POST", &self.sessions, "", &self.login).await?;
        let said = (connection.header("location"), connection.header("x-auth-token"));
        match said {
            (Some(session), Some(token)) if status == 201 => Ok((session, token)),
            _ => Err(format!("a login ended with {status}").into()),
        }
    }

    async fn walk(&mut self, connection: &mut Connection, token: &str) -> Result<(), Failed> {
        let (mut open, mut seen) = (vec!["/redfish/v1/".to_owned()], HashSet::new());
        while let Some(path) = open.pop() {
            if path.contains('#') || !seen.insert(path.clone()) || self.readable.len() >= MOST {
                continue;
            }
            if connection.send("GET", &path, token, "").await? != 200 {
                continue;
            }
            let document: Value = serde_json::from_slice(connection.body())?;
            self.learn(&path, &document);
            links(&document, &mut open);
            // What comes and goes is not read in turn.
            if !["/Sessions/", "/Entries/", "/Tasks/", "/Subscriptions/"].iter().any(|it| path.contains(it)) {
                self.readable.push(path);
            }
        }
        Ok(())
    }

    fn learn(&mut self, path: &str, document: &Value) {
        let target = |name: &str| document["Actions"][name]["target"].as_str().map(str::to_owned);
        if let Some(reset) = target("#ComputerSystem.Reset") {
            (self.system, self.reset) = (path.to_owned(), reset);
            if document.get("LocationIndicatorActive").is_none() {
                self.property = ("IndicatorLED", ["\"Lit\"", "\"Off\""]);
            }
        }
        self.clear = target("#LogService.ClearLog").or_else(|| self.clear.take());
        if let Some(test) = target("#EventService.SubmitTestEvent") {
            self.test_event = Some(test);
            self.subscriptions = link(&document["Subscriptions"]).unwrap_or_default();
        }
    }
}

fn link(value: &Value) -> Option<String> {
    value["@odata.id"].as_str().map(str::to_owned)
}

fn links(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Object(members) => {
            into.extend(link(value));
            members.values().for_each(|member| links(member, into));
        }
        _ => {}
    }
}

/// One connection.
pub struct Worker {
    drawn: u64,
    connection: Connection,
    known: Arc<Known>,
    times: Arc<Times>,
    token: String,
    session: String,
    done: u64,
}

impl Worker {
    /// With a number of its own.
    pub fn new(number: u64, connection: Connection, known: Arc<Known>, times: Arc<Times>) -> Self {
        let drawn = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { drawn, connection, known, times, token: String::new(), session: String::new(), done: 0 }
    }

    /// So many operations, and not faster than one in each pause.
    pub async fn work(mut self, operations: u64, pause: Duration, began: Instant) -> Result<(), Failed> {
        self.log_in().await?;
        while self.done < operations {
            if self.done % 16 == 0 {
                sleep_until(began + pause.mul_f64(self.done as f64)).await;
            }
            match self.draw(1_000) {
                0..780 => self.read().await?,
                780..880 => self.change().await?,
                880..930 => self.act().await?,
                930..980 => {
                    self.log_out().await?;
                    self.log_in().await?;
                }
                _ => self.events().await?,
            }
        }
        self.log_out().await
    }

    /// A number below this one (xorshift64).
    fn draw(&mut self, below: u64) -> u64 {
        self.drawn ^= self.drawn << 13;
        self.drawn ^= self.drawn >> 7;
        self.drawn ^= self.drawn << 17;
        self.drawn % below
    }

    async fn ask(
        &mut self,
        what: &str,
        method: &str,
        path: &str,
        body: &str,
        fine: &[u16],
    ) -> Result<u16, Failed> {
        let began = Instant::now();
        let token = if what == "login" { "" } else { &self.token };
        let status = self
            .connection
            .send(method, path, token, body)
            .await
            .map_err(|problem| format!("{what}: {problem}"))?;
        self.times.took(began.elapsed());
        self.done += 1;
        if !fine.contains(&status) {
            self.times.unexpected(what, status);
        }
        Ok(status)
    }

    async fn read(&mut self) -> Result<(), Failed> {
        let known = self.known.clone();
        let at = self.draw(known.readable.len() as u64) as usize;
        self.ask("read", "GET", &known.readable[at], "", &[200]).await.map(drop)
    }

    async fn change(&mut self) -> Result<(), Failed> {
        let known = self.known.clone();
        let (name, values) = known.property;
        let body = format!("{{\"{name}\":{}}}", values[self.draw(2) as usize]);
        self.ask("change", "PATCH", &known.system, &body, &[200, 204]).await.map(drop)
    }

    /// The host's power, whose state somebody else may have changed; now and then a log is cleared.
    async fn act(&mut self) -> Result<(), Failed> {
        let known = self.known.clone();
        if let (0, Some(clear)) = (self.draw(10), &known.clear) {
            return self.ask("clear", "POST", clear, "{}", &[200, 204]).await.map(drop);
        }
        let kind = ["On", "ForceOff", "ForceRestart", "GracefulShutdown"][self.draw(4) as usize];
        let body = format!("{{\"ResetType\":\"{kind}\"}}");
        self.ask("reset", "POST", &known.reset, &body, &[200, 202, 204, 409]).await.map(drop)
    }

    async fn log_in(&mut self) -> Result<(), Failed> {
        let known = self.known.clone();
        if self.ask("login", "POST", &known.sessions, &known.login, &[201]).await? == 201 {
            self.token = self.connection.header("x-auth-token").unwrap_or_default();
            self.session = self.connection.header("location").unwrap_or_default();
        }
        Ok(())
    }

    async fn log_out(&mut self) -> Result<(), Failed> {
        let session = std::mem::take(&mut self.session);
        self.ask("logout", "DELETE", &session, "", &[200, 204]).await.map(drop)
    }

    /// An event for whoever wants one; now and then one client more wants some, for a moment.
    async fn events(&mut self) -> Result<(), Failed> {
        let known = self.known.clone();
        let (Some(test), true) = (&known.test_event, known.events) else { return self.read().await };
        if self.draw(4) > 0 {
            let body =
                json!({"EventType": "Alert", "MessageId": "ResourceEvent.1.4.TestMessage"}).to_string();
            return self.ask("test event", "POST", test, &body, &[200, 202, 204]).await.map(drop);
        }
        if self.ask("subscribe", "POST", &known.subscriptions, &known.subscription(), &[201]).await? == 201 {
            let made = self.connection.header("location").unwrap_or_default();
            self.ask("unsubscribe", "DELETE", &made, "", &[200, 204]).await?;
        }
        Ok(())
    }
}
