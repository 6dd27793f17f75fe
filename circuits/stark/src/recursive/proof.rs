//! A batch proof as targets, and their witness from a native proof.

use cairn_gadgets::field::to_plonky2;
use p3_batch_stark::BatchShape;
use p3_batch_stark::proof::OpenedValuesWithLookups;
use p3_field::BasedVectorSpace;
use p3_symmetric::MerkleCap;
use plonky2::hash::hash_types::MerkleCapTarget;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::extension::{Builder, ChallengeTarget, F};
use super::fri::FriProofTarget;
use super::layout::Layout;
use super::shape::TableShape;
use super::transcript;
use crate::config::{Challenge, DIGEST, Parameters, Val};
use crate::native::{Error, Keys, Proof, Table, count, verify};

/// A batch proof in a circuit that verifies it, and the statement proved.
#[derive(Clone, Debug)]
pub struct StarkProofTarget {
    pub(crate) batch: BatchTarget,
    pub(crate) opening: FriProofTarget,
    pub(crate) layout: Layout,
    pub(crate) tables: Vec<TableShape>,
}

/// A batch proof but for its opening argument.
#[derive(Clone, Debug)]
pub(crate) struct BatchTarget {
    /// For each table its public values.
    pub(crate) public_values: Vec<Vec<Target>>,
    pub(crate) commitments: Commitments,
    pub(crate) tables: Vec<TableOpenings>,
    /// `None` for a table without lookups.
    pub(crate) terminals: Vec<Option<ChallengeTarget>>,
    /// `None` where no work is asked for.
    pub(crate) lookup_work: Option<Target>,
    /// `None` where no work is asked for.
    pub(crate) point_work: Option<Target>,
}

/// The prover's commitments, a cap each.
#[derive(Clone, Debug)]
pub(crate) struct Commitments {
    pub(crate) main: MerkleCapTarget,
    /// `None` without lookups.
    pub(crate) permutation: Option<MerkleCapTarget>,
    pub(crate) quotient: MerkleCapTarget,
}

/// The values of one table's columns at zeta and at the next row's point.
///
/// A column of extension elements is committed to as two base columns, so it is opened as two
/// extension elements.
#[derive(Clone, Debug)]
pub(crate) struct TableOpenings {
    pub(crate) main: Vec<ChallengeTarget>,
    pub(crate) main_next: Option<Vec<ChallengeTarget>>,
    pub(crate) preprocessed: Option<Vec<ChallengeTarget>>,
    pub(crate) preprocessed_next: Option<Vec<ChallengeTarget>>,
    /// Empty without lookups.
    pub(crate) permutation: Vec<ChallengeTarget>,
    /// Empty without lookups.
    pub(crate) permutation_next: Vec<ChallengeTarget>,
    pub(crate) quotient_chunks: Vec<[ChallengeTarget; 2]>,
}

impl TableOpenings {
    fn new(builder: &mut Builder, table: &TableShape) -> Self {
        let mut row = |width| builder.add_virtual_extension_targets(width);
        let has_preprocessed = table.preprocessed_width > 0;
        Self {
            main: row(table.width),
            main_next: table.opens_next.then(|| row(table.width)),
            preprocessed: has_preprocessed.then(|| row(table.preprocessed_width)),
            preprocessed_next: table.opens_preprocessed_next.then(|| row(table.preprocessed_width)),
            permutation: row(table.permutation_width()),
            permutation_next: row(table.permutation_width()),
            quotient_chunks: (0..table.quotient_chunks)
                .map(|_| builder.add_virtual_extension_targets(2))
                .map(|chunk| [chunk[0], chunk[1]])
                .collect(),
        }
    }

    fn set_witness(
        &self,
        witness: &mut PartialWitness<F>,
        opened: &OpenedValuesWithLookups<Challenge>,
    ) -> Result<(), Error> {
        let base = &opened.base_opened_values;
        let mut set = |targets: &[_], values: Option<&[_]>| {
            set_challenges(witness, targets, values.unwrap_or_default())
        };
        let optional = |row: &'_ Option<Vec<_>>| row.clone().unwrap_or_default();
        set(&self.main, Some(&base.trace_local))?;
        set(&optional(&self.main_next), base.trace_next.as_deref())?;
        set(&optional(&self.preprocessed), base.preprocessed_local())?;
        set(&optional(&self.preprocessed_next), base.preprocessed_next())?;
        set(&self.permutation, Some(&opened.permutation_local))?;
        set(&self.permutation_next, Some(&opened.permutation_next))?;
        set(&self.quotient_chunks.concat(), Some(&base.quotient_chunks.concat()))
    }
}

