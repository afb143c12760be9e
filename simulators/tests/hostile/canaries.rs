//! Secrets in every place that a client can put them, and every place where they must not come up again.

use std::sync::{Arc, Mutex};

use halmark_simulators::{
    Bmc, BmcOptions, Credentials, Profile, Role,
    redfish::{Observer, Service, ServiceOptions},
};
use serde_json::json;

use crate::world::{Client, Reply, SESSIONS, SYSTEM};

/// Letters that look different in a URL, in Base64 and in hexadecimal.
const PASSWORD: &str = "C4nary+/&=% bird";

/// A BMC whose administrator's password is the canary, and all that was said of it.
struct Cage {
    bmc: Bmc,
    service: Service,
    log: Arc<Mutex<String>>,
    token: String,
}

impl Cage {
    async fn new() -> Self {
        let admin = Credentials {
            user: "admin".to_owned(),
            password: PASSWORD.to_owned(),
            role: Role::Administrator,
        };
        let bmc =
            Bmc::start_for(&Profile::named("generic").unwrap(), BmcOptions::default(), vec![admin]).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = log.clone();
        let observer = Observer::new(move |seen| {
            lines.lock().unwrap().push_str(&format!("{seen:?}\n{} {}\n", seen.method, seen.path));
        });
        let options = ServiceOptions { observer: Some(observer), ..ServiceOptions::default() };
        let service = Service::start(&bmc, options).unwrap();
        let mut cage = Self { bmc, service, log, token: String::new() };
        let login = json!({"UserName": "admin", "Password": PASSWORD}).to_string();
        let reply = cage.send("POST", SESSIONS, &[], &login).await;
        cage.token = reply.header("X-Auth-Token").unwrap().to_owned();
        cage
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut client = Client::connect(self.service.addr()).await.unwrap();
        client.send(method, path, headers, body.as_bytes()).await.unwrap()
    }

    /// As the administrator, with the token.
    async fn admin(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(method, path, &[("X-Auth-Token", &self.token)], body).await
    }

    /// Everything that can be seen from outside the wire.
    fn said(&self) -> String {
        let log = self.log.lock().unwrap();
        format!("{:?}\n{:?}\n{:?}\n{log}", self.service.exchanges_from(0), self.bmc, self.service)
    }
}

/// The ways to write a secret down.
fn forms(secret: &str) -> Vec<String> {
    let hex = |upper: bool| {
        secret.bytes().map(move |it| if upper { format!("{it:02X}") } else { format!("{it:02x}") })
    };
    let escaped = |upper: bool| {
        let each = secret.bytes().map(move |it| match it {
            it if it.is_ascii_alphanumeric() => char::from(it).to_string(),
            it if upper => format!("%{it:02X}"),
            it => format!("%{it:02x}"),
        });
        each.collect::<String>()
    };
    let base64 = |text: &str| {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let encoded = crate::world::basic(user, password);
        encoded.trim_start_matches("Basic ").to_owned()
    };
    let mut all =
        vec![secret.to_owned(), hex(true).collect(), hex(false).collect(), escaped(true), escaped(false)];
    all.push(escaped(true).replace("%20", "+"));
    all.push(secret.replace('/', "\\/"));
    all.push(base64(&format!("admin:{secret}")));
    all
}

