//! The operator's API as both sides have it: the table of methods, what travels, and the operator's receipts.

pub mod error;
mod fields;
pub mod hex;
pub mod methods;
pub mod receipt;
pub mod wire;
