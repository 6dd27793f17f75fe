//! Where a circuit's data come from: built here, or kept from an earlier build of the same
//! constraints.
//!
//! Adding the constraints to a builder takes a moment and yields the targets; turning them into a
//! circuit (permutation, commitment to the constants) takes seconds and a hundred megabytes. So a
//! cache keeps the second part only, and every constructor runs the first again.

use plonky2::field::types::Field;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::{GenericConfig, Hasher};

use crate::config::{Builder, D, F};
use crate::soundness::circuit_security;

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

/// Circuits without a commitment to their constants: what a layer costs and is worth can be told in
/// a moment. Rows, gates and parameters are those of [`Build`]; the key is made up, so that nothing
/// can be proven or verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline;

impl CircuitSource for Outline {
    fn finish<C: GenericConfig<D, F = F> + 'static>(
        &self,
        builder: Builder,
    ) -> CircuitData<F, C, D> {
        let (mut circuit, _) = builder.try_build_with_options::<C>(false);
        // As many digests as the key has, no two of them equal: the circuit above, in which they
        // are constants, has the rows that it would have with the true ones.
        let digest = |i| C::Hasher::hash_no_pad(&[F::from_canonical_usize(i)]);
        let cap_height = circuit.common.config.fri_config.cap_height;
        let cap = MerkleCap((0..1 << cap_height).map(digest).collect());
        circuit.verifier_only.constants_sigmas_cap = cap;
        circuit
    }
}

/// Turns the constraints of a layer into its circuit.
///
/// # Panics
/// If the layer has fewer bits of soundness than every layer must have. This is an error in
/// its parameters or its size, and so in the code, not in an input.
pub(crate) fn finish<C: GenericConfig<D, F = F> + 'static>(
    layer: &str,
    builder: Builder,
    source: &impl CircuitSource,
) -> CircuitData<F, C, D> {
    let circuit = source.finish(builder);
    if let Err(weak) = circuit_security(layer, &circuit).require() {
        panic!("{weak}");
    }
    circuit
}

#[cfg(test)]
mod tests {
    use cairn_gadgets::poseidon2::CairnConfig;
    use plonky2::gates::noop::NoopGate;

    use super::*;
    use crate::config::{Circuit, LEAF, Layer};

    fn rows(layer: &Layer) -> Builder {
        let mut builder = layer.builder();
        builder.add_virtual_public_input();
        (0..1000).for_each(|_| _ = builder.add_gate(NoopGate, vec![]));
        builder
    }

    #[test]
    fn an_outline_has_the_shape_of_the_circuit() {
        let circuit: Circuit = finish("leaf", rows(&LEAF), &Build);
        let outline: Circuit = finish("leaf", rows(&LEAF), &Outline);
        assert_eq!(circuit.common, outline.common);
        let len = |circuit: &Circuit| circuit.verifier_only.constants_sigmas_cap.len();
        assert_eq!(len(&circuit), len(&outline));
    }

    #[test]
    #[should_panic(expected = "layer weak: expected at least")]
    fn a_weak_layer_is_not_built() {
        finish::<CairnConfig>("strong", rows(&LEAF), &Outline);
        // By the count of plonky2's builder, three bits a query, this is no weaker.
        let weak = Layer { queries: LEAF.queries + 2, proof_of_work_bits: 10, ..LEAF };
        finish::<CairnConfig>("weak", rows(&weak), &Outline);
    }
}
