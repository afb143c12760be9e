//! The shell that some BMCs have behind SSH, and the host's console by it.
//!
//! - [`Service`] is one TCP port; `connection` is one client: SSH itself is the crate `sunset`, which does no I/O.
//! - `racadm` is what an iDRAC says at its prompt: no more of it than leads to the console and back.
//!
//! Who may log in, and who has the host's serial port, is the BMC's to say: it is the same for IPMI.

mod connection;
mod racadm;
mod service;

pub use service::{Service, ServiceOptions};

/// The shells that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// An iDRAC's.
    Racadm,
}
