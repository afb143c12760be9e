//! Claims about the bytes. The vectors were computed apart from this code, by Python's hmac and `openssl enc`, from the
//! formulas of IPMI v2.0 §13.28 to §13.32 and fixed inputs.

use proptest::prelude::*;

use super::{
    algorithm::Keyed,
    handshake::{Account, Manner, Opened, Opening, Privilege, Proven, Refusal, Trust},
    message::{self, Request},
    packet::{self, PayloadType},
    session::Session,
    *,
};
use crate::endpoint::{Secret, Suite};

const CONSOLE_ID: u32 = 0xA0A1_A2A3;
const BMC_ID: u32 = 0x0200_0100;

/// What a suite's exchange consists of under the fixed inputs.
struct Vector {
    suite: Suite,
    rakp2: &'static str,
    rakp3: &'static str,
    rakp4: &'static str,
    rakp4_with_kg: &'static str,
    /// Get Chassis Status with sequence number 1, as the session's first packet.
    packet: &'static str,
}

const VECTORS: [Vector; 2] = [
    Vector {
        suite: Suite::Three,
        rakp2: "44e6b55dbec2a48df0a6fa361c4318638ff23304",
        rakp3: "b8c617a3e13d29237af6320c8d3ece520f643c40",
        rakp4: "3a0b20a81c60f0535b65169c",
        rakp4_with_kg: "1f397898f1a7c69349ad5cc9",
        packet: "0600ff0706c000010002010000002000505152535455565758595a5b5c5d5e5f3c5baaf4982f5dd9acdd452d4b6b9a01\
                 ffff02077cae29757b7688549b71a18f",
    },
    Vector {
        suite: Suite::Seventeen,
        rakp2: "279bef5457c7802e588607308a3a60eeeb15b56a7c3ec1d8caac147e78937bb4",
        rakp3: "b7b2572353dbf1f8a9910a19c5f88d1eb1a7c58e9fdb7d5aa536dbdba3e13c7c",
        rakp4: "2d447d844dfc57b4d61a2165b085eb9d",
        rakp4_with_kg: "e4746143cb7aaa1df1973ae75636b3c2",
        packet: "0600ff0706c000010002010000002000505152535455565758595a5b5c5d5e5f55811bdcec6441e3d477ec6065c39404\
                 ffff0207a002f2569fcbe6f999b00d3989d3ce77",
    },
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(2).map(|two| u8::from_str_radix(&String::from_iter(two), 16).unwrap()).collect()
}

/// Sixteen bytes that count up from here.
fn counting(from: u8) -> [u8; 16] {
    std::array::from_fn(|at| from + at as u8)
}

fn account(kg: Option<&str>) -> Account {
    let kg = kg.map(Secret::new);
    Account { user: "admin".to_owned(), password: Secret::new("adminpw"), kg, manner: Manner::default() }
}

fn opening(suite: Suite) -> Opening {
    Opening { tag: 0, suite, role: Privilege::Administrator, console_id: CONSOLE_ID, takes_zero: false }
}

fn open_session_response(suite: Suite) -> Vec<u8> {
    let (authentication, integrity) = if suite == Suite::Three { (1, 1) } else { (3, 4) };
    let ids = [CONSOLE_ID.to_le_bytes(), BMC_ID.to_le_bytes()].concat();
    let algorithms =
        [[0, 0, 0, 8, authentication, 0, 0, 0], [1, 0, 0, 8, integrity, 0, 0, 0], [2, 0, 0, 8, 1, 0, 0, 0]];
    [&[0, 0, 4, 0], &ids[..], &algorithms.concat()].concat()
}

fn opened(suite: Suite) -> Opened {
    opening(suite).answer(&open_session_response(suite)).unwrap_or_else(|r| panic!("{r:?}"))
}

fn rakp2(code: &str) -> Vec<u8> {
    [&[0, 0, 0, 0], &CONSOLE_ID.to_le_bytes()[..], &counting(16), &counting(32), &bytes(code)].concat()
}

fn proven(vector: &Vector, account: &Account) -> Result<Proven, Refusal> {
    opened(vector.suite).rakp2(&rakp2(vector.rakp2), &counting(0), account, Trust::Proven)
}

