//! Where a circuit's data come from: built here, or kept from an earlier build of the same constraints.
//!
//! Adding the constraints to a builder takes a moment and yields the targets; turning them into a circuit (permutation, commitment to
//! the constants) takes seconds and a hundred megabytes. So a cache keeps the second part only, and every constructor runs
//! the first again.

use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::GenericConfig;

use crate::config::{Builder, D, F};

/// Turns constraints into a circuit.
///
/// Trust: what a source returns must be what [`Build`] would return for the same builder.
pub trait CircuitSource {
    /// The circuit of all constraints in `builder`.
    fn finish<C: GenericConfig<D, F = F> + 'static>(
        &self,
        builder: Builder,
    ) -> CircuitData<F, C, D>;
}

/// Builds every circuit. Deterministic.
#[derive(Clone, Copy, Debug, Default)]
pub struct Build;

impl CircuitSource for Build {
    fn finish<C: GenericConfig<D, F = F> + 'static>(
        &self,
        builder: Builder,
    ) -> CircuitData<F, C, D> {
        builder.build()
    }
}
