//! The hash function, assembled from the gates.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::plonk::circuit_builder::CircuitBuilder;

use super::{AddGate, BitsGate, Function};

type F = GoldilocksField;
type Builder = CircuitBuilder<F, 2>;

/// FIPS 180-4, 5.3.3: the first 32 bits of the fractional parts of the square roots of the first 8
/// primes.
const INITIAL_STATE: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64
/// primes.
#[rustfmt::skip]
const ROUND_CONSTANTS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// SHA-256 of a message whose length is fixed when the circuit is built.
///
/// `message` holds big-endian 32-bit words (the message is `4 * message.len()` bytes). Each is
/// constrained to be below `2^32` here; so is each word of the digest.
pub fn sha256(builder: &mut Builder, message: &[Target]) -> [Target; 8] {
    let mut padded = message.to_vec();
    let constant = |builder: &mut Builder, word: u32| builder.constant(F::from_canonical_u32(word));
    padded.push(constant(builder, 1 << 31));
    let zeros = (30 - padded.len() % 16) % 16;
    padded.extend(vec![builder.zero(); zeros]);
    let length = 32 * message.len() as u64;
    padded.push(constant(builder, (length >> 32) as u32));
    padded.push(constant(builder, length as u32));

    let mut state = INITIAL_STATE.map(|word| constant(builder, word));
    for block in padded.chunks_exact(16) {
        state = compress(builder, state, block);
    }
    for word in state {
        builder.range_check(word, 32);
    }
    state
}

/// The words `[high, low]` of a field element's canonical integer.
///
/// Both are constrained to be below `2^32`, and `2^32 high + low` to be below the field's order:
/// `x + p` is no second way to write a small `x`. The order is `2^64 - 2^32 + 1`, so that a high
/// word of all ones needs a zero low word.
pub fn u64_to_words(builder: &mut Builder, x: Target) -> [Target; 2] {
    let (low, high) = builder.split_low_high(x, 32, 64);
    let words = [high, low];
    assert_canonical(builder, words);
    words
}

/// Constrains `2^32 high + low < p`, for words that are below `2^32`.
pub(super) fn assert_canonical(builder: &mut Builder, [high, low]: [Target; 2]) {
    let ones = builder.constant(F::from_canonical_u32(u32::MAX));
    let saturated = builder.is_equal(high, ones);
    let excess = builder.mul(saturated.target, low);
    builder.assert_zero(excess);
}

/// The compression function on one block of 16 words.
fn compress(builder: &mut Builder, state: [Target; 8], block: &[Target]) -> [Target; 8] {
    // The schedule splits words 1 to 61; the first message word would stay unchecked.
    builder.range_check(block[0], 32);
    let schedule = schedule(builder, block);

    // Each round shifts its two new words in: `d, c, b, a, ...` and `h, g, f, e, ...`.
    let [a, b, c, d, e, f, g, h] = state;
    let mut a_words = vec![d, c, b, a];
    let mut e_words = vec![h, g, f, e];
    for round in (0..64).step_by(2) {
        let choose = BitsRow::new(builder, Function::Choose);
        let majority = BitsRow::new(builder, Function::Majority);
        for i in 0..2 {
            choose.connect(builder, i, e_words[round + 1 + i]);
            majority.connect(builder, i, a_words[round + 1 + i]);
        }
        for i in 0..2 {
            let t = round + i;
            choose.connect(builder, 2 + i, e_words[t + 3]);
            majority.connect(builder, 2 + i, a_words[t + 3]);
            let (d, h) = (a_words[t], e_words[t]);
            let constant = builder.constant(F::from_canonical_u32(ROUND_CONSTANTS[t]));
            let (choice, major) = (choose.output(i), majority.output(i));
            e_words.push(add(builder, [d, h, choice, constant, schedule[t]]));
            a_words.push(add(builder, [major, h, choice, constant, schedule[t]]));
        }
    }
    let zero = builder.zero();
    let last = a_words[64..].iter().rev().chain(e_words[64..].iter().rev());
    let mut next = state;
    for (word, &addend) in next.iter_mut().zip(last) {
        *word = add(builder, [*word, addend, zero, zero, zero]);
    }
    next
}

/// The message schedule: 64 words from 16.
fn schedule(builder: &mut Builder, block: &[Target]) -> Vec<Target> {
    let zero = builder.zero();
    let mut words = block.to_vec();
    for step in (16..64).step_by(2) {
        let row = BitsRow::new(builder, Function::Schedule);
        for i in 0..2 {
            let t = step + i;
            row.connect(builder, 2 * i, words[t - 2]);
            row.connect(builder, 2 * i + 1, words[t - 15]);
            words.push(add(builder, [row.output(i), words[t - 7], words[t - 16], zero, zero]));
        }
    }
    words
}

/// The sum modulo 2^32, up to the representative (see the module's soundness note).
fn add(builder: &mut Builder, addends: [Target; AddGate::ADDENDS]) -> Target {
    let (row, op) = builder.find_slot(AddGate, &[], &[]);
    for (i, addend) in addends.into_iter().enumerate() {
        builder.connect(addend, Target::wire(row, AddGate::wire_addend(op, i)));
    }
    Target::wire(row, AddGate::wire_output(op))
}

/// One row of [`BitsGate`].
struct BitsRow(usize);

impl BitsRow {
    fn new(builder: &mut Builder, function: Function) -> Self {
        Self(builder.add_gate(BitsGate { function }, vec![]))
    }

    fn connect(&self, builder: &mut Builder, word: usize, value: Target) {
        builder.connect(value, Target::wire(self.0, BitsGate::wire_word(word)));
    }

    fn output(&self, output: usize) -> Target {
        Target::wire(self.0, BitsGate::wire_output(output))
    }
}
