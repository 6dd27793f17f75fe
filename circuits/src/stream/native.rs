//! Native twin of the stream leaf, and its witness.

use cairn_primitives::{Digest as NativeDigest, F, compress};
use cairn_types::{
    BatchWords, Digest, EvaluatedStream, Extension, Stream, StreamEnvironment, StreamState,
    StreamStatement, Word,
};
use plonky2::field::extension::FieldExtension;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};

/// Words of each stream (data, priority, withdrawal) that one leaf holds: what fills 2^12 rows at
/// 1.85 rows a word.
pub const CAPACITY: [usize; 3] = [1024, 512, 512];

/// The witness of one stream leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLeafWitness {
    /// The point of evaluation and the circuit set.
    pub environment: StreamEnvironment,
    /// The streams before the leaf's words.
    pub before: StreamState,
    /// The leaf's words: data, priority, withdrawals, each at most as many as [`CAPACITY`] says.
    pub words: [Vec<Word>; 3],
}

impl StreamLeafWitness {
    /// What the leaf proves.
    pub fn statement(&self) -> StreamStatement {
        let Self { environment, before, words: [data, priority, withdrawals] } = self;
        let fold = |stream: EvaluatedStream, words: &[Word]| {
            words.iter().fold(stream, |stream, word| advance(stream, word, environment.x))
        };
        let after = StreamState {
            data: fold(before.data, data),
            priority: fold(before.priority, priority),
            withdrawal: fold(before.withdrawal, withdrawals),
        };
        StreamStatement { environment: *environment, before: *before, after }
    }
}

/// Cuts the words of a batch into leaves, from zero streams: at least one leaf, and as few as hold
/// the longest stream.
pub fn split(environment: StreamEnvironment, words: &BatchWords<'_>) -> Vec<StreamLeafWitness> {
    let streams = [words.data, words.priority, words.withdrawals];
    let leaves =
        streams.iter().zip(CAPACITY).map(|(words, capacity)| words.len().div_ceil(capacity));
    let leaves = leaves.max().unwrap_or(0).max(1);
    let mut before = StreamState::default();
    (0..leaves)
        .map(|leaf| {
            let words = std::array::from_fn(|stream| {
                let words = streams[stream].chunks(CAPACITY[stream]).nth(leaf);
                words.unwrap_or_default().to_vec()
            });
            let witness = StreamLeafWitness { environment, before, words };
            before = witness.statement().after;
            witness
        })
        .collect()
}

/// A stream after one more word: `digest := compress(digest, limbs)`, `count := count + 1`,
/// `y := y x + limb` a limb.
pub fn advance(state: EvaluatedStream, word: &Word, x: Extension) -> EvaluatedStream {
    let limbs = word.limbs();
    let x = to_field(x);
    let y = limbs.into_iter().fold(to_field(state.y), |y, limb| {
        y * x + QuadraticExtension::from(GoldilocksField::from_canonical_u64(limb))
    });
    let [y0, y1]: [GoldilocksField; 2] = y.to_basefield_array();
    let digest = state.stream.digest.elements().map(F::new);
    let digest = compress(&NativeDigest(digest), &NativeDigest(limbs.map(F::new)));
    EvaluatedStream {
        stream: Stream {
            digest: Digest::from_bytes(&digest.to_bytes32())
                .expect("a digest's bytes are canonical"),
            count: state.stream.count + 1,
        },
        y: Extension::new([y0, y1].map(|y| y.to_canonical_u64()))
            .expect("the coordinates are canonical"),
    }
}

fn to_field(element: Extension) -> QuadraticExtension<GoldilocksField> {
    let coordinates = element.coordinates().map(GoldilocksField::from_canonical_u64);
    QuadraticExtension::from_basefield_array(coordinates)
}
