//! The node: merges two statements of one kind that follow each other.

use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::{MemberTarget, Proven, RecursionError, shape};
use crate::circuit_set::{CircuitSet, Family, Role};
use crate::config::{Circuit, F, RECURSION, VerifierKey};
use crate::proving::prove;
use crate::source::{Build, CircuitSource};
use crate::statement;

/// Verifies two proofs of a family and exposes the digest of the merged statement.
///
/// There is one environment and one middle state in the circuit. Left is
/// `environment || before || middle`, right is `environment || middle || after`, the result is
/// `environment || before || after`: that the environments are equal and that right starts where left
/// ends needs no further constraint. Children are wrappers or nodes of the family; their keys stand in
/// the circuit set of the environment.
#[derive(Debug)]
pub struct Node {
    family: Family,
    pub(super) circuit: Circuit,
    targets: NodeTargets,
}

#[derive(Debug)]
struct NodeTargets {
    environment: Vec<Target>,
    /// Before, middle, after.
    states: [Vec<Target>; 3],
    children: [MemberTarget; 2],
}

impl Node {
    /// The node over the family's wrappers. It does not depend on the circuit set.
    ///
    /// # Panics
    /// If the layer is too weak: an error in its parameters.
    pub fn new(family: Family) -> Self {
        Self::from_source(family, &Build)
    }

    /// As [`Self::new`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn from_source(family: Family, source: &impl CircuitSource) -> Self {
        let kind = family.kind();
        let mut builder = RECURSION.builder();
        let environment = builder.add_virtual_targets(kind.environment_len());
        let states = [0; 3].map(|_| builder.add_virtual_targets(kind.state_len()));
        let root = std::array::from_fn(|i| environment[kind.circuit_set_root() + i]);

        let children = [0, 1].map(|child| {
            let member = MemberTarget::new(&mut builder, family, root);
            let elements = [&environment[..], &states[child], &states[child + 1]].concat();
            let digest = statement::digest(&mut builder, kind, &elements);
            for (computed, exposed) in digest.into_iter().zip(member.statement_digest()) {
                builder.connect(computed, exposed);
            }
            member
        });

        let merged = [&environment[..], &states[0], &states[2]].concat();
        let digest = statement::digest(&mut builder, kind, &merged);
        builder.register_public_inputs(&digest);

        let targets = NodeTargets { environment, states, children };
        Self { family, circuit: shape::finish(builder, source), targets }
    }

    /// The key of this node, for the circuit set.
    pub fn key(&self) -> &VerifierKey {
        &self.circuit.verifier_only
    }

    /// Merges two proofs; the result has been verified.
    ///
    /// # Errors
    /// If a child is not of the family or does not expose its statement, if the statements do not
    /// follow each other, if they name another circuit set, or if a proof does not verify.
    pub fn prove(
        &self,
        set: &CircuitSet,
        left: &Proven,
        right: &Proven,
    ) -> Result<Proven, RecursionError> {
        for child in [left, right] {
            if child.role.family() != self.family {
                return Err(RecursionError::Role { expected: self.family, got: child.role });
            }
            super::check_statement(self.family, &child.statement, &child.proof)?;
        }
        if left.statement.circuit_set_root() != set.root() {
            return Err(RecursionError::CircuitSet);
        }
        let statement = left.statement.then(&right.statement).ok_or(RecursionError::Gap)?;
        let witness = self.witness(set, left, right)?;
        let proof = prove(&self.circuit, witness)?;
        Ok(Proven { role: Role::Node(self.family), statement, proof })
    }

    /// The private inputs, unchecked.
    pub(super) fn witness(
        &self,
        set: &CircuitSet,
        left: &Proven,
        right: &Proven,
    ) -> Result<PartialWitness<F>, RecursionError> {
        let mut witness = PartialWitness::new();
        let NodeTargets { environment, states: [before, middle, after], children } = &self.targets;
        let (l, r) = (&left.statement, &right.statement);
        let values = [
            (environment, l.environment()),
            (before, l.before()),
            (middle, l.after()),
            (after, r.after()),
        ];
        for (targets, values) in values {
            witness
                .set_target_arr(targets, values)
                .map_err(|error| RecursionError::Assignment(error.to_string()))?;
        }
        for (target, child) in children.iter().zip([left, right]) {
            target.assign(&mut witness, set, child)?;
        }
        Ok(witness)
    }
}
