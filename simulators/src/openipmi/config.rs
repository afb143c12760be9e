//! The files that `ipmi_sim` reads, made from the machine's identity.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use super::{Home, Options, StartError, fru};
use crate::{
    accounts::{Account, Role},
    bmc::Bmc,
    machine::Id,
};

/// The sensor data records, in OpenIPMI's own format.
const SDRS: &str = include_str!("sdr.main");

/// Writes them all.
pub(super) fn write(bmc: &Bmc, home: &Home, addr: SocketAddr, options: &Options) -> Result<(), StartError> {
    let id = bmc.control().truth().id;
    let state = home.path("state/ipmi_sim/halmark");
    let files = || -> io::Result<()> {
        fs::create_dir_all(&state)?;
        fs::write(state.join("sdr.20.main"), SDRS)?;
        fs::write(
            home.path("lan.conf"),
            lan_conf(&id, bmc.accounts().list(), addr, &program(options, &home.socket())),
        )?;
        let fru = fru::encode(&id);
        fs::write(home.path("bmc.emu"), bmc_emu(&id, fru.len(), &home.path("fru0.bin")))?;
        fs::write(home.path("fru0.bin"), fru)
    };
    files().map_err(|source| StartError::Io { doing: "write the configuration of ipmi_sim", source })
}

fn lan_conf(id: &Id, accounts: &[Account], addr: SocketAddr, program: &str) -> String {
    let (ip, port, guid) = (addr.ip(), addr.port(), guid(id));
    let users: String = accounts
        .iter()
        .map(|account| {
            let (number, user, password) = (account.slot, &account.user, &account.password);
            let privilege = privilege(account.role);
            format!("  user {number} true \"{user}\" \"{password}\" {privilege} 10 none md2 md5 straight\n")
        })
        .collect();
    format!(
        "name \"halmark\"\n\
         set_working_mc 0x20\n  \
         startlan 1\n    \
         addr {ip} {port}\n    \
         priv_limit admin\n    \
         allowed_auths_callback md2 md5 straight\n    \
         allowed_auths_user md2 md5 straight\n    \
         allowed_auths_operator md2 md5 straight\n    \
         allowed_auths_admin md2 md5 straight\n    \
         guid {guid}\n    \
         lan_config_program \"{program} lan\"\n  \
         endlan\n  \
         chassis_control \"{program}\"\n\
         {users}"
    )
}

/// The UUID as it goes over the wire: the least significant byte first (IPMI v2.0 §20.8).
fn guid(id: &Id) -> String {
    id.uuid.iter().rev().map(|byte| format!("{byte:02x}")).collect()
}

fn privilege(role: Role) -> &'static str {
    match role {
        Role::Administrator => "admin",
        Role::Operator => "operator",
        Role::ReadOnly | Role::NoAccess => "user",
    }
}

/// How `ipmi_sim` calls the helper: a command line for a shell.
fn program(options: &Options, socket: &Path) -> String {
    let words = [options.helper.to_string_lossy()].into_iter();
    let words = words.chain(options.helper_args.iter().map(|arg| arg.as_str().into()));
    words.chain([socket.to_string_lossy()]).map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

/// The management controller and its sensors; each sensor has its record in the SDRs.
fn bmc_emu(id: &Id, fru_size: usize, fru: &Path) -> String {
    let (major, minor) = firmware(&id.bmc_firmware);
    let fru = fru.display();
    format!(
        "mc_setbmc 0x20\n\
         mc_add 0x20 0 no-device-sdrs 0x23 {major} {minor:#04x} 0x9f 0x1291 0xf02 persist_sdr\n\
         sel_enable 0x20 1000 0x0a\n\
         sensor_add 0x20 0 0 35 0x6f event-only\n\
         sensor_set_event_support 0x20 0 0 enable scanning per-state \
         000000000001111 000000000000000 000000000001111 000000000000000\n\
         sensor_add 0x20 0 1 0x01 0x01\n\
         sensor_set_value 0x20 0 1 0x28 0\n\
         sensor_set_threshold 0x20 0 1 settable 111000 0x60 0x50 0x46 00 00 00\n\
         sensor_set_event_support 0x20 0 1 enable scanning per-state \
         000111111000000 000111111000000 000111111000000 000111111000000\n\
         sensor_add 0x20 0 3 0x04 0x01\n\
         sensor_set_value 0x20 0 3 0x50 0\n\
         sensor_add 0x20 0 2 37 0x6f\n\
         sensor_set_bit_clr_rest 0x20 0 2 0 1\n\
         sensor_set_event_support 0x20 0 2 enable scanning per-state \
         000000000000011 000000000000011 000000000000011 000000000000011\n\
         mc_add_fru_data 0x20 0 {fru_size} file 0 \"{fru}\"\n\
         mc_enable 0x20\n"
    )
}

/// Major and minor revision, the minor one in BCD (IPMI v2.0 §20.1); the rest has no place there.
fn firmware(version: &str) -> (u8, u8) {
    let mut parts = version.split('.').map(|part| part.parse::<u8>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0).min(99));
    (major & 0x7f, minor / 10 * 16 + minor % 10)
}

/// The LAN parameter that `ipmi_sim` asks for, in its words.
pub(super) fn lan_parameter(name: &str, id: &Id) -> Option<String> {
    Some(match name {
        "ip_addr" => match id.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(_) => "0.0.0.0".to_owned(),
        },
        "ip_addr_src" => "static".to_owned(),
        "mac_addr" => id.mac_text(),
        "subnet_mask" => "255.0.0.0".to_owned(),
        "default_gw_ip_addr" | "backup_gw_ip_addr" => "0.0.0.0".to_owned(),
        "default_gw_mac_addr" | "backup_gw_mac_addr" => "00:00:00:00:00:00".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_firmware_revision_is_bcd() {
        assert_eq!(firmware("1.12.0"), (1, 0x12));
        assert_eq!(firmware("2"), (2, 0));
        assert_eq!(firmware("nightly"), (0, 0));
    }
}
