//! Range checks, canonical splits, comparisons and selections.

mod logic;
mod range;
mod range_gate;

pub use logic::{all, are_equal, is_zero, select_array};
pub use range::{SplitGenerator, assert_bits, assert_split, split_canonical};
pub use range_gate::{RangeCheckGate, RangeCheckGenerator};