fn shows_nothing(said: &str, secret: &str, what: &str) {
    for form in forms(secret) {
        if let Some(at) = said.find(&form) {
            let from = (0..=at.saturating_sub(120)).rev().find(|at| said.is_char_boundary(*at)).unwrap_or(0);
            panic!("{what}: the secret stands after {:?}", &said[from..at]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_where_it_belongs_or_in_a_slip_of_the_hand_is_not_told_on() {
    let cage = Cage::new().await;
    for secret in [PASSWORD.to_owned(), cage.token.clone()] {
        let right = crate::world::basic("admin", &secret);
        let wrong = crate::world::basic("nobody", &secret);
        let bearer = format!("Bearer {secret}");
        for (name, value) in [
            ("Authorization", right.as_str()),
            ("Authorization", &wrong),
            ("Authorization", &bearer),
            ("Authorization", &secret),
            ("X-Auth-Token", &secret),
            ("X-Auth-Token", &right),
            ("Cookie", &secret),
            ("User-Agent", &secret),
            ("X-Other", &secret),
            ("Proxy-Authorization", &right),
        ] {
            for path in [SYSTEM, "/redfish/v1/nowhere"] {
                let reply = cage.send("GET", path, &[(name, value)], "").await;
                if reply.status >= 400 {
                    shows_nothing(&reply.text(), &secret, "the answer to a header");
                }
            }
        }
        shows_nothing(&cage.said(), &secret, "after headers");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_of_any_shape_in_a_body_is_not_told_on() {
    let cage = Cage::new().await;
    let word = json!(PASSWORD);
    let shapes = [
        word.clone(),
        json!([word]),
        json!({"value": word, "deep": [[{"er": word}]]}),
        json!([[], {}, word, 1, null]),
        json!(format!("{PASSWORD}\"\\{PASSWORD}")),
        json!(PASSWORD.repeat(300)),
    ];
    let accounts = "/redfish/v1/AccountService/Accounts";
    let account = format!("{accounts}/1");
    let media = "/redfish/v1/Managers/1/VirtualMedia/CD/Actions/VirtualMedia.InsertMedia";
    for shape in &shapes {
        for (method, path, body) in [
            ("POST", SESSIONS, json!({"UserName": "admin", "Password": shape})),
            ("POST", SESSIONS, json!({"Password": shape})),
            ("POST", SESSIONS, json!({"UserName": "x", "password": shape, "Token": shape})),
            ("PATCH", SYSTEM, json!({"Password": shape, "IndicatorLED": "Lit"})),
            ("PATCH", SYSTEM, json!({"Boot": {"Password": shape}})),
            ("POST", accounts, json!({"UserName": "new", "Password": shape, "RoleId": "King"})),
            ("PATCH", account.as_str(), json!({"Password": shape, "Enabled": "perhaps"})),
            ("POST", media, json!({"Image": 5, "UserName": "me", "Password": shape})),
        ] {
            let reply = cage.admin(method, path, &body.to_string()).await;
            shows_nothing(&reply.text(), PASSWORD, &format!("the answer to {method} {path} {shape:.30}"));
        }
        shows_nothing(&cage.said(), PASSWORD, &format!("after {shape:.30}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_in_a_broken_body_is_not_told_on() {
    let cage = Cage::new().await;
    let bodies = [
        format!("{{\"Password\":\"{PASSWORD}"),
        format!("{{\"Password\":{PASSWORD}}}"),
        format!("{{'Password':'{PASSWORD}'}}"),
        format!("UserName=admin&Password={}", forms(PASSWORD)[3]),
        format!("UserName=admin&Password={PASSWORD}"),
        PASSWORD.to_owned(),
        format!("[\"{PASSWORD}\"]"),
        format!("<Password>{PASSWORD}</Password>"),
        crate::world::basic("admin", PASSWORD),
        forms(PASSWORD)[1].clone(),
        forms(PASSWORD)[2].clone(),
    ];
    for body in &bodies {
        for (path, kind) in [(SESSIONS, "application/json"), (SESSIONS, "application/x-www-form-urlencoded")]
        {
            let headers = [("X-Auth-Token", cage.token.as_str()), ("Content-Type", kind)];
            let reply = cage.send("POST", path, &headers, body).await;
            shows_nothing(&reply.text(), PASSWORD, &format!("the answer to {body:.20}"));
        }
        shows_nothing(&cage.said(), PASSWORD, &format!("after {body:.20}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_a_place_that_is_shown_is_hidden_there() {
    let cage = Cage::new().await;
    for secret in [PASSWORD.to_owned(), cage.token.clone()] {
        let escaped = forms(&secret)[3].clone();
        let paths = [
            format!("{SYSTEM}?Password={escaped}"),
            format!("{SYSTEM}?$filter=Password%20eq%20'{escaped}'"),
            format!("{SYSTEM}?token={}", forms(&secret)[2]),
            format!("{SYSTEM}/{escaped}"),
            format!("/redfish/v1/{}", forms(&secret)[7]),
            format!("{SESSIONS}/{escaped}/more"),
        ];
        for path in &paths {
            for method in ["GET", "PATCH", "POST"] {
                cage.admin(method, path, &json!({"UserName": secret, secret.as_str(): 5}).to_string()).await;
            }
        }
        let headers =
            [("X-Auth-Token", cage.token.as_str()), ("If-Match", &secret), ("Content-Type", &secret)];
        cage.send("PATCH", SYSTEM, &headers, "{}").await;
        cage.admin("POST", SESSIONS, &json!({"UserName": secret, "Password": "x"}).to_string()).await;
        shows_nothing(&cage.said(), &secret, "after a slip of the hand");
    }
}