fn rakp4(code: &str) -> Vec<u8> {
    [&[0, 0, 0, 0], &CONSOLE_ID.to_le_bytes()[..], &bytes(code)].concat()
}

fn session(vector: &Vector) -> Session {
    let proven = proven(vector, &account(None)).unwrap_or_else(|r| panic!("{r:?}"));
    proven.rakp4(&rakp4(vector.rakp4), Trust::Proven).unwrap_or_else(|r| panic!("{r:?}"))
}

fn chassis_status() -> Vec<u8> {
    Request { netfn: 0, lun: 0, command: 1, sequence: 1, data: &[] }.encode()
}

#[test]
fn rakp_1_names_the_user_with_the_name_only_bit() {
    let message = opened(Suite::Three).rakp1(&counting(0), &account(None));
    assert_eq!(message[..8], [0, 0, 0, 0, 0x00, 0x01, 0x00, 0x02]);
    assert_eq!(message[24..], *b"\x14\0\0\x05admin");
}

#[test]
fn the_codes_are_those_of_the_standards_formulas() {
    for vector in &VECTORS {
        let proven = proven(vector, &account(None)).unwrap_or_else(|r| panic!("{r:?}"));
        assert_eq!(proven.rakp3()[8..], bytes(vector.rakp3));
        assert!(proven.rakp4(&rakp4(vector.rakp4), Trust::Proven).is_ok());
    }
}

#[test]
fn a_bmc_key_of_its_own_makes_another_session_key() {
    for vector in &VECTORS {
        let proven = proven(vector, &account(Some("kgkgkg"))).unwrap_or_else(|r| panic!("{r:?}"));
        assert!(proven.rakp4(&rakp4(vector.rakp4_with_kg), Trust::Proven).is_ok());
        assert_eq!(proven.rakp4(&rakp4(vector.rakp4), Trust::Proven).err(), Some(Refusal::Unproven));
    }
}

#[test]
fn a_bmc_that_does_not_know_the_password_is_not_proven() {
    for vector in &VECTORS {
        let other = Account { password: Secret::new("other"), ..account(None) };
        assert_eq!(proven(vector, &other).err(), Some(Refusal::Unproven));
    }
}

/// RAKP 2 as a BMC sends it that hashes this role and this name.
fn rakp2_over(role: u8, name: &[u8]) -> Vec<u8> {
    let ids = [CONSOLE_ID.to_le_bytes(), BMC_ID.to_le_bytes()].concat();
    let named = [&[role, name.len() as u8], name].concat();
    let code = Keyed::new(Suite::Three, b"adminpw").code(&[
        &ids,
        &counting(0),
        &counting(16),
        &counting(32),
        &named,
    ]);
    [&[0, 0, 0, 0], &CONSOLE_ID.to_le_bytes()[..], &counting(16), &counting(32), &code].concat()
}

/// RAKP 3's proof over this role and this name.
fn rakp3_over(role: u8, name: &[u8]) -> Vec<u8> {
    let named = [&[role, name.len() as u8], name].concat();
    Keyed::new(Suite::Three, b"adminpw").code(&[&counting(16), &CONSOLE_ID.to_le_bytes(), &named])
}

fn met(manner: Manner, rakp2: &[u8]) -> Result<Proven, Refusal> {
    let account = Account { manner, ..account(None) };
    opened(Suite::Three).rakp2(rakp2, &counting(0), &account, Trust::Proven)
}

#[test]
fn a_proof_over_the_role_of_open_session_is_understood_and_answered_alike() {
    let proven = met(Manner::default(), &rakp2_over(0x04, b"admin")).unwrap_or_else(|r| panic!("{r:?}"));
    assert!(proven.has_odd_role());
    assert_eq!(proven.rakp3()[8..], rakp3_over(0x04, b"admin"));
    let usual = met(Manner::default(), &rakp2_over(0x14, b"admin")).unwrap_or_else(|r| panic!("{r:?}"));
    assert!(!usual.has_odd_role());
    assert_eq!(met(Manner::default(), &rakp2_over(0x03, b"admin")).err(), Some(Refusal::Unproven));
}

