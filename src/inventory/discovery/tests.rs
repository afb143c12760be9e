//! What a finding is to the table.

use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::{
    endpoint::Credentials,
    inventory::{Store, StoreError},
};

fn store(name: &str) -> Store {
    let folder = std::env::temp_dir().join(format!("halmark-discovery-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    Store::at(folder.join("inventory.redb"))
}

fn mac(last: u8) -> Mac {
    Mac::new([2, 0, 0, 0, 0, last]).unwrap()
}

fn finding(address: &str, mac: Option<Mac>) -> Finding {
    let candidate = Candidate { address: address.parse().unwrap(), mac, host: None };
    let drivers = ["redfish".to_owned()].into();
    Finding { candidate, drivers, vendor: Some("Contoso".to_owned()), pongs: false }
}

async fn related(store: &Store, finding: &Finding) -> Relation {
    let relate = |rows: &mut Rows| Ok::<_, StoreError>(relate(finding, Doors::default(), rows, Moment(7)));
    store.change(relate).await.unwrap()
}

#[tokio::test]
async fn a_bmc_whose_address_changed_is_the_same_bmc() {
    let store = store("moved");
    assert_eq!(related(&store, &finding("10.0.0.1", Some(mac(1)))).await, Relation::New(mac(1)));
    assert_eq!(related(&store, &finding("10.0.0.1", Some(mac(1)))).await, Relation::Known(mac(1)));
    let from = Some("10.0.0.1".parse().unwrap());
    assert_eq!(
        related(&store, &finding("10.0.0.2", Some(mac(1)))).await,
        Relation::Moved { mac: mac(1), from }
    );
    let rows = store.all().await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[&mac(1)].address.as_ref().unwrap().as_str(), "10.0.0.2");
}

#[tokio::test]
async fn what_a_row_has_is_left_alone() {
    let store = store("alone");
    let mut row = Record::new(mac(1));
    row.vendor = Some("Supermicro".to_owned());
    row.preferred_driver = Some("ipmi".to_owned());
    row.machine = Some(uuid::Uuid::from_bytes([1; 16]));
    row.ipmi.account = Some(Credentials::new("metal", "abc"));
    row.ipmi.port = 6230;
    let put = row.clone();
    let change = |rows: &mut Rows| {
        rows.put(put, Moment(1));
        Ok::<_, StoreError>(())
    };
    store.change(change).await.unwrap();
    assert_eq!(
        related(&store, &finding("10.0.0.1", Some(mac(1)))).await,
        Relation::Moved { mac: mac(1), from: None }
    );
    let found = store.one(mac(1)).await.unwrap().unwrap();
    row.address = Some("10.0.0.1".parse().unwrap());
    row.drivers = ["redfish".to_owned()].into();
    (row.created, row.changed) = (Some(Moment(1)), Some(Moment(7)));
    assert_eq!(found, row);
}

#[tokio::test]
async fn who_had_the_address_before_has_it_no_longer() {
    let store = store("before");
    related(&store, &finding("10.0.0.1", Some(mac(1)))).await;
    assert_eq!(related(&store, &finding("10.0.0.1", Some(mac(2)))).await, Relation::New(mac(2)));
    let before = store.one(mac(1)).await.unwrap().unwrap();
    assert_eq!(before.address, None);
    assert_eq!(
        before.status.last_error.as_deref(),
        Some("its address 10.0.0.1 is that of 02:00:00:00:00:02 since")
    );
}

#[tokio::test]
async fn without_a_mac_address_a_bmc_is_known_by_where_it_is() {
    let store = store("nameless");
    assert_eq!(related(&store, &finding("10.0.0.1", None)).await, Relation::Nameless);
    related(&store, &finding("10.0.0.1", Some(mac(1)))).await;
    assert_eq!(related(&store, &finding("10.0.0.1", None)).await, Relation::Known(mac(1)));
}

#[tokio::test]
async fn one_that_is_away_has_not_moved() {
    let store = store("away");
    let silent = Finding { drivers: BTreeSet::new(), ..finding("10.0.0.9", Some(mac(1))) };
    related(&store, &finding("10.0.0.1", Some(mac(1)))).await;
    assert_eq!(related(&store, &silent).await, Relation::Nothing);
    assert_eq!(store.one(mac(1)).await.unwrap().unwrap().address.unwrap().as_str(), "10.0.0.1");
}

/// Someone who takes connections and datagrams and says nothing does not hold up the others.
#[tokio::test]
async fn who_never_answers_is_given_up_and_holds_nobody_up() {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let udp = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let doors = Doors { redfish: port, ipmi: udp.local_addr().unwrap().port(), ..Doors::default() };
    let limits = Limits { at_once: 8, each: Duration::from_millis(200) };
    let candidates = (1..=24).map(|_| Candidate::from(IpAddr::from([127, 0, 0, 1]))).collect();
    let (mut told, began) = (0, tokio::time::Instant::now());
    discover(candidates, doors, limits, |finding| {
        assert!(!finding.is_bmc() && !finding.pongs);
        told += 1;
        std::future::ready(())
    })
    .await;
    assert_eq!(told, 24);
    assert!(began.elapsed() < Duration::from_secs(5), "three rounds of 200 ms");
}
