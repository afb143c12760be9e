//! The Redfish driver.

use async_trait::async_trait;

use super::ConnectError;
use crate::{
    driver::{Capabilities, Driver},
    endpoint::Endpoint,
};

/// Redfish over HTTPS or HTTP.
pub struct Redfish {
    capabilities: Capabilities,
}

impl Redfish {
    /// A driver for this endpoint.
    pub fn new(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let _ = endpoint;
        Ok(Self { capabilities: Capabilities::default() })
    }
}

#[async_trait]
impl Driver for Redfish {
    fn name(&self) -> &'static str {
        "redfish"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}
