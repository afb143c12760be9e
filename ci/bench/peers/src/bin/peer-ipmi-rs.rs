//! The power state by the crate `ipmi-rs`: a login with suite 3 and Get Chassis Status (IPMI v2.0 §28.2).
//!
//! The crate itself asks for presence and for the channel's authentication capabilities before it logs in. It cannot close
//! a session (it has no such command, and keeps the session's id private): the BMC keeps it until it is idle for too long.

use std::time::Duration;

use halmark_bench_peers::{Door, tell, times_asked};
use ipmi_rs::{
    connection::{IpmiConnection, LogicalUnit, Message, Request, RequestTargetAddress},
    rmcp::Rmcp,
};

const CHASSIS: u8 = 0x00;
const GET_CHASSIS_STATUS: u8 = 0x01;
const POWERED_ON: u8 = 0x01;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let door = Door::from_environment()?;
    let mut bmc = Rmcp::new(door.address, Duration::from_secs(2))?;
    bmc.activate(true, Some(&door.user), Some(door.password.as_bytes()))
        .map_err(|error| format!("no session: {error:?}"))?;
    let mut state = ask(&mut bmc)?;
    for _ in 1..times_asked() {
        state = ask(&mut bmc)?;
    }
    tell(state & POWERED_ON != 0);
    Ok(())
}

fn ask(bmc: &mut Rmcp) -> Result<u8, Box<dyn std::error::Error>> {
    let question = Message::new_raw(CHASSIS, GET_CHASSIS_STATUS, Vec::new());
    let answer = bmc
        .send_recv(&mut Request::new(question, RequestTargetAddress::Bmc(LogicalUnit::Zero)))
        .map_err(|error| format!("no answer: {error:?}"))?;
    if answer.cc() != 0 {
        return Err(format!("refused with completion code {:02X}", answer.cc()).into());
    }
    Ok(*answer.data().first().ok_or("the answer is empty")?)
}
