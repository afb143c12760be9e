//! One command on its way through the session, and the answer that belongs to it.

use tokio_rustls::rustls::crypto::SecureRandom;

use super::{
    command::Command,
    rmcp::{
        algorithm::BLOCK,
        message::{self, Request},
        packet,
        session::Session,
    },
    wire::Turn,
};
use crate::{driver::Cause, drivers::failure::Failure, endpoint::Seams};

/// An answer with its completion code.
pub(super) struct Answered {
    /// The completion code (table 5-2).
    pub(super) completion: u8,
    /// What follows it.
    pub(super) data: Vec<u8>,
    /// Whether the checksums inside the verified packet fit.
    pub(super) checksums_fit: bool,
}

/// One command in the session, waiting for its answer.
pub(super) struct Call<'a> {
    session: &'a mut Session,
    random: &'static dyn SecureRandom,
    sequences: &'a mut u8,
    command: &'a Command,
    data: &'a [u8],
    sequence: u8,
    vector: [u8; BLOCK],
    seams: Seams,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        session: &'a mut Session,
        (random, seams): (&'static dyn SecureRandom, Seams),
        sequences: &'a mut u8,
        command: &'a Command,
        data: &'a [u8],
    ) -> Result<Self, Failure> {
        let mut vector = [0; BLOCK];
        let failed = |_| Cause::Internal { reason: "the system gives no random numbers".to_owned() };
        random.fill(&mut vector).map_err(failed)?;
        Ok(Self { session, random, sequences, command, data, sequence: 0, vector, seams })
    }

    /// The command under a sequence number of its own.
    pub(super) fn datagram(&mut self) -> Vec<u8> {
        *self.sequences = (*self.sequences + 1) & 0x3F;
        self.sequence = *self.sequences;
        let Command { netfn, number: command, lun, .. } = *self.command;
        let request = Request { netfn, lun, command, sequence: self.sequence, data: self.data };
        self.session.seal_request(&request, self.vector)
    }
}

impl Turn for Call<'_> {
    type Answer = Answered;

    fn again(&mut self, datagram: Vec<u8>) -> Vec<u8> {
        if self.seams.new_sequence_on_retry && self.random.fill(&mut self.vector).is_ok() {
            return self.datagram();
        }
        datagram
    }

    fn accept(&mut self, datagram: &[u8]) -> Option<Answered> {
        let packet = packet::decode(datagram).ok()?;
        let mut plain = self.session.open(&packet).ok()?;
        let response = message::decode(&plain).ok()?;
        let fits = response.netfn == self.command.netfn | 1
            && response.command == self.command.number
            && response.sequence == self.sequence;
        let (completion, checksums_fit) = (response.completion, response.checksums_fit);
        if !fits {
            return None;
        }
        message::strip(&mut plain);
        Some(Answered { completion, data: plain, checksums_fit })
    }
}
