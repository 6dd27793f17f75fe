//! Reads and writes of leaves, over the memory bus.
//!
//! An access takes a leaf as the access before has left it, and leaves it changed. For each leaf
//! that is touched the tree says what it was at time 0 and hears once what it is at last: so the
//! accesses of a leaf are one chain. Time grows along it, so that the chain has the order of the
//! operations; ids are below `2^32` as the tree has no others.

use cairn_primitives::F;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use crate::bus::MEMORY;
use crate::expression::Expression;

/// Rows a table of operations may have: times differ by less than `2^16`.
pub const MAX_HEIGHT: usize = 1 << 14;

/// The place of an access in its operation (`docs/spec.md`, section 4; a deposit reads the leaf
/// that it names at A, and pays at B).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The leaf that pays, or that a deposit names.
    A = 1,
    /// The leaf that is paid or created.
    B = 2,
    /// The leaf that collects the fee.
    C = 3,
}

impl Place {
    /// When an access happens, in row `clock`.
    pub(crate) fn time<E: PrimeCharacteristicRing>(self, clock: E) -> E {
        clock * E::from_u32(3) + E::from_u32(self as u32)
    }

    /// As [`Self::time`], as an integer.
    pub(crate) const fn time_in_row(self, row: u32) -> u32 {
        3 * row + self as u32
    }
}

/// The eight elements of a leaf: key, token, nonce, balance.
pub(crate) type Leaf<E> = [E; 8];

/// A leaf from its parts.
pub(crate) fn leaf<E>(key: [E; 5], token: E, nonce: E, balance: E) -> Leaf<E> {
    let [k0, k1, k2, k3, k4] = key;
    [k0, k1, k2, k3, k4, token, nonce, balance]
}

/// An access of the leaf `id`.
#[derive(Debug, Clone)]
pub(crate) struct Access<E> {
    /// Which leaf.
    pub(crate) id: E,
    /// When.
    pub(crate) time: E,
    /// How much earlier the access before was, less one: below `2^16`, checked by the caller.
    pub(crate) gap: E,
    /// The leaf as it was found.
    pub(crate) before: Leaf<E>,
    /// The leaf as it is left.
    pub(crate) after: Leaf<E>,
}

impl<E> Access<E> {
    /// Takes the leaf and leaves it, where `enabled` (a bit) is set.
    pub(crate) fn perform<AB>(self, builder: &mut AB, enabled: E)
    where
        AB: InteractionBuilder<F = F, Expr = E>,
        E: Expression<AB::Var>,
    {
        let Self { id, time, gap, before, after } = self;
        let previous = time.clone() - gap - E::ONE;
        let message = |time: E, leaf: Leaf<E>| [id.clone(), time].into_iter().chain(leaf);
        let count = || Count::bounded(enabled.clone(), 1);
        MEMORY.receive(builder, message(previous, before), count());
        MEMORY.send(builder, message(time, after), count());
    }
}
