//! The truth as a stream: what happened before somebody asked, and what happens then.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{pin::Pin, time::Duration};

use halmark_grpc::{
    listen::{self, Listener, Socket},
    pb::{
        GetPowerRequest, ListMachinesRequest, WatchTruthRequest, WatchTruthResponse, bmc_client::BmcClient,
        truth_client::TruthClient,
    },
    transport::{Address, Channel},
    truth::{Happened, Truth, Witness},
};
use tokio::sync::watch;
use tonic::Code;

const ORIGIN: &str = "http://localhost";

/// One machine, whose log somebody writes.
struct One(watch::Receiver<Vec<&'static str>>);

impl Witness for One {
    fn names(&self) -> Vec<String> {
        vec!["bmc1".to_owned()]
    }

    fn events(&self, bmc: &str, from: u64) -> Option<Vec<Happened>> {
        let log = self.0.borrow();
        let numbered = (0u64..).zip(log.iter()).filter(|(seq, _)| *seq >= from);
        let events = numbered.map(|(seq, name)| Happened {
            seq,
            at: Duration::from_millis(seq * 1500),
            name: (*name).to_owned(),
        });
        (bmc == "bmc1").then(|| events.collect())
    }

    fn more_than(&self, _: &str, count: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut log = self.0.clone();
        Box::pin(async move {
            if log.wait_for(|it| it.len() as u64 > count).await.is_err() {
                std::future::pending().await
            }
        })
    }
}

async fn served(name: &str) -> (watch::Sender<Vec<&'static str>>, Channel) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (log, seen) = watch::channel(vec!["power.on", "host.post"]);
    let listener = Listener::Unix(Socket::bind(&path).unwrap());
    tokio::spawn(listen::serve_truth(Truth::new(One(seen)), listener, std::future::pending()));
    (log, Channel::open(&Address::Unix(path)).await.unwrap())
}

async fn next(stream: &mut tonic::Streaming<WatchTruthResponse>) -> (u64, String) {
    let event = tokio::time::timeout(Duration::from_secs(20), stream.message()).await;
    let event = event.expect("it comes").unwrap().expect("the stream goes on");
    assert_eq!(event.at.unwrap().seconds as u64, event.seq * 1500 / 1000);
    (event.seq, event.name)
}

#[tokio::test]
async fn what_happened_is_told_and_what_happens_is_told_as_it_happens() {
    let (log, channel) = served("truth-told").await;
    let mut client = TruthClient::with_origin(channel, tonic::codegen::http::Uri::from_static(ORIGIN));
    let names = client.list_machines(ListMachinesRequest {}).await.unwrap().into_inner().bmcs;
    assert_eq!(names, ["bmc1"]);
    let ask = WatchTruthRequest { bmc: names[0].clone(), from: 1 };
    let mut stream = client.watch_truth(ask).await.unwrap().into_inner();
    assert_eq!(next(&mut stream).await, (1, "host.post".to_owned()));
    log.send_modify(|it| it.extend(["host.boot:pxe", "host.os"]));
    assert_eq!(next(&mut stream).await, (2, "host.boot:pxe".to_owned()));
    assert_eq!(next(&mut stream).await, (3, "host.os".to_owned()));
}

#[tokio::test]
async fn who_has_gone_away_is_told_nothing_more() {
    let (log, channel) = served("truth-gone").await;
    let mut client = TruthClient::with_origin(channel, tonic::codegen::http::Uri::from_static(ORIGIN));
    let witnesses = log.receiver_count();
    for _ in 0..20 {
        let ask = WatchTruthRequest { bmc: "bmc1".to_owned(), from: 2 };
        drop(client.watch_truth(ask).await.unwrap());
    }
    let gone = async {
        while log.receiver_count() > witnesses {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("nobody watches any more");
}

#[tokio::test]
async fn a_bmc_that_is_not_there_and_a_service_that_is_not_there_are_told() {
    let (_log, channel) = served("truth-none").await;
    let ask = WatchTruthRequest { bmc: "bmc2".to_owned(), from: 0 };
    let nobody = TruthClient::with_origin(channel.clone(), tonic::codegen::http::Uri::from_static(ORIGIN))
        .watch_truth(ask)
        .await
        .unwrap_err();
    assert_eq!(nobody.code(), Code::NotFound, "{nobody}");
    let power = GetPowerRequest { bmc: "bmc1".to_owned() };
    let none = BmcClient::with_origin(channel, tonic::codegen::http::Uri::from_static(ORIGIN))
        .get_power(power)
        .await
        .unwrap_err();
    assert_eq!(none.code(), Code::Unimplemented, "{none}");
}
