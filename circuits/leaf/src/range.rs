//! Range checks: the table of all values below `2^16`, and integers made of such limbs.
//!
//! | witness | bound by |
//! |---|---|
//! | value | a counter: 0, 1, .. 2^16 - 1 |
//! | multiplicity | free: what it provides must balance what others ask on RANGE |

use std::borrow::Borrow;
use std::mem::offset_of;

use cairn_primitives::F;
use p3_air::{Air, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;
use rayon::prelude::*;

use crate::bus::RANGE;
use crate::counter::assert_counter;
use crate::requests::Requests;
use crate::table::columns;

/// Bits of a limb.
pub const LIMB_BITS: usize = 16;

/// Columns of an integer below `2^BITS`, as `LIMBS` limbs of 16 bits, lowest first.
///
/// Up to 63 bits the limbs are determined by the integer's residue. At 64 bits a residue below
/// `2^32 - 1` has two forms, `x` and `x + p`: bind the limbs otherwise or do not depend on them.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Uint<T, const BITS: usize, const LIMBS: usize>(pub [T; LIMBS]);

impl<T, const BITS: usize, const LIMBS: usize> Uint<T, BITS, LIMBS> {
    /// Bits that the last limb has too many.
    const SPARE: usize = {
        assert!(0 < BITS && BITS <= 64 && LIMBS == BITS.div_ceil(LIMB_BITS), "limbs of BITS bits");
        LIMBS * LIMB_BITS - BITS
    };
}

impl<T: Copy, const BITS: usize, const LIMBS: usize> Uint<T, BITS, LIMBS> {
    /// The integer as an expression of degree 1. Says nothing about the limbs: see
    /// [`Uint::check`].
    pub fn value<E: PrimeCharacteristicRing + From<T>>(&self) -> E {
        let limbs = self.0.iter().rev();
        limbs.fold(E::ZERO, |value, &limb| value * E::from_u32(1 << LIMB_BITS) + E::from(limb))
    }

    /// Asserts, by asking RANGE `count` times (0 or 1) for each limb, that the integer is below
    /// `2^BITS`, and returns it.
    ///
    /// A limb of fewer than 16 bits is asked for twice: itself, and shifted up to 16 bits. As the
    /// limb is below `2^16`, the shift does not wrap around the modulus.
    pub fn check<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        count: impl Into<Count<AB::Expr>>,
    ) -> AB::Expr {
        let count = count.into();
        for &limb in &self.0 {
            RANGE.lookup_key(builder, [limb], count.clone());
        }
        if Self::SPARE > 0 {
            let shifted = AB::Expr::from(self.0[LIMBS - 1]) * F::from_u32(1 << Self::SPARE);
            RANGE.lookup_key(builder, [shifted], count);
        }
        self.value()
    }
}

impl<const BITS: usize, const LIMBS: usize> Uint<F, BITS, LIMBS> {
    /// Fills the limbs and asks for them.
    ///
    /// # Panics
    /// If the value is not below `2^BITS`: the caller fills a row that cannot be proven.
    pub fn fill(&mut self, value: u64, requests: &mut Requests) {
        assert!(value.checked_shr(BITS as u32).unwrap_or(0) == 0, "{value} in {BITS} bits");
        for (index, limb) in self.0.iter_mut().enumerate() {
            *limb = F::from_u16((value >> (index * LIMB_BITS)) as u16);
            requests.range_check(*limb);
        }
        if Self::SPARE > 0 {
            requests.range_check(self.0[LIMBS - 1] * F::from_u32(1 << Self::SPARE));
        }
    }
}

#[repr(C)]
struct Columns<T> {
    value: T,
    multiplicity: T,
}
columns!(Columns);

/// The table of all values below `2^16`; it must have as many rows.
#[derive(Debug, Clone, Copy)]
pub struct RangeAir;

impl BaseAir<F> for RangeAir {
    fn width(&self) -> usize {
        Columns::WIDTH
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        vec![offset_of!(Columns<u8>, value)]
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for RangeAir {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let row: &Columns<AB::Var> = main.current_slice().borrow();
        let next: &Columns<AB::Var> = main.next_slice().borrow();
        assert_counter(builder, row.value, next.value, AB::Expr::ONE);
        RANGE.table_entry(builder, [row.value], row.multiplicity);
    }
}

/// Fills the table, `2^16` rows: call it when all tables have asked.
pub fn trace(requests: &Requests) -> RowMajorMatrix<F> {
    let rows = requests.range.par_iter().enumerate();
    let rows = rows.flat_map_iter(|(value, &count)| [F::from_usize(value), F::from_u32(count)]);
    RowMajorMatrix::new(rows.collect(), Columns::WIDTH)
}

#[cfg(test)]
mod tests {
    use std::borrow::BorrowMut;

