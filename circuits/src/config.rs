//! The proof system: types, and every soundness parameter of every plonky2 layer.
//!
//! A parameter is changed here and nowhere else; [`crate::soundness`] says what it is worth. A change
//! is marked **VK** in the CHANGELOG.

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{
    CircuitConfig, CircuitData, CommonCircuitData, VerifierCircuitData, VerifierOnlyCircuitData,
};
use plonky2::plonk::proof::ProofWithPublicInputs;

/// The field of all layers but the last.
pub type F = GoldilocksField;

/// Degree of the extension from which FRI and Plonk draw points.
pub const D: usize = 2;

/// A circuit under construction.
pub type Builder = CircuitBuilder<F, D>;

/// A circuit with prover and verifier data.
pub type Circuit = CircuitData<F, CairnConfig, D>;

/// What prover and verifier share: gates, degree, parameters.
pub type Common = CommonCircuitData<F, D>;

/// A verifier key: commitment to the constants and permutation, and the digest of the circuit.
pub type VerifierKey = VerifierOnlyCircuitData<CairnConfig, D>;

/// A verifier key with the shape that it belongs to.
pub type VerifierData = VerifierCircuitData<F, CairnConfig, D>;

/// A proof and its public inputs.
pub type Proof = ProofWithPublicInputs<F, CairnConfig, D>;

/// Independent repetitions of the permutation argument and of the batching of constraints. The base
/// field has 64 bits: two would leave the permutation argument at 91 bits for 2^12 rows.
pub const NUM_CHALLENGES: usize = 3;

/// Bits of soundness that every layer has at least, proven (see [`crate::soundness`]): no circuit
/// with less is built.
///
/// This is what the weakest layer has with the parameters of today. It becomes 100 with the new
/// ones.
pub const PROVABLE_BITS_TARGET: usize = 59;

/// What plonky2's builder is told that a circuit has. Its own check counts `rate_bits` bits a
/// query, by a conjecture that was disproved, so that nothing rests on it; the number stays because
/// it is part of every circuit's data.
const PLONKY2_SECURITY_BITS: usize = 100;

/// The parameters of one plonky2 layer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Layer {
    /// Name in reports.
    pub name: &'static str,
    /// The code has rate `2^-rate_bits`.
    pub rate_bits: usize,
    /// FRI queries.
    pub queries: usize,
    /// Bits of proof of work before the queries.
    pub proof_of_work_bits: u32,
    /// Columns that take part in the permutation argument.
    pub routed_wires: usize,
    /// Merkle trees end in `2^cap_height` digests.
    pub cap_height: usize,
}

/// Chunk, stream and seal circuits: low rate, because they are large.
pub const LEAF: Layer = Layer {
    name: "leaf",
    rate_bits: 3,
    queries: 29,
    proof_of_work_bits: 16,
    routed_wires: 80,
    cap_height: 4,
};

/// Wrappers and nodes: a rate at which two verifications fit into 2^13 rows.
pub const RECURSION: Layer = Layer {
    name: "recursion",
    rate_bits: 4,
    queries: 22,
    proof_of_work_bits: 16,
    routed_wires: 80,
    cap_height: 4,
};

/// The shrink: its verifier must fit 2^12 rows.
pub const SHRINK: Layer = Layer { name: "shrink", ..RECURSION };

/// The squeeze: so few queries that the wrap fits 2^12 rows with few routed wires.
pub const SQUEEZE: Layer = Layer {
    name: "squeeze",
    rate_bits: 5,
    queries: 18,
    proof_of_work_bits: 17,
    routed_wires: 80,
    cap_height: 4,
};

/// The wrap: few columns and queries and wide caps, because its verifier is a rank-1 constraint system.
pub const WRAP: Layer = Layer {
    name: "wrap",
    rate_bits: 5,
    queries: 18,
    proof_of_work_bits: 17,
    routed_wires: 37,
    cap_height: 7,
};

impl Layer {
    /// plonky2's form. Folding by 16 in every layer: the gates of a recursive verifier then do not
    /// depend on the layer that it verifies.
    pub fn circuit_config(&self) -> CircuitConfig {
        CircuitConfig {
            num_wires: 135,
            num_routed_wires: self.routed_wires,
            num_constants: 2,
            use_base_arithmetic_gate: true,
            security_bits: PLONKY2_SECURITY_BITS,
            num_challenges: NUM_CHALLENGES,
            zero_knowledge: false,
            max_quotient_degree_factor: 8,
            fri_config: FriConfig {
                rate_bits: self.rate_bits,
                cap_height: self.cap_height,
                proof_of_work_bits: self.proof_of_work_bits,
                reduction_strategy: FriReductionStrategy::ConstantArityBits(4, 5),
                num_query_rounds: self.queries,
            },
        }
    }

    /// A builder for a circuit of this layer.
    pub fn builder(&self) -> Builder {
        Builder::new(self.circuit_config())
    }
}
