//! The leaf that evaluates at x against its native twin; dishonest ends of streams.

use cairn_types::{
    BatchWords, BlobScalar, Digest, Extension, StreamEnvironment, StreamState, Word,
};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::proving::prove;
use crate::statement::Statement;

use super::circuit::DataSection;
use super::{DataEvaluation, StreamClass, StreamLeaf, StreamLeafError, StreamLeafWitness, split};

static LEAF: LazyLock<StreamLeaf> =
    LazyLock::new(|| StreamLeaf::build(DataEvaluation::AtX, [5, 2, 3]));

fn words(max: usize) -> impl Strategy<Value = Vec<Word>> {
    prop::collection::vec(any::<[u8; 31]>().prop_map(Word::new), 0..=max)
}

prop_compose! {
    fn witness()(
        x in any::<[u32; 4]>(),
        data in words(5),
        priority in words(2),
        withdrawals in words(3),
        earlier in words(2),
    ) -> StreamLeafWitness {
        let x = Extension::new([x[0], x[2]].map(u64::from)).unwrap();
        let circuit_set_root = Digest::new([1, 2, 3, 4]).unwrap();
        let environment = StreamEnvironment { x, z: BlobScalar::ZERO, circuit_set_root };
        let before = StreamLeafWitness {
            environment,
            before: StreamState::default(),
            words: [earlier.clone(), earlier.clone(), earlier],
        };
        let before = before.statement().after;
        StreamLeafWitness { environment, before, words: [data, priority, withdrawals] }
    }
}

fn some_witness() -> StreamLeafWitness {
    let environment = StreamEnvironment {
        x: Extension::new([3, 5]).unwrap(),
        z: BlobScalar::ZERO,
        circuit_set_root: Digest::new([1, 2, 3, 4]).unwrap(),
    };
    let words = [4, 1, 2_u8].map(|count| vec![Word::new([count; 31]); count.into()]);
    StreamLeafWitness { environment, before: StreamState::default(), words }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn proves_the_native_statement(witness in witness()) {
        let proof = LEAF.prove(&witness).unwrap();
        prop_assert_eq!(proof.public_inputs, Statement::from(&witness.statement()).digest());
    }
}

#[test]
fn other_words_are_another_statement() {
    let witness = some_witness();
    let state = |witness: &StreamLeafWitness| Statement::from(&witness.statement()).digest();
    let honest = state(&witness);
    type Alteration = fn(&mut StreamLeafWitness);
    let alterations: [(&str, Alteration); 5] = [
        ("missing word", |w| w.words[0].truncate(3)),
        ("extra word", |w| w.words[0].push(Word::default())),
        ("changed limb", |w| w.words[0][0] = Word::new([1; 31])),
        ("another stream", |w| w.words.swap(1, 2)),
        ("another x", |w| w.environment.x = Extension::ZERO),
    ];
    for (name, alter) in alterations {
        let mut altered = witness.clone();
        alter(&mut altered);
        assert_ne!(state(&altered), honest, "{name}");
        let proof = LEAF.prove(&altered).unwrap();
        assert_eq!(proof.public_inputs, state(&altered), "{name}");
    }
}

/// Whether words proved with these ends of the data stream make a proof that verifies.
fn proves_with_ends(words: &[Word], ends: [GoldilocksField; 6]) -> bool {
    let target = &LEAF.target;
    let mut inputs = PartialWitness::new();
    let mut set = |targets: &[_], values: &[GoldilocksField]| {
        inputs.set_target_arr(targets, values).unwrap();
    };
    // Environment and state before.
    let mut given = [GoldilocksField::TWO; 14 + 29];
    given[2..10].fill(GoldilocksField::ZERO);
    given[14 + 21..].fill(GoldilocksField::ZERO);
    set(&target.statement.to_vec()[..given.len()], &given);
    let DataSection::AtX(data) = &target.data else { unreachable!("the leaf evaluates at x") };
    for (index, section) in [data, &target.priority, &target.withdrawals].into_iter().enumerate() {
        for (i, slot) in section.slots.iter().enumerate() {
            let limbs = words.get(i).map_or([0; 4], |word| word.limbs());
            set(slot, &limbs.map(GoldilocksField::from_canonical_u64));
        }
        for (i, end) in section.ends.iter().enumerate() {
            let honest = GoldilocksField::from_bool(i == 0);
            set(&[end.target], &[if index == 0 { ends[i] } else { honest }]);
        }
    }
    prove(&LEAF.circuit, inputs).is_ok()
}

#[test]
fn a_stream_ends_exactly_once() {
    let words = [Word::new([7; 31]), Word::new([9; 31])];
    let ends = |values: [i64; 6]| values.map(GoldilocksField::from_noncanonical_i64);
    assert!(proves_with_ends(&words, ends([0, 0, 1, 0, 0, 0])));
    assert!(!proves_with_ends(&words, ends([0, 0, 0, 0, 0, 0])), "no end");
    assert!(!proves_with_ends(&words, ends([0, 1, 1, 0, 0, 0])), "two ends");
    // These would mix states of the chain: the weights sum to 1.
    assert!(!proves_with_ends(&words, ends([0, 2, -1, 0, 0, 0])), "not bits");
    assert!(!proves_with_ends(&words, ends([2, 0, -1, 0, 0, 0])), "not bits");
}

#[test]
fn too_many_words_are_refused() {
    let mut witness = some_witness();
    witness.words[1] = vec![Word::default(); 3];
    let error = LEAF.prove(&witness).unwrap_err();
    assert_eq!(error.to_string(), "stream leaf: expected at most 2 words, got 3");
}

#[test]
fn leaves_of_a_long_batch_follow_on() {
    let words: Vec<_> =
        (0..2 * StreamClass::AtX.capacity()[0] + 1).map(|i| Word::new([i as u8; 31])).collect();
    let environment = some_witness().environment;
    let batch = BatchWords { data: &words, priority: &words[..1], withdrawals: &[] };
    let leaves = split(environment, &batch);
    assert_eq!(leaves.len(), 3);
    assert_eq!(leaves[0].before, StreamState::default());
    for pair in leaves.windows(2) {
        assert_eq!(pair[0].statement().after, pair[1].before);
    }
    let whole = StreamLeafWitness {
        environment,
        before: StreamState::default(),
        words: [words.clone(), words[..1].to_vec(), vec![]],
    };
    assert_eq!(leaves[2].statement().after, whole.statement().after);

    let none = BatchWords { data: &[], priority: &[], withdrawals: &[] };
    assert_eq!(split(environment, &none).len(), 1);
}

#[test]
fn the_leaf_fills_its_rows() {
    let leaf = StreamLeaf::build(DataEvaluation::AtX, StreamClass::AtX.capacity());
    assert_eq!(leaf.circuit.common.degree_bits(), 12);
}

#[test]
fn neither_z_nor_a_value_there_is_taken() {
    let other = BlobScalar::reduce([1; 32]);
    let mut witness = some_witness();
    witness.environment.z = other;
    let error = LEAF.prove(&witness).unwrap_err();
    assert!(matches!(error, StreamLeafError::Evaluation { got: DataEvaluation::AtZ, .. }));
    // The circuit has zeros for both: there is nothing to assign.
    let assigned = |witness: &StreamLeafWitness| LEAF.target.assign(witness).is_ok();
    assert!(!assigned(&witness), "z");
    let mut witness = some_witness();
    assert!(assigned(&witness));
    witness.before.blob = other;
    assert!(!assigned(&witness), "value");
}