impl BatchTarget {
    /// Unconstrained targets in the shape of the tables' proofs.
    pub(crate) fn new(
        builder: &mut Builder,
        parameters: &Parameters,
        tables: &[TableShape],
        transcript: &BatchShape,
    ) -> Self {
        let mut cap = |log_heights: &mut dyn Iterator<Item = usize>| {
            let log_height = log_heights.max().expect("a commitment has a table");
            // A tree lower than the cap is all cap.
            let log_leaves = log_height + parameters.log_blowup;
            builder.add_virtual_cap(parameters.cap_height.min(log_leaves))
        };
        let has_lookups = transcript.has_lookups();
        let mut with_lookups =
            tables.iter().filter(|table| table.lookups > 0).map(|table| table.log_height);
        let commitments = Commitments {
            main: cap(&mut tables.iter().map(|table| table.log_height)),
            permutation: has_lookups.then(|| cap(&mut with_lookups)),
            quotient: cap(&mut tables.iter().map(|table| table.log_height)),
        };
        let lookup_work = has_lookups && transcript.lookup_pow_bits > 0;
        Self {
            commitments,
            public_values: tables
                .iter()
                .map(|table| builder.add_virtual_targets(table.public_values))
                .collect(),
            tables: tables.iter().map(|table| TableOpenings::new(builder, table)).collect(),
            terminals: tables
                .iter()
                .map(|table| (table.lookups > 0).then(|| builder.add_virtual_extension_target()))
                .collect(),
            lookup_work: lookup_work.then(|| builder.add_virtual_target()),
            point_work: (transcript.ood_pow_bits > 0).then(|| builder.add_virtual_target()),
        }
    }

    /// The terminals of the tables that have one.
    pub(crate) fn terminals(&self) -> Vec<ChallengeTarget> {
        self.terminals.iter().flatten().copied().collect()
    }

    /// Sets all targets.
    ///
    /// # Errors
    /// [`Error::Count`] if the shape is not the circuit's.
    pub(crate) fn set_witness(
        &self,
        witness: &mut PartialWitness<F>,
        proof: &Proof,
        public_values: &[Vec<Val>],
    ) -> Result<(), Error> {
        count("lists of public values", self.public_values.len(), public_values.len())?;
        for (targets, values) in self.public_values.iter().zip(public_values) {
            set_elements(witness, targets, values)?;
        }
        let Commitments { main, permutation, quotient } = &self.commitments;
        set_cap(witness, main, &proof.commitments.main)?;
        set_cap(witness, quotient, &proof.commitments.quotient_chunks)?;
        if let (Some(target), Some(cap)) = (permutation, &proof.commitments.permutation) {
            set_cap(witness, target, cap)?;
        }
        let opened = &proof.opened_values.instances;
        count("tables", self.tables.len(), opened.len())?;
        for (targets, values) in self.tables.iter().zip(opened) {
            targets.set_witness(witness, values)?;
        }
        let terminals: Vec<_> =
            proof.lookup_terminals.iter().flatten().map(|terminal| terminal.0).collect();
        set_challenges(witness, &self.terminals(), &terminals)?;
        let lookup_work = proof.lookup_pow_witness.as_slice();
        let lookup_work = self.lookup_work.map_or(&[][..], |_| lookup_work);
        set_elements(witness, self.lookup_work.as_slice(), lookup_work)?;
        let point_work = self.point_work.map(|_| proof.ood_pow_witness);
        set_elements(witness, self.point_work.as_slice(), point_work.as_slice())
    }
}

impl StarkProofTarget {
    /// The public values of each table, which the proof is about. All other targets are the prover's.
    pub fn public_values(&self) -> &[Vec<Target>] {
        &self.batch.public_values
    }

    /// Sets all targets to a proof and its statement.
    ///
    /// # Errors
    /// Those of [`verify`]: a proof that the native verifier rejects is no witness.
    ///
    /// # Panics
    /// If `keys` and `airs` are not those of the circuit.
    pub fn set_witness<A: Table>(
        &self,
        witness: &mut PartialWitness<F>,
        keys: &Keys,
        airs: &[A],
        proof: &Proof,
        public_values: &[Vec<Val>],
    ) -> Result<(), Error> {
        verify(keys, airs, proof, public_values)?;
        self.set_unverified(witness, keys, airs, proof, public_values)
    }

    /// Like [`Self::set_witness`] for a proof of the circuit's shape that need not be valid.
    pub(crate) fn set_unverified<A: Table>(
        &self,
        witness: &mut PartialWitness<F>,
        keys: &Keys,
        airs: &[A],
        proof: &Proof,
        public_values: &[Vec<Val>],
    ) -> Result<(), Error> {
        self.batch.set_witness(witness, proof, public_values)?;
        let (mut challenger, claims) =
            transcript::native_claims(keys, airs, &self.tables, proof, public_values)
                .map_err(|error| Error::Rejected(Box::new(error)))?;
        let opening = &proof.opening_proof;
        self.opening.set_witness(witness, &self.layout, &claims, opening, &mut challenger)
    }
}

fn set_cap(
    witness: &mut PartialWitness<F>,
    targets: &MerkleCapTarget,
    cap: &MerkleCap<Val, [Val; DIGEST]>,
) -> Result<(), Error> {
    let targets: Vec<_> = targets.0.iter().flat_map(|digest| digest.elements).collect();
    set_elements(witness, &targets, cap.roots().as_flattened())
}

fn set_elements(
    witness: &mut PartialWitness<F>,
    targets: &[Target],
    values: &[Val],
) -> Result<(), Error> {
    count("elements of a proof", targets.len(), values.len())?;
    for (&target, &value) in targets.iter().zip(values) {
        witness
            .set_target(target, to_plonky2(value))
            .map_err(|error| Error::Opening(error.to_string()))?;
    }
    Ok(())
}

fn set_challenges(
    witness: &mut PartialWitness<F>,
    targets: &[ChallengeTarget],
    values: &[Challenge],
) -> Result<(), Error> {
    let targets: Vec<_> = targets.iter().flat_map(|target| target.0).collect();
    let values: Vec<_> =
        values.iter().flat_map(|value| value.as_basis_coefficients_slice().to_vec()).collect();
    set_elements(witness, &targets, &values)
}
