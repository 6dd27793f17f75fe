//! What a row asks of other tables, read off its constraints: so that a filler cannot ask for
//! anything else than the proof will.

use cairn_primitives::schnorr::{PublicKey, Signature};
use cairn_primitives::{Digest, F};
use p3_air::{Air, AirBuilder, RowWindow};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;

use crate::bus::{ABSORB, COMPRESS, RANGE, SIGNED, SIGNED_FIELDS, SQUEEZE};
use crate::requests::{Requests, SignedMessage, SpongeRequest};

/// Adds what a row of `rows` asks for. `signature` is that of the message which the row sends, if it
/// sends one.
///
/// # Panics
/// If the row asks the range table for a value out of range, or sends a message without signature.
pub(crate) fn ask<A: for<'a> Air<Listener<'a>>>(
    air: &A,
    rows: &RowMajorMatrix<F>,
    row: usize,
    public_values: &[F],
    signature: Option<Signature>,
    requests: &mut Requests,
) {
    let (width, height) = (rows.width(), rows.height());
    let slice = |row: usize| &rows.values[row * width..][..width];
    let main = RowWindow::from_two_rows(slice(row), slice((row + 1) % height));
    air.eval(&mut Listener {
        main,
        preprocessed: RowWindow::from_two_rows(&[], &[]),
        public_values,
        position: (row, height),
        signature,
        requests,
    });
}

/// The builder that evaluates an AIR on one row and listens to what it asks. Constraints are not
/// checked.
#[derive(Debug)]
pub(crate) struct Listener<'a> {
    main: RowWindow<'a, F>,
    preprocessed: RowWindow<'a, F>,
    public_values: &'a [F],
    /// Row and height.
    position: (usize, usize),
    signature: Option<Signature>,
    requests: &'a mut Requests,
}

impl Listener<'_> {
    fn hear(&mut self, bus: &str, fields: impl Iterator<Item = F>) {
        let mut elements = [F::ZERO; SIGNED_FIELDS];
        elements.iter_mut().zip(fields).for_each(|(element, field)| *element = field);
        if bus == RANGE.name() {
            self.requests.range_check(elements[0]);
        } else if bus == COMPRESS.name() {
            self.requests.compressions.push(first(&elements));
        } else if bus == ABSORB.name() {
            self.requests.sponge.push(SpongeRequest::Absorb(first(&elements)));
        } else if bus == SQUEEZE.name() {
            self.requests.sponge.push(SpongeRequest::Squeeze(first(&elements)));
        } else if bus == SIGNED.name() {
            let [k0, k1, k2, k3, k4, d0, d1, d2, d3, .., judged, _] = elements;
            self.requests.signatures.push(SignedMessage {
                key: PublicKey([k0, k1, k2, k3, k4]),
                message: Digest([d0, d1, d2, d3]),
                signature: self.signature.expect("a message that is sent has a signature"),
                judged: judged != F::ZERO,
            });
        }
    }
}

/// The first elements of a message.
fn first<const N: usize>(elements: &[F; SIGNED_FIELDS]) -> [F; N] {
    std::array::from_fn(|i| elements[i])
}

impl<'a> AirBuilder for Listener<'a> {
    type F = F;
    type Expr = F;
    type Var = F;
    type PreprocessedWindow = RowWindow<'a, F>;
    type MainWindow = RowWindow<'a, F>;
    type PublicVar = F;
    type PeriodicVar = F;

    fn main(&self) -> Self::MainWindow {
        self.main
    }

    fn preprocessed(&self) -> &Self::PreprocessedWindow {
        &self.preprocessed
    }

    fn is_first_row(&self) -> F {
        F::from_bool(self.position.0 == 0)
    }

    fn is_last_row(&self) -> F {
        F::from_bool(self.position.0 + 1 == self.position.1)
    }

    fn is_transition(&self) -> F {
        F::ONE - self.is_last_row()
    }

    fn assert_zero<I: Into<F>>(&mut self, _: I) {}

    fn public_values(&self) -> &[F] {
        self.public_values
    }
}

impl InteractionBuilder for Listener<'_> {
    fn push_interaction<E: Into<F>>(
        &mut self,
        bus_name: &str,
        fields: impl IntoIterator<Item = E>,
        count: impl Into<Count<F>>,
    ) {
        let (count, _) = count.into().into_parts();
        if count != F::ZERO {
            self.hear(bus_name, fields.into_iter().map(Into::into));
        }
    }

    /// Within a table, so that nobody else is asked.
    fn push_local_interaction(&mut self, tuples: impl IntoIterator<Item = (Vec<F>, Count<F>)>) {
        tuples.into_iter().for_each(drop);
    }

    fn push_exclusive_interaction(
        &mut self,
        bus_name: &str,
        branches: impl IntoIterator<Item = (F, Count<F>, Vec<F>)>,
    ) {
        for (flag, count, fields) in branches {
            let (count, weight) = count.into_parts();
            self.push_interaction(bus_name, fields, Count::bounded(flag * count, weight));
        }
    }
}
