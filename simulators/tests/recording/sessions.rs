//! Who asks, what is believed of the certificate, and that neither is in the tree.

use std::sync::{Arc, Mutex};

use halmark_simulators::{
    Bmc, BmcOptions, Profile,
    redfish::{Service, ServiceOptions, tls::Certificate},
};

use super::*;
use crate::world::{SESSIONS, SYSTEM};

/// Fails where one of these words is in a file or its name.
fn assert_free_of(options: &Options, words: &[String]) {
    for (name, text) in files(&options.out) {
        for word in words {
            assert!(!name.contains(word.as_str()) && !text.contains(word.as_str()), "a secret is in {name}");
        }
    }
}

/// Every token and session of the transcript.
fn passes(world: &World) -> Vec<String> {
    let exchanges = world.service.exchanges_from(0);
    let text: Vec<String> = exchanges.iter().map(|it| format!("{it:?}")).collect();
    let deleted = exchanges.iter().filter(|it| it.method == "DELETE").map(|it| it.path.clone());
    assert!(!text.is_empty());
    deleted.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_session_is_deleted_and_nothing_of_it_is_in_the_tree() {
    let (world, options) = (World::healthy().await, options("session"));
    recorded(&world, &options).await;
    assert_eq!(world.service.sessions(), 0);
    let sessions = document(&options, "SessionService/Sessions/index.json");
    assert_eq!((&sessions["Members"], &sessions["Members@odata.count"]), (&json!([]), &json!(0)));
    let password = account(&world).password;
    let ids: Vec<String> = passes(&world).into_iter().map(|id| format!("Sessions/{id}")).collect();
    assert_eq!(ids.len(), 1);
    assert_free_of(&options, &[ids, vec![password]].concat());
    let everything = files(&options.out).into_values().collect::<String>().to_lowercase();
    for header in ["x-auth-token", "set-cookie", "authorization"] {
        assert!(!everything.contains(&format!("\"{header}\"")), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_session_is_made_and_deleted_and_all_else_is_read() {
    let (world, options) = (World::healthy().await, options("reads"));
    recorded(&world, &options).await;
    let changing: Vec<String> = world
        .service
        .exchanges_from(0)
        .into_iter()
        .filter(|it| it.method != "GET")
        .map(|it| format!("{} {}", it.method, it.path.replace(|c: char| c.is_ascii_digit(), "")))
        .collect();
    assert_eq!(changing.len(), 2, "{changing:?}");
    assert!(changing[0] == format!("POST {SESSIONS}").replace('1', "") && changing[1].starts_with("DELETE"));
}

#[tokio::test(start_paused = true)]
async fn basic_needs_no_session() {
    let (world, options) = (World::healthy().await, options("basic"));
    let endpoint = Endpoint { login: Login::Basic(account(&world)), ..endpoint(&world) };
    record(&options, &endpoint, &mut |_| {}, std::future::pending()).await.unwrap();
    assert!(options.out.join("Systems/1/index.json").exists());
    assert!(world.service.exchanges_from(0).iter().all(|it| it.method == "GET"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_sent_once() {
    let world = World::healthy().await;
    let wrong = Account { password: "certainly-not".to_owned(), ..account(&world) };
    for (name, login) in
        [("wrong-session", Login::Session(wrong.clone())), ("wrong-basic", Login::Basic(wrong))]
    {
        let before = world.service.exchange_count();
        let endpoint = Endpoint { login, ..endpoint(&world) };
        let failed = record(&options(name), &endpoint, &mut |_| {}, std::future::pending()).await;
        assert!(matches!(failed, Err(RecordError::WrongPassword { .. })), "{failed:?}");
        assert_eq!(world.service.exchange_count(), before + 2, "the root and one attempt");
        assert!(!failed.unwrap_err().to_string().contains("certainly-not"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_account_only_what_is_open_is_recorded() {
    let (world, options) = (World::healthy().await, options("nobody-asks"));
    let endpoint = Endpoint { login: Login::Nobody, ..endpoint(&world) };
    let report = record(&options, &endpoint, &mut |_| {}, std::future::pending()).await.unwrap();
    assert!(report.recorded >= 4 && report.refused > 0, "{report:?}");
    assert_eq!(failure(&options, "/redfish/v1/Systems"), "not-permitted 401 1");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_on_the_way_is_opened_anew() {
    let (world, options) = (World::healthy().await, options("expired"));
    let service = Arc::new(Mutex::new(0));
    let mut watch = |progress: halmark_simulators::recording::Progress| {
        if progress.recorded == 8 && *service.lock().unwrap() == 0 {
            *service.lock().unwrap() = 1;
            world.service.expire_sessions();
        }
    };
    let report = record(&options, &endpoint(&world), &mut watch, std::future::pending()).await.unwrap();
    assert_eq!((report.refused, world.service.sessions()), (0, 0));
    assert!(options.out.join("Systems/1/index.json").exists());
}

fn secure(certificate: &Certificate) -> (Bmc, Service) {
    let bmc = Bmc::start(&Profile::named("generic").unwrap(), BmcOptions::default()).unwrap();
    let options = ServiceOptions { tls: Some(certificate.clone()), ..ServiceOptions::default() };
    let service = Service::start(&bmc, options).unwrap();
    (bmc, service)
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_believed_by_its_authority_by_its_digest_or_by_order() {
    let certificate = Certificate::authority("127.0.0.1");
    let pem = certificate.ca_pem().to_owned();
    for (name, trust, believed) in [
        ("ca", Trust::Authorities(pem), true),
        ("other-ca", Trust::Authorities(Certificate::self_signed("127.0.0.1").ca_pem().to_owned()), false),
        ("pin", Trust::Pin(digest(&certificate)), true),
        ("other-pin", Trust::Pin([7; 32]), false),
        ("insecure", Trust::Anyone, true),
    ] {
        let (_bmc, service) = secure(&certificate);
        let (host, port) = ("127.0.0.1".to_owned(), service.addr().port());
        let endpoint = Endpoint { scheme: Scheme::Https, host, port, trust, login: Login::Nobody };
        let options = options(&format!("tls-{name}"));
        match record(&options, &endpoint, &mut |_| {}, std::future::pending()).await {
            Ok(_) => assert!(believed, "{name}"),
            Err(RecordError::Untrusted { .. }) => assert!(!believed, "{name}"),
            Err(other) => panic!("{name}: {other}"),
        }
    }
}

fn digest(certificate: &Certificate) -> [u8; 32] {
    use sha2::Digest as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let der = CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap();
    sha2::Sha256::digest(der.as_ref()).into()
}

#[tokio::test(start_paused = true)]
async fn credentials_in_documents_and_headers_are_never_written() {
    let (world, options) = (World::healthy().await, options("secrets"));
    let document =
        json!({"@odata.id": SYSTEM, "Password": "canary-one", "Oem": {"X": {"LicenseKey": "canary-two"}}});
    let headers =
        [("X-Auth-Token", "canary-three"), ("Set-Cookie", "id=canary-four"), ("X-CSRF-Token", "canary-five")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let action = HttpAction::Respond { status: 200, headers, body: Some(document.to_string()) };
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, action)]);
    recorded(&world, &options).await;
    assert_free_of(&options, &["canary".to_owned()]);
    assert_eq!(super::document(&options, "Systems/1/index.json")["Password"], Value::Null);
}
