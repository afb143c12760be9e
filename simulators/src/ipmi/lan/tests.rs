//! Sessions as a console meets them.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::advance;

use super::{
    handshake::RAKP_3,
    peer::{FROM, Peer, legacy_body, step},
    suite::{ALL, Suite},
};
use crate::{
    ipmi::exchange::Said,
    machine::{Command, Power},
};

const DEVICE_ID: (u8, u8) = (0x06, 0x01);
const CHASSIS_CONTROL: (u8, u8) = (0x00, 0x02);
const RESET: &[u8] = &[3];

fn resets(peer: &Peer) -> usize {
    peer.bmc.control().events_from(0).iter().filter(|it| it.name == "host.reset").count()
}

fn running() -> Peer {
    let peer = Peer::new();
    peer.bmc.control().establish_power(Power::On);
    peer
}

#[tokio::test(start_paused = true)]
async fn every_suite_but_the_one_without_authentication_opens_a_session() {
    for suite in ALL {
        let mut peer = Peer::new();
        match suite.id {
            0 => assert_eq!(peer.begin(&suite).unwrap_err()[..2], [9, 0x04]),
            id => {
                let mut opened = peer.open(id);
                assert_eq!(peer.ask(&mut opened, DEVICE_ID, &[]).unwrap()[..2], [0, 0x20], "suite {id}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_a_handshake_have_eight_bytes_and_say_why() {
    let mut peer = Peer::new();
    let three = Suite::numbered(3).unwrap();
    let xrc4 = Suite { id: 4, confidentiality: 2, ..*three };
    let refused = peer.begin(&xrc4).unwrap_err();
    assert_eq!((refused.len(), refused[1]), (8, 0x10));
    let id = peer.begin(three).unwrap();
    let admin = peer.user.clone();
    for (id, role, user, status) in [
        (id ^ 1, 0x14, admin.as_str(), 0x02),
        (id, 0x10, admin.as_str(), 0x09),
        (id, 0x15, admin.as_str(), 0x0A),
        (id, 0x14, "readonly", 0x0A),
        (id, 0x14, "nobody", 0x0D),
        (id, 0x14, "a name of 17 byte", 0x0C),
    ] {
        let answer = peer.introduce(id, role, user);
        assert_eq!((answer.len(), answer[1]), (8, status), "{user} {role:02x}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_in_the_fourth_message_and_again_to_who_asks_again() {
    let mut peer = Peer::new();
    let three = Suite::numbered(3).unwrap();
    let id = peer.begin(three).unwrap();
    let user = peer.user.clone();
    let second = peer.introduce(id, 0x14, &user);
    let third = peer.third(three, id, &second, "wrong");
    let refused = peer.step(RAKP_3, &third).unwrap();
    assert_eq!((refused.len(), refused[1]), (8, 0x0F));
    assert_eq!(peer.step(RAKP_3, &third), Some(refused));
}

#[tokio::test(start_paused = true)]
async fn the_same_datagram_is_answered_again_and_carried_out_once() {
    let mut peer = running();
    let mut opened = peer.open(17);
    let datagram = peer.sealed(&mut opened, CHASSIS_CONTROL, RESET);
    for _ in 0..3 {
        let answer = peer.send(&datagram).unwrap();
        assert_eq!(opened.read(&answer), Some(vec![0]));
    }
    assert_eq!(resets(&peer), 1);
    advance(Duration::from_secs(10)).await;
    assert!(peer.send(&datagram).is_some());
    assert_eq!(resets(&peer), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_request_in_a_new_packet_is_carried_out_once_for_five_seconds() {
    let mut peer = running();
    let mut opened = peer.open(3);
    let message = peer.message(CHASSIS_CONTROL, RESET);
    let protection = opened.wire.protection();
    for (after, resets_by_then) in [(0, 1), (4, 1), (2, 2)] {
        advance(Duration::from_secs(after)).await;
        let datagram = opened.wire.seal(0, &message, [1; 16], protection);
        assert!(peer.send(&datagram).is_some());
        assert_eq!(resets(&peer), resets_by_then);
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_datagram_is_not_heard() {
    let mut peer = running();
    let mut opened = peer.open(17);
    let old = peer.sealed(&mut opened, CHASSIS_CONTROL, RESET);
    for _ in 0..20 {
        if peer.ask(&mut opened, DEVICE_ID, &[]).is_none() {
            break;
        }
    }
    assert_eq!((peer.send(&old), resets(&peer)), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn who_closes_a_session_is_told_so_twice_and_then_never() {
    let mut peer = Peer::new();
    let mut opened = peer.open(3);
    let id = opened.id.to_le_bytes();
    let close = peer.sealed(&mut opened, (6, 0x3C), &id);
    for _ in 0..2 {
        let answer = peer.send(&close).unwrap();
        assert_eq!(opened.read(&answer), Some(vec![0]));
    }
    assert_eq!((peer.ask(&mut opened, DEVICE_ID, &[]), peer.lan.sessions(peer.bmc.now())), (None, 0));
    advance(Duration::from_secs(6)).await;
    assert_eq!(peer.send(&close), None);
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_over_after_a_minute() {
    let mut peer = Peer::new();
    let mut opened = peer.open(3);
    advance(Duration::from_secs(59)).await;
    assert!(peer.ask(&mut opened, DEVICE_ID, &[]).is_some());
    advance(Duration::from_secs(61)).await;
    assert_eq!(peer.ask(&mut opened, DEVICE_ID, &[]), None);
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_slots_and_no_more() {
    let mut peer = Peer::new();
    let mut slots = 0;
    let refused = loop {
        match peer.begin(Suite::numbered(3).unwrap()) {
            Ok(_) => slots += usize::from(peer.open(3).id != 0),
            Err(refused) => break refused,
        }
    };
    assert_eq!((slots, refused.len(), refused[1]), (16, 8, 0x01));
}

#[tokio::test(start_paused = true)]
async fn ipmi_v1_5_challenges_and_then_answers_signed_packets_only() {
    let mut peer = running();
    let mut asked = vec![2];
    asked.extend_from_slice(peer.user.as_bytes());
    asked.resize(17, 0);
    let challenge = peer.ask_outside((6, 0x39), &asked);
    let id = u32::from_le_bytes(challenge[1..5].try_into().unwrap());
    let activate = [&[2, 4][..], &challenge[5..21], &1u32.to_le_bytes()].concat();
    let datagram = peer.legacy(id, 0, (6, 0x3A), &activate);
    let answer = peer.send(&datagram).unwrap();
    assert_eq!(peer.send(&datagram), Some(answer.clone()));
    let opened = legacy_body(&answer);
    assert_eq!(opened[..2], [0, 2]);
    let inbound = u32::from_le_bytes(opened[6..10].try_into().unwrap());
    let raise = peer.legacy(id, inbound, (6, 0x3B), &[4]);
    assert_eq!(legacy_body(&peer.send(&raise).unwrap()), [0, 4]);
    let mut reset = peer.legacy(id, inbound + 1, CHASSIS_CONTROL, RESET);
    reset[14] ^= 1;
    assert_eq!((peer.send(&reset), resets(&peer)), (None, 0));
    reset[14] ^= 1;
    for _ in 0..2 {
        assert_eq!(legacy_body(&peer.send(&reset).unwrap()), [0]);
    }
    assert_eq!(resets(&peer), 1);
}

#[tokio::test(start_paused = true)]
async fn the_console_is_one_sessions_alone_and_another_can_take_it_away() {
    let mut peer = running();
    let (mut one, mut other) = (peer.open(17), peer.open(17));
    let activate = [1, 1, 0xC0, 0, 0, 0];
    assert_eq!(peer.ask(&mut one, (6, 0x48), &activate).unwrap()[0], 0);
    assert_eq!(peer.ask(&mut other, (6, 0x48), &activate), Some(vec![0x80]));
    peer.bmc.command(Command::Reset).unwrap();
    let [(to, packet)] = &peer.lan.due(&peer.bmc)[..] else { panic!("the host writes") };
    assert_eq!((*to, packet[5] & 0x3F), (FROM.into(), 1));
    assert_eq!(peer.ask(&mut other, (6, 0x49), &[1, 1, 0, 0, 0, 0]), Some(vec![0]));
    assert_eq!((peer.lan.due(&peer.bmc).len(), peer.lan.wakes().is_none()), (1, true));
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_without_a_word_gives_the_hosts_port_back_when_his_session_is_over() {
    let mut peer = running();
    let mut one = peer.open(17);
    assert_eq!(peer.ask(&mut one, (6, 0x48), &[1, 1, 0xC0, 0, 0, 0]).unwrap()[0], 0);
    peer.lan.due(&peer.bmc);
    assert!(peer.bmc.serial().take().is_none());
    let at = peer.lan.wakes().unwrap().at.unwrap();
    advance(at - peer.bmc.now()).await;
    peer.lan.due(&peer.bmc);
    assert!(peer.bmc.serial().take().is_some() && peer.lan.wakes().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_an_exchange_has_no_secret() {
    let mut peer = Peer::new();
    let mut opened = peer.open(3);
    let set = [&[3, 2][..], b"a new password!!"].concat();
    let datagram = peer.sealed(&mut opened, (6, 0x47), &set);
    let taken = peer.lan.take(&peer.bmc, FROM.into(), &datagram);
    let Some(Said::Command(said)) = taken.said else { panic!("a command is told") };
    assert_eq!((said.data.as_slice(), said.completion), (&[3, 2][..], 0));
}

/// A datagram that comes close to a real one, and what is done to it.
fn spoil(mut datagram: Vec<u8>, at: usize, with: u8, cut: usize) -> Vec<u8> {
    if let Some(byte) = datagram.get_mut(at) {
        *byte ^= with;
    }
    datagram.truncate(cut);
    datagram
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// No datagram makes it panic, fills it, or has a forged command carried out.
    #[test]
    fn random_and_spoilt_datagrams_do_nothing(
        noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 40),
        spoilt in prop::collection::vec((0usize..90, 1u8.., 0usize..100), 120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().start_paused(true).enable_time().build().unwrap();
        runtime.block_on(async {
            let mut peer = running();
            let mut opened = peer.open(17);
            let real = peer.sealed(&mut opened, CHASSIS_CONTROL, RESET);
            for it in &noise {
                peer.send(it);
                peer.send(&[&[6, 0, 0xFF, 7][..], it].concat());
                peer.send(&[&[6, 0, 0xFF, 7, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, it.len() as u8, 0][..], it].concat());
                for kind in 0x10..0x16 {
                    peer.send(&step(kind, it));
                }
            }
            for (at, with, cut) in spoilt {
                let it = spoil(real.clone(), at, with, cut);
                if it != real {
                    // The first four bytes are RMCP's own: the acknowledgement's bit and number are not signed.
                    prop_assert!(at < 4 || peer.send(&it).is_none());
                }
            }
            prop_assert_eq!(resets(&peer), 0);
            prop_assert!(peer.send(&real).is_some());
            prop_assert_eq!(resets(&peer), 1);
            prop_assert!(peer.lan.table.beginning.len() <= 16 && peer.lan.sessions(peer.bmc.now()) == 1);
            Ok(())
        })?;
    }

    /// Whatever order a few commands come in, and however often: each is carried out once.
    #[test]
    fn datagrams_in_any_order_and_number_act_once_each(order in prop::collection::vec(0usize..6, 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().start_paused(true).enable_time().build().unwrap();
        runtime.block_on(async {
            let mut peer = running();
            let mut opened = peer.open(3);
            let all: Vec<_> = (0..6).map(|_| peer.sealed(&mut opened, CHASSIS_CONTROL, RESET)).collect();
            let mut came = std::collections::BTreeSet::new();
            for place in order {
                prop_assert!(peer.send(&all[place]).is_some());
                came.insert(place);
                prop_assert_eq!(resets(&peer), came.len());
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn no_session_outlives_a_restart_of_the_bmc_that_nobody_saw() {
    let mut peer = running();
    let mut opened = peer.open(17);
    assert!(peer.ask(&mut opened, DEVICE_ID, &[]).is_some());
    peer.bmc.command(Command::BmcReset { warm: true }).unwrap();
    for shorter_than_idle in [30, 50] {
        assert!(peer.ask(&mut opened, DEVICE_ID, &[]).is_some());
        advance(Duration::from_secs(shorter_than_idle)).await;
    }
    assert!(peer.bmc.view().bmc_up);
    assert_eq!(peer.ask(&mut opened, DEVICE_ID, &[]), None);
}
