//! The Grain LFSR of the Poseidon family, from which all constants come.
//!
//! Source: `poseidon2_rust_params.sage` of HorizenLabs' reference
//! (<https://github.com/HorizenLabs/poseidon2>), functions `init_generator`, `grain_sr_generator` and
//! `grain_random_bits`.

use ark_bn254::Fr;
use ark_ff::{BigInteger, BigInteger256, PrimeField};

/// Bits of the field's modulus: every draw has this many.
const FIELD_BITS: usize = 254;

/// A self-shrinking LFSR of 80 bits, seeded with the instance that it makes constants for.
#[derive(Debug)]
pub(super) struct Grain {
    /// The oldest bit is bit 0.
    state: u128,
}

impl Grain {
    /// Seeds the generator: prime field, x^5, modulus bits, width, full and partial rounds, 30 ones.
    pub(super) fn new(width: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let fields = [
            (1, 2),
            (0, 4),
            (FIELD_BITS, 12),
            (width, 12),
            (full_rounds, 10),
            (partial_rounds, 10),
        ];
        let mut bits = Vec::with_capacity(80);
        for (value, len) in fields {
            bits.extend((0..len).rev().map(|i| value >> i & 1 == 1));
        }
        bits.resize(80, true);
        let state = bits.iter().rev().fold(0, |acc, &bit| acc << 1 | u128::from(bit));
        let mut grain = Self { state };
        for _ in 0..160 {
            grain.clock();
        }
        grain
    }

    fn clock(&mut self) -> bool {
        let tap = |i: u32| self.state >> i & 1;
        let bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0);
        self.state = self.state >> 1 | bit << 79;
        bit == 1
    }

    /// Bits come in pairs: the second counts only if the first is one.
    fn bit(&mut self) -> bool {
        while !self.clock() {
            self.clock();
        }
        self.clock()
    }

    fn draw(&mut self) -> BigInteger256 {
        let bits: Vec<bool> = (0..FIELD_BITS).map(|_| self.bit()).collect();
        BigInteger256::from_bits_be(&bits)
    }

    /// A round constant: draws until one is below the modulus.
    pub(super) fn round_constant(&mut self) -> Fr {
        loop {
            if let Some(constant) = Fr::from_bigint(self.draw()) {
                return constant;
            }
        }
    }

    /// An entry of the internal matrix' diagonal: one draw, reduced.
    pub(super) fn diagonal_entry(&mut self) -> Fr {
        Fr::from_le_bytes_mod_order(&self.draw().to_bytes_le())
    }
}
