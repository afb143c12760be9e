use std::fs;

use super::*;
use crate::endpoint::Credentials;

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("halmark-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn store(&self) -> Store {
        Store::at(self.0.join("inventory.redb")).with_patience(Duration::from_millis(200))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOON: Moment = Moment(1_000);
const LATER: Moment = Moment(2_000);

fn mac(last: u8) -> Mac {
    Mac::new([2, 0, 0, 0, 0, last]).unwrap()
}

fn row(last: u8) -> Record {
    let mut row = Record::new(mac(last));
    row.ipmi.account = Some(Credentials::new("metal", "canary-secret"));
    row
}

async fn put(store: &Store, row: Record, now: Moment) {
    store
        .change(|rows| {
            rows.put(row, now);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_put_is_there_with_its_password_until_it_is_taken_away() {
    let folder = Folder::new("put");
    let store = folder.store();
    assert!(store.all().await.unwrap().is_empty() && !store.file().exists(), "reading makes no file");
    put(&store, row(1), NOON).await;
    put(&store, row(2), NOON).await;
    let kept = store.one(mac(1)).await.unwrap().unwrap();
    assert_eq!((kept.ipmi.clone(), kept.created), (row(1).ipmi, Some(NOON)));
    let taken = store.change(|rows| Ok::<_, StoreError>(rows.remove(mac(1)))).await.unwrap();
    assert_eq!(taken, Some(kept));
    assert_eq!(store.all().await.unwrap().into_keys().collect::<Vec<_>>(), [mac(2)]);
}

#[tokio::test]
async fn a_row_says_when_it_was_made_and_when_more_than_its_status_changed() {
    let folder = Folder::new("times");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    let mut seen = store.one(mac(1)).await.unwrap().unwrap();
    seen.status.last_updated = Some(LATER);
    put(&store, seen, LATER).await;
    let quiet = store.one(mac(1)).await.unwrap().unwrap();
    assert_eq!(
        (quiet.created, quiet.changed, quiet.status.last_updated),
        (Some(NOON), Some(NOON), Some(LATER))
    );
    put(&store, Record { vendor: Some("Dell".to_owned()), ..quiet }, LATER).await;
    let changed = store.one(mac(1)).await.unwrap().unwrap();
    assert_eq!((changed.created, changed.changed), (Some(NOON), Some(LATER)));
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing() {
    let folder = Folder::new("fails");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    let failed = store.change(|rows| {
        rows.remove(mac(1));
        rows.put(row(2), NOON);
        Err::<(), _>(StoreError::Damaged { file: PathBuf::new(), what: "made up".to_owned() })
    });
    assert!(failed.await.is_err());
    assert_eq!(store.all().await.unwrap().into_keys().collect::<Vec<_>>(), [mac(1)]);
}

#[tokio::test]
async fn the_file_is_its_owners_alone_and_refused_where_it_is_not() {
    let folder = Folder::new("mode");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    for file in [store.file().to_owned(), store.beside()] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::set_permissions(store.file(), Permissions::from_mode(0o640)).unwrap();
    let error = store.all().await.unwrap_err();
    assert!(matches!(error, StoreError::Exposed { mode: 0o640, .. }), "{error}");
}

#[tokio::test]
async fn readers_share_the_file_and_a_change_waits_for_them_no_longer_than_its_patience() {
    let folder = Folder::new("readers");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    let reader = store.open_to_read().await.unwrap();
    assert_eq!(store.all().await.unwrap().len(), 1, "another reader is let in");
    let refused = store
        .change(|rows| {
            rows.put(row(2), NOON);
            Ok::<_, StoreError>(())
        })
        .await;
    assert!(matches!(refused, Err(StoreError::InUse { .. })), "{refused:?}");
    drop(reader);
    put(&store, row(2), NOON).await;
}

#[tokio::test]
async fn what_is_no_inventory_is_told_and_left_as_it_is() {
    let folder = Folder::new("damaged");
    let store = folder.store();
    fs::create_dir_all(&folder.0).unwrap();
    private(store.file()).unwrap();
    fs::write(store.file(), "mac,address\n".repeat(1000)).unwrap();
    let before = fs::read(store.file()).unwrap();
    let error = store.all().await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    let error = store.change(|_| Ok::<_, StoreError>(())).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(store.file()).unwrap(), before);
    fs::set_permissions(store.file(), Permissions::from_mode(0o644)).unwrap();
    let error = store.all().await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "whoever can read it: {error:?}");
}

/// Every octet of the file, as text.
fn bytes(store: &Store) -> String {
    String::from_utf8_lossy(&fs::read(store.file()).unwrap()).into_owned()
}

#[tokio::test]
async fn nothing_of_a_row_that_was_taken_away_is_left_in_the_file() {
    let folder = Folder::new("forgotten");
    let store = folder.store();
    for round in 0..5 {
        for last in 1..20 {
            let mut row = row(last);
            row.ipmi.account = Some(Credentials::new("metal", format!("canary-{last}-of-{round}.")));
            put(&store, row, Moment(round)).await;
        }
    }
    assert!(bytes(&store).contains("canary-7-of-"));
    store.change(|rows| Ok::<_, StoreError>(rows.remove(mac(7)))).await.unwrap();
    assert!(!bytes(&store).contains("canary-7-of-"), "it is in a free page");
    let left = store.all().await.unwrap();
    assert_eq!((left.len(), left.get(&mac(7))), (18, None));
    assert_eq!(fs::metadata(store.file()).unwrap().permissions().mode() & 0o777, 0o600);
    let files = fs::read_dir(&folder.0).unwrap().count();
    assert_eq!(files, 2, "the file and its queue");
}

#[tokio::test]
async fn what_others_put_while_rows_are_taken_away_is_not_lost() {
    let folder = Folder::new("meanwhile");
    let store = folder.store().with_patience(Duration::from_secs(30));
    for last in 1..40 {
        put(&store, row(last), NOON).await;
    }
    let away = async |from: u8| {
        for last in (from..40).step_by(2) {
            store.change(|rows| Ok::<_, StoreError>(rows.remove(mac(last)))).await.unwrap();
        }
    };
    let more = async {
        for last in 100..140 {
            put(&store, row(last), NOON).await;
        }
    };
    tokio::join!(away(1), away(2), more);
    let left: Vec<Mac> = store.all().await.unwrap().into_keys().collect();
    assert_eq!(left, (100..140).map(mac).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_left_by_somebody_who_was_killed_while_taking_a_row_away_is_swept() {
    let folder = Folder::new("swept");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    let left = beside(store.file(), NEW);
    fs::write(&left, "canary-secret").unwrap();
    put(&store, row(2), NOON).await;
    assert!(!left.exists());
}

#[tokio::test]
async fn a_link_to_the_file_stays_one_when_a_row_is_taken_away() {
    let folder = Folder::new("link");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    put(&store, row(2), NOON).await;
    let link = folder.0.join("link.redb");
    std::os::unix::fs::symlink(store.file(), &link).unwrap();
    let by_link = Store::at(&link);
    by_link.change(|rows| Ok::<_, StoreError>(rows.remove(mac(1)))).await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(store.all().await.unwrap().into_keys().collect::<Vec<_>>(), [mac(2)]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_its_secrets_are_not() {
    let folder = Folder::new("row");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    let database = store.open_to_write().await.unwrap();
    let transaction = database.begin_write().unwrap();
    let text = br#"{"mac": "02:00:00:00:00:01", "ipmi": {"password": ["canary-secret"]}}"#;
    transaction.open_table(ROWS).unwrap().insert(mac(1).bytes(), sealed(text).as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = store.all().await.unwrap_err().to_string();
    assert!(error.contains("the row 02:00:00:00:00:01: ipmi.password"), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_left_alone() {
    let folder = Folder::new("later");
    let store = folder.store();
    put(&store, row(1), NOON).await;
    let database = store.open_to_write().await.unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u64, u64>::new("bmc-2")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = store.change(|_| Ok::<_, StoreError>(())).await.unwrap_err();
    assert!(matches!(error, StoreError::Later { .. }), "{error}");
}

#[tokio::test]
async fn whatever_is_damaged_is_told_or_does_not_matter_and_no_row_is_another() {
    let folder = Folder::new("flipped");
    let store = folder.store();
    for last in 1..60 {
        put(&store, row(last), NOON).await;
    }
    let whole = fs::read(store.file()).unwrap();
    let (mut seed, mut told) = (7_u32, 0);
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    for round in 0..120 {
        let mut damaged = whole.clone();
        let (place, bit) = (next() % damaged.len(), next() % 8);
        match round % 3 {
            0 => damaged.truncate(place.max(1)),
            1 => damaged[place] ^= 1 << bit,
            _ => damaged[place % 4096] ^= 1 << bit,
        }
        fs::write(store.file(), damaged).unwrap();
        match store.all().await {
            Ok(rows) => {
                let as_written = |it: &Record| it.ipmi == row(1).ipmi && it.created == Some(NOON);
                assert!(
                    rows.values().all(as_written) && rows.len() == 59,
                    "round {round}: {} rows",
                    rows.len()
                );
            }
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. }) => told += 1,
            Err(other) => panic!("round {round}: {other:?}"),
        }
    }
    assert!(told > 30, "{told}");
}
