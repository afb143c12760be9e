//! Claims about programs that are called, with little ones that each test writes. They run in real time.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use super::*;

const PASSWORD: &str = "S3cret-of-nobody";

/// A program that is being written must not be open while another test starts one.
pub(in crate::drivers) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A folder of tools with one in it.
struct Tools {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Tools {
    async fn with(script: &str) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        let folder = PrivateFile::of(&crate::model::Secret::new(PASSWORD)).unwrap().path().with_file_name("");
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join("sum");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder, _alone: alone }
    }

    async fn run(&self, tool: &Tool, limit: Duration) -> Result<String, Failure> {
        let endpoint = Endpoint::parse("https://192.0.2.7").unwrap();
        let endpoint = endpoint.with_credentials(Credentials::new("ADMIN", PASSWORD));
        run(tool, &self.folder, &endpoint, Deadline::after(limit)).await
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

const fn tool(secret: Hand) -> Tool {
    Tool {
        program: "sum",
        about: "a program of a test",
        arguments: &[
            Argument::Word("-i"),
            Argument::Host,
            Argument::Word("-u"),
            Argument::User,
            Argument::Word("-f"),
            Argument::SecretFile,
        ],
        secret,
        codes: &[
            (12, Meaning::Denied),
            (38, Meaning::Unsupported),
            (106, Meaning::Busy),
            (145, Meaning::Unreachable),
            (146, Meaning::Unauthorized),
        ],
    }
}

const SOON: Duration = Duration::from_secs(20);

/// Ends with 9 where the password is in what everybody can read of a process.
const WATCHED: &str = r#"
case "$*" in *S3cret*) exit 9;; esac
if tr '\0' '\n' < /proc/self/cmdline | grep -q S3cret; then exit 9; fi
if tr '\0' '\n' < /proc/$$/cmdline | grep -q S3cret; then exit 9; fi
"#;

#[tokio::test]
async fn the_password_is_in_a_private_file_that_is_gone_afterwards_and_in_no_argument() {
    let tools = Tools::with(&format!(
        r#"{WATCHED}
        [ "$1 $2 $3 $4 $5" = "-i 192.0.2.7 -u ADMIN -f" ] || exit 8
        [ "$(cat "$6")" = "{PASSWORD}" ] || exit 7
        [ "$(stat -c %a "$6")" = 600 ] && [ "$(stat -c %a "$(dirname "$6")")" = 700 ] || exit 6
        env | grep -q S3cret && exit 5
        echo "$6""#
    ))
    .await;
    let said = tools.run(&tool(Hand::File), SOON).await.unwrap();
    assert!(said.trim().starts_with('/'), "{said}");
    assert!(!std::path::Path::new(said.trim()).exists());
}

#[tokio::test]
async fn the_password_is_in_the_environment_or_at_standard_input_where_the_row_says_so() {
    let tools = Tools::with(&format!(r#"{WATCHED} [ "$BMC_PASSWORD" = "{PASSWORD}" ] && [ -z "$6" ]"#)).await;
    assert_eq!(tools.run(&tool(Hand::Environment("BMC_PASSWORD")), SOON).await, Ok(String::new()));
    drop(tools);
    let tools = Tools::with(&format!(r#"{WATCHED} read -r line; [ "$line" = "{PASSWORD}" ]"#)).await;
    assert_eq!(tools.run(&tool(Hand::Input), SOON).await, Ok(String::new()));
}

#[tokio::test]
async fn an_exit_code_is_what_the_row_says_and_a_refusal_where_it_says_nothing() {
    let expected = [
        (12, "denied"),
        (38, "unsupported"),
        (106, "busy"),
        (145, "unreachable"),
        (146, "unauthorized"),
        (61, "refused"),
    ];
    for (code, kind) in expected {
        let tools = Tools::with(&format!("echo no >&2; exit {code}")).await;
        let failure = tools.run(&tool(Hand::File), SOON).await.unwrap_err();
        assert_eq!(failure.cause.kind(), kind);
        let exchange = Exchange::Tool { program: "sum".to_owned(), exit: Some(code), said: "no".to_owned() };
        assert_eq!(failure.at.as_deref(), Some(&exchange));
    }
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_unsupported_and_told_where_to_get() {
    let tools = Tools::with("exit 0").await;
    let other = Tool { program: "onecli", ..tool(Hand::File) };
    let failure = tools.run(&other, SOON).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unsupported);
    assert!(failure.at.unwrap().to_string().contains("a program of a test"));
}

#[tokio::test]
async fn what_does_not_end_by_the_deadline_is_killed_with_what_it_started() {
    let tools = Tools::with(r#"sleep 300 & echo $! > "$0.pid"; wait"#).await;
    let began = Instant::now();
    let failure = tools.run(&tool(Hand::File), Duration::from_millis(500)).await.unwrap_err();
    assert!(matches!(failure.cause, Cause::OutcomeUnknown { .. }), "{failure:?}");
    assert!(began.elapsed() < SOON);
    let started = fs::read_to_string(tools.folder.join("sum.pid")).unwrap();
    is_gone(started.trim()).await;
}

#[tokio::test]
async fn what_it_leaves_behind_is_ended_and_not_waited_for() {
    let tools = Tools::with(r#"sleep 300 & echo $! > "$0.pid"; echo done"#).await;
    let began = Instant::now();
    assert_eq!(tools.run(&tool(Hand::File), Duration::from_secs(60)).await, Ok("done\n".to_owned()));
    assert!(began.elapsed() < SOON);
    is_gone(fs::read_to_string(tools.folder.join("sum.pid")).unwrap().trim()).await;
}

/// Waits until nothing of that process runs; a dead one that nobody has asked after may still be listed.
async fn is_gone(process: &str) {
    for _ in 0..200 {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("process {process} still runs");
}

#[tokio::test]
async fn as_much_is_kept_of_what_it_says_as_there_is_room_for() {
    let tools = Tools::with("head -c 3000000 /dev/zero | tr '\\0' x").await;
    assert_eq!(tools.run(&tool(Hand::File), SOON).await.unwrap().len(), MOST);
}

#[tokio::test]
async fn a_password_that_it_says_is_hidden() {
    let tools = Tools::with(r#"cat "$6" >&2; cat "$6"; exit 61"#).await;
    let failure = tools.run(&tool(Hand::File), SOON).await.unwrap_err();
    assert!(!format!("{failure:?}").contains("S3cret"), "{failure:?}");
    drop(tools);
    let tools = Tools::with(r#"cat "$6""#).await;
    assert_eq!(tools.run(&tool(Hand::File), SOON).await, Ok("…".to_owned()));
}
