//! What a BMC keeps of DCMI.
#[derive(Debug, Default)]
pub(crate) struct Dcmi {}
