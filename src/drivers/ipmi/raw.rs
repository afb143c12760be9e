//! Raw commands (IPMI v2.0 appendix G), for what no operation covers.

use super::{command::Command, link::Talk};
use crate::{
    drivers::failure::Failure,
    model::{Bytes, VendorAnswer},
};

/// Sends a command at the highest privilege that the account has. What it does is not known, so that it is sent once.
pub(super) async fn call(
    talk: &mut Talk<'_>,
    netfn: u8,
    number: u8,
    data: &[u8],
) -> Result<VendorAnswer, Failure> {
    talk.rise().await?;
    let command = Command::read("a raw command", netfn, number).changing();
    let answered = talk.try_ask(&command, data).await?;
    Ok(VendorAnswer::Ipmi { completion: answered.completion, data: Bytes(answered.data) })
}

/// Why this cannot be sent, if it cannot.
pub(super) fn check(netfn: u8, data: &[u8]) -> Result<(), String> {
    if netfn > 0x3E || !netfn.is_multiple_of(2) {
        return Err(format!(
            "network function {netfn:02X}h is not that of a request: expected an even one up to 3Eh"
        ));
    }
    if data.len() > 255 {
        return Err(format!("the command has {} bytes of data, expected at most 255", data.len()));
    }
    Ok(())
}
