//! Lease files as servers write them, and as crashes and disks leave them behind.

use super::*;

const ISC: &[u8] = include_bytes!("../../../tests/fixtures/leases/dhcpd.leases");
const ISC_CRLF: &[u8] = include_bytes!("../../../tests/fixtures/leases/dhcpd-crlf.leases");
const ISC_JUNK: &[u8] = include_bytes!("../../../tests/fixtures/leases/dhcpd-junk.leases");
const ISC_6: &[u8] = include_bytes!("../../../tests/fixtures/leases/dhcpd6.leases");
const DNSMASQ: &[u8] = include_bytes!("../../../tests/fixtures/leases/dnsmasq.leases");
const KEA_4: &[u8] = include_bytes!("../../../tests/fixtures/leases/kea-leases4.csv");
const KEA_6: &[u8] = include_bytes!("../../../tests/fixtures/leases/kea-leases6.csv");

/// One line for each lease: the line in the file, address, MAC, host, state.
fn told(leases: &Leases) -> Vec<String> {
    let line = |it: &Lease| {
        let mac = it.mac.map_or("-".to_owned(), |mac| mac.to_string());
        let host = it.host.as_deref().unwrap_or("-");
        format!("{} {} {mac} {host} {:?}", it.line, it.address, it.state)
    };
    leases.leases.iter().map(line).collect()
}

fn skipped(leases: &Leases) -> Vec<String> {
    leases.skipped.iter().map(Skipped::to_string).collect()
}

fn lease<'l>(leases: &'l Leases, address: &str) -> &'l Lease {
    leases.leases.iter().find(|it| it.address.to_string() == address).expect(address)
}

#[test]
fn every_good_entry_of_dhcpd_is_read_and_every_bad_one_is_named() {
    let leases = isc::read(ISC);
    assert_eq!(
        told(&leases),
        [
            "13 10.0.0.1 92:33:b8:0e:df:8f bmc-e262335x2304003c Active",
            "30 10.0.0.3 56:62:97:4e:1f:1f idrac-{7cx1} Active",
            "43 10.0.0.44 b3:74:fc:50:76:b6 - Active",
            "49 10.0.0.5 - - Abandoned",
            "53 10.0.0.6 00:16:3e:00:22:5c - Active",
            "58 10.0.0.7 - - Active",
            "80 10.0.0.12 02:00:00:00:00:0c - Active",
        ]
    );
    assert_eq!(
        skipped(&leases),
        [
            "line 64: what stands where its address should is no IP address",
            "line 68: the MAC address in line 70 cannot be read",
            "line 72: a quote in line 74 is not closed",
            "line 77: it breaks off: another entry begins in line 80",
            "line 84: it breaks off: the file ends in the middle of it",
        ]
    );
}

#[test]
fn the_ends_of_dhcpd_are_in_utc_by_epoch_or_never() {
    let leases = isc::read(ISC);
    assert_eq!(lease(&leases, "10.0.0.1").ends, Ends::At("2024-11-19T11:15:53Z".parse().unwrap()));
    assert_eq!(lease(&leases, "10.0.0.3").ends, Ends::Never);
    let epoch =
        isc::read(b"lease 10.0.0.1 { ends epoch 1732014953; # Tue Nov 19\n hardware ethernet 2:0:0:0:0:1; }");
    assert_eq!(epoch.leases[0].ends, Ends::At(Timestamp(1_732_014_953)));
}

#[test]
fn escapes_in_a_uid_are_bytes() {
    let leases = isc::read(ISC);
    assert_eq!(lease(&leases, "10.0.0.6").client_id.as_deref(), Some(&b"\x01\x00\x16>\x00\"\\"[..]));
    assert_eq!(lease(&leases, "10.0.0.7").client_id.as_deref(), Some(&b"serial-\"7\""[..]));
}

#[test]
fn what_ends_the_lines_changes_nothing() {
    assert_eq!(isc::read(ISC_CRLF), isc::read(ISC));
    let crlf = |text: &[u8]| String::from_utf8_lossy(text).replace('\n', "\r\n").into_bytes();
    assert_eq!(dnsmasq::read(&crlf(DNSMASQ)), dnsmasq::read(DNSMASQ));
    assert_eq!(kea::read(&crlf(KEA_4)), kea::read(KEA_4));
}

#[test]
fn an_entry_after_junk_is_not_lost() {
    let leases = isc::read(ISC_JUNK);
    let addresses: Vec<String> = leases.leases.iter().map(|it| it.address.to_string()).collect();
    assert_eq!(addresses, [1, 2, 3, 4, 5, 6, 7, 9].map(|it| format!("10.1.0.{it}")));
    assert!(!leases.skipped.is_empty());
}

#[test]
fn addresses_of_dhcpv6_have_the_mac_in_their_duid() {
    let leases = isc::read(ISC_6);
    assert_eq!(
        told(&leases),
        [
            "5 2001:db8::8 02:00:00:00:06:01 - Active",
            "14 fd00::9 02:00:00:00:06:02 - Active",
            "21 fd00::a - - Active",
        ]
    );
    assert_eq!(skipped(&leases), ["line 23: a delegated prefix is no address"]);
}

#[test]
fn every_good_line_of_dnsmasq_is_read_and_every_bad_one_is_named() {
    let leases = dnsmasq::read(DNSMASQ);
    assert_eq!(
        told(&leases),
        [
            "1 10.0.0.1 92:33:b8:0e:df:8f bmc-e262335x2304003c Active",
            "2 10.0.0.3 56:62:97:4e:1f:1f - Active",
            "3 10.0.0.7 - ib0 Active",
            "5 10.0.0.44 b3:74:fc:50:76:b6 new Active",
            "11 2001:db8::8 02:00:00:00:06:01 bmc8 Active",
            "12 fd00::9 02:00:00:00:06:02 - Active",
            "13 fd00::a - opaque Active",
        ]
    );
    assert_eq!(lease(&leases, "10.0.0.3").ends, Ends::Never);
    assert_eq!(
        skipped(&leases),
        [
            "line 6: the second word is no MAC address",
            "line 7: the expiry is no number of seconds",
            "line 8: the third word is no IP address",
            "line 14: expected five words (expiry, MAC, address, host, client id), and there are 3",
        ]
    );
}

