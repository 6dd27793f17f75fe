//! Verification of one proof of the common shape whose key is in the circuit set.
//!
//! For nodes, and for later circuits (seal, shrink) that take a proof of the recursion.

use cairn_gadgets::poseidon2::{CairnConfig, DigestTarget};
use plonky2::hash::hash_types::HashOut;
use plonky2::iop::target::BoolTarget;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::VerifierCircuitTarget;
use plonky2::plonk::proof::ProofWithPublicInputsTarget;

use super::{Proven, RecursionError, shape};
use crate::circuit_set::{CircuitSet, DEPTH, FAMILY_BITS, Family, assert_member};
use crate::config::{Builder, D, F};

/// The private inputs of one verification.
#[derive(Clone, Debug)]
pub struct MemberTarget {
    proof: ProofWithPublicInputsTarget<D>,
    key: VerifierCircuitTarget,
    /// Which member of the family: the free bits of its position.
    member: [BoolTarget; FAMILY_BITS],
    path: [DigestTarget; DEPTH],
}

impl MemberTarget {
    /// Verifies a proof of the common shape under a key that stands, in a role of `family`, in the
    /// circuit set of `circuit_set_root`. About 3,600 rows in a circuit of [`crate::config::RECURSION`].
    ///
    /// Proof, key and role are free; [`Self::statement_digest`] is all that the proof says. Trust: the
    /// caller binds `circuit_set_root`, and compares it with the root in the statement's environment (the
    /// proof itself may be of a circuit that trusts another set).
    pub fn new(builder: &mut Builder, family: Family, circuit_set_root: DigestTarget) -> Self {
        let common = shape::common();
        let proof = builder.add_virtual_proof_with_pis(common);
        let key = builder.add_virtual_verifier_data(common.config.fri_config.cap_height);
        let member = [0; FAMILY_BITS].map(|_| builder.add_virtual_bool_target_unsafe());
        let path = [0; DEPTH].map(|_| builder.add_virtual_hash().elements);
        assert_member(builder, family, member, &key, &path, circuit_set_root);
        builder.verify_proof::<CairnConfig>(&proof, &key, common);
        Self { proof, key, member, path }
    }

    /// The digest of the proven statement.
    pub fn statement_digest(&self) -> DigestTarget {
        std::array::from_fn(|i| self.proof.public_inputs[i])
    }

    /// Sets the private inputs.
    ///
    /// # Errors
    /// If the set has no such role, or a target was set to another value before.
    pub fn assign(
        &self,
        witness: &mut PartialWitness<F>,
        set: &CircuitSet,
        proven: &Proven,
    ) -> Result<(), RecursionError> {
        let key = set.key(proven.role)?;
        let mut assign = || -> anyhow::Result<()> {
            witness.set_proof_with_pis_target(&self.proof, &proven.proof)?;
            witness.set_verifier_data_target(&self.key, key)?;
            for (target, bit) in self.member.into_iter().zip(proven.role.member_bits()) {
                witness.set_bool_target(target, bit)?;
            }
            for (target, elements) in self.path.iter().zip(set.path(proven.role)) {
                witness.set_hash_target((*target).into(), HashOut { elements })?;
            }
            Ok(())
        };
        assign().map_err(|error| RecursionError::Assignment(error.to_string()))
    }
}
