//! Simulated BMCs: a pure machine model, its Redfish and IPMI faces, the wire relay with faults, and the wrapper for `ipmi_sim`.
//!
//! ```
//! # use halmark_simulators::{Bmc, BmcOptions, Profile, redfish};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let profile = Profile::named("generic").expect("it is compiled in");
//! let bmc = Bmc::start(&profile, BmcOptions { seed: 7, ..BmcOptions::default() })?;
//! let service = redfish::Service::start(&bmc, redfish::ServiceOptions::default())?;
//! let (user, _password) = bmc.control().credentials();
//! println!("a Redfish service for {user} at http://{}/redfish/v1", service.addr());
//! # Ok(())
//! # }
//! ```
//!
//! | module | is |
//! |---|---|
//! | [`machine`] | the machine behind every face: pure, no clock |
//! | [`View`], [`deviations()`] | what the BMC's firmware makes of it, and named ways to be wrong |
//! | [`Bmc`], [`Control`] | one BMC on tokio's clock, and the handle beside the wire |
//! | [`redfish`], [`rules`] | the Redfish face and its faults |
//! | [`ipmi`] | the IPMI face: RMCP+ and IPMI v1.5 over UDP |
//! | [`ssh`] | the shell behind SSH that some BMCs have, and the host's console by it |
//! | [`desk`] | the control API: HTTP and JSON for other people's test suites |
//! | [`relay`] | TCP and UDP with faults |
//! | [`recording`] | a live Redfish service as a tree of files |
//! | [`openipmi`] | OpenIPMI's `ipmi_sim` as the IPMI face |
//!
//! Nothing here knows the drivers.

mod accounts;
mod admission;
mod bmc;
mod control;
pub mod desk;
mod deviations;
mod firmware;
mod intake;
pub mod ipmi;
mod logbook;
pub mod machine;
mod memory;
pub mod openipmi;
mod profile;
mod random;
pub mod recording;
pub mod redfish;
pub mod relay;
pub mod rules;
mod sensors;
mod serial;
pub mod ssh;
mod updates;
mod volumes;
mod written;

pub use accounts::{Credentials, Role};
pub use bmc::{Bmc, BmcOptions};
pub use control::{Control, Holder, Truth};
pub use deviations::{Deviation, UnknownDeviation, deviations};
pub use firmware::View;
pub use profile::{Profile, ProfileError, Recording, Resource};
pub use sensors::{SensorError, SensorState};
pub use updates::Image;
