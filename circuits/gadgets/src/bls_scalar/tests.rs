//! The gates and the gadget against the native twin, and with false witnesses.

use cairn_primitives::blob;
use cairn_types::{BlobScalar, Word};
use num_bigint::BigUint;
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::gates::gate::Gate;
use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
use plonky2::hash::hash_types::HashOut;
use plonky2::iop::target::Target;
use plonky2::plonk::vars::EvaluationVars;
use proptest::prelude::*;

use super::modulus::{MODULUS, MODULUS_LIMBS};
use super::reduction_gate::ReductionGate as Reduction;
use super::word_gate::WordGate as InWord;
use super::*;
use crate::poseidon2::CairnConfig;
use crate::testing;

type Extension = <F as Extendable<2>>::Extension;

fn satisfied(gate: &impl Gate<F, 2>, wires: &[F]) -> bool {
    let wires: Vec<Extension> = wires.iter().map(|&wire| wire.into()).collect();
    let vars = EvaluationVars {
        local_constants: &[],
        local_wires: &wires,
        public_inputs_hash: &HashOut::ZERO,
    };
    gate.eval_unfiltered(vars).iter().all(|c| *c == Extension::ZERO)
}

#[test]
fn degrees_and_evaluations() {
    test_low_degree::<F, _, 2>(WordGate);
    test_low_degree::<F, _, 2>(ReductionGate);
    test_low_degree::<F, _, 2>(RangeGate::<LIMB_BITS>);
    test_low_degree::<F, _, 2>(RangeGate::<CARRY_BITS>);
    test_eval_fns::<F, CairnConfig, _, 2>(WordGate).unwrap();
    test_eval_fns::<F, CairnConfig, _, 2>(ReductionGate).unwrap();
    test_eval_fns::<F, CairnConfig, _, 2>(RangeGate::<LIMB_BITS>).unwrap();
    test_eval_fns::<F, CairnConfig, _, 2>(RangeGate::<CARRY_BITS>).unwrap();
}

fn field(value: u64) -> F {
    F::from_canonical_u64(value)
}

/// A row of a word gate.
fn word_row(word: [u64; 4], power: [u64; LIMBS], before: [u64; SUMS]) -> Vec<F> {
    let inputs: Vec<u64> = word.into_iter().chain(power).chain(before).collect();
    let mut row: Vec<F> = inputs.iter().map(|&value| field(value)).collect();
    row.extend(witness::fill_word(&inputs.try_into().unwrap()));
    row
}

#[test]
fn word_rows_have_one_witness() {
    let word = [(1 << 62) - 1, 0x2bcd_ef01_2345_6789, 1 << 61, 0x1111_2222_3333_4444];
    let power = std::array::from_fn(|i| (1 << 27) - 1 - i as u64);
    let row = word_row(word, power, [5; SUMS]);
    assert!(satisfied(&WordGate, &row));
    for wire in 0..row.len() {
        let mut changed = row.clone();
        changed[wire] += F::ONE;
        assert!(!satisfied(&WordGate, &changed), "wire {wire} is bound");
    }
    // The same integers with digits out of range: 8 in one digit for 1 in the next.
    for digit in InWord::WIRE_DIGITS..row.len() - 1 {
        let mut changed = row.clone();
        changed[digit] += field(8);
        changed[digit + 1] -= F::ONE;
        assert!(!satisfied(&WordGate, &changed), "digit {digit} is in range");
    }
}

#[test]
fn limbs_of_63_bits_are_no_words() {
    for limb in 0..4 {
        let mut word = [0; 4];
        word[limb] = 1 << 62;
        assert!(!satisfied(&WordGate, &word_row(word, [1; LIMBS], [0; SUMS])), "limb {limb}");
        word[limb] = (1 << 62) - 1;
        assert!(satisfied(&WordGate, &word_row(word, [1; LIMBS], [0; SUMS])), "limb {limb}");
    }
}

/// A row of a reduction gate.
fn reduction_row(sums: [u64; SUMS], a: [u64; LIMBS], b: [u64; LIMBS]) -> Vec<F> {
    let inputs: Vec<u64> = sums.into_iter().chain(a).chain(b).collect();
    let mut row: Vec<F> = inputs.iter().map(|&value| field(value)).collect();
    row.extend(witness::fill_reduction(&inputs.try_into().unwrap()));
    row
}

