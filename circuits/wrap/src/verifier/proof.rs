//! The wrapped proof as plain data, generic in what stands for a Goldilocks limb and for a digest.
//!
//! `Proof<u64, Fr>` holds values, `Proof<Base, Lc>` the wires of the same proof.

use ark_bn254::Fr;
use plonky2::field::extension::{FieldExtension, flatten};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::PrimeField64;
use plonky2::fri::proof::FriQueryRound;
use plonky2::hash::merkle_proofs::MerkleProof;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::plonk::proof::{OpeningSet, ProofWithPublicInputs};
use thiserror::Error;

use super::circuit::Circuit;
use super::extension::{D, ExtensionField};
use crate::config::{NUM_PUBLIC_INPUTS, WrapConfig, WrapHasher};

type F = GoldilocksField;

/// A part of the proof has another length than the circuit fixes.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{part}: expected {expected} elements, got {got}")]
pub struct ProofShapeError {
    /// The part of the proof.
    pub part: &'static str,
    /// The length that the circuit fixes.
    pub expected: usize,
    /// The proof's length.
    pub got: usize,
}

/// Values of the polynomials at zeta, and of Z at `g zeta`; `E` stands for an extension element.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Openings<E> {
    /// Selectors, then gate constants.
    pub(crate) constants: Vec<E>,
    /// Permutation polynomials.
    pub(crate) sigmas: Vec<E>,
    /// Wires.
    pub(crate) wires: Vec<E>,
    /// Z, one a challenge.
    pub(crate) zs: Vec<E>,
    /// Partial products, challenge by challenge.
    pub(crate) partial_products: Vec<E>,
    /// Quotient chunks, challenge by challenge.
    pub(crate) quotient: Vec<E>,
    /// Z at `g zeta`.
    pub(crate) zs_next: Vec<E>,
}

/// A leaf of a Merkle tree and the path to the cap, bottom first.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct MerkleOpening<L, H> {
    /// Limbs of the leaf.
    pub(crate) leaf: Vec<L>,
    /// Sibling digests.
    pub(crate) siblings: Vec<H>,
}

/// One FRI query.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Query<L, H> {
    /// The four oracles: constants and sigmas, wires, Z and partial products, quotient.
    pub(crate) initial: Vec<MerkleOpening<L, H>>,
    /// The folded layers; a leaf is a coset of evaluations, two limbs each.
    pub(crate) layers: Vec<MerkleOpening<L, H>>,
}

/// A proof of the wrap circuit.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Proof<L, H> {
    /// Public inputs, below 2^63 each.
    pub(crate) public_inputs: Vec<L>,
    /// Cap of the wire polynomials.
    pub(crate) wires_cap: Vec<H>,
    /// Cap of Z and the partial products.
    pub(crate) zs_cap: Vec<H>,
    /// Cap of the quotient chunks.
    pub(crate) quotient_cap: Vec<H>,
    /// Openings.
    pub(crate) openings: Openings<[L; D]>,
    /// A cap for each folded layer.
    pub(crate) layer_caps: Vec<Vec<H>>,
    /// Coefficients of the last, unfolded polynomial.
    pub(crate) final_poly: Vec<[L; D]>,
    /// Proof-of-work witness.
    pub(crate) pow_witness: L,
    /// Queries.
    pub(crate) queries: Vec<Query<L, H>>,
}

