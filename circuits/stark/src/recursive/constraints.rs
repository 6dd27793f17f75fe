//! An AIR's constraints, its lookups' included, folded at the out-of-domain point.
//!
//! The AIR's own code runs once through Plonky3's symbolic builder; what it records is evaluated
//! over targets, each shared node once. The fold is that of `VerifierConstraintFolder` of
//! `p3-uni-stark`: a power of alpha for each assertion in the order the AIR makes them, the last
//! one with power zero.

use std::collections::HashMap;
use std::sync::Arc;

use p3_air::symbolic::{
    AirLayout, BaseEntry, BaseLeaf, ExtEntry, ExtLeaf, SymbolicExpr, SymbolicExpression,
    SymbolicExpressionExt,
};
use p3_air::{Air, BaseAir};
use p3_lookup::{InteractionSymbolicBuilder, LogUpGadget, Lookup, LookupProtocol};
use plonky2::util::reducing::ReducingFactorTarget;

use super::domain::Selectors;
use super::expression::Value;
use super::extension::{Builder, ChallengeTarget, to_plonky2_extension};
use crate::config::{Challenge, Val};
use cairn_gadgets::field::to_plonky2;

/// The constraints of one table as its AIR asserts them.
#[derive(Clone, Debug)]
pub(crate) struct Constraints(Vec<Constraint>);

#[derive(Clone, Debug)]
enum Constraint {
    Base(SymbolicExpression<Val>),
    Extension(SymbolicExpressionExt<Val, Challenge>),
}

impl Constraints {
    /// Runs `air` and then the lookup argument for `lookups`, in the order of
    /// `LogUpGadget::eval_air_and_lookups`.
    ///
    /// `preprocessed_width` is that of the committed trace.
    pub(crate) fn new<A>(air: &A, preprocessed_width: usize, lookups: &[Lookup<Val>]) -> Self
    where
        A: Air<InteractionSymbolicBuilder<Val, Challenge>>,
    {
        let layout = layout(air, preprocessed_width, lookups);
        let mut symbolic = InteractionSymbolicBuilder::new(layout);
        LogUpGadget::new().eval_air_and_lookups(air, &mut symbolic, lookups);

        let order = symbolic.constraint_layout();
        let base = symbolic.base_constraints().into_iter().map(Constraint::Base);
        let extension = symbolic.extension_constraints().into_iter().map(Constraint::Extension);
        let mut indexed: Vec<_> = order
            .base_indices
            .into_iter()
            .zip(base)
            .chain(order.ext_indices.into_iter().zip(extension))
            .collect();
        indexed.sort_by_key(|&(index, _)| index);
        Self(indexed.into_iter().map(|(_, constraint)| constraint).collect())
    }

    /// `sum alpha^(n - 1 - i) * constraint_i` at the point that `row` is opened at.
    pub(crate) fn fold(
        &self,
        builder: &mut Builder,
        alpha: ChallengeTarget,
        row: &Row<'_>,
    ) -> ChallengeTarget {
        let mut evaluator =
            Evaluator { builder, row, base: HashMap::new(), extension: HashMap::new() };
        let mut terms: Vec<_> = self
            .0
            .iter()
            .map(|constraint| {
                let value = match constraint {
                    Constraint::Base(expression) => evaluator.evaluate(expression),
                    Constraint::Extension(expression) => evaluator.evaluate(expression),
                };
                value.target(evaluator.builder)
            })
            .collect();
        terms.reverse();
        ReducingFactorTarget::new(alpha).reduce(&terms, builder)
    }
}

/// What the constraints of a table read, as counts.
fn layout<A>(air: &A, preprocessed_width: usize, lookups: &[Lookup<Val>]) -> AirLayout
where
    A: BaseAir<Val>,
{
    let has_lookups = !lookups.is_empty();
    AirLayout {
        preprocessed_width,
        // The accumulator and a fraction a lookup.
        permutation_width: if has_lookups { lookups.len() + 1 } else { 0 },
        num_permutation_challenges: lookups.len() * LogUpGadget::new().num_challenges(),
        num_permutation_values: usize::from(has_lookups),
        ..AirLayout::from_air(air)
    }
}

