//! SHA-256 (FIPS 180-4) in plonky2: about 105 rows a block, and once some 40 for constants.
//!
//! Two gates share the work:
//!
//! - [`BitsGate`] splits four words into bits and yields the bitwise functions of two steps
//!   (message schedule) or of two rounds (choose and majority halves), as sums of 32-bit integers
//!   that are not reduced yet;
//! - [`AddGate`] adds up to five integers modulo 2^32.
//!
//! # Soundness
//!
//! `AddGate` gives `out = sum - 2^32 carry` with a 3-bit carry, hence only *congruence* modulo
//! 2^32: a prover may choose a smaller carry. That is enough. Every word that enters a bitwise
//! function is split into exactly 32 bits in its `BitsGate`, so it is the one canonical
//! representative. The words that are never split (the last two of the schedule, the outer words
//! `d` and `h` of a block's input, the last `a` and `e`) only enter further sums, where the
//! representative does not matter: each is an integer of magnitude below `2^36` a block, so nothing
//! wraps modulo the field's order for messages of less than `2^20` blocks. Message words are split
//! by the schedule (all but the first, which gets its own range check), and the words of the digest
//! are range-checked at the end.
//!
//! The native twin is the `sha2` crate.

mod add_gate;
mod bits_gate;
mod gadget;
#[cfg(test)]
mod tests;
mod witness;

pub use add_gate::AddGate;
pub use bits_gate::{BitsGate, Function};
pub use gadget::{sha256, u64_to_words};
pub use witness::{AddGenerator, BitsGenerator};
