//! The leaf that evaluates data in the blobs' field, against its native twin and with dishonest witnesses.

use std::sync::LazyLock;

use cairn_types::{
    BatchWords, BlobScalar, Digest, Extension, StreamEnvironment, StreamState, Word,
};
use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::types::Field;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use proptest::prelude::*;

use super::circuit::DataSection;
use super::{DataEvaluation, StreamClass, StreamLeaf, StreamLeafError, StreamLeafWitness, split};
use crate::proving::prove;
use crate::statement::Statement;

const DATA: usize = 32;

static LEAF: LazyLock<StreamLeaf> =
    LazyLock::new(|| StreamLeaf::build(DataEvaluation::AtZ, [DATA, 2, 3]));

fn words(max: usize) -> impl Strategy<Value = Vec<Word>> {
    prop::collection::vec(any::<[u8; 31]>().prop_map(Word::new), 0..=max)
}

fn environment(z: [u8; 32]) -> StreamEnvironment {
    StreamEnvironment {
        x: Extension::new([3, 5]).unwrap(),
        z: BlobScalar::reduce(z),
        circuit_set_root: Digest::new([1, 2, 3, 4]).unwrap(),
    }
}

prop_compose! {
    fn witness()(
        z in any::<[u8; 32]>(),
        data in words(DATA),
        priority in words(2),
        withdrawals in words(3),
        earlier in words(2),
    ) -> StreamLeafWitness {
        let environment = environment(z);
        let words = [earlier.clone(), earlier.clone(), earlier];
        let before = StreamLeafWitness { environment, before: StreamState::default(), words };
        let before = before.statement().after;
        StreamLeafWitness { environment, before, words: [data, priority, withdrawals] }
    }
}

fn some_witness(data: usize) -> StreamLeafWitness {
    let data = (0..data).map(|i| Word::new([i as u8 + 1; 31])).collect();
    let words = [data, vec![Word::new([5; 31])], vec![]];
    StreamLeafWitness { environment: environment([7; 32]), before: StreamState::default(), words }
}

fn digest(witness: &StreamLeafWitness) -> [F; 4] {
    Statement::from(&witness.statement()).digest()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn proves_the_native_statement(witness in witness()) {
        let proof = LEAF.prove(&witness).unwrap();
        prop_assert_eq!(proof.public_inputs, digest(&witness));
    }
}

#[test]
fn groups_and_rests_of_every_kind() {
    for data in [0, 1, 15, 16, 17, 31, 32] {
        let witness = some_witness(data);
        assert_eq!(LEAF.prove(&witness).unwrap().public_inputs, digest(&witness), "{data} words");
    }
    let error = LEAF.prove(&some_witness(DATA + 1)).unwrap_err();
    assert_eq!(error.to_string(), "stream leaf: expected at most 32 words, got 33");
}

#[test]
fn other_words_are_another_statement() {
    let honest = some_witness(18);
    type Alteration = fn(&mut StreamLeafWitness);
    let alterations: [(&str, Alteration); 6] = [
        ("missing word", |w| w.words[0].truncate(17)),
        ("a zero more", |w| w.words[0].push(Word::default())),
        ("changed word of a group", |w| w.words[0][3] = Word::new([99; 31])),
        ("changed word of the rest", |w| w.words[0][17] = Word::new([99; 31])),
        ("another value before", |w| w.before.blob = BlobScalar::reduce([1; 32])),
        ("another z", |w| w.environment.z = BlobScalar::reduce([8; 32])),
    ];
    for (name, alter) in alterations {
        let mut altered = honest.clone();
        alter(&mut altered);
        assert_ne!(digest(&altered), digest(&honest), "{name}");
        assert_eq!(LEAF.prove(&altered).unwrap().public_inputs, digest(&altered), "{name}");
    }
}

/// The data section as a dishonest prover fills it.
struct Filled {
    z: BlobScalar,
    group_words: u8,
    rest_words: u8,
    ends: [i64; 3],
    starts: [i64; 16],
}

impl Filled {
    /// One group, and two words of the rest. The slots that are not used hold words too.
    fn honest() -> Self {
        let mut starts = [0; 16];
        starts[13] = 1;
        let z = environment([7; 32]).z;
        Self { z, group_words: 1, rest_words: 100, ends: [0, 1, 0], starts }
    }

    /// What an honest prover states of these words.
    fn witness(&self) -> StreamLeafWitness {
        let mut witness = some_witness(0);
        witness.words[1].clear();
        let word = |first: u8, i: u8| Word::new([first + i; 31]);
        witness.words[0].extend((0..16).map(|i| word(self.group_words, i)));
        witness.words[0].extend((13..15).map(|i| word(self.rest_words, i)));
        witness
    }