#[test]
fn every_good_row_of_kea_is_read_and_every_bad_one_is_named() {
    let leases = kea::read(KEA_4);
    assert_eq!(
        told(&leases),
        [
            "2 10.0.0.1 92:33:b8:0e:df:8f bmc-e262335x2304003c Active",
            "3 10.0.0.3 56:62:97:4e:1f:1f idrac,one Active",
            "6 10.0.0.44 b3:74:fc:50:76:b6 - Active",
            "7 10.0.0.5 - - Abandoned",
            "8 10.0.0.6 00:16:3e:00:22:5c - Active",
            "9 10.0.0.7 02:00:00:00:00:07 gone Ended",
        ]
    );
    assert_eq!(lease(&leases, "10.0.0.3").ends, Ends::Never);
    assert_eq!(
        skipped(&leases),
        [
            "line 10: its expire is no number",
            "line 11: its address is no IP address",
            "line 12: its state is none that Kea has",
            "line 13: the row ends before its column state",
        ]
    );
    let leases = kea::read(KEA_6);
    assert_eq!(
        told(&leases),
        [
            "2 2001:db8::8 02:00:00:00:06:01 bmc8 Active",
            "3 fd00::9 02:00:00:00:06:02 - Active",
            "4 fd00::a - opaque Active",
        ]
    );
    assert_eq!(skipped(&leases), ["line 5: a delegated prefix is no address"]);
}

#[test]
fn a_file_of_kea_without_a_header_says_so() {
    let leases = kea::read(b"10.0.0.1,02:00:00:00:00:01,,600,1732014953\n");
    assert_eq!(skipped(&leases), ["line 1: no header above names a column address"]);
}

#[test]
fn the_end_of_an_old_lease_does_not_hide_a_new_one() {
    let text = |address: &str, state: &str| {
        format!("lease {address} {{ binding state {state}; hardware ethernet 02:00:00:00:00:01; }}\n")
    };
    let moved =
        [text("10.0.0.1", "active"), text("10.0.0.2", "active"), text("10.0.0.1", "expired")].concat();
    assert_eq!(told(&isc::read(moved.as_bytes())), ["2 10.0.0.2 02:00:00:00:00:01 - Active"]);
}

#[test]
fn an_address_that_somebody_else_has_since_is_no_longer_the_first_ones() {
    let text = b"1 02:00:00:00:00:01 10.0.0.1 * *\n2 02:00:00:00:00:02 10.0.0.1 * *\n";
    let told = told(&dnsmasq::read(text));
    assert_eq!(told, ["1 10.0.0.1 02:00:00:00:00:01 - Ended", "2 10.0.0.1 02:00:00:00:00:02 - Active"]);
}

#[test]
fn only_leases_that_are_active_and_not_over_are_asked() {
    let leases = kea::read(KEA_4);
    let at = |now| leases.active(now).count();
    assert_eq!((at(None), at(Some(Timestamp(1_732_014_953))), at(Some(Timestamp(1_732_014_954)))), (4, 4, 1));
}

#[test]
fn a_format_is_known_by_its_looks() {
    for (file, format) in [
        (ISC, Format::Isc),
        (ISC_CRLF, Format::Isc),
        (ISC_JUNK, Format::Isc),
        (ISC_6, Format::Isc),
        (DNSMASQ, Format::Dnsmasq),
        (KEA_4, Format::Kea),
        (KEA_6, Format::Kea),
    ] {
        assert_eq!(Format::of(file), format);
    }
    assert_eq!(read(include_bytes!("../../../tests/fixtures/leases/empty.leases")), Leases::default());
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn mangled() -> impl Strategy<Value = Vec<u8>> {
        let files = prop::sample::select(vec![ISC, ISC_6, DNSMASQ, KEA_4, KEA_6]);
        let cuts = (
            files,
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            prop::collection::vec(any::<u8>(), 0..9),
        );
        cuts.prop_map(|(file, at, len, junk)| {
            let at = at.index(file.len());
            let end = at + len.index(file.len() - at);
            [&file[..at], &junk, &file[end..]].concat()
        })
    }

    fn entry(of: u8) -> String {
        format!(
            "lease 10.2.0.{of} {{\n  binding state active;\n  hardware ethernet 02:00:00:00:02:{of:02x};\n}}\n"
        )
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(file in prop_oneof![prop::collection::vec(any::<u8>(), 0..600), mangled()]) {
            for format in [Format::Isc, Format::Dnsmasq, Format::Kea] {
                format.read(&file);
            }
            read(&file);
        }

        #[test]
        fn no_line_of_junk_takes_an_entry_of_dhcpd_with_it(junk in prop::collection::vec("[^\n]{0,40}", 1..6)) {
            prop_assume!(junk.iter().all(|it| !it.contains("lease 10.2.")));
            let file: String =
                junk.iter().zip(1_u8..).map(|(junk, of)| format!("{junk}\n{}", entry(of))).collect();
            let found = isc::read(file.as_bytes()).leases;
            for of in 1..=junk.len() {
                let address = format!("10.2.0.{of}");
                prop_assert!(found.iter().any(|it| it.address.to_string() == address), "{address} in {file:?}");
            }
        }
    }
}