    use super::*;
    use crate::requests::RANGE_SIZE;
    use crate::table::{TooManyRows, fill};
    use crate::testing::Table;

    /// One integer a row, of each kind: a full limb, a short limb, both.
    #[derive(Debug)]
    #[repr(C)]
    struct Integers<T> {
        short: Uint<T, 5, 1>,
        full: Uint<T, 32, 2>,
        both: Uint<T, 40, 3>,
        value: T,
    }
    columns!(Integers);

    struct IntegersAir;

    impl BaseAir<F> for IntegersAir {
        fn width(&self) -> usize {
            Integers::WIDTH
        }
    }

    impl<AB: InteractionBuilder<F = F>> Air<AB> for IntegersAir {
        fn eval(&self, builder: &mut AB) {
            let main = builder.main();
            let row: &Integers<AB::Var> = main.current_slice().borrow();
            row.short.check(builder, 1);
            row.full.check(builder, 1);
            let both = row.both.check(builder, 1);
            builder.assert_eq(both, row.value);
        }
    }

    fn tables(values: &[[u64; 3]]) -> (Table<IntegersAir>, Table<RangeAir>) {
        let requests = std::sync::Mutex::new(Requests::default());
        let trace = fill("integers", Integers::WIDTH, values.len(), values, |row, values| {
            let row: &mut Integers<F> = row.borrow_mut();
            let [short, full, both] = *values.expect("no padding");
            let requests = &mut requests.lock().unwrap();
            row.short.fill(short, requests);
            row.full.fill(full, requests);
            row.both.fill(both, requests);
            row.value = F::new(both);
        });
        let range = Table::new(RangeAir, super::trace(&requests.into_inner().unwrap()), Vec::new());
        (Table::new(IntegersAir, trace.unwrap(), Vec::new()), range)
    }

    const VALUES: [[u64; 3]; 3] =
        [[0, 0, 0], [31, u32::MAX as u64, (1 << 40) - 1], [7, 0x1_0000, 0x12_3456_789a]];

    #[test]
    fn integers_in_range_balance() {
        let (integers, range) = tables(&VALUES);
        integers.assert_valid();
        range.assert_valid();
        integers.messages().with(range.messages()).assert_balance();
    }

    #[test]
    fn every_cell_is_bound() {
        let (mut integers, mut range) = tables(&VALUES);
        for row in 0..VALUES.len() {
            assert_eq!(integers.free_columns(row), []);
            assert_eq!(range.free_columns(row), []);
        }
    }

    /// No multiplicities of the table make up for a limb that is out of range by one.
    #[test]
    fn a_bit_too_many_is_refused() {
        for (column, limb) in [(0, 1 << 5), (1, 1 << 16), (2, 1 << 16), (5, 1 << 8)] {
            let (mut integers, _) = tables(&VALUES);
            integers.trace.values[column] = F::new(limb);
            assert!(integers.messages().outside("range", |value| value[0] < RANGE_SIZE as u64));
        }
    }

    /// Values that count from elsewhere, and one that is not the next: each breaks the counter alone, and
    /// would let a value out of range pass.
    #[test]
    fn values_that_do_not_count_are_refused() {
        let (_, range) = tables(&VALUES);
        let outside =
            |range: &Table<RangeAir>| range.messages().outside("range", |v| v[0] < 1 << 16);
        let mut from_one = range.clone();
        from_one.trace.values.iter_mut().step_by(Columns::WIDTH).for_each(|value| *value += F::ONE);
        from_one.trace.values[Columns::WIDTH * (RANGE_SIZE - 1) + 1] = F::ONE;
        assert!(outside(&from_one));
        assert_eq!(from_one.violations(), [(0, 0)]);

        let mut skips = range.clone();
        let last = Columns::WIDTH * (RANGE_SIZE - 1);
        skips.trace.values[last..].copy_from_slice(&[F::NEG_ONE, F::ONE]);
        assert!(outside(&skips));
        assert_eq!(skips.violations(), [(RANGE_SIZE - 2, 1)]);
    }

    #[test]
    #[should_panic = "32 in 5 bits"]
    fn filling_refuses_a_bit_too_many() {
        tables(&[[32, 0, 0]]);
    }

    #[test]
    fn too_many_rows_are_refused() {
        let error = TooManyRows { table: "t", expected: 2, got: 3 };
        assert_eq!(fill("t", 1, 2, &[(); 3], |_, _| ()).unwrap_err(), error);
    }
}
