//! The IPMI driver.

use async_trait::async_trait;

use super::ConnectError;
use crate::{
    driver::{Capabilities, Driver},
    endpoint::Endpoint,
};

/// IPMI over LAN.
pub struct Ipmi {
    capabilities: Capabilities,
}

impl Ipmi {
    /// A driver for this endpoint.
    pub fn new(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let _ = endpoint;
        Ok(Self { capabilities: Capabilities::default() })
    }
}

#[async_trait]
impl Driver for Ipmi {
    fn name(&self) -> &'static str {
        "ipmi"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}
