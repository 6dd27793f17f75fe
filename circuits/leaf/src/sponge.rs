//! The table of permutations of width 12, the steps of the sponge: one a row, answered on
//! [`ABSORB`] and [`SQUEEZE`].
//!
//! Who asks chains the steps: the rate of the next state is the next block of the input, and its
//! capacity is the one that [`ABSORB`] answers.
//! 250 columns, 236 constraints.
//!
//! | witness | bound by |
//! |---|---|
//! | block | its input; the output by the permutation's constraints |
//! | input, multiplicities | free: what they provide must balance what others ask |

use std::borrow::{Borrow, BorrowMut};
use std::mem::offset_of;

use cairn_primitives::F;
use p3_air::{Air, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::InteractionBuilder;
use p3_matrix::dense::RowMajorMatrix;

use crate::bus::{ABSORB, SQUEEZE};
use crate::poseidon2::{Block, PERMUTATION_12, output};
use crate::requests::{Requests, SpongeRequest};
use crate::table::{TooManyRows, columns, fill};

#[repr(C)]
struct Columns<T> {
    absorb: T,
    squeeze: T,
    block: Block<T, 12>,
}
columns!(Columns);

const BLOCK: usize = offset_of!(Columns<u8>, block);

/// The table of permutations of width 12.
#[derive(Debug, Clone, Copy)]
pub struct SpongeAir;

impl BaseAir<F> for SpongeAir {
    fn width(&self) -> usize {
        Columns::WIDTH
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for SpongeAir {
    fn eval(&self, builder: &mut AB) {
        PERMUTATION_12.check(builder, BLOCK);
        let main = builder.main();
        let Columns { absorb, squeeze, block } = main.current_slice().borrow();
        let [d0, d1, d2, d3, ..] = *output(block);
        let [.., c0, c1, c2, c3] = *output(block);
        ABSORB.table_entry(builder, block.inputs.into_iter().chain([c0, c1, c2, c3]), *absorb);
        SQUEEZE.table_entry(builder, block.inputs.into_iter().chain([d0, d1, d2, d3]), *squeeze);
    }
}

/// Fills a table of `height` rows: call it when all tables have asked.
///
/// # Errors
/// [`TooManyRows`] if there are more requests.
pub fn trace(requests: &Requests, height: usize) -> Result<RowMajorMatrix<F>, TooManyRows> {
    let asked = &requests.sponge;
    let mut trace = fill("sponge", Columns::WIDTH, height, asked, |row, asked| {
        let row: &mut Columns<F> = row.borrow_mut();
        match asked {
            Some(SpongeRequest::Absorb(input)) => {
                row.absorb = F::ONE;
                row.block.inputs = *input;
            }
            Some(SpongeRequest::Squeeze(input)) => {
                row.squeeze = F::ONE;
                row.block.inputs = *input;
            }
            None => {}
        }
    })?;
    PERMUTATION_12.fill(&mut trace, &[BLOCK]);
    Ok(trace)
}

#[cfg(test)]
mod tests {
    use cairn_primitives::{Tag, hash};

    use super::*;
    use crate::testing::{Messages, Shape, Table};

    const INPUT: [u64; 17] = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 11, 12, 13, 14, 15, 16, 17];

    /// Asks for the steps of one hash, as a table would, which only knows capacities and the
    /// digest.
    fn ask() -> (Requests, Messages) {
        let input = INPUT.map(F::new);
        let mut requests = Requests::default();
        let mut messages = Messages::default();
        let mut capacity = [Tag::State as u64, 17, 0, 0].map(F::new);
        for (step, block) in input.chunks(8).enumerate() {
            let mut state = [F::ZERO; 12];
            state[..block.len()].copy_from_slice(block);
            state[8..].copy_from_slice(&capacity);
            let mut after = state;
            cairn_primitives::poseidon2::permute12_scalar(&mut after);
            capacity.copy_from_slice(&after[8..]);
            if step < 2 {
                requests.sponge.push(SpongeRequest::Absorb(state));
                messages =
                    messages.with(Messages::one("absorb", &[&state[..], &capacity].concat()));
            } else {
                requests.sponge.push(SpongeRequest::Squeeze(state));
                let digest = hash(Tag::State, &input).0;
                messages = messages.with(Messages::one("squeeze", &[&state[..], &digest].concat()));
            }
        }
        (requests, messages)
    }

    #[test]
    fn answers_the_native_hash() {
        let (requests, messages) = ask();
        let table = Table::new(SpongeAir, trace(&requests, 4).unwrap(), Vec::new());
        table.assert_valid();
        table.messages().with(messages).assert_balance();
    }

    #[test]
    fn has_the_documented_size() {
        let shape = Shape { columns: 250, constraints: 236, degree: 3, messages: 2 };
        assert_eq!(Shape::of(&SpongeAir), shape);
    }

    #[test]
    fn every_cell_is_bound() {
        let trace = trace(&ask().0, 4).unwrap();
        let mut table = Table::new(SpongeAir, trace, Vec::new());
        for row in 0..4 {
            assert_eq!(table.free_columns(row), []);
        }
    }

    #[test]
    fn a_full_table_is_refused() {
        let error = TooManyRows { table: "sponge", expected: 2, got: 3 };
        assert_eq!(trace(&ask().0, 2).unwrap_err(), error);
    }
}
