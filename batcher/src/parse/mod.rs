//! What comes from outside as text: the strict reading of [`cairn_client::parse`], and files that are made of it.

pub mod table;
pub mod unique;

pub use cairn_client::parse::{
    ParseError, Unsigned, address, bytes, data, decimal, fields, fraction, hash, shown, signature,
    within,
};
