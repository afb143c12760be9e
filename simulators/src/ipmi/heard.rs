//! What a deviation may know of an IPMI request.

use super::command::Request;
use crate::{firmware::Facts, memory::Memory};

/// A request of somebody who may send it.
pub(crate) struct Heard<'a> {
    /// The network function, even.
    pub(crate) netfn: u8,
    /// The command.
    pub(crate) number: u8,
    /// What follows the command, as it came.
    pub(crate) data: &'a [u8],
    /// How the machine is.
    pub(crate) facts: &'a Facts,
    /// What deviations remember.
    pub(crate) memory: &'a Memory,
}

impl<'a> Heard<'a> {
    /// This request, at this moment.
    pub(super) fn new(request: &Request<'a>, facts: &'a Facts, memory: &'a Memory) -> Self {
        let Request { netfn, number, data, .. } = *request;
        Self { netfn, number, data, facts, memory }
    }

    /// Whether it is this command.
    pub(crate) fn is(&self, (netfn, number): (u8, u8)) -> bool {
        (self.netfn, self.number) == (netfn, number)
    }

    /// Whether it is this command, and its data begins so.
    pub(crate) fn begins(&self, command: (u8, u8), data: &[u8]) -> bool {
        self.is(command) && self.data.starts_with(data)
    }
}
