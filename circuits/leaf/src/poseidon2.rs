//! A Poseidon2 permutation as columns of a wider row.
//!
//! Layout and constraints are those of `p3-poseidon2-air` with one register an S-box, which keeps
//! the degree at 3: the columns hold the input, the cube of each S-box input, the state after each
//! external round and the S-box output of each internal round. The permutation is that of
//! [`cairn_primitives::poseidon2`].
//!
//! | witness | bound by |
//! |---|---|
//! | inputs | whoever uses the block |
//! | all others | the inputs, by [`Permutation::check`] |

use std::array::from_fn;
use std::borrow::BorrowMut;

use cairn_primitives::F;
use cairn_primitives::poseidon2::{
    EXTERNAL_FINAL_8, EXTERNAL_FINAL_12, EXTERNAL_INITIAL_8, EXTERNAL_INITIAL_12, INTERNAL_8,
    INTERNAL_12, Packed,
};
use p3_air::{Air, AirBuilder};
use p3_field::{PackedValue, PrimeCharacteristicRing};
use p3_goldilocks::GenericPoseidon2LinearLayersGoldilocks as LinearLayers;
use p3_matrix::dense::RowMajorMatrix;
use p3_poseidon2::GenericPoseidon2LinearLayers;
use p3_poseidon2_air::{
    FullRound, PartialRound, Poseidon2Air, Poseidon2Cols, RoundConstants, SBox,
};
use p3_uni_stark::SubAirBuilder;
use rayon::prelude::*;

const SBOX_DEGREE: u64 = 7;
const SBOX_REGISTERS: usize = 1;
const HALF_FULL_ROUNDS: usize = 4;
const PARTIAL_ROUNDS: usize = 22;

/// Columns of a permutation of `WIDTH` elements: 180 for 8, 248 for 12.
pub type Block<T, const WIDTH: usize> =
    Poseidon2Cols<T, WIDTH, SBOX_DEGREE, SBOX_REGISTERS, HALF_FULL_ROUNDS, PARTIAL_ROUNDS>;

type PermutationAir<const WIDTH: usize> = Poseidon2Air<
    F,
    LinearLayers,
    WIDTH,
    SBOX_DEGREE,
    SBOX_REGISTERS,
    HALF_FULL_ROUNDS,
    PARTIAL_ROUNDS,
>;
type Constants<const WIDTH: usize> = RoundConstants<F, WIDTH, HALF_FULL_ROUNDS, PARTIAL_ROUNDS>;

/// The output of a permutation.
pub fn output<T, const WIDTH: usize>(block: &Block<T, WIDTH>) -> &[T; WIDTH] {
    let [.., last] = &block.ending_full_rounds;
    &last.post
}

/// The compression `trunc4(P(x) + x)` of a permutation of width 8; of degree 1.
pub fn compressed<AB: AirBuilder>(block: &Block<AB::Var, 8>) -> [AB::Expr; 4] {
    from_fn(|i| output(block)[i] + block.inputs[i])
}

/// The permutation of width 8.
pub static PERMUTATION_8: Permutation<8> =
    Permutation::new(RoundConstants::new(EXTERNAL_INITIAL_8, INTERNAL_8, EXTERNAL_FINAL_8));
/// The permutation of width 12.
pub static PERMUTATION_12: Permutation<12> =
    Permutation::new(RoundConstants::new(EXTERNAL_INITIAL_12, INTERNAL_12, EXTERNAL_FINAL_12));

/// A Poseidon2 permutation of `WIDTH` elements: its constraints and how its columns are filled.
#[derive(Debug)]
pub struct Permutation<const WIDTH: usize> {
    constants: Constants<WIDTH>,
    air: PermutationAir<WIDTH>,
}

impl<const WIDTH: usize> Permutation<WIDTH> {
    const COLUMNS: usize = size_of::<Block<u8, WIDTH>>();

    const fn new(constants: Constants<WIDTH>) -> Self {
        let copy = RoundConstants::new(
            *constants.beginning_full_round_constants(),
            *constants.partial_round_constants(),
            *constants.ending_full_round_constants(),
        );
        Self { constants, air: Poseidon2Air::new(copy) }
    }
}

impl<const WIDTH: usize> Permutation<WIDTH>
where
    LinearLayers: GenericPoseidon2LinearLayers<WIDTH>,
{
    /// Asserts, on every row, that the block which starts at column `start` is a permutation.
    pub fn check<AB: AirBuilder<F = F>>(&self, builder: &mut AB, start: usize) {
        let columns = start..start + Self::COLUMNS;
        self.air
            .eval(&mut SubAirBuilder::<_, PermutationAir<WIDTH>, AB::Var>::new(builder, columns));
    }

    /// Fills, in every row, the blocks which start at these columns from their inputs.
    pub fn fill(&self, trace: &mut RowMajorMatrix<F>, starts: &[usize]) {
        let width = trace.width;
        trace.values.par_chunks_mut(width * Packed::WIDTH).for_each(|rows| {
            for &start in starts {
                let mut blocks = rows.chunks_exact_mut(width);
                let mut blocks: [Option<&mut Block<F, WIDTH>>; Packed::WIDTH] = from_fn(|_| {
                    blocks.next().map(|row| row[start..start + Self::COLUMNS].borrow_mut())
                });
                let inputs = from_fn(|i| {
                    Packed::from_fn(|lane| blocks[lane].as_ref().map_or(F::ZERO, |b| b.inputs[i]))
                });
                let vector = self.block(inputs);
                for (lane, block) in blocks.iter_mut().flatten().enumerate() {
                    copy_lane(&vector, lane, block);
                }
            }
        });
    }

    /// The columns of a vector of permutations.
    fn block(&self, inputs: [Packed; WIDTH]) -> Block<Packed, WIDTH> {
        let mut state = inputs;
        LinearLayers::external_linear_layer(&mut state);
        let beginning = self.constants.beginning_full_round_constants();
        let partial = self.constants.partial_round_constants();
        let ending = self.constants.ending_full_round_constants();
        Block {
            inputs,
            beginning_full_rounds: from_fn(|round| full_round(&mut state, &beginning[round])),
            partial_rounds: from_fn(|round| partial_round(&mut state, partial[round])),
            ending_full_rounds: from_fn(|round| full_round(&mut state, &ending[round])),
        }
    }
}

