//! Streams: the running chains and their evaluation at a point.

use cairn_primitives::{Digest, F, compress};
use cairn_types::{EvaluatedStream, Extension, Stream, Word};
use p3_field::extension::BinomialExtensionField;
use p3_field::{BasedVectorSpace, PrimeField64};

/// `GF(p)[X] / (X^2 - 7)`.
type Quadratic = BinomialExtensionField<F, 2>;

/// The stream with one word more.
pub fn absorb(stream: &Stream, word: &Word) -> Stream {
    let limbs = Digest(word.limbs().map(F::new));
    Stream { digest: compress(&stream.digest.into(), &limbs).into(), count: stream.count + 1 }
}

/// [`absorb`], and Horner's rule at `x` over the four limbs.
pub fn absorb_evaluated(state: &EvaluatedStream, x: Extension, word: &Word) -> EvaluatedStream {
    let x = quadratic(x);
    let y = word.limbs().iter().fold(quadratic(state.y), |y, &limb| y * x + F::new(limb));
    let coordinates: &[F] = y.as_basis_coefficients_slice();
    let y = Extension::new([0, 1].map(|i| coordinates[i].as_canonical_u64()));
    let y = y.expect("field elements give canonical integers");
    EvaluatedStream { stream: absorb(&state.stream, word), y }
}

/// A whole stream from its start, with its evaluation at `x`.
pub fn evaluate(words: &[Word], x: Extension) -> EvaluatedStream {
    words.iter().fold(EvaluatedStream::default(), |state, word| absorb_evaluated(&state, x, word))
}

fn quadratic(x: Extension) -> Quadratic {
    let [x0, x1] = x.coordinates().map(F::new);
    Quadratic::from_basis_coefficients_fn(|i| if i == 0 { x0 } else { x1 })
}
