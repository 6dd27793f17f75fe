//! Small circuits for the tests of the recursive verifier.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};

use super::extension::{Builder, F};
use crate::config::D;

/// A circuit under construction with its inputs.
pub(crate) struct Circuit {
    pub(crate) builder: Builder,
    pub(crate) witness: PartialWitness<F>,
}

impl Default for Circuit {
    fn default() -> Self {
        let config = CircuitConfig::standard_recursion_config();
        Self { builder: Builder::new(config), witness: PartialWitness::new() }
    }
}

impl Circuit {
    /// An unconstrained target with this value.
    pub(crate) fn input(&mut self, value: F) -> Target {
        let target = self.builder.add_virtual_target();
        self.witness.set_target(target, value).unwrap();
        target
    }

    /// Constrains the target to be the value.
    pub(crate) fn expect(&mut self, target: Target, value: F) {
        let value = self.builder.constant(value);
        self.builder.connect(target, value);
    }
}

/// Whether the circuit has a proof.
pub(crate) fn accepts(circuit: Circuit) -> bool {
    proves(&circuit.builder.build(), circuit.witness)
}

/// Whether a proof with this witness verifies. plonky2 answers a false statement with an error, with a
/// panic or with a proof that does not verify.
pub(crate) fn proves(data: &CircuitData<F, CairnConfig, D>, witness: PartialWitness<F>) -> bool {
    catch_unwind(AssertUnwindSafe(|| data.prove(witness).and_then(|proof| data.verify(proof))))
        .is_ok_and(|verdict| verdict.is_ok())
}
