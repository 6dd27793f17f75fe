//! The parameters of Poseidon2-Goldilocks as plonky2 field elements.
//!
//! The numbers are those of [`cairn_primitives::poseidon2`]; nothing is generated here.

use std::sync::LazyLock;

use cairn_primitives::{F, poseidon2};
use plonky2::field::goldilocks_field::GoldilocksField;

use crate::field::to_plonky2;

/// Full rounds before, and again after, the partial rounds.
pub const HALF_FULL_ROUNDS: usize = poseidon2::EXTERNAL_INITIAL_12.len();

/// Partial rounds, the same number at both widths.
pub const PARTIAL_ROUNDS: usize = poseidon2::INTERNAL_12.len();

/// Round constants and internal matrix of one width.
#[derive(Debug)]
pub struct Parameters<const W: usize> {
    /// Constants of the first four full rounds.
    pub initial: [[GoldilocksField; W]; HALF_FULL_ROUNDS],
    /// Constants of the partial rounds, added to element 0.
    pub partial: [GoldilocksField; PARTIAL_ROUNDS],
    /// Constants of the last four full rounds.
    pub terminal: [[GoldilocksField; W]; HALF_FULL_ROUNDS],
    /// `d` in the internal matrix `1 + diag(d)`, where `1` is the all-ones matrix.
    pub diagonal: [GoldilocksField; W],
}

/// A state width with parameters; implemented for widths 8 and 12.
pub trait SupportedWidth<const W: usize> {
    /// The parameters, shared by all callers.
    fn parameters() -> &'static Parameters<W>;
}

/// Type-level state width.
#[derive(Debug)]
pub struct Width<const W: usize>;

impl SupportedWidth<8> for Width<8> {
    fn parameters() -> &'static Parameters<8> {
        static WIDTH_8: LazyLock<Parameters<8>> = LazyLock::new(|| Parameters {
            initial: poseidon2::EXTERNAL_INITIAL_8.map(elements),
            partial: elements(poseidon2::INTERNAL_8),
            terminal: poseidon2::EXTERNAL_FINAL_8.map(elements),
            diagonal: elements(poseidon2::MATRIX_DIAG_8),
        });
        &WIDTH_8
    }
}

impl SupportedWidth<12> for Width<12> {
    fn parameters() -> &'static Parameters<12> {
        static WIDTH_12: LazyLock<Parameters<12>> = LazyLock::new(|| Parameters {
            initial: poseidon2::EXTERNAL_INITIAL_12.map(elements),
            partial: elements(poseidon2::INTERNAL_12),
            terminal: poseidon2::EXTERNAL_FINAL_12.map(elements),
            diagonal: elements(poseidon2::MATRIX_DIAG_12),
        });
        &WIDTH_12
    }
}

fn elements<const N: usize>(values: [F; N]) -> [GoldilocksField; N] {
    values.map(to_plonky2)
}
