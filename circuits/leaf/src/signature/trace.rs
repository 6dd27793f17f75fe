//! How the three tables are filled.

use std::borrow::BorrowMut;

use cairn_primitives::ecgfp5::generator;
use cairn_primitives::schnorr::{PublicKey, ROWS, Signature};
use cairn_primitives::{Digest, F};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use rayon::prelude::*;

use super::fixed_base::{self, FIXED_BASE_ROWS};
use super::header::Signatures;
use super::header::trace::{fill_keys, fill_outcomes, fill_slack, judge};
use super::steps::Steps;
use super::steps::trace::{Scalars, fill as fill_steps, fill_schedule};
use crate::requests::{Requests, SignedMessage, SpongeRequest};
use crate::table::{TooManyRows, zeros};

/// Signatures that share inversions.
const GROUP: usize = 64;

const STEPS_WIDTH: usize = ROWS * Steps::WIDTH;

/// The traces of the three tables.
#[derive(Debug)]
pub struct SignatureTraces {
    /// One row a signature.
    pub signatures: RowMajorMatrix<F>,
    /// [`ROWS`] rows a signature.
    pub steps: RowMajorMatrix<F>,
    /// The fixed base's entries.
    pub fixed_base: RowMajorMatrix<F>,
}

/// Fills the tables, that of signatures with `height` rows, that of the fixed base with
/// `fixed_base_height`, and asks for ranges and permutations.
///
/// Trust: a signature that [`cairn_primitives::schnorr::verify`] refuses makes traces that cannot
/// be proven, unless it is judged; then its key must encode a point, and its response be canonical.
///
/// # Errors
/// [`TooManyRows`] if there are more than `height` signatures.
pub fn trace(
    height: usize,
    fixed_base_height: usize,
    requests: &mut Requests,
) -> Result<SignatureTraces, TooManyRows> {
    let messages = std::mem::take(&mut requests.signatures);
    let used = messages.len();
    let mut signatures = zeros("signatures", Signatures::WIDTH, height, used)?;
    let mut steps = zeros("steps", Steps::WIDTH, height * ROWS, used * ROWS)?;
    let (rows, rows_left) = signatures.values.split_at_mut(used * Signatures::WIDTH);
    let (steps_rows, steps_left) = steps.values.split_at_mut(used * STEPS_WIDTH);

    let groups: Vec<_> = messages
        .par_chunks(GROUP)
        .zip(rows.par_chunks_mut(GROUP * Signatures::WIDTH))
        .zip(steps_rows.par_chunks_mut(GROUP * STEPS_WIDTH))
        .map(|((messages, rows), steps)| fill(messages, rows, steps))
        .collect();
    let mut entries = [0; FIXED_BASE_ROWS];
    for (more, sponge) in groups {
        entries.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        requests.sponge.extend(sponge);
    }
    for (row, message) in rows.chunks_exact_mut(Signatures::WIDTH).zip(&messages) {
        fill_slack(row, &Scalars::new(&message.signature), requests);
        if message.judged {
            judge(row);
        }
    }

    if used < height {
        let (mut row, mut steps) = ([F::ZERO; Signatures::WIDTH], vec![F::ZERO; STEPS_WIDTH]);
        let filler = filler();
        let (more, _) = fill(&[filler], &mut row, &mut steps);
        let left = (height - used) as u32;
        entries.iter_mut().zip(more).for_each(|(count, more)| *count += left * more);
        let columns: &mut Signatures<F> = row.as_mut_slice().borrow_mut();
        columns.is_real = F::ZERO;
        columns.digest = [F::ZERO; 2]; // as the challenge: no hash is asked for
        for left in rows_left.chunks_exact_mut(Signatures::WIDTH) {
            left.copy_from_slice(&row);
            fill_slack(left, &Scalars::new(&filler.signature), requests);
        }
        steps_left.par_chunks_exact_mut(STEPS_WIDTH).for_each(|left| left.copy_from_slice(&steps));
    }
    number_signatures(&mut signatures, &mut steps);
    requests.signatures = messages;
    Ok(SignatureTraces {
        signatures,
        steps,
        fixed_base: fixed_base::trace(&entries, fixed_base_height),
    })
}

/// Fills what does not depend on signatures: their numbers, and the schedule of their loops.
fn number_signatures(signatures: &mut RowMajorMatrix<F>, steps: &mut RowMajorMatrix<F>) {
    let rows = signatures.values.chunks_exact_mut(Signatures::WIDTH).enumerate();
    rows.for_each(|(number, row)| {
        let row: &mut Signatures<F> = row.borrow_mut();
        row.number = F::from_usize(number);
    });
    let loops = steps.values.par_chunks_exact_mut(STEPS_WIDTH).enumerate();
    loops.for_each(|(number, rows)| fill_schedule(F::from_usize(number), rows));
}

/// Fills the rows of a group, all but `s2_slack`, and returns what it asks of fixed base and
/// sponge.
fn fill(
    messages: &[SignedMessage],
    rows: &mut [F],
    steps: &mut [F],
) -> ([u32; FIXED_BASE_ROWS], Vec<SpongeRequest>) {
    let multiples = fill_keys(messages, rows);
    let scalars = messages.iter().map(|message| Scalars::new(&message.signature));
    let loops: Vec<_> = scalars.zip(multiples).collect();
    let mut entries = [0; FIXED_BASE_ROWS];
    let outcomes = fill_steps(&loops, steps, &mut entries);
    (entries, fill_outcomes(&loops, &outcomes, rows))
}

/// What the rows that are not real hold: a loop that ends, with `R = G`.
fn filler() -> SignedMessage {
    SignedMessage {
        key: PublicKey(generator().encode()),
        message: Digest::ZERO,
        signature: Signature { e: [F::ZERO; 2], s: [1, 0, 0, 0, 0] },
        judged: false,
    }
}