impl Proof<u64, Fr> {
    /// The values of a plonky2 proof, limbs in canonical form.
    ///
    /// Checks every length against the circuit, nothing else: a wrong proof of the right shape becomes an
    /// unsatisfied constraint system.
    ///
    /// # Errors
    /// The first part that has another length than the circuit fixes.
    pub(crate) fn from_plonky2(
        proof: &ProofWithPublicInputs<F, WrapConfig, D>,
        circuit: &Circuit,
    ) -> Result<Self, ProofShapeError> {
        let fri = &proof.proof.opening_proof;
        let values = Self {
            public_inputs: limbs(&proof.public_inputs),
            wires_cap: cap(&proof.proof.wires_cap),
            zs_cap: cap(&proof.proof.plonk_zs_partial_products_cap),
            quotient_cap: cap(&proof.proof.quotient_polys_cap),
            openings: Openings::from_plonky2(&proof.proof.openings),
            layer_caps: fri.commit_phase_merkle_caps.iter().map(cap).collect(),
            final_poly: extensions(&fri.final_poly.coeffs),
            pow_witness: fri.pow_witness.to_canonical_u64(),
            queries: fri.query_round_proofs.iter().map(Query::from_plonky2).collect(),
        };
        values.check_shape(circuit)?;
        // Lookup openings have no place in `Openings`.
        let lookups =
            proof.proof.openings.lookup_zs.len() + proof.proof.openings.lookup_zs_next.len();
        check("lookup openings", 0, lookups)?;
        Ok(values)
    }

    pub(super) fn check_shape(&self, circuit: &Circuit) -> Result<(), ProofShapeError> {
        let common = &circuit.common;
        let params = &common.fri_params;
        let (config, fri) = (&common.config, &params.config);
        let caps = [&self.wires_cap, &self.zs_cap, &self.quotient_cap];
        for cap in caps.into_iter().chain(&self.layer_caps) {
            check("Merkle cap", 1 << fri.cap_height, cap.len())?;
        }
        let openings = &self.openings;
        let [_, wires, zs_partial_products, quotient] = circuit.oracle_widths();
        check("public inputs", NUM_PUBLIC_INPUTS, self.public_inputs.len())?;
        check("constants", common.num_constants, openings.constants.len())?;
        check("sigmas", config.num_routed_wires, openings.sigmas.len())?;
        check("wires", wires, openings.wires.len())?;
        check("Z", config.num_challenges, openings.zs.len())?;
        check("next Z", config.num_challenges, openings.zs_next.len())?;
        let partial_products = zs_partial_products - config.num_challenges;
        check("partial products", partial_products, openings.partial_products.len())?;
        check("quotient", quotient, openings.quotient.len())?;
        check("FRI layers", params.reduction_arity_bits.len(), self.layer_caps.len())?;
        check("final polynomial", params.final_poly_len(), self.final_poly.len())?;
        check("queries", fri.num_query_rounds, self.queries.len())?;
        for query in &self.queries {
            query.check_shape(circuit)?;
        }
        Ok(())
    }
}

impl<L, H> Query<L, H> {
    fn check_shape(&self, circuit: &Circuit) -> Result<(), ProofShapeError> {
        let params = &circuit.common.fri_params;
        let widths = circuit.oracle_widths();
        let mut height = params.lde_bits() - params.config.cap_height;
        check("oracles", widths.len(), self.initial.len())?;
        for (opening, width) in self.initial.iter().zip(widths) {
            check("oracle leaf", width, opening.leaf.len())?;
            check("oracle path", height, opening.siblings.len())?;
        }
        check("query layers", params.reduction_arity_bits.len(), self.layers.len())?;
        for (opening, arity_bits) in self.layers.iter().zip(&params.reduction_arity_bits) {
            height -= arity_bits;
            check("layer leaf", D << arity_bits, opening.leaf.len())?;
            check("layer path", height, opening.siblings.len())?;
        }
        Ok(())
    }
}

impl<L, H> Proof<L, H> {
    /// Applies `limb` and `digest` to every element, in the order of the fields.
    pub(crate) fn map<C, L2, H2>(
        &self,
        cx: &mut C,
        limb: fn(&mut C, &L) -> L2,
        digest: fn(&mut C, &H) -> H2,
    ) -> Proof<L2, H2> {
        Proof {
            public_inputs: each(cx, &self.public_inputs, limb),
            wires_cap: each(cx, &self.wires_cap, digest),
            zs_cap: each(cx, &self.zs_cap, digest),
            quotient_cap: each(cx, &self.quotient_cap, digest),
            openings: self.openings.map(|[c0, c1]| [limb(cx, c0), limb(cx, c1)]),
            layer_caps: self.layer_caps.iter().map(|cap| each(cx, cap, digest)).collect(),
            final_poly: self
                .final_poly
                .iter()
                .map(|[c0, c1]| [limb(cx, c0), limb(cx, c1)])
                .collect(),
            pow_witness: limb(cx, &self.pow_witness),
            queries: self
                .queries
                .iter()
                .map(|query| Query {
                    initial: openings(cx, &query.initial, limb, digest),
                    layers: openings(cx, &query.layers, limb, digest),
                })
                .collect(),
        }
    }
}

