//! The hardware abstraction layer of bare metal.
//!
//! A [`Driver`] speaks to one server's management controller (BMC) over one protocol and offers the
//! operations of the contract in the field's own words: power, boot override, identify, identity, inventory,
//! sensors, log, accounts, console, and the BMC itself. It says exactly what it can do ([`Capabilities`]), answers with a value, the protocol it
//! was obtained over and whatever it had to forgive ([`Answer`]), or fails with one of a closed set of errors
//! ([`DriverError`]).
//!
//! ```no_run
//! use std::time::Duration;
//! use halmark::{Credentials, Deadline, Endpoint, PowerAction, drivers};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::parse("https://192.0.2.12")?.with_credentials(Credentials::new("admin", "secret"));
//! let bmc = drivers::connect("redfish", endpoint)?;
//! let power = bmc.power_read(Deadline::after(Duration::from_secs(30))).await?;
//! println!("{} (over {})", power.value, power.protocol);
//! bmc.power(PowerAction::Cycle, Deadline::after(Duration::from_secs(120))).await?;
//! bmc.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Modules, in the order in which they depend on each other:
//! [`model`] (the vocabulary) ← [`endpoint`] (where and as whom) ← [`driver`] and [`console`] (the contract) ←
//! [`drivers`] (the reference drivers) ← [`inventory`] (which BMCs there are).

mod capabilities;
pub mod console;
mod deviation;
pub mod driver;
pub mod drivers;
pub mod endpoint;
pub mod inventory;
pub mod model;
mod operation;

pub use console::Console;
pub use driver::{
    Answer, Capabilities, Cause, Deadline, Deviation, Driver, DriverError, Exchange, Note, Operation,
    Protocol, Reply,
};
pub use endpoint::{Credentials, Endpoint, Secret, Tls};
pub use model::{
    Account, AccountId, AccountProtocol, AccountUpdate, Bios, BiosAttribute, BiosChanges, BiosValue,
    BmcClock, BmcNetwork, BmcReset, BootDevice, BootDuration, BootMode, BootOrder, BootOverride, Bytes,
    Change, EventLog, Fru, Identify, Identity, InsertMedia, Inventory, LogEntry, MediaKind, MediaSlot,
    MediaSlotId, NewAccount, PowerAction, PowerMetrics, PowerState, Role, SecureBoot, Sensor, SetIdentify,
    Timestamp, VendorAnswer, VendorCall,
};
