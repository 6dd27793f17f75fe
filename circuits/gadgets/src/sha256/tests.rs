//! SHA-256 against the `sha2` crate and NIST's vectors; mutated rows must break a constraint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, Field64, PrimeField64};
use plonky2::gates::gate::Gate;
use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
use plonky2::hash::hash_types::HashOut;
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator, WitnessGeneratorRef};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData, CommonCircuitData};
use plonky2::plonk::config::PoseidonGoldilocksConfig;
use plonky2::plonk::vars::EvaluationVars;
use plonky2::util::serialization::{Buffer, IoError, IoResult};
use proptest::prelude::*;
use sha2::Digest;

use super::gadget::assert_canonical;
use super::{AddGate, AddGenerator, BitsGate, Function, sha256, u64_to_words};

const D: usize = 2;
type F = GoldilocksField;
type C = PoseidonGoldilocksConfig;

const FUNCTIONS: [Function; 3] = [Function::Schedule, Function::Choose, Function::Majority];

fn prove(
    build: impl FnOnce(&mut CircuitBuilder<F, D>) -> Vec<Target>,
    inputs: &[(Target, u64)],
) -> anyhow::Result<Vec<u64>> {
    let mut builder = CircuitBuilder::<F, D>::new(CircuitConfig::standard_recursion_config());
    let outputs = build(&mut builder);
    builder.register_public_inputs(&outputs);
    let data = builder.build::<C>();
    let mut witness = PartialWitness::new();
    for &(target, value) in inputs {
        witness.set_target(target, F::from_noncanonical_u64(value))?;
    }
    let proof = data.prove(witness)?;
    let outputs = proof.public_inputs.iter().map(|x| x.to_canonical_u64()).collect();
    data.verify(proof)?;
    Ok(outputs)
}

/// Proves the hash of a message of whole words.
fn prove_sha256(words: &[u64]) -> anyhow::Result<Vec<u64>> {
    // Virtual targets are numbered from 0: they can be named before the circuit is built.
    let targets: Vec<_> = (0..words.len()).map(|index| Target::VirtualTarget { index }).collect();
    let inputs: Vec<_> = targets.iter().copied().zip(words.iter().copied()).collect();
    prove(
        |builder| {
            assert_eq!(builder.add_virtual_targets(words.len()), targets);
            sha256(builder, &targets).to_vec()
        },
        &inputs,
    )
}

fn native(words: &[u32]) -> Vec<u64> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let digest = sha2::Sha256::digest(bytes);
    digest.chunks(4).map(|b| u64::from(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))).collect()
}