fn full_round<const WIDTH: usize>(
    state: &mut [Packed; WIDTH],
    constants: &[F; WIDTH],
) -> FullRound<Packed, WIDTH, SBOX_DEGREE, SBOX_REGISTERS>
where
    LinearLayers: GenericPoseidon2LinearLayers<WIDTH>,
{
    let sbox = from_fn(|i| add_and_raise(&mut state[i], constants[i]));
    LinearLayers::external_linear_layer(state);
    FullRound { sbox, post: *state }
}

fn partial_round<const WIDTH: usize>(
    state: &mut [Packed; WIDTH],
    constant: F,
) -> PartialRound<Packed, SBOX_DEGREE, SBOX_REGISTERS>
where
    LinearLayers: GenericPoseidon2LinearLayers<WIDTH>,
{
    let sbox = add_and_raise(&mut state[0], constant);
    let post_sbox = state[0];
    LinearLayers::internal_linear_layer(state);
    PartialRound { sbox, post_sbox }
}

/// Adds the constant, raises to the 7th power, and returns the cube on the way.
fn add_and_raise(x: &mut Packed, constant: F) -> SBox<Packed, SBOX_DEGREE, SBOX_REGISTERS> {
    *x += constant;
    let cube = x.cube();
    *x *= cube.square();
    SBox([cube])
}

fn copy_lane<const WIDTH: usize>(
    from: &Block<Packed, WIDTH>,
    lane: usize,
    to: &mut Block<F, WIDTH>,
) {
    let full = from.beginning_full_rounds.iter().chain(&from.ending_full_rounds);
    let to_full = to.beginning_full_rounds.iter_mut().chain(&mut to.ending_full_rounds);
    for (from, to) in full.zip(to_full) {
        for i in 0..WIDTH {
            to.sbox[i].0[0] = from.sbox[i].0[0].extract(lane);
            to.post[i] = from.post[i].extract(lane);
        }
    }
    for (from, to) in from.partial_rounds.iter().zip(&mut to.partial_rounds) {
        to.sbox.0[0] = from.sbox.0[0].extract(lane);
        to.post_sbox = from.post_sbox.extract(lane);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;

    use cairn_primitives::poseidon2::{permute8, permute12_scalar};
    use p3_air::BaseAir;
    use p3_lookup::InteractionBuilder;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    use super::*;
    use crate::testing::Table;

    /// Two blocks a row, with a column before each.
    struct TwoBlocks<const WIDTH: usize>(&'static Permutation<WIDTH>);

    impl<const WIDTH: usize> TwoBlocks<WIDTH> {
        const STARTS: [usize; 2] = [1, 2 + Permutation::<WIDTH>::COLUMNS];
    }

    impl<const WIDTH: usize> BaseAir<F> for TwoBlocks<WIDTH> {
        fn width(&self) -> usize {
            2 * (1 + Permutation::<WIDTH>::COLUMNS)
        }
    }

    impl<const WIDTH: usize, AB: InteractionBuilder<F = F>> Air<AB> for TwoBlocks<WIDTH>
    where
        LinearLayers: GenericPoseidon2LinearLayers<WIDTH>,
    {
        fn eval(&self, builder: &mut AB) {
            Self::STARTS.into_iter().for_each(|start| self.0.check(builder, start));
        }
    }

    /// Rows that fill one vector and part of another: native permutations, and nothing but the
    /// columns outside of the blocks is free.
    fn blocks_are_native<const WIDTH: usize>(
        permutation: &'static Permutation<WIDTH>,
        native: impl Fn(&mut [F; WIDTH]),
    ) where
        LinearLayers: GenericPoseidon2LinearLayers<WIDTH>,
    {
        let air = TwoBlocks(permutation);
        let starts = TwoBlocks::<WIDTH>::STARTS;
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let width = air.width();
        let cells = (0..width * (Packed::WIDTH + 3)).map(|_| F::new(rng.random())).collect();
        let mut trace = RowMajorMatrix::new(cells, width);
        permutation.fill(&mut trace, &starts);
        for row in trace.values.chunks(width) {
            for start in starts {
                let block: &Block<F, WIDTH> =
                    row[start..][..Permutation::<WIDTH>::COLUMNS].borrow();
                let mut state = block.inputs;
                native(&mut state);
                assert_eq!(*output(block), state);
            }
        }
        let mut table = Table::new(air, trace, Vec::new());
        table.assert_valid();
        for row in 0..3 {
            assert_eq!(table.free_columns(row), starts.map(|start| start - 1));
        }
    }

    #[test]
    fn width_8_is_native() {
        assert_eq!(Permutation::<8>::COLUMNS, 180);
        blocks_are_native(&PERMUTATION_8, permute8);
    }

    #[test]
    fn width_12_is_native() {
        assert_eq!(Permutation::<12>::COLUMNS, 248);
        blocks_are_native(&PERMUTATION_12, permute12_scalar);
    }
}