    /// The public inputs of a proof, if there is one.
    fn prove(&self) -> Option<Vec<F>> {
        let target = &LEAF.target;
        let statement = Statement::from(&self.witness().statement());
        let mut given = [statement.environment(), statement.before()].concat();
        for (element, word) in given[2..].iter_mut().zip(self.z.words()) {
            *element = F::from_canonical_u32(word);
        }
        let mut inputs = PartialWitness::new();
        inputs.set_target_arr(&target.statement.to_vec()[..given.len()], &given).unwrap();
        let DataSection::AtZ(data) = &target.data else { unreachable!("the leaf evaluates at z") };
        let slots = [(data.groups.as_flattened(), self.group_words), (&data.rest, self.rest_words)];
        for (slots, first) in slots {
            for (slot, i) in slots.iter().zip(first..) {
                let limbs = Word::new([i; 31]).limbs().map(F::from_canonical_u64);
                inputs.set_target_arr(slot, &limbs).unwrap();
            }
        }
        let ends = data.ends.iter().zip(self.ends);
        for (bit, value) in ends.chain(data.starts.iter().zip(self.starts)) {
            inputs.set_target(bit.target, F::from_noncanonical_i64(value)).unwrap();
        }
        for section in [&target.priority, &target.withdrawals] {
            for slot in &section.slots {
                inputs.set_target_arr(slot, &[F::ZERO; 4]).unwrap();
            }
            for (i, end) in section.ends.iter().enumerate() {
                inputs.set_bool_target(*end, i == 0).unwrap();
            }
        }
        prove(&LEAF.circuit, inputs).ok().map(|proof| proof.public_inputs)
    }
}

#[test]
fn slots_that_are_not_used_do_not_count() {
    let filled = Filled::honest();
    assert_eq!(filled.prove().unwrap(), digest(&filled.witness()));
}

#[test]
fn words_end_and_start_exactly_once() {
    let with_ends = |ends| Filled { ends, ..Filled::honest() }.prove().is_some();
    assert!(!with_ends([0, 0, 0]), "no end");
    assert!(!with_ends([0, 1, 1]), "two ends");
    assert!(!with_ends([2, 0, -1]), "not bits");
    assert!(!with_ends([-1, 1, 1]), "not bits, with the sum 1");
    let with_starts = |changes: &[(usize, i64)]| {
        let mut filled = Filled::honest();
        changes.iter().for_each(|&(i, value)| filled.starts[i] = value);
        filled.prove().is_some()
    };
    assert!(!with_starts(&[(13, 0)]), "no start");
    assert!(!with_starts(&[(2, 1)]), "two starts");
    assert!(!with_starts(&[(15, 1)]), "a start and none");
    assert!(!with_starts(&[(2, 1), (15, -1)]), "not bits, with the sum 1");
}

#[test]
fn z_is_not_zero() {
    assert!(Filled { z: BlobScalar::ZERO, ..Filled::honest() }.prove().is_none());
    let mut witness = some_witness(3);
    witness.environment.z = BlobScalar::ZERO;
    let error = LEAF.prove(&witness).unwrap_err();
    assert!(matches!(error, StreamLeafError::Evaluation { got: DataEvaluation::AtX, .. }));
}

#[test]
fn leaves_of_a_long_batch_follow_on() {
    let capacity = StreamClass::WholeBlob.capacity()[0];
    let words: Vec<_> = (0..2 * capacity + 1).map(|i| Word::new([i as u8; 31])).collect();
    let environment = environment([7; 32]);
    let leaves =
        split(environment, &BatchWords { data: &words, priority: &words[..1], withdrawals: &[] });
    let classes: Vec<_> = leaves.iter().map(StreamLeafWitness::class).collect();
    assert_eq!(classes, [StreamClass::WholeBlob, StreamClass::WholeBlob, StreamClass::AtZ]);
    for pair in leaves.windows(2) {
        assert_eq!(pair[0].statement().after, pair[1].before);
    }
    let whole = StreamLeafWitness {
        environment,
        before: StreamState::default(),
        words: [words.clone(), words[..1].to_vec(), vec![]],
    };
    assert_eq!(leaves[2].statement().after, whole.statement().after);
    assert_eq!(whole.statement().after.data.y, Extension::ZERO, "L1 does not have it at x");
}

#[test]
fn a_leaf_takes_the_smallest_class() {
    let class = |[data, priority, withdrawals]: [usize; 3]| {
        let words = vec![Word::default(); data.max(priority).max(withdrawals)];
        let batch = BatchWords {
            data: &words[..data],
            priority: &words[..priority],
            withdrawals: &words[..withdrawals],
        };
        let leaves = split(environment([7; 32]), &batch);
        leaves.iter().map(StreamLeafWitness::class).collect::<Vec<_>>()
    };
    assert_eq!(class([2048, 512, 512]), [StreamClass::AtZ]);
    assert_eq!(class([2049, 0, 0]), [StreamClass::WholeBlob]);
    assert_eq!(class([0, 513, 0]), [StreamClass::WholeBlob]);
    assert_eq!(class([0, 0, 1025]), [StreamClass::WholeBlob, StreamClass::AtZ]);
}

#[test]
fn the_leaves_fill_their_rows() {
    for (class, log_rows) in [(StreamClass::AtZ, 13), (StreamClass::WholeBlob, 14)] {
        let leaf = StreamLeaf::build(class.evaluation(), class.capacity());
        assert_eq!(leaf.circuit.common.degree_bits(), log_rows, "{class:?}");
    }
}