/// Limbs of the largest element that ranges allow, `2^255 - 1`.
const LARGEST: [u64; LIMBS] = {
    let mut limbs = [(1 << LIMB_BITS) - 1; LIMBS];
    limbs[LIMBS - 1] = (1 << 12) - 1;
    limbs
};

/// The sums of 16 of the largest words at the largest power.
fn largest_sums() -> [u64; SUMS] {
    let word = word_row([(1 << 62) - 1; 4], LARGEST, [0; SUMS]);
    std::array::from_fn(|k| 16 * word[InWord::WIRE_AFTER + k].to_canonical_u64())
}

#[test]
fn the_largest_reduction_stays_in_range() {
    let sums = largest_sums();
    assert!(sums.iter().all(|&sum| sum <= 5 << 61), "the bound of a sum");
    let row = reduction_row(sums, LARGEST, LARGEST);
    assert!(satisfied(&ReductionGate, &row));
    let ranges = [(Reduction::WIRE_QUOTIENT, LIMBS, 27), (Reduction::WIRE_RESULT, LIMBS, 27)];
    let carries = (Reduction::WIRE_CARRIES, Reduction::CARRIES, CARRY_BITS);
    for (start, length, bits) in ranges.into_iter().chain([carries]) {
        for (i, wire) in row[start..start + length].iter().enumerate() {
            assert!(wire.to_canonical_u64() < 1 << bits, "wire {i} after {start}");
        }
    }
    assert!(row[Reduction::WIRE_QUOTIENT + LIMBS - 1].to_canonical_u64() < 1 << 13);
    assert!(row[Reduction::WIRE_RESULT + LIMBS - 1].to_canonical_u64() < 1 << 12);
}

#[test]
fn reduction_rows_have_one_class() {
    let row = reduction_row(largest_sums(), LARGEST, LARGEST);
    let wires = Reduction::WIRE_CARRIES + Reduction::CARRIES;
    for wire in 0..wires {
        let mut changed = row.clone();
        changed[wire] += F::ONE;
        assert!(!satisfied(&ReductionGate, &changed), "wire {wire} is bound");
    }
    // The quotient off by one needs the result off by r, and its carries: then the class is the same.
    let mut shifted = row.clone();
    shifted[Reduction::WIRE_QUOTIENT] -= F::ONE;
    assert!(!satisfied(&ReductionGate, &shifted), "the result did not change");
    for (i, limb) in MODULUS_LIMBS.into_iter().enumerate() {
        shifted[Reduction::WIRE_RESULT + i] += field(limb);
    }
    assert!(satisfied(&ReductionGate, &shifted), "value + r, with limbs that overflow");
}

fn words_of(scalar: BlobScalar) -> [F; 8] {
    scalar.words().map(F::from_canonical_u32)
}

fn inputs(value: [F; 8], z: [F; 8], words: &[[u64; 4]]) -> Vec<F> {
    let words = words.iter().flatten().map(|&limb| field(limb));
    value.into_iter().chain(z).chain(words).collect()
}

/// Words of the value after `count` words, given the words of value and point and the limbs of the words.
fn circuit(
    builder: &mut plonky2::plonk::circuit_builder::CircuitBuilder<F, 2>,
    inputs: &[Target],
) -> [Target; 8] {
    let [value, z] =
        [0, 8].map(|i| ScalarTarget::from_words(builder, inputs[i..i + 8].try_into().unwrap()));
    let words: Vec<[Target; 4]> =
        inputs[16..].chunks(4).map(|limbs| limbs.try_into().unwrap()).collect();
    let powers = powers(builder, z, words.len().max(1));
    evaluate(builder, value, powers[words.len()], &words, &powers).to_canonical_words(builder)
}

fn scalar() -> impl Strategy<Value = BlobScalar> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(BlobScalar::reduce),
        (0_u8..3).prop_map(|small| {
            let mut bytes = [0; 32];
            bytes[31] = small;
            BlobScalar::new(bytes).unwrap()
        }),
        Just(largest_scalar()),
    ]
}