#[test]
fn a_name_is_padded_only_for_whoever_wants_it_so() {
    let manner = Manner { padded_name: true, ..Manner::default() };
    let account = Account { manner, ..account(None) };
    let rakp1 = opened(Suite::Three).rakp1(&counting(0), &account);
    assert_eq!(rakp1.len(), 44);
    let padded = rakp2_over(0x04, b"admin\0\0\0\0\0\0\0\0\0\0\0");
    assert!(met(manner, &padded).is_ok_and(|proven| !proven.has_odd_role()));
    assert_eq!(met(Manner::default(), &padded).err(), Some(Refusal::Unproven));
}

#[test]
fn our_proof_is_over_the_plain_role_only_for_whoever_wants_it_so() {
    let rakp2 = rakp2_over(0x14, b"admin");
    for (plain_role_in_rakp3, role) in [(true, 0x04), (false, 0x14)] {
        let manner = Manner { plain_role_in_rakp3, ..Manner::default() };
        let proven = met(manner, &rakp2).unwrap_or_else(|r| panic!("{r:?}"));
        assert_eq!(proven.rakp3()[8..], rakp3_over(role, b"admin"));
    }
}

#[test]
fn packets_are_authenticated_by_the_session_integrity_key_only_for_whoever_wants_it_so() {
    let vector = &VECTORS[0];
    let packet = |sik_for_k1| {
        let manner = Manner { sik_for_k1, ..Manner::default() };
        let proven = met(manner, &rakp2(vector.rakp2)).unwrap_or_else(|r| panic!("{r:?}"));
        let mut session =
            proven.rakp4(&rakp4(vector.rakp4), Trust::Proven).unwrap_or_else(|r| panic!("{r:?}"));
        session.seal(&chassis_status(), counting(0x50))
    };
    assert_eq!(packet(false), bytes(vector.packet));
    let (odd, usual) = (packet(true), packet(false));
    let code = odd.len() - 12;
    assert_eq!(odd[..code], usual[..code]);
    assert_ne!(odd[code..], usual[code..]);
}

#[test]
fn a_session_id_of_zero_is_taken_only_where_it_was_told_of() {
    let mut response = open_session_response(Suite::Three);
    response[8..12].fill(0);
    let told = |takes_zero| Opening { takes_zero, ..opening(Suite::Three) }.answer(&response).is_ok();
    assert!(told(true) && !told(false));
}

#[test]
fn a_packet_is_the_one_that_openssl_makes() {
    for vector in &VECTORS {
        assert_eq!(session(vector).seal(&chassis_status(), counting(0x50)), bytes(vector.packet));
    }
}

/// The other end of the session: the same keys, the IDs the other way round.
fn ends(vector: &Vector) -> (Session, Session) {
    let sik = b"a key that both know";
    (Session::new(vector.suite, CONSOLE_ID, BMC_ID, sik), Session::new(vector.suite, BMC_ID, CONSOLE_ID, sik))
}

#[test]
fn what_one_end_seals_the_other_opens_whatever_its_length() {
    for vector in &VECTORS {
        let (mut console, mut bmc) = ends(vector);
        for length in 0..80 {
            let message = vec![0xAB; length];
            let datagram = console.seal(&message, counting(1));
            assert_eq!(bmc.open(&packet::decode(&datagram).unwrap()), Ok(message));
        }
    }
}

#[test]
fn a_packet_with_any_bit_flipped_is_refused() {
    for vector in &VECTORS {
        let (mut console, mut bmc) = ends(vector);
        let datagram = console.seal(&chassis_status(), counting(1));
        // The RMCP header's reserved and sequence bytes carry nothing.
        for bit in (0..datagram.len() * 8).filter(|bit| !(8..24).contains(bit)) {
            let mut forged = datagram.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let opened = packet::decode(&forged).and_then(|packet| bmc.open(&packet));
            assert!(opened.is_err(), "bit {bit}");
        }
        assert!(bmc.open(&packet::decode(&datagram).unwrap()).is_ok());
    }
}

#[test]
fn a_packet_is_opened_once() {
    let (mut console, mut bmc) = ends(&VECTORS[0]);
    let datagram = console.seal(&chassis_status(), counting(1));
    assert!(bmc.open(&packet::decode(&datagram).unwrap()).is_ok());
    assert!(bmc.open(&packet::decode(&datagram).unwrap()).is_err());
}

