//! Asks a Redfish service for one resource as often as it can, over connections that stay open, and prints what came of it as
//! one line of JSON. One thread.
//!
//! `redfish-load https://127.0.0.1:8443 /redfish/v1/Systems/1 32 5`: 32 connections, 5 seconds. With HALMARK_USER and
//! HALMARK_PASSWORD it opens a session and sends its token; without, it sends nothing. With `unchanged` as a last word it says
//! which ETag it has, and expects to be told that nothing is new (304). Any certificate will do. Where a service ends the
//! connection after each answer, the time of the next one includes the connecting: its client waits for that, too.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use halmark_bench_peers::{
    redfish::{Answer, Failure, Service, Stream, exchange, value},
    times::Times,
};
use tokio::task::LocalSet;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, path, connections, seconds, unchanged @ ..] = words.as_slice() else {
        return Err("expected URL PATH CONNECTIONS SECONDS [unchanged]".into());
    };
    let service = Rc::new(Service::all([url.as_str()].into_iter())?.remove(0));
    let (token, session) = service.log_in().await?;
    let mut buffer = Vec::new();
    let first = ask_once(&service, &service.request("GET", path, &token, ""), &mut buffer).await?;
    let etag = value(std::str::from_utf8(&buffer[..first.body.start])?, "etag");
    let (headers, expected) = match (unchanged.is_empty(), etag) {
        (true, _) => (token.clone(), 200),
        (false, Some(etag)) => (format!("{token}If-None-Match: {etag}\r\n"), 304),
        (false, None) => return Err("the resource has no ETag".into()),
    };
    let request = service.request("GET", path, &headers, "");
    let mut streams = Vec::new();
    for _ in 0..connections.parse()? {
        streams.push(service.connect().await?);
    }
    let (times, tasks, begun) = (Rc::new(RefCell::new(Times::default())), LocalSet::new(), Instant::now());
    let until = begun + Duration::from_secs_f64(seconds.parse()?);
    for stream in streams {
        tasks.spawn_local(ask(service.clone(), request.clone(), stream, expected, times.clone(), until));
    }
    tasks.await;
    let took = begun.elapsed().as_secs_f64();
    if let Some(session) = session {
        ask_once(&service, &service.request("DELETE", &session, &token, ""), &mut Vec::new()).await?;
    }
    let times = Rc::into_inner(times).ok_or("everybody has ended")?.into_inner();
    let (bytes, etag) = (first.body.len(), etag.is_some());
    println!(r#"{{{},"seconds":{took:.3},"bytes":{bytes},"etag":{etag}}}"#, times.said());
    Ok(())
}

async fn ask_once(service: &Service, request: &str, buffer: &mut Vec<u8>) -> Result<Answer, Failure> {
    exchange(&mut service.connect().await?, request.as_bytes(), buffer).await
}

async fn ask(
    service: Rc<Service>,
    request: String,
    stream: Box<dyn Stream>,
    expected: u16,
    times: Rc<RefCell<Times>>,
    until: Instant,
) {
    let mut buffer = Vec::with_capacity(64 << 10);
    let mut open = Some(stream);
    while Instant::now() < until {
        let begun = Instant::now();
        let mut stream = match open.take() {
            Some(stream) => stream,
            None => service.connect().await.expect("a connection"),
        };
        // A service may end a connection that lay idle.
        let Ok(answer) = exchange(&mut stream, request.as_bytes(), &mut buffer).await else { continue };
        assert_eq!(answer.status, expected, "another status");
        times.borrow_mut().took(begun.elapsed());
        open = (!answer.ends).then_some(stream);
    }
}
