//! A service that dials its control plane, over a Unix socket: commands are carried out once, answers are not lost, and what is wrong
//! is said.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod authority;
mod dialled;

use std::time::Duration;

use authority::Authority;
use dialled::{Dialled, Stream, at, command, console, power_read};
use halmark_grpc::{
    dial::Event,
    pb::{self, Refusal, command_answer::Kind},
    tls,
};
use prost::Message as _;

fn refusal(answer: &pb::CommandAnswer) -> Option<Refusal> {
    match answer.kind.as_ref()? {
        Kind::Refused(it) => Some(it.refusal()),
        _ => None,
    }
}

fn state(answer: &pb::CommandAnswer) -> pb::PowerState {
    let Some(Kind::Answer(it)) = &answer.kind else { panic!("{answer:?}") };
    assert_eq!(it.type_url, "type.googleapis.com/halmark.v1.GetPowerResponse");
    pb::GetPowerResponse::decode(it.value.as_slice()).unwrap().state()
}

fn code(answer: &pb::CommandAnswer) -> i32 {
    let Some(Kind::Failed(it)) = &answer.kind else { panic!("{answer:?}") };
    it.code
}

#[tokio::test(start_paused = true)]
async fn a_command_is_carried_out_and_answered_with_its_id() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    let description = stream.hello.description.clone().unwrap();
    assert_eq!(
        (description.bmcs, stream.hello.instance.len()),
        (vec!["good".to_owned(), "slow".to_owned()], 36)
    );
    stream.command(command("one", power_read("good"), at(30)));
    let answer = stream.answer().await;
    assert_eq!((answer.id.as_str(), state(&answer)), ("one", pb::PowerState::PoweredOn));
    assert_eq!(dialled.log(), [("good".to_owned(), "power.read", "ok")]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_has_the_code_and_the_details_of_the_call() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    stream.command(command("one", power_read("nobody"), at(30)));
    let answer = stream.answer().await;
    let Some(Kind::Failed(failed)) = answer.kind else { panic!("{answer:?}") };
    assert_eq!(failed.code, 5);
    let failure = failed.details.iter().find(|it| it.type_url.ends_with("/halmark.v1.Failure")).unwrap();
    assert_eq!(pb::Failure::decode(failure.value.as_slice()).unwrap().cause(), pb::Cause::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_comes_twice_is_done_once_and_answered_again() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    let twice = command("one", power_read("slow"), at(30));
    stream.command(twice.clone());
    stream.command(twice.clone());
    let first = stream.answer().await;
    stream.command(twice);
    assert_eq!(stream.answer().await, first);
    assert_eq!(dialled.log().len(), 1, "two that are under way are one");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_obeyed_is_refused_and_told_in_the_audit_log() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    let good = || power_read("good");
    let odd = prost_types::Any { value: vec![0xff, 0xff], ..good() };
    let unheard = prost_types::Any { type_url: "x/halmark.v2.Explode".to_owned(), ..good() };
    let other = pb::Command { instance: "another".to_owned(), ..command("f", good(), at(30)) };
    stream.command(command("kept", good(), at(30)));
    assert!(refusal(&stream.answer().await).is_none());
    for (command, expected, word) in [
        (command("", good(), at(30)), Refusal::Malformed, "malformed"),
        (command("b", odd, at(30)), Refusal::Malformed, "malformed"),
        (command("c", unheard, at(30)), Refusal::UnknownCall, "unknown-call"),
        (command("d", console("good"), at(30)), Refusal::NoStreams, "no-streams"),
        (command("e", good(), at(0)), Refusal::Late, "late"),
        (other, Refusal::OtherInstance, "other-instance"),
        (command("kept", power_read("slow"), at(30)), Refusal::IdReused, "id-reused"),
    ] {
        let id = command.id.clone();
        stream.command(command);
        let answer = stream.answer().await;
        assert_eq!((answer.id.clone(), refusal(&answer)), (id, Some(expected)));
        assert_eq!(dialled.log().last().unwrap(), &(String::new(), "command", word));
    }
    stream.say(pb::dial_response::Kind::Acknowledge(pb::Acknowledgement { ids: vec!["kept".to_owned()] }));
    stream.command(command("kept", good(), at(30)));
    assert_eq!(refusal(&stream.answer().await), Some(Refusal::Acknowledged));
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_deadline_passes_while_it_is_under_way_ends_by_it() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    stream.command(command("one", power_read("slow"), at(1)));
    // The toy takes five seconds and ignores its deadline, so that it is given up.
    assert_eq!(code(&stream.answer().await), 13);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_command_ends_in_the_driver_and_is_answered_as_cancelled() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    stream.command(command("one", power_read("slow"), at(30)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stream.say(pb::dial_response::Kind::Cancel(pb::CancelCommand { id: "one".to_owned() }));
    assert_eq!(code(&stream.answer().await), 1);
    assert_eq!(dialled.log(), [("slow".to_owned(), "power.read", "cancelled")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_when_the_stream_is_lost_is_answered_on_the_next_and_not_done_again() {
    let mut dialled = Dialled::begin();
    let stream = dialled.accept().await;
    let instance = stream.hello.instance.clone();
    let slow = command("one", power_read("slow"), at(30));
    stream.command(slow.clone());
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(stream);
    let mut stream = dialled.accept().await;
    assert_eq!(stream.hello.instance, instance);
    stream.command(slow);
    assert_eq!(state(&stream.answer().await), pb::PowerState::PoweredOn);
    assert_eq!(dialled.log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_said_on_each_stream_until_it_is_acknowledged() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    stream.command(command("one", power_read("good"), at(30)));
    let first = stream.answer().await;
    drop(stream);
    let mut stream = dialled.accept().await;
    assert_eq!(stream.answer().await, first);
    stream.say(pb::dial_response::Kind::Acknowledge(pb::Acknowledgement { ids: vec!["one".to_owned()] }));
    stream.command(command("two", power_read("good"), at(30)));
    assert_eq!(stream.answer().await.id, "two");
    drop(stream);
    assert_eq!(dialled.accept().await.answer().await.id, "two");
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_other_end_is_gone_is_found_and_dialled_again() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    // A control plane that lives is left alone, however quiet it is.
    stream.beats_for(Duration::from_secs(600)).await;
    let silent = tokio::time::Instant::now();
    let again = dialled.accept().await;
    let took = silent.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(32)).contains(&took), "{took:?}");
    let Some(Event::Lost { why, .. }) = dialled.events().into_iter().rev().find(|it| *it != Event::Connected)
    else {
        panic!("it was told")
    };
    assert_eq!(why, "nothing came for 10 s");
    drop((stream, again));
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_that_is_not_there_is_dialled_less_and_less_often_and_for_ever() {
    let mut dialled = Dialled::nobody();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let waits: Vec<_> = dialled
        .events()
        .into_iter()
        .map(|it| match it {
            Event::Lost { again_in, .. } => again_in,
            Event::Connected => panic!("nobody is there"),
        })
        .collect();
    assert!((60..=130).contains(&waits.len()), "{}", waits.len());
    assert!(waits.iter().all(|it| *it <= Duration::from_secs(60)) && waits[0] <= Duration::from_secs(1));
    let in_the_end = &waits[10..20];
    assert!(in_the_end.iter().all(|it| *it >= Duration::from_secs(30)), "{in_the_end:?}");
    assert!(in_the_end.iter().any(|it| it != &in_the_end[0]), "chance has no say: {in_the_end:?}");
    dialled.listen();
    assert_eq!(dialled.accept().await.hello.instance.len(), 36);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_message_end_the_stream_and_nothing_else() {
    let mut dialled = Dialled::begin();
    let stream = dialled.accept().await;
    stream.command(command("one", power_read("slow"), at(30)));
    stream.break_off(tonic::Status::internal("\u{1b}[2Jgarbage"));
    let mut stream = dialled.accept().await;
    assert_eq!(stream.answer().await.id, "one");
    let events = format!("{:?}", dialled.events());
    assert!(events.contains("garbage") && !events.contains("\\u{1b}"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn at_the_end_new_commands_are_refused_and_what_is_under_way_is_answered() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    stream.command(command("one", power_read("slow"), at(30)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    dialled.end();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stream.command(command("two", power_read("good"), at(30)));
    let refused = stream.answer().await;
    assert_eq!((refused.id.as_str(), refusal(&refused)), ("two", Some(Refusal::Ending)));
    assert_eq!(state(&stream.answer().await), pb::PowerState::PoweredOn);
    assert!(stream.ends().await, "halmark ends its side");
    drop(stream);
    dialled.ended().await;
}

#[tokio::test(start_paused = true)]
async fn many_commands_at_once_are_all_answered() {
    let mut dialled = Dialled::begin();
    let mut stream = dialled.accept().await;
    for n in 0..2000 {
        stream.command(command(&format!("{n}"), power_read("nobody"), at(30)));
    }
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        ids.insert(stream.answer().await.id);
    }
    assert_eq!(ids.len(), 2000);
}

#[tokio::test]
async fn over_tls_both_ends_have_certificates_that_the_other_knows() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let acceptor = || tls::acceptor(theirs.identity("localhost"), ours.pem.as_bytes()).unwrap();
    let config = tls::caller(Some(ours.identity("partition")), theirs.pem.as_bytes()).unwrap();
    let mut dialled = Dialled::tls(config, acceptor()).await;
    assert_eq!(dialled.accept().await.hello.instance.len(), 36);
    let impostor = tls::caller(Some(ours.identity("partition")), ours.pem.as_bytes()).unwrap();
    let stranger = tls::caller(Some(theirs.identity("partition")), theirs.pem.as_bytes()).unwrap();
    for config in [impostor, stranger] {
        let dialled = Dialled::tls(config, acceptor()).await;
        let lost = tokio::time::timeout(Duration::from_secs(5), async {
            while dialled.events().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            dialled.events().remove(0)
        });
        let lost = lost.await.unwrap();
        assert!(matches!(&lost, Event::Lost { why, .. } if why.contains("certificate")), "{lost:?}");
    }
}

/// What the messages hold is not printed.
#[tokio::test]
async fn a_command_prints_nothing_of_what_it_carries() {
    let secret = prost_types::Any { type_url: String::new(), value: b"calvin".to_vec() };
    let said = Stream::saying(command("one", secret, at(1)));
    assert!(format!("{said:?}").contains("Command { … }"), "{said:?}");
}
