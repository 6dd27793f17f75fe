//! Shapes, and that no cell can be changed.

use p3_air::Air;
use p3_air::symbolic::AirLayout;
use p3_lookup::logup::LogUpGadget;
use p3_lookup::symbolic::InteractionSymbolicBuilder;
use p3_lookup::{LookupProtocol, Lookups};

use cairn_primitives::schnorr::{PublicKey, Signature, start};

use super::*;

type Symbolic = InteractionSymbolicBuilder<F>;

/// Columns, constraints, fraction columns.
fn shape<A: Air<Symbolic>>(air: &A) -> [usize; 3] {
    let builder = Symbolic::from_air(air, AirLayout::from_air(air));
    let constraints = builder.base_constraints();
    let lookups = Lookups::from_builder(&builder).pack_same_bus(&LogUpGadget, 3);
    assert!(constraints.iter().all(|constraint| constraint.degree_multiple() <= 3));
    assert!(lookups.iter().all(|lookup| LogUpGadget.constraint_degree(lookup) <= 3));
    [air.width(), constraints.len(), lookups.len()]
}

#[test]
fn shapes() {
    assert_eq!(shape(&StepsAir), [74, 65, 3]);
    assert_eq!(shape(&SignaturesAir), [88, 43, 10]);
    assert_eq!(shape(&FixedBaseAir), [15, 14, 1]);
}

#[test]
fn every_cell_of_steps_is_bound() {
    let mut tables = Tables::fill(2, &[signed(0)]);
    let skipped = (0..ROWS).find(|&row| tables.step(row).skip == F::ONE).unwrap();
    let added = (1..ROWS).find(|&row| tables.step(row).skip == F::ZERO).unwrap();
    for row in [0, 15, 16, ROWS - 1, ROWS, 2 * ROWS - 1, skipped, added] {
        assert_eq!(tables.steps.free_columns(row), [], "row {row}");
    }
}

#[test]
fn every_cell_of_signatures_is_bound() {
    let mut tables = Tables::fill(2, &[signed(0)]);
    let columns: [usize; Signatures::<u8>::WIDTH] = std::array::from_fn(|i| i);
    let columns: &Signatures<usize> = columns.as_slice().borrow();
    // Nothing is refused, so that nothing must be inverted.
    assert_eq!(tables.signatures.free_columns(0), columns.difference_inverse);

    // Nobody receives the other signature, nor asks for its challenge's hash. Its limbs of e are
    // zero, so that the inverses are not needed.
    let mut free = [&[columns.judged][..], &columns.message, &columns.below_max].concat();
    free.extend(columns.capacity.iter().chain(&columns.digest_rest));
    free.extend(columns.difference_inverse);
    assert_eq!(tables.signatures.free_columns(1), free);
}

/// Of a judgement, refused by its digest, and refused because operands meet.
#[test]
fn every_cell_of_a_judgement_is_bound() {
    let mut invalid = SignedMessage { judged: true, ..signed(0) };
    invalid.signature.s[1] ^= 1;
    let mut tables = Tables::fill(1, &[invalid]);
    assert_eq!(tables.signatures.free_columns(0), []);

    let quadruple = affine(Jacobian::from(*start()).double().double());
    for point in [quadruple, quadruple.neg()] {
        let signature = Signature { e: [F::ZERO, F::new(1 << 62)], s: [3, 0, 0, 0, 0] };
        let key = PublicKey(point.encode());
        let claim = SignedMessage { key, signature, ..invalid };
        let mut tables = Tables::fill(1, &[claim]);
        assert!(tables.judge(&claim, true));
        let columns: [usize; Steps::<u8>::WIDTH] = std::array::from_fn(|i| i);
        let columns: &Steps<usize> = columns.as_slice().borrow();
        // The operands' product is zero.
        assert_eq!(tables.steps.free_columns(0), columns.distinct);
        assert_eq!(tables.steps.free_columns(1), []);
    }
}

#[test]
fn every_count_of_the_fixed_base_is_bound() {
    let mut tables = Tables::fill(1, &[signed(0)]);
    for row in 0..FIXED_BASE_ROWS {
        assert_eq!(tables.fixed_base.free_columns(row), []);
    }
}
