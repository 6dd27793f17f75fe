//! The shrink: any proof of the header chain becomes one with the SNARK's public input.

use cairn_types::SealStatement;
use plonky2::field::types::Field;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::public_input::parts;
use crate::circuit_set::{CircuitSet, Family};
use crate::config::{Circuit, F, Proof, SHRINK};
use crate::proving::prove;
use crate::recursion::{MemberTarget, Proven, RecursionError};
use crate::source::{Build, CircuitSource, finish};
use crate::statement::{SealStatementTarget, Statement};

/// Verifies a seal wrapper's or chain node's proof of any circuit set.
///
/// 4 public inputs, see [`SealStatement::public_input_parts`]. The circuit-set root is part of what
/// they hash, so that L1 decides which sets it accepts.
#[derive(Debug)]
pub struct Shrink {
    /// The circuit, for the layer above.
    pub circuit: Circuit,
    statement: SealStatementTarget,
    member: MemberTarget,
}

impl Shrink {
    /// Builds the circuit. It depends on the common shape of the recursion only.
    ///
    /// # Panics
    /// If the layer is too weak: an error in its parameters.
    pub fn build() -> Self {
        Self::from_source(&Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::build`].
    pub fn from_source(source: &impl CircuitSource) -> Self {
        let mut builder = SHRINK.builder();
        let statement = SealStatementTarget {
            kind: builder.add_virtual_target(),
            circuit_set_root: builder.add_virtual_target_arr(),
            from: builder.add_virtual_target_arr(),
            to: builder.add_virtual_target_arr(),
        };
        let member = MemberTarget::new(&mut builder, Family::Chain, statement.circuit_set_root);
        let digest = statement.digest(&mut builder);
        builder.connect_array(member.statement_digest(), digest);
        let parts = parts(&mut builder, &statement);
        builder.register_public_inputs(&parts);
        Self { circuit: finish(SHRINK.name, builder, source), statement, member }
    }

    /// Proves the public input of a proven seal statement. The proof has been verified.
    ///
    /// # Errors
    /// If the proof is not of the chain family, states something else, or does not verify in this
    /// circuit set.
    pub fn prove(
        &self,
        set: &CircuitSet,
        statement: &SealStatement,
        proven: &Proven,
    ) -> Result<Proof, RecursionError> {
        if proven.role.family() != Family::Chain {
            return Err(RecursionError::Role { expected: Family::Chain, got: proven.role });
        }
        if proven.statement != Statement::from(statement) {
            return Err(RecursionError::Statement);
        }
        Ok(prove(&self.circuit, self.assign(set, statement, proven)?)?)
    }

    /// The private inputs, unchecked.
    pub(crate) fn assign(
        &self,
        set: &CircuitSet,
        statement: &SealStatement,
        proven: &Proven,
    ) -> Result<PartialWitness<F>, RecursionError> {
        let elements = statement.to_elements().into_iter().map(F::from_canonical_u64);
        let mut inputs = PartialWitness::new();
        inputs
            .set_target_arr(&self.statement.to_vec(), &elements.collect::<Vec<_>>())
            .map_err(|error| RecursionError::Assignment(error.to_string()))?;
        self.member.assign(&mut inputs, set, proven)?;
        Ok(inputs)
    }
}
