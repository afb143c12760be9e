//! Drivers in other processes, by `halmark.v1`: a program that is started, or a service that is there.
//!
//! Another process lives in real time. So while a call of it is under way, a held clock runs as fast as real time; between calls
//! it moves on as ever.

pub mod check;
mod program;

pub use program::end_of_this_worker;

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::pace::Pace;
use halmark::{Deadline, Driver, Endpoint, endpoint::Seams};
use halmark_grpc::{
    client::{Description, Plugin},
    listen,
    server::{Maker, Offer, Reference, Service},
    transport::{Address, Channel},
};

/// How long a service may take to say what it is, or to make a driver.
const PATIENCE: Duration = Duration::from_secs(10);

/// An external driver, as `--driver` names it; `#NAME` behind it picks one of several that a service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    place: Place,
    /// The driver's name there; empty is the first that it describes.
    driver: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `exec:PATH`: a program, started once for each worker.
    Program(PathBuf),
    /// `unix:PATH`: a service on a Unix socket.
    Unix(PathBuf),
    /// `grpc://HOST:PORT`: a service on a TCP port, in the clear.
    Tcp(String),
    /// `served:NAME`: a reference driver behind its own service in this process, on the case's own clock.
    Served,
}

impl External {
    /// The external driver of that name; nothing where the name is not one of an external driver.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(driver) = name.strip_prefix("served:") {
            return Some(Self { place: Place::Served, driver: driver.to_owned() });
        }
        let (place, driver) = name.split_once('#').unwrap_or((name, ""));
        let place = if let Some(path) = place.strip_prefix("exec:") {
            Place::Program(path.into())
        } else if let Some(path) = place.strip_prefix("unix:") {
            Place::Unix(path.into())
        } else {
            Place::Tcp(place.strip_prefix("grpc://")?.to_owned())
        };
        Some(Self { place, driver: driver.to_owned() })
    }

    /// Whether it lives in real time.
    pub fn is_outside(&self) -> bool {
        self.place != Place::Served
    }

    /// What the driver claims, as words; it is asked, in real time.
    ///
    /// # Errors
    /// Where it cannot be started or does not answer as the contract demands.
    pub fn claims(&self) -> Result<halmark::Capabilities, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| format!("no runtime could be made: {e}"))?;
        let started = match &self.place {
            Place::Program(path) => Some(program::start(path)?),
            _ => None,
        };
        runtime.block_on(async {
            let channel = match &started {
                Some(program) => open(&Address::Unix(program.socket().to_owned())).await?,
                None => self.channel(Seams::default()).await?,
            };
            let described = describe(&Plugin::new(channel)).await?;
            Ok(self.choose(described)?.1)
        })
    }

    /// A driver for an endpoint. On a held clock, time passes as it really does while the driver is at work.
    pub(super) async fn connect(&self, endpoint: Endpoint, held: bool) -> Result<Box<dyn Driver>, String> {
        let pace = Pace::new(held && self.is_outside());
        let begun = pace.begin();
        let channel = self.channel(endpoint.seams).await?;
        let around = pace.clone();
        let plugin = Plugin::new(channel).with_around(Arc::new(move || Box::new(around.begin())));
        let driver = match self.driver.as_str() {
            "" => self.choose(describe(&plugin).await?)?.0,
            named => named.to_owned(),
        };
        let connected = plugin.connect(&driver, &endpoint, Deadline::after(PATIENCE)).await;
        drop(begun);
        Ok(Box::new(connected.map_err(|e| e.to_string())?))
    }

    async fn channel(&self, seams: Seams) -> Result<Channel, String> {
        match &self.place {
            Place::Program(path) => open(&Address::Unix(program::of_this_worker(path)?)).await,
            Place::Unix(path) => open(&Address::Unix(path.clone())).await,
            Place::Tcp(authority) => open(&Address::Tcp(authority.clone())).await,
            Place::Served => served(seams).await.map_err(|e| format!("the service could not be served: {e}")),
        }
    }

    fn choose(&self, described: Description) -> Result<(String, halmark::Capabilities), String> {
        let names: Vec<String> = described.drivers.iter().map(|it| it.name.clone()).collect();
        let found = described.drivers.into_iter().find(|it| self.driver.is_empty() || it.name == self.driver);
        found.map(|it| (it.name, it.capabilities)).ok_or_else(|| {
            format!("the service has no driver {:?}: it has {}", self.driver, names.join(", "))
        })
    }
}

async fn describe(plugin: &Plugin) -> Result<Description, String> {
    plugin.describe(Deadline::after(PATIENCE)).await.map_err(|e| e.to_string())
}

async fn open(address: &Address) -> Result<Channel, String> {
    let opened = tokio::time::timeout(PATIENCE, Channel::open(address)).await;
    let opened = opened.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    opened.map_err(|e| format!("nobody serves halmark.v1 at {address}: {e}"))
}

/// The reference drivers behind their own service, over a Unix socket whose both ends are here.
async fn served(seams: Seams) -> std::io::Result<Channel> {
    let (here, there) = tokio::net::UnixStream::pair()?;
    let service = Service::new(Seamed(seams));
    tokio::spawn(async move { listen::serve_one(&service, there).await });
    Channel::over(here).await
}

/// The reference drivers with the wrong behaviour on the wire that a campaign seeds.
struct Seamed(Seams);

impl Maker for Seamed {
    fn offers(&self) -> Vec<Offer> {
        Reference.offers()
    }

    fn make(&self, driver: &str, endpoint: Endpoint) -> Result<Box<dyn Driver>, String> {
        Reference.make(driver, Endpoint { seams: self.0, ..endpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_driver_is_named_by_its_place_and_its_name_there() {
        let named = |name: &str| External::named(name).map(|it| (it.place, it.driver));
        assert_eq!(named("redfish"), None);
        assert_eq!(named("exec:./a"), Some((Place::Program("./a".into()), String::new())));
        assert_eq!(
            named("unix:/run/h.sock#ipmi"),
            Some((Place::Unix("/run/h.sock".into()), "ipmi".to_owned()))
        );
        assert_eq!(named("grpc://bmc:1#a"), Some((Place::Tcp("bmc:1".to_owned()), "a".to_owned())));
        assert_eq!(named("served:ipmi"), Some((Place::Served, "ipmi".to_owned())));
    }
}