/// Everything a table's constraints read: columns opened at zeta (`[0]`) and at the next point
/// (`[1]`), and values that do not depend on the row.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    /// The main trace; zeros for a next row that the AIR does not open.
    pub(crate) main: [&'a [ChallengeTarget]; 2],
    /// The preprocessed trace, likewise.
    pub(crate) preprocessed: [&'a [ChallengeTarget]; 2],
    /// The accumulator and the fractions of the lookups.
    pub(crate) permutation: [&'a [ChallengeTarget]; 2],
    /// For each lookup its bus's offset and the combiner of tuples.
    pub(crate) lookup_challenges: &'a [ChallengeTarget],
    /// The sum of the table's fractions.
    pub(crate) terminal: Option<ChallengeTarget>,
    pub(crate) periodic: &'a [ChallengeTarget],
    pub(crate) public_values: &'a [ChallengeTarget],
    pub(crate) selectors: &'a Selectors,
}

/// Values of the shared nodes, by address: the symbolic builder shares a node by its `Arc`, and
/// the constraints keep all of them alive.
struct Evaluator<'a> {
    builder: &'a mut Builder,
    row: &'a Row<'a>,
    base: HashMap<*const SymbolicExpression<Val>, Value>,
    extension: HashMap<*const SymbolicExpressionExt<Val, Challenge>, Value>,
}

impl Evaluator<'_> {
    fn evaluate<L: Leaf>(&mut self, expression: &SymbolicExpr<L>) -> Value {
        match expression {
            SymbolicExpr::Leaf(leaf) => leaf.value(self),
            SymbolicExpr::Add { x, y, .. } => {
                let (x, y) = (self.shared(x), self.shared(y));
                x.add(y, self.builder)
            }
            SymbolicExpr::Sub { x, y, .. } => {
                let (x, y) = (self.shared(x), self.shared(y));
                x.sub(y, self.builder)
            }
            SymbolicExpr::Neg { x, .. } => self.shared(x).neg(),
            SymbolicExpr::Mul { x, y, .. } => {
                let (x, y) = (self.shared(x), self.shared(y));
                x.mul(y, self.builder)
            }
        }
    }

    fn shared<L: Leaf>(&mut self, node: &Arc<SymbolicExpr<L>>) -> Value {
        if let Some(value) = L::known(self).get(&Arc::as_ptr(node)) {
            return *value;
        }
        let value = self.evaluate(node);
        L::known(self).insert(Arc::as_ptr(node), value);
        value
    }
}

/// The leaves of base and of extension expressions.
trait Leaf: Sized {
    fn known<'a>(
        evaluator: &'a mut Evaluator<'_>,
    ) -> &'a mut HashMap<*const SymbolicExpr<Self>, Value>;

    fn value(&self, evaluator: &mut Evaluator<'_>) -> Value;
}

impl Leaf for BaseLeaf<Val> {
    fn known<'a>(
        evaluator: &'a mut Evaluator<'_>,
    ) -> &'a mut HashMap<*const SymbolicExpr<Self>, Value> {
        &mut evaluator.base
    }

    fn value(&self, evaluator: &mut Evaluator<'_>) -> Value {
        let row = evaluator.row;
        match self {
            Self::Variable(variable) => match variable.entry {
                BaseEntry::Main { offset } => row.main[offset][variable.index],
                BaseEntry::Preprocessed { offset } => row.preprocessed[offset][variable.index],
                BaseEntry::Periodic => row.periodic[variable.index],
                BaseEntry::Public => row.public_values[variable.index],
            },
            Self::IsFirstRow => row.selectors.first_row,
            Self::IsLastRow => row.selectors.last_row,
            Self::IsTransition => row.selectors.transition,
            Self::Constant(constant) => return Value::base_constant(to_plonky2(*constant)),
        }
        .into()
    }
}

impl Leaf for ExtLeaf<Val, Challenge> {
    fn known<'a>(
        evaluator: &'a mut Evaluator<'_>,
    ) -> &'a mut HashMap<*const SymbolicExpr<Self>, Value> {
        &mut evaluator.extension
    }

    fn value(&self, evaluator: &mut Evaluator<'_>) -> Value {
        let row = evaluator.row;
        match self {
            Self::Base(expression) => evaluator.evaluate(expression),
            Self::ExtVariable(variable) => match variable.entry {
                ExtEntry::Permutation { offset } => row.permutation[offset][variable.index],
                ExtEntry::Challenge => row.lookup_challenges[variable.index],
                ExtEntry::PermutationValue => {
                    row.terminal.expect("a table whose constraints read it has a terminal")
                }
            }
            .into(),
            Self::ExtConstant(constant) => Value::Constant(to_plonky2_extension(*constant)),
        }
    }
}

#[cfg(test)]
mod tests;
