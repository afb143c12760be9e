//! DCMI.
use super::super::command::Row;
pub(super) const ROWS: &[Row] = &[];
