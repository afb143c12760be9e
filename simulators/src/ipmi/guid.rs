//! A UUID as IPMI shows it: a GUID, in one of three orders. Which it is says [`super::Manners`].

/// A UUID with its least significant byte first: as table 20-10 has it. FreeIPMI prints it rightly, and so does `ipmitool mc
/// guid`, which guesses the order; older ones of ipmitool take every GUID for one of SMBIOS.
pub(crate) fn reversed(mut uuid: [u8; 16]) -> [u8; 16] {
    uuid.reverse();
    uuid
}

/// A UUID as SMBIOS has it: the first three fields turned (DSP0134 §7.2.1).
pub(crate) fn smbios(uuid: [u8; 16]) -> [u8; 16] {
    let mut guid = uuid;
    guid[0..4].reverse();
    guid[4..6].reverse();
    guid[6..8].reverse();
    guid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_three_orders_on_the_wire() {
        let uuid: [u8; 16] = std::array::from_fn(|at| at as u8);
        assert_eq!(reversed(uuid)[..4], [15, 14, 13, 12]);
        assert_eq!(smbios(uuid), [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]);
    }
}
