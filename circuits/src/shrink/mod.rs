//! From the header chain to the last plonky2 layer: shrink, squeeze, wrap.
//!
//! docs/spec.md, section 7.
//!
//! | layer | verifies | rows | parameters |
//! |---|---|---|---|
//! | shrink | any seal wrapper or chain node of any circuit set | 2^12 | [`SHRINK`](crate::config::SHRINK) |
//! | squeeze | the shrink | 2^12 | [`SQUEEZE`](crate::config::SQUEEZE) |
//! | wrap | the squeeze | 2^12 | [`WRAP`](crate::config::WRAP), over BN254 |
//!
//! All three are universal: they depend on the common shape of the recursion, not on what it
//! proves. The shrink turns the seal statement into the SNARK's public input, the others forward it.
//!
//! ```text
//! let shrink = Shrink::build();
//! let squeeze = Squeeze::build(&SQUEEZE, &shrink.circuit);
//! let wrap = Forward::<WrapConfig>::build(&WRAP, &squeeze.circuit);
//! ```

mod circuit;
mod forward;
mod public_input;
#[cfg(test)]
mod tests;

pub use circuit::Shrink;
pub use forward::{Forward, Squeeze};