/// `r - 1`.
fn largest_scalar() -> BlobScalar {
    let mut bytes: Vec<u8> = MODULUS.iter().rev().flat_map(|part| part.to_be_bytes()).collect();
    bytes[31] -= 1;
    BlobScalar::new(bytes.try_into().unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn evaluates_as_the_native_twin(
        value in scalar(),
        z in scalar(),
        words in prop::collection::vec(
            prop_oneof![any::<[u8; 31]>(), Just([0; 31]), Just([0xff; 31])].prop_map(Word::new), 0..=GROUP
        ),
    ) {
        let limbs: Vec<_> = words.iter().map(Word::limbs).collect();
        let got = testing::evaluate(&inputs(words_of(value), words_of(z), &limbs), |builder, inputs| {
            circuit(builder, inputs).to_vec()
        });
        prop_assert_eq!(got, words_of(blob::evaluate(value, &words, z)).to_vec());
    }
}

/// Whether a circuit proves that the value after these words is `claimed`.
fn proves(value: [F; 8], z: [F; 8], words: &[[u64; 4]], claimed: [F; 8]) -> bool {
    testing::proves(&inputs(value, z, words), |builder, inputs| {
        let result = circuit(builder, inputs);
        let claimed = claimed.map(|word| builder.constant(word));
        builder.connect_array(result, claimed);
    })
}

#[test]
fn other_values_are_not_proven() {
    let words = [Word::new([7; 31]), Word::new([0xee; 31]), Word::new([1; 31])];
    let limbs = words.map(|word| word.limbs());
    let (value, z) = (BlobScalar::reduce([3; 32]), BlobScalar::reduce([0xab; 32]));
    let result = blob::evaluate(value, &words, z);
    let claim = |claimed| proves(words_of(value), words_of(z), &limbs, claimed);
    assert!(claim(words_of(result)));
    for i in 0..8 {
        let mut wrong = words_of(result);
        wrong[i] += F::ONE;
        assert!(!claim(wrong), "word {i} of the value");
    }
    let mut changed = limbs;
    changed[1][2] ^= 1;
    assert!(!proves(words_of(value), words_of(z), &changed, words_of(result)), "changed word");
    changed[1][2] = limbs[1][2] + (1 << 62);
    assert!(!proves(words_of(value), words_of(z), &changed, words_of(result)), "limb out of range");
}

#[test]
fn words_of_an_element_are_canonical() {
    // z = 0 and one word: the value is the word, and zero for none. So claims about it are easy to make.
    let one = {
        let mut bytes = [0; 32];
        bytes[31] = 1;
        words_of(BlobScalar::new(bytes).unwrap())
    };
    let integer = |value: &BigUint| -> [F; 8] {
        std::array::from_fn(|i| {
            let word = (value >> (32 * (7 - i))).iter_u32_digits().next().unwrap_or(0);
            F::from_canonical_u32(word)
        })
    };
    let order = MODULUS.iter().rev().fold(BigUint::ZERO, |value, &part| (value << 64) + part);
    let value = |value: &BigUint, claimed: &BigUint| {
        // value * 1^0 without words.
        proves(integer(value), one, &[], integer(claimed))
    };
    let small = BigUint::from(5_u32);
    assert!(value(&small, &small));
    assert!(!value(&small, &(&small + &order)), "value + r");
    // Inputs need not be reduced; the result is.
    assert!(value(&(&small + &order), &small));
    assert!(value(&(&order - 1_u32), &(&order - 1_u32)));
    assert!(value(&order, &BigUint::ZERO));
    let too_large = BigUint::from(1_u32) << 255;
    assert!(!value(&too_large, &(&too_large - &order)), "an element has 255 bits");
    let mut wide = one;
    wide[7] = field(1 << 32);
    assert!(!proves(wide, one, &[], integer(&(BigUint::from(1_u32) << 32))), "words have 32 bits");
}

#[test]
fn results_out_of_canonical_range_are_refused() {
    // Bits of an integer that is not below r.
    use super::scalar::assert_reduced;
    let reduced = |value: BigUint| {
        let bits: Vec<F> = (0..255).map(|i| F::from_bool(value.bit(i))).collect();
        testing::proves(&bits, |builder, bits| {
            let bits: Vec<_> =
                bits.iter().map(|&bit| plonky2::iop::target::BoolTarget::new_unsafe(bit)).collect();
            assert_reduced(builder, &bits);
        })
    };
    let order = MODULUS.iter().rev().fold(BigUint::ZERO, |value, &part| (value << 64) + part);
    assert!(reduced(BigUint::ZERO));
    assert!(reduced(&order - 1_u32));
    assert!(!reduced(order.clone()));
    assert!(!reduced(&order + 5_u32));
    assert!(!reduced((BigUint::from(1_u32) << 255) - 1_u32));
}
