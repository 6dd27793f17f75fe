//! The constraints.

use std::borrow::Borrow;

use cairn_primitives::F;
use cairn_types::TREE_DEPTH;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::columns::{AFTER, BEFORE, TreeColumns};
use crate::bus::{MEMORY, NODE};
use crate::poseidon2::{PERMUTATION_8, compressed};

/// The table of the account tree. Public values: root before (4), root after (4).
#[derive(Debug, Clone, Copy)]
pub struct TreeAir;

impl BaseAir<F> for TreeAir {
    fn width(&self) -> usize {
        TreeColumns::WIDTH
    }

    fn num_public_values(&self) -> usize {
        8
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for TreeAir {
    fn eval(&self, builder: &mut AB) {
        PERMUTATION_8.check(builder, BEFORE);
        PERMUTATION_8.check(builder, AFTER);
        let main = builder.main();
        let row: &TreeColumns<AB::Var> = main.current_slice().borrow();
        let digests = [compressed::<AB>(&row.before), compressed::<AB>(&row.after)];
        eval_kind(builder, row);
        eval_root(builder, row, &digests);
        eval_leaf(builder, row);
        eval_node(builder, row, digests);
    }
}

/// A row is a leaf, a node or padding, and only nodes have children.
fn eval_kind<AB: AirBuilder<F = F>>(builder: &mut AB, row: &TreeColumns<AB::Var>) {
    builder.assert_bools([row.is_leaf, row.is_node, row.touched[0], row.touched[1]]);
    builder.assert_zero(row.is_leaf * row.is_node);
    for touched in row.touched {
        builder.when(touched).assert_one(row.is_node);
    }
}

/// The last row alone is the root. That it is the last and not the first needs no other row:
/// `is_transition` vanishes on the last row alone.
fn eval_root<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    row: &TreeColumns<AB::Var>,
    digests: &[[AB::Expr; 4]; 2],
) {
    builder.when_transition().assert_zero(row.is_root);
    let public: [AB::Expr; 8] = std::array::from_fn(|i| builder.public_values()[i].into());
    let mut last = builder.when_last_row();
    last.assert_one(row.is_root);
    last.assert_one(row.is_node);
    last.assert_eq(row.level, AB::Expr::from_usize(TREE_DEPTH));
    last.assert_zero(row.index);
    for (digest, public) in digests.as_flattened().iter().zip(public) {
        last.assert_eq(digest.clone(), public);
    }
}

/// A leaf is put into memory at time 0 and taken out as it was last written.
fn eval_leaf<AB: InteractionBuilder<F = F>>(builder: &mut AB, row: &TreeColumns<AB::Var>) {
    builder.when(row.is_leaf).assert_zero(row.level);
    let leaf = |time: AB::Expr, elements: [AB::Var; 8]| {
        [row.index.into(), time].into_iter().chain(elements.map(Into::into))
    };
    let count = Count::bounded(row.is_leaf.into(), 1);
    MEMORY.send(builder, leaf(AB::Expr::ZERO, row.before.inputs), count.clone());
    MEMORY.receive(builder, leaf(row.last_time.into(), row.after.inputs), count);
}

/// A node hears of each child, or the child stays the same; and all but the root are heard of.
fn eval_node<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &TreeColumns<AB::Var>,
    digests: [[AB::Expr; 4]; 2],
) {
    let before = row.before.inputs.as_chunks::<4>().0;
    let after = row.after.inputs.as_chunks::<4>().0;
    for side in 0..2 {
        let place = [row.level - F::ONE, row.index * F::TWO + F::from_usize(side)];
        let digests = before[side].into_iter().chain(after[side]).map(AB::Expr::from);
        let touched = row.touched[side];
        NODE.receive(builder, place.into_iter().chain(digests), Count::bounded(touched.into(), 1));
        // 1 iff the row is a node and does not hear of this child.
        let mut untouched = builder.when(row.is_node - touched);
        for (before, after) in before[side].into_iter().zip(after[side]) {
            untouched.assert_eq(before, after);
        }
    }
    let place = [row.level, row.index].map(AB::Expr::from);
    let speaks = row.is_leaf + row.is_node - row.is_root;
    let message = place.into_iter().chain(digests.into_iter().flatten());
    NODE.send(builder, message, Count::bounded(speaks, 1));
}