#[test]
fn refusals_of_one_two_and_eight_bytes_are_understood() {
    let refusals: [(&[u8], u8); 3] =
        [(&[0x01], 0x01), (&[0, 0x04], 0x04), (&[0, 0x11, 0, 0, 0, 0, 0, 0], 0x11)];
    for (payload, status) in refusals {
        let refused = opening(Suite::Three).answer(payload).err();
        assert_eq!(refused, Some(Refusal::Status(status)));
    }
}

#[test]
fn an_answer_to_another_handshake_is_passed_over() {
    let mut response = open_session_response(Suite::Three);
    response[0] = 9;
    assert_eq!(opening(Suite::Three).answer(&response).err(), Some(Refusal::NotOurs));
    response[0] = 0;
    response[4] ^= 1;
    assert_eq!(opening(Suite::Three).answer(&response).err(), Some(Refusal::NotOurs));
}

#[test]
fn another_suite_than_the_offered_is_refused() {
    let refused = opening(Suite::Seventeen).answer(&open_session_response(Suite::Three)).err();
    assert_eq!(refused, Some(Refusal::OtherSuite));
}

#[test]
fn an_answer_is_taken_apart_and_its_checksums_are_judged() {
    // Get Chassis Status answered by ipmi_sim 2.0.33: power on.
    let frame = bytes("81041b2004010001000076");
    let response = message::decode(&frame).unwrap();
    assert_eq!((response.netfn, response.command, response.sequence), (0x01, 0x01, 1));
    assert_eq!((response.completion, response.data), (0, &[0x01, 0, 0][..]));
    assert!(!message::decode(&bytes("81041b2004010001000077")).unwrap().checksums_fit);
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..200)
}

/// Bytes that get past the header's checks more often than not.
fn almost_packet() -> impl Strategy<Value = Vec<u8>> {
    let kinds = proptest::sample::select(vec![0x00_u8, 0xC0, 0x40, 0x10, 0x11, 0x13, 0x15, 0x3F]);
    let ids = proptest::sample::select(vec![0, CONSOLE_ID, BMC_ID]);
    (kinds, ids, any::<u32>(), any_bytes(), -3_i32..4).prop_map(|(kind, id, sequence, payload, off)| {
        let length = (payload.len() as i32 + off).max(0) as u16;
        let head = [&[6, 0, 0xFF, 7, 6, kind], &id.to_le_bytes()[..], &sequence.to_le_bytes()].concat();
        [&head[..], &length.to_le_bytes(), &payload].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_datagram_panics(datagram in prop_oneof![any_bytes(), almost_packet()]) {
        let mut session = Session::new(Suite::Three, CONSOLE_ID, BMC_ID, b"key");
        if let Ok(packet) = packet::decode(&datagram) {
            let _ = session.open(&packet);
            let _ = message::decode(packet.payload);
        }
    }

    #[test]
    fn no_message_of_the_handshake_panics(payload in any_bytes(), head in any::<bool>()) {
        let payload = if head { [&[0, 0, 0, 0], &CONSOLE_ID.to_le_bytes()[..], &payload].concat() } else { payload };
        for vector in &VECTORS {
            let _ = opening(vector.suite).answer(&payload);
            let _ = opened(vector.suite).rakp2(&payload, &counting(0), &account(None), Trust::Anyone);
            if let Ok(proven) = proven(vector, &account(None)) {
                let _ = proven.rakp4(&payload, Trust::Anyone);
            }
        }
    }

    #[test]
    fn no_plain_text_panics_once_it_is_decrypted(payload in any_bytes()) {
        let cipher = algorithm::Cipher::new(&counting(0));
        let _ = cipher.open(&payload);
        let _ = message::decode(&payload);
    }

    #[test]
    fn a_handshake_datagram_reads_back(payload in any_bytes()) {
        let datagram = packet::encode(PayloadType::Rakp1, &payload);
        let packet = packet::decode(&datagram).unwrap();
        prop_assert_eq!((packet.payload_type, packet.payload), (PayloadType::Rakp1, &payload[..]));
        prop_assert_eq!((packet.session_id, packet.sequence), (0, 0));
    }
}
