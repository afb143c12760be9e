//! The inventory's file when processes that use it are killed, and when many use it at once.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use halmark::{
    Credentials,
    inventory::{Mac, Moment, Record, Store, StoreError},
};

/// Names the file, for the process that is to be killed.
const VICTIM: &str = "HALMARK_TEST_VICTIM";
/// Rounds of killing.
const ROUNDS: u32 = 25;

fn row(number: u32) -> Record {
    let [a, b, c, d] = number.to_be_bytes();
    let mut row = Record::new(Mac::new([2, 0, a, b, c, d]).expect("it is an address"));
    // Rows of several pages, so that a commit is more than one write.
    row.vendor = Some(format!("vendor {number} {}", "x".repeat(9000)));
    row.ipmi.account = Some(Credentials::new("metal", format!("password {number}")));
    row
}

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("inventory-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the target folder is writable");
        Self(folder)
    }

    fn store(&self) -> Store {
        Store::at(self.0.join("inventory.redb"))
    }

    /// This program again, as another process that runs one of the tests below.
    fn process(&self, test: &str) -> Child {
        Command::new(env::current_exe().expect("this program is there"))
            .args(["--exact", test, "--nocapture"])
            .env(VICTIM, self.store().file())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn put(store: &Store, number: u32) {
    let put = store.change(|rows| {
        rows.put(row(number), Moment(i64::from(number)));
        Ok::<_, StoreError>(())
    });
    put.await.unwrap_or_else(|e| panic!("{number}: {e}"));
}

/// What the process that is killed does: puts row after row and says of each that it is committed.
#[tokio::test]
async fn as_a_victim() {
    let Some(file) = env::var_os(VICTIM) else { return };
    let store = Store::at(file);
    let first = u32::try_from(store.all().await.expect("it can be read").len()).expect("they are few");
    for number in first.. {
        put(&store, number).await;
        println!("\ncommitted {number}");
    }
}

/// What a process that reads does: reads until it has seen the last row, and never sees fewer than before.
#[tokio::test]
async fn as_a_reader() {
    let Some(file) = env::var_os(VICTIM) else { return };
    let store = Store::at(file);
    let mut seen = 0;
    while seen < 30 {
        let rows = store.all().await.expect("it can be read").len();
        assert!(rows >= seen, "{rows} after {seen}");
        seen = rows;
    }
    println!("\nread all");
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_no_committed_row() {
    let folder = Folder::new("killed");
    let (mut committed, mut seed, mut repaired) = (0, 7_u32, 0);
    for round in 0..ROUNDS {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // From before the first commit, or the file itself, up to some commits, and from there for some more turns.
        let (commits, turns) = (seed >> 24 & 3, seed >> 8 & 0xffff);
        let mut victim = folder.process("as_a_victim");
        let lines = BufReader::new(victim.stdout.take().expect("it is piped")).lines();
        // The pipe stays open until the kill: a victim that cannot tell would end by itself.
        let mut told = lines.map_while(Result::ok);
        let told = told
            .by_ref()
            .filter_map(|it| it.strip_prefix("committed ").and_then(|it| it.parse::<u32>().ok()));
        let last = told.take(commits as usize).last();
        (0..turns * 64).for_each(|it| assert_ne!(std::hint::black_box(it), u32::MAX));
        victim.kill().expect("it runs");
        victim.wait().expect("it ended");
        committed = last.map_or(committed, |it| committed.max(it + 1));
        let rows = folder.store().all().await.unwrap_or_else(|e| panic!("round {round}: {e}"));
        for number in 0..committed {
            let expected = row(number);
            let found =
                rows.get(&expected.mac).unwrap_or_else(|| panic!("round {round}: row {number} is lost"));
            assert_eq!((&found.vendor, &found.ipmi), (&expected.vendor, &expected.ipmi), "row {number}");
        }
        let many = u32::try_from(rows.len()).expect("they are few");
        repaired += u32::from(many > committed);
        committed = many;
    }
    assert!(committed > ROUNDS / 2, "only {committed} rows were ever committed");
    println!("{committed} rows, of which {repaired} were committed and not yet told when the kill came");
}

#[tokio::test]
async fn readers_in_other_processes_see_every_change_and_keep_no_writer_out() {
    let folder = Folder::new("read");
    put(&folder.store(), 0).await;
    let mut readers = [0; 3].map(|_| folder.process("as_a_reader"));
    for number in 1..30 {
        put(&folder.store(), number).await;
    }
    for reader in &mut readers {
        let lines = BufReader::new(reader.stdout.take().expect("it is piped")).lines();
        let told: Vec<String> = lines.map_while(Result::ok).collect();
        assert!(told.iter().any(|line| line == "read all"), "{told:?}");
        assert!(reader.wait().expect("it ended").success());
    }
}

#[tokio::test]
async fn writers_at_the_same_time_lose_nothing_of_each_other() {
    let folder = Folder::new("written");
    let store = folder.store();
    let one = async |first: u32| {
        for number in first..first + 15 {
            put(&store, number).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(one(0), one(100), one(200));
    assert_eq!(store.all().await.expect("it can be read").len(), 45);
}
