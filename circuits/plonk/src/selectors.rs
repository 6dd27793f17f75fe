//! Which gate a row has: plonky2's selectors.
//!
//! Gates, sorted by degree, are cut into groups, each with a selector column. In a row of gate i the column of
//! its group holds i, all others hold [`UNUSED`] (which occurs only if there are several). The *filter* of
//! a gate is the product of `j - s` over all other values j that its column can hold: not zero in its own
//! rows, zero in all others.

use std::ops::Range;

use cairn_gadgets::gates::Gate;
use cairn_gadgets::ring::Ring;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::gates::gate::GateRef;
use plonky2::plonk::circuit_data::CommonCircuitData;

use crate::circuit::CircuitError;
use crate::config::MAX_DEGREE;

/// What a selector holds in rows of another group's gates.
pub(crate) const UNUSED: u64 = u32::MAX as u64;

/// A gate and how it is selected.
#[derive(Clone, Debug)]
pub(crate) struct SelectedGate {
    pub(crate) gate: Gate,
    /// The selector's column.
    pub(crate) selector: usize,
    /// The other values that the column can hold.
    pub(crate) others: Vec<GoldilocksField>,
}

impl SelectedGate {
    /// The filter.
    #[inline(always)]
    pub(crate) fn filter<R: Ring>(&self, ring: &mut R, selectors: &[R::Value]) -> R::Value {
        let selector = selectors[self.selector];
        let factor = |ring: &mut R, other: GoldilocksField| {
            let other = ring.constant(other);
            ring.sub(other, selector)
        };
        let Some((&first, rest)) = self.others.split_first() else {
            return ring.constant(GoldilocksField::ONE);
        };
        let first = factor(ring, first);
        rest.iter().fold(first, |product, &other| {
            let factor = factor(ring, other);
            ring.mul(product, factor)
        })
    }
}

/// The gates of a circuit, as plonky2 selects them.
///
/// # Errors
/// [`CircuitError::Gate`] for a gate whose constraints are not known, [`CircuitError::Selectors`] if plonky2
/// has another number of selectors than its version 1.1.0 makes.
pub(crate) fn selected(
    common: &CommonCircuitData<GoldilocksField, 2>,
) -> Result<Vec<SelectedGate>, CircuitError> {
    let groups = groups(&common.gates);
    let (expected, got) = (groups.len(), common.selectors_info.num_selectors());
    if expected != got {
        return Err(CircuitError::Selectors { expected, got });
    }
    let mut selected = vec![];
    for (selector, group) in groups.iter().enumerate() {
        for index in group.clone() {
            let gate = &common.gates[index];
            let unused = (groups.len() > 1).then_some(UNUSED);
            let others = group.clone().filter(|&other| other != index).map(|other| other as u64);
            selected.push(SelectedGate {
                gate: Gate::recognise(gate).ok_or_else(|| CircuitError::Gate(gate.0.id()))?,
                selector,
                others: others.chain(unused).map(GoldilocksField::from_canonical_u64).collect(),
            });
        }
    }
    Ok(selected)
}

/// plonky2's groups: one if that is possible, else each as long as degrees allow.
fn groups(gates: &[GateRef<GoldilocksField, 2>]) -> Vec<Range<usize>> {
    let degree = |i: usize| gates[i].0.degree();
    if degree(gates.len() - 1) + gates.len() - 1 <= MAX_DEGREE {
        return std::iter::once(0..gates.len()).collect();
    }
    let mut groups: Vec<Range<usize>> = vec![];
    for i in 0..gates.len() {
        match groups.last_mut() {
            Some(group) if group.len() + degree(i) < MAX_DEGREE => group.end = i + 1,
            _ => groups.push(i..i + 1),
        }
    }
    groups
}