fn widen(words: &[u32]) -> Vec<u64> {
    words.iter().copied().map(u64::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn equals_the_native_hash(words in prop::collection::vec(any::<u32>(), 0..40)) {
        prop_assert_eq!(prove_sha256(&widen(&words)).unwrap(), native(&words));
    }
}

/// NIST CAVP, SHA256ShortMsg.rsp (Len 0 and 32) and FIPS 180-4's example of 448 bits.
#[test]
fn nist_vectors() {
    let vectors: [(&[u32], &str); 3] = [
        (&[], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (&[0x74ba2521], "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"),
        (
            &[
                0x61626364, 0x62636465, 0x63646566, 0x64656667, 0x65666768, 0x66676869, 0x6768696a,
                0x68696a6b, 0x696a6b6c, 0x6a6b6c6d, 0x6b6c6d6e, 0x6c6d6e6f, 0x6d6e6f70, 0x6e6f7071,
            ],
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];
    for (message, digest) in vectors {
        let words = prove_sha256(&widen(message)).unwrap();
        let hex: String = words.iter().map(|word| format!("{word:08x}")).collect();
        assert_eq!(hex, digest);
    }
}

#[test]
fn rows_a_block() {
    let rows = |words: usize| {
        let mut builder = CircuitBuilder::<F, D>::new(CircuitConfig::standard_recursion_config());
        let message = builder.add_virtual_targets(words);
        sha256(&mut builder, &message);
        builder.num_gates()
    };
    let block = rows(64) - rows(48);
    println!("{block} rows a block, {} for one block", rows(0));
    assert!(block <= 120, "{block} rows");
}

#[test]
fn gates_are_low_degree() {
    for function in FUNCTIONS {
        test_low_degree::<F, _, D>(BitsGate { function });
    }
    test_low_degree::<F, _, D>(AddGate);
}

#[test]
fn gates_evaluate_alike_everywhere() {
    for function in FUNCTIONS {
        test_eval_fns::<F, C, _, D>(BitsGate { function }).unwrap();
    }
    test_eval_fns::<F, C, _, D>(AddGate).unwrap();
}

fn satisfied(gate: &impl Gate<F, D>, wires: &[F]) -> bool {
    let local_wires: Vec<QuadraticExtension<F>> = wires.iter().map(|&x| x.into()).collect();
    let vars = EvaluationVars {
        local_constants: &[],
        local_wires: &local_wires,
        public_inputs_hash: &HashOut::ZERO,
    };
    gate.eval_unfiltered(vars).iter().all(Field::is_zero)
}

/// An honest row.
fn bits_row(function: Function, words: [u32; 4]) -> Vec<F> {
    let mut wires = vec![F::ZERO; Gate::<F, D>::num_wires(&BitsGate { function })];
    for (i, word) in words.into_iter().enumerate() {
        wires[BitsGate::wire_word(i)] = F::from_canonical_u32(word);
        for bit in 0..32 {
            wires[BitsGate::wire_bit(i, bit)] = F::from_bool(word >> bit & 1 == 1);
        }
    }
    for output in 0..2 {
        let value = function.evaluate(&words[function.inputs(output)]);
        wires[BitsGate::wire_output(output)] = F::from_canonical_u64(value);
    }
    wires
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn bits_rows_bind_every_wire(words in any::<[u32; 4]>(), delta in 1..F::ORDER) {
        for function in FUNCTIONS {
            let gate = BitsGate { function };
            let row = bits_row(function, words);
            prop_assert!(satisfied(&gate, &row));
            for wire in 0..row.len() {
                let mut mutant = row.clone();
                mutant[wire] += F::from_canonical_u64(delta);
                prop_assert!(!satisfied(&gate, &mutant), "{function:?}, wire {wire}");
            }
        }
    }

    /// A flipped bit with the word adjusted is another word: the outputs must follow.
    #[test]
    fn outputs_depend_on_every_input_bit(words in any::<[u32; 4]>(), word in 0..4usize, bit in 0..32usize) {
        for function in FUNCTIONS {
            let mut row = bits_row(function, words);
            let mut other = words;
            other[word] ^= 1 << bit;
            let honest = bits_row(function, other);
            let outputs = [BitsGate::wire_output(0), BitsGate::wire_output(1)];
            let same = outputs.iter().all(|&wire| row[wire] == honest[wire]);
            row[BitsGate::wire_word(word)] = honest[BitsGate::wire_word(word)];
            row[BitsGate::wire_bit(word, bit)] = honest[BitsGate::wire_bit(word, bit)];
            prop_assert_eq!(satisfied(&BitsGate { function }, &row), same);
        }
    }
}

#[test]
fn bits_must_be_boolean() {
    // 2 = 2 * 2^0 = 1 * 2^1: the same word, but not from bits.
    let gate = BitsGate { function: Function::Choose };
    let mut row = bits_row(Function::Choose, [2, 0, 0, 0]);
    row[BitsGate::wire_bit(0, 0)] = F::TWO;
    row[BitsGate::wire_bit(0, 1)] = F::ZERO;
    assert!(!satisfied(&gate, &row));
}

#[test]
fn sums_bind_every_wire() {
    let row = || {
        let mut wires = vec![F::ZERO; Gate::<F, D>::num_wires(&AddGate)];
        for op in 0..AddGate::OPS {
            for i in 0..AddGate::ADDENDS {
                wires[AddGate::wire_addend(op, i)] = F::from_canonical_u32(u32::MAX);
            }
            // 5 * (2^32 - 1) = 4 * 2^32 + 2^32 - 5
            wires[AddGate::wire_output(op)] = F::from_canonical_u32(u32::MAX - 4);
            wires[AddGate::wire_carry(op, 2)] = F::ONE;
        }
        wires
    };
    assert!(satisfied(&AddGate, &row()));
    for wire in 0..row().len() {
        let mut mutant = row();
        mutant[wire] += F::ONE;
        assert!(!satisfied(&AddGate, &mutant), "wire {wire}");
    }
    // A carry of 8 would be congruent; its bits cannot say it.
    let mut mutant = row();
    mutant[AddGate::wire_carry(0, 2)] = F::TWO;
    mutant[AddGate::wire_output(0)] -= F::from_canonical_u64(4 << 32);
    assert!(!satisfied(&AddGate, &mutant));
}

#[test]
fn wide_words_do_not_prove() {
    // The first word of a block is not split by the schedule, the second is.
    assert!(prove_sha256(&[1 << 32, 0]).is_err());
    assert!(prove_sha256(&[0, 1 << 32]).is_err());
}

/// A sum with a carry that is one too small: congruent, but 2^32 too large.
#[derive(Clone, Debug, Default)]
struct WideSum {
    row: usize,
    op: usize,
}

impl SimpleGenerator<F, D> for WideSum {
    fn id(&self) -> String {
        "WideSum".into()
    }

    fn dependencies(&self) -> Vec<Target> {
        SimpleGenerator::<F, D>::dependencies(&AddGenerator::new(self.row, self.op))
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, F>,
        out_buffer: &mut GeneratedValues<F>,
    ) -> anyhow::Result<()> {
        let honest = SimpleGenerator::<F, D>::dependencies(self);
        let sum: u64 = honest.iter().map(|&x| witness.get_target(x).to_canonical_u64()).sum();
        let carry = (sum >> 32) - 1;
        let output = Target::wire(self.row, AddGate::wire_output(self.op));
        out_buffer.set_target(output, F::from_canonical_u64(sum - (carry << 32)))?;
        (0..AddGate::CARRY_BITS).try_for_each(|bit| {
            let target = Target::wire(self.row, AddGate::wire_carry(self.op, bit));
            out_buffer.set_target(target, F::from_bool(carry >> bit & 1 == 1))
        })
    }

    fn serialize(&self, _dst: &mut Vec<u8>, _common: &CommonCircuitData<F, D>) -> IoResult<()> {
        Err(IoError)
    }

    fn deserialize(_src: &mut Buffer<'_>, _common: &CommonCircuitData<F, D>) -> IoResult<Self> {
        Err(IoError)
    }
}

/// The words of the digest are never split into bits: only their own range check makes them words.
#[test]
fn wide_words_of_the_digest_do_not_prove() {
    let mut builder = CircuitBuilder::<F, D>::new(CircuitConfig::standard_recursion_config());
    let digest = sha256(&mut builder, &[]);
    let mut data = builder.build::<C>();
    let proves = |data: &CircuitData<F, C, D>| {
        let prove = || data.prove(PartialWitness::new()).and_then(|proof| data.verify(proof));
        catch_unwind(AssertUnwindSafe(prove)).is_ok_and(|result| result.is_ok())
    };
    assert!(proves(&data));

    // A digest word below the initial word that it was added to: the sum had a carry.
    let Target::Wire(wire) = digest[1] else { panic!("digest words are outputs of sums") };
    assert!(native(&[])[1] < 0xbb67ae85, "the sum has a carry");
    let stride = AddGate::wire_output(1) - AddGate::wire_output(0);
    let (row, op) = (wire.row, wire.column / stride);
    let honest = format!("inner: {:?}", AddGenerator::new(row, op));
    let generators = &mut data.prover_only.generators;
    let generator = generators.iter_mut().find(|g| format!("{:?}", g.0).contains(&honest));
    *generator.expect("every sum has a generator") =
        WitnessGeneratorRef::new(WideSum { row, op }.adapter());
    assert!(!proves(&data));
}

#[test]
fn field_elements_have_one_pair_of_words() {
    let x = Target::VirtualTarget { index: 0 };
    let split = |value: u64| {
        prove(
            |builder| {
                assert_eq!(builder.add_virtual_target(), x);
                u64_to_words(builder, x).to_vec()
            },
            &[(x, value)],
        )
    };
    for value in [0, 1, (1 << 32) - 1, 1 << 32, F::ORDER - 1, F::ORDER - 2] {
        assert_eq!(split(value).unwrap(), [value >> 32, value & 0xffff_ffff]);
    }
    // 5 + p = 2^32 (2^32 - 1) + 6 would be a second pair.
    let words = [0, 1].map(|index| Target::VirtualTarget { index });
    let check = |values: [u64; 2]| {
        prove(
            |builder| {
                assert_eq!(builder.add_virtual_target_arr(), words);
                assert_canonical(builder, words);
                vec![]
            },
            &[(words[0], values[0]), (words[1], values[1])],
        )
    };
    assert!(check([u64::from(u32::MAX), 0]).is_ok());
    assert!(check([u64::from(u32::MAX), 6]).is_err());
}
