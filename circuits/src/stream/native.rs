//! Native twin of the stream leaf, and its witness.

use cairn_primitives::{Digest as NativeDigest, F, blob, compress};
use cairn_types::{
    BatchWords, BlobScalar, EvaluatedStream, Extension, Stream, StreamEnvironment, StreamState,
    StreamStatement, Word,
};
use plonky2::field::extension::FieldExtension;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use serde::{Deserialize, Serialize};

use crate::circuit_set::Size;

/// Where a leaf evaluates the data words. It evaluates the others at x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataEvaluation {
    /// At x too: for data in calldata, or with the committee. The environment's z is zero.
    AtX,
    /// In the blobs' field, at z, which is not zero.
    AtZ,
}

impl DataEvaluation {
    /// What the leaves of a batch do.
    pub fn of(environment: &StreamEnvironment) -> Self {
        if environment.z == BlobScalar::ZERO { Self::AtX } else { Self::AtZ }
    }
}

/// Which circuit proves a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamClass {
    /// Everything at x.
    AtX,
    /// Data at z, half a blob.
    AtZ,
    /// Data at z, a whole blob: for twice the time it saves a wrapper and a node.
    WholeBlob,
}

impl StreamClass {
    /// All, in the order of their places in the family.
    pub const ALL: [Self; 3] = [Self::AtX, Self::AtZ, Self::WholeBlob];

    /// Where it evaluates the data.
    pub const fn evaluation(self) -> DataEvaluation {
        match self {
            Self::AtX => DataEvaluation::AtX,
            Self::AtZ | Self::WholeBlob => DataEvaluation::AtZ,
        }
    }

    /// Words of each stream (data, priority, withdrawal) that it holds: what fills 2^12 rows at x, with 1.85 rows a
    /// word, and 2^13 and 2^14 rows at z, with 2.5 rows a data word.
    pub const fn capacity(self) -> [usize; 3] {
        match self {
            Self::AtX => [1024, 512, 512],
            Self::AtZ => [2048, 512, 512],
            Self::WholeBlob => [4096, 1024, 1024],
        }
    }

    /// The place in the family.
    pub const fn size(self) -> Size {
        match self {
            Self::AtX => Size::Small,
            Self::AtZ => Size::Medium,
            Self::WholeBlob => Size::Dense,
        }
    }

    /// The first that holds so many words of each stream, else the largest.
    fn for_words(evaluation: DataEvaluation, words: [usize; 3]) -> Self {
        let holds = |class: &Self| words.iter().zip(class.capacity()).all(|(&n, slots)| n <= slots);
        let mut classes = Self::ALL.into_iter().filter(|class| class.evaluation() == evaluation);
        classes.clone().find(holds).or(classes.next_back()).expect("each evaluation has a class")
    }
}

/// The witness of one stream leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamLeafWitness {
    /// The point of evaluation and the circuit set.
    pub environment: StreamEnvironment,
    /// The streams before the leaf's words.
    pub before: StreamState,
    /// The leaf's words: data, priority, withdrawals, each at most as many as
    /// [`StreamClass::capacity`] says.
    pub words: [Vec<Word>; 3],
}

impl StreamLeafWitness {
    /// The smallest class that holds the words.
    pub fn class(&self) -> StreamClass {
        let words = self.words.each_ref().map(Vec::len);
        StreamClass::for_words(DataEvaluation::of(&self.environment), words)
    }

    /// What the leaf proves.
    pub fn statement(&self) -> StreamStatement {
        let Self { environment, before, words: [data, priority, withdrawals] } = self;
        let fold = |stream: EvaluatedStream, words: &[Word]| {
            words.iter().fold(stream, |stream, word| advance(stream, word, environment.x))
        };
        let (data, blob) = match DataEvaluation::of(environment) {
            DataEvaluation::AtX => (fold(before.data, data), before.blob),
            DataEvaluation::AtZ => {
                let stream = data.iter().fold(before.data.stream, chain);
                let blob = blob::evaluate(before.blob, data, environment.z);
                (EvaluatedStream { stream, ..before.data }, blob)
            }
        };
        let after = StreamState {
            data,
            blob,
            priority: fold(before.priority, priority),
            withdrawal: fold(before.withdrawal, withdrawals),
        };
        StreamStatement { environment: *environment, before: *before, after }
    }
}

/// Cuts the words of a batch into leaves, from zero streams: at least one leaf, as few as hold
/// the longest stream, each of the smallest class.
pub fn split(environment: StreamEnvironment, words: &BatchWords<'_>) -> Vec<StreamLeafWitness> {
    let mut left = [words.data, words.priority, words.withdrawals];
    let mut before = StreamState::default();
    let mut leaves = Vec::new();
    while leaves.is_empty() || left.iter().any(|words| !words.is_empty()) {
        let class = StreamClass::for_words(DataEvaluation::of(&environment), left.map(<[_]>::len));
        let mut capacity = class.capacity().into_iter();
        let words = left.each_mut().map(|left| {
            let slots = capacity.next().unwrap_or(0);
            let (now, later) = left.split_at(left.len().min(slots));
            *left = later;
            now.to_vec()
        });
        let witness = StreamLeafWitness { environment, before, words };
        before = witness.statement().after;
        leaves.push(witness);
    }
    leaves
}

/// A stream after one more word: `digest := compress(digest, limbs)`, `count := count + 1`,
/// `y := y x + limb` a limb.
pub fn advance(state: EvaluatedStream, word: &Word, x: Extension) -> EvaluatedStream {
    let x = to_field(x);
    let y = word.limbs().into_iter().fold(to_field(state.y), |y, limb| {
        y * x + QuadraticExtension::from(GoldilocksField::from_canonical_u64(limb))
    });
    let [y0, y1]: [GoldilocksField; 2] = y.to_basefield_array();
    EvaluatedStream {
        stream: chain(state.stream, word),
        y: Extension::new([y0, y1].map(|y| y.to_canonical_u64()))
            .expect("the coordinates are canonical"),
    }
}

/// [`advance`] without the evaluation.
fn chain(stream: Stream, word: &Word) -> Stream {
    let digest = NativeDigest(stream.digest.elements().map(F::new));
    let digest = compress(&digest, &NativeDigest(word.limbs().map(F::new)));
    Stream { digest: digest.into(), count: stream.count + 1 }
}

fn to_field(element: Extension) -> QuadraticExtension<GoldilocksField> {
    let coordinates = element.coordinates().map(GoldilocksField::from_canonical_u64);
    QuadraticExtension::from_basefield_array(coordinates)
}