impl<E> Openings<E> {
    /// Applies `f` to every element, in the order of the fields.
    pub(crate) fn map<E2>(&self, mut f: impl FnMut(&E) -> E2) -> Openings<E2> {
        let mut each = |part: &[E]| part.iter().map(&mut f).collect();
        Openings {
            constants: each(&self.constants),
            sigmas: each(&self.sigmas),
            wires: each(&self.wires),
            zs: each(&self.zs),
            partial_products: each(&self.partial_products),
            quotient: each(&self.quotient),
            zs_next: each(&self.zs_next),
        }
    }

    /// What is opened at zeta, in the order of the oracles' leaves.
    pub(crate) fn at_zeta(&self) -> impl Iterator<Item = &E> {
        [
            &self.constants,
            &self.sigmas,
            &self.wires,
            &self.zs,
            &self.partial_products,
            &self.quotient,
        ]
        .into_iter()
        .flatten()
    }
}

impl Openings<[u64; D]> {
    fn from_plonky2(openings: &OpeningSet<F, D>) -> Self {
        Self {
            constants: extensions(&openings.constants),
            sigmas: extensions(&openings.plonk_sigmas),
            wires: extensions(&openings.wires),
            zs: extensions(&openings.plonk_zs),
            partial_products: extensions(&openings.partial_products),
            quotient: extensions(&openings.quotient_polys),
            zs_next: extensions(&openings.plonk_zs_next),
        }
    }
}

impl Query<u64, Fr> {
    fn from_plonky2(query: &FriQueryRound<F, WrapHasher, D>) -> Self {
        let initial = query.initial_trees_proof.evals_proofs.iter();
        Self {
            initial: initial.map(|(leaf, path)| opening(leaf, path)).collect(),
            layers: query
                .steps
                .iter()
                .map(|step| opening(&flatten::<F, D>(&step.evals), &step.merkle_proof))
                .collect(),
        }
    }
}

fn check(part: &'static str, expected: usize, got: usize) -> Result<(), ProofShapeError> {
    if expected == got { Ok(()) } else { Err(ProofShapeError { part, expected, got }) }
}

fn limbs(elements: &[F]) -> Vec<u64> {
    elements.iter().map(F::to_canonical_u64).collect()
}

fn extensions(elements: &[ExtensionField]) -> Vec<[u64; D]> {
    let canonical = |e: &ExtensionField| e.to_basefield_array().map(|c: F| c.to_canonical_u64());
    elements.iter().map(canonical).collect()
}

fn cap(cap: &MerkleCap<F, WrapHasher>) -> Vec<Fr> {
    cap.0.iter().map(|digest| digest.0).collect()
}

fn opening(leaf: &[F], path: &MerkleProof<F, WrapHasher>) -> MerkleOpening<u64, Fr> {
    let siblings = path.siblings.iter().map(|digest| digest.0).collect();
    MerkleOpening { leaf: limbs(leaf), siblings }
}

fn each<C, T, U>(cx: &mut C, items: &[T], f: fn(&mut C, &T) -> U) -> Vec<U> {
    items.iter().map(|item| f(cx, item)).collect()
}

fn openings<C, L, H, L2, H2>(
    cx: &mut C,
    items: &[MerkleOpening<L, H>],
    limb: fn(&mut C, &L) -> L2,
    digest: fn(&mut C, &H) -> H2,
) -> Vec<MerkleOpening<L2, H2>> {
    let map = |opening: &MerkleOpening<L, H>| MerkleOpening {
        leaf: each(cx, &opening.leaf, limb),
        siblings: each(cx, &opening.siblings, digest),
    };
    items.iter().map(map).collect()
}
