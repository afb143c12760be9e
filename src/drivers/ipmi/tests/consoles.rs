//! Claims about the console: what it does when packets are lost, refused, or the BMC ends it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::driver::Driver as _;

/// A BMC whose host says back what it is told; `script` may do otherwise with SOL packets.
async fn echoing(mut script: impl FnMut(&[u8]) -> Option<Act> + Send + 'static) -> Peer {
    Peer::scripted(move |seen| match &seen.heard {
        Heard::Sol(payload) => script(payload),
        _ => None,
    })
    .await
}

async fn said_back(peer: &Peer, text: &[u8]) -> Vec<u8> {
    let mut console = peer.driver().open_console(within(10)).await.unwrap().value;
    console.write_all(text).await.unwrap();
    let mut back = vec![0; text.len()];
    console.read_exact(&mut back).await.unwrap();
    console.close(within(10)).await.unwrap();
    back
}

fn sent(peer: &Peer) -> Vec<Vec<u8>> {
    peer.heard()
        .into_iter()
        .filter_map(|h| if let Heard::Sol(payload) = h { Some(payload) } else { None })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_console_carries_every_byte() {
    let text: Vec<u8> = (0..=255).collect();
    let peer = echoing(|_| None).await;
    assert_eq!(said_back(&peer, &text).await, text);
    assert!(sent(&peer).iter().all(|packet| packet.len() <= 64));
    let ends: Vec<_> = peer.heard().into_iter().rev().take(2).collect();
    assert_eq!(ends[1], Heard::Command(6, 0x49, vec![1, 1, 0, 0, 0, 0]));
    assert!(matches!(ends[0], Heard::Command(6, 0x3C, _)));
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_repeated_and_arrives_once() {
    for act in [Act::Lose, Act::LoseAnswer, Act::Double] {
        let mut count = 0;
        let peer = echoing(move |_| {
            count += 1;
            (count % 3 == 1).then(|| act.clone())
        })
        .await;
        let text = vec![b'x'; 500];
        assert_eq!(said_back(&peer, &text).await, text);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_bmc_takes_in_part_goes_on_with_the_rest() {
    let mut first = true;
    let peer = echoing(move |packet| {
        // Two characters of the first packet, and no more for now.
        (packet[0] != 0 && std::mem::take(&mut first)).then(|| Act::Sol(vec![0, packet[0], 2, 0x40]))
    })
    .await;
    let mut console = peer.driver().open_console(within(10)).await.unwrap().value;
    console.write_all(b"root\n").await.unwrap();
    console.flush().await.unwrap();
    let data: Vec<Vec<u8>> = sent(&peer).into_iter().filter(|p| p[0] != 0).map(|p| p[4..].to_vec()).collect();
    assert_eq!(data, [b"root\n".to_vec(), b"ot\n".to_vec()]);
    console.close(within(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_break_is_sent_after_what_was_written() {
    let peer = echoing(|_| None).await;
    let mut console = peer.driver().open_console(within(10)).await.unwrap().value;
    console.write_all(b"a").await.unwrap();
    console.send_break(within(10)).await.unwrap();
    let packets: Vec<Vec<u8>> = sent(&peer).into_iter().filter(|p| p[0] != 0).collect();
    assert_eq!(packets, [vec![1, 0, 0, 0, b'a'], vec![2, 0, 0, 0x10]]);
    console.close(within(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_the_console_is_told() {
    for act in [Act::Sol(vec![0, 0, 0, 0x10]), Act::Short] {
        let peer = echoing(move |_| Some(act.clone())).await;
        let mut console = peer.driver().open_console(within(10)).await.unwrap().value;
        console.write_all(b"x").await.unwrap();
        let error = console.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_falls_silent_is_lost_within_a_minute() {
    let mut active = false;
    let peer = Peer::scripted(move |seen| {
        active |= is(seen, (6, 0x48));
        (active && is(seen, (6, 1))).then_some(Act::Lose)
    })
    .await;
    let began = Instant::now();
    let mut console = peer.driver().open_console(within(10)).await.unwrap().value;
    let error = console.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_console_that_nobody_uses_keeps_its_session() {
    let peer = echoing(|_| None).await;
    let mut console = peer.driver().open_console(within(10)).await.unwrap().value;
    tokio::time::sleep(Duration::from_secs(300)).await;
    console.write_all(b"x").await.unwrap();
    let mut back = [0; 1];
    console.read_exact(&mut back).await.unwrap();
    assert_eq!((back, peer.count(|h| *h == Heard::Rakp3)), ([b'x'], 1));
    assert!(peer.count(|h| matches!(h, Heard::Command(6, 1, _))) >= 15);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_console_have_their_causes() {
    for (code, kind) in [(0x80, "conflict"), (0x81, "refused"), (0x82, "busy"), (0xD4, "denied")] {
        let peer =
            Peer::scripted(move |seen| is(seen, (6, 0x48)).then(|| Act::Complete(code, Vec::new()))).await;
        let error = peer.driver().open_console(within(10)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        // Its session is not left behind.
        assert_eq!(peer.count(|h| matches!(h, Heard::Command(6, 0x3C, _))), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn sizes_that_make_no_sense_are_forgiven() {
    for (size, most) in [([0x40, 0], 64), ([0, 0x40], 64), ([0, 0], 64), ([0xFF, 0xFF], 64), ([20, 0], 20)] {
        let mut answer = vec![0; 12];
        answer[4..6].copy_from_slice(&size);
        let peer =
            Peer::scripted(move |seen| is(seen, (6, 0x48)).then(|| Act::Complete(0, answer.clone()))).await;
        let answer = peer.driver().open_console(within(10)).await.unwrap();
        assert_eq!(answer.notes.len(), usize::from(![[0x40, 0], [20, 0]].contains(&size)), "{size:?}");
        let mut console = answer.value;
        console.write_all(&[b'x'; 200]).await.unwrap();
        console.flush().await.unwrap();
        assert_eq!(sent(&peer).iter().map(Vec::len).max(), Some(most), "{size:?}");
        console.close(within(10)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_console_that_is_dropped_is_closed() {
    let peer = echoing(|_| None).await;
    drop(peer.driver().open_console(within(10)).await.unwrap().value);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(peer.count(|h| matches!(h, Heard::Command(6, 0x49, _))), 1);
    assert_eq!(peer.count(|h| matches!(h, Heard::Command(6, 0x3C, _))), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lower_privilege_than_the_role_is_put_up_with() {
    let peer = Peer::scripted(|seen| match &seen.heard {
        Heard::Command(6, 0x3B, data) if data[0] == 4 => Some(Act::Complete(0x81, Vec::new())),
        _ => None,
    })
    .await;
    let answer = peer.driver().open_console(within(10)).await.unwrap();
    assert_eq!(answer.notes.len(), 1);
}
