mod attacks;
mod cells;
mod rank;
mod schedule;
mod verdicts;

use std::borrow::{Borrow, BorrowMut};

use cairn_primitives::ecgfp5::{Affine, Point as Jacobian};
use cairn_primitives::schnorr::{ROWS, SecretKey};
use cairn_primitives::{F, Tag, hash};
use p3_field::{PrimeCharacteristicRing, PrimeField64};

use super::fixed_base::{self, FIXED_BASE_ROWS};
use super::header::trace::{fill_keys, fill_outcomes, fill_slack, judge};
use super::steps::trace::{Scalars, fill as fill_steps};
use super::*;
use crate::bus::SIGNED_FIELDS;
use crate::range::{self, RangeAir};
use crate::requests::{Requests, SignedMessage};
use crate::sponge::{self, SpongeAir};
use crate::testing::{Messages, Table};

/// The three tables with their traces.
struct Tables {
    signatures: Table<SignaturesAir>,
    steps: Table<StepsAir>,
    fixed_base: Table<FixedBaseAir>,
    requests: Requests,
}

impl Tables {
    fn new(traces: SignatureTraces, requests: Requests) -> Self {
        let signatures = Table::new(SignaturesAir, traces.signatures, vec![]);
        let steps = Table::new(StepsAir, traces.steps, vec![]);
        let fixed_base = Table::new(FixedBaseAir, traces.fixed_base, vec![]);
        Self { signatures, steps, fixed_base, requests }
    }

    /// Filled as for a proof.
    fn fill(height: usize, signatures: &[SignedMessage]) -> Self {
        let mut requests = Requests { signatures: signatures.to_vec(), ..Requests::default() };
        Self::new(trace(height, FIXED_BASE_ROWS, &mut requests).unwrap(), requests)
    }

    /// Filled by a prover whose loops use other scalars and multiples than they should.
    fn forge(
        signatures: &[SignedMessage],
        tamper: impl FnOnce(&mut Vec<(Scalars, [Affine; 3])>),
    ) -> Self {
        let mut traces =
            trace(signatures.len(), FIXED_BASE_ROWS, &mut Requests::default()).unwrap();
        let rows = &mut traces.signatures.values;
        let multiples = fill_keys(signatures, rows);
        let scalars = signatures.iter().map(|signed| Scalars::new(&signed.signature));
        let honest: Vec<_> = scalars.zip(multiples).collect();
        let mut loops = honest.clone();
        tamper(&mut loops);
        let mut entries = [0; FIXED_BASE_ROWS];
        let outcomes = fill_steps(&loops, &mut traces.steps.values, &mut entries);
        traces.fixed_base = fixed_base::trace(&entries, FIXED_BASE_ROWS);

        let sponge = fill_outcomes(&honest, &outcomes, rows);
        let mut requests = Requests { sponge, ..Requests::default() };
        let rows = rows.chunks_exact_mut(Signatures::<u8>::WIDTH).zip(&honest);
        rows.for_each(|(row, (scalars, _))| fill_slack(row, scalars, &mut requests));
        let rows = traces.signatures.values.chunks_exact_mut(Signatures::<u8>::WIDTH);
        rows.zip(signatures).filter(|(_, signed)| signed.judged).for_each(|(row, _)| judge(row));
        Self::new(traces, requests)
    }

    fn signature(&mut self, index: usize) -> &mut Signatures<F> {
        let width = Signatures::<u8>::WIDTH;
        self.signatures.trace.values[index * width..][..width].borrow_mut()
    }

    /// Claims that every digest is the challenge, as a prover does who hopes for the hash.
    fn claim_digests(mut self) -> Self {
        for row in self.signatures.trace.values.chunks_exact_mut(Signatures::<u8>::WIDTH) {
            let row: &mut Signatures<F> = row.borrow_mut();
            let [e0, e1, e2, e3] = row.e;
            row.digest = [(e0, e1), (e2, e3)].map(|(low, high)| low + high * F::from_u64(1 << 32));
        }
        self
    }

    fn step(&mut self, index: usize) -> &mut Steps<F> {
        let width = Steps::<u8>::WIDTH;
        self.steps.trace.values[index * width..][..width].borrow_mut()
    }

    /// Numbers of the constraints that some row violates, of signatures and of steps.
    fn violations(&self) -> [Vec<usize>; 2] {
        [self.signatures.violations(), self.steps.violations()].map(|violations| {
            let mut constraints: Vec<_> = violations.into_iter().map(|(_, c)| c).collect();
            constraints.sort_unstable();
            constraints.dedup();
            constraints
        })
    }

    /// What the three tables say to each other and to others, if it does not cancel.
    fn messages(&self) -> Messages {
        let [signatures, steps] = [self.signatures.messages(), self.steps.messages()];
        signatures.with(steps).with(self.fixed_base.messages())
    }

    /// Whether a chunk could be proven that carries these signatures.
    fn accept(&self, signatures: &[SignedMessage]) -> bool {
        self.say(&signatures.iter().map(|signed| said(signed, false)).collect::<Vec<_>>())
    }

    /// Whether a chunk could be proven in which somebody asks for this verdict.
    fn judge(&self, claim: &SignedMessage, refused: bool) -> bool {
        self.say(&[said(claim, refused)])
    }

    /// Whether a chunk could be proven in which this is said of signatures.
    fn say(&self, signed: &[[F; SIGNED_FIELDS]]) -> bool {
        let range = Table::new(RangeAir, range::trace(&self.requests), vec![]);
        let height = self.requests.sponge.len().next_power_of_two();
        let permutations = sponge::trace(&self.requests, height).unwrap();
        let sponge = Table::new(SpongeAir, permutations, vec![]);
        let mut messages = self.messages().with(range.messages()).with(sponge.messages());
        for fields in signed {
            messages = messages.with(Messages::one("signed", fields));
        }
        self.violations() == [vec![], vec![]] && messages == Messages::default()
    }
}

fn signed(seed: u64) -> SignedMessage {
    let key = SecretKey::from_seed(&seed.to_le_bytes());
    let message = hash(Tag::SignedOperation, &[F::from_u64(seed)]);
    SignedMessage { key: key.public(), message, signature: key.sign(&message), judged: false }
}

/// What an operation says of a signature.
fn said(signed: &SignedMessage, refused: bool) -> [F; SIGNED_FIELDS] {
    let mut fields = [F::ZERO; SIGNED_FIELDS];
    fields[..5].copy_from_slice(&signed.key.0);
    fields[5..9].copy_from_slice(&signed.message.0);
    if signed.judged {
        let e = signed.signature.e.map(|element| element.as_canonical_u64());
        let halves =
            e.into_iter().chain(signed.signature.s).flat_map(|x| [x as u32, (x >> 32) as u32]);
        fields[9..23].iter_mut().zip(halves).for_each(|(field, half)| *field = F::from_u32(half));
        fields[23] = F::ONE;
    }
    fields[24] = F::from_bool(refused);
    fields
}

fn affine(point: Jacobian) -> Affine {
    point.to_affine().unwrap()
}
