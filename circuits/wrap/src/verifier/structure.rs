//! The constraint system without a proof: keys and digest are those of the structure, which needs none.

use ark_bn254::Fr;

use super::circuit::Circuit;
use super::extension::D;
use super::proof::{MerkleOpening, Openings, Proof, Query};
use super::{WrapError, WrapVerifier};
use crate::config::NUM_PUBLIC_INPUTS;
use crate::r1cs::Builder;

impl WrapVerifier {
    /// The structure of the constraint system that [`Self::synthesize`] gives for every proof, with
    /// worthless values: for set-up, digest and counts. Not satisfied.
    ///
    /// # Errors
    /// [`WrapError::Transcript`] if the circuit's parameters do not suit the transcript.
    pub fn structure(&self) -> Result<Builder, WrapError> {
        Ok(self.synthesize_values(&blank(&self.circuit), Fr::default())?)
    }
}

/// A proof of the circuit's shape, all zeros.
fn blank(circuit: &Circuit) -> Proof<u64, Fr> {
    let common = &circuit.common;
    let (config, params) = (&common.config, &common.fri_params);
    let [_, wires, zs_partial_products, quotient] = circuit.oracle_widths();
    let cap = vec![Fr::default(); 1 << params.config.cap_height];
    let layers = params.reduction_arity_bits.len();
    Proof {
        public_inputs: vec![0; NUM_PUBLIC_INPUTS],
        wires_cap: cap.clone(),
        zs_cap: cap.clone(),
        quotient_cap: cap.clone(),
        openings: Openings {
            constants: vec![[0; D]; common.num_constants],
            sigmas: vec![[0; D]; config.num_routed_wires],
            wires: vec![[0; D]; wires],
            zs: vec![[0; D]; config.num_challenges],
            partial_products: vec![[0; D]; zs_partial_products - config.num_challenges],
            quotient: vec![[0; D]; quotient],
            zs_next: vec![[0; D]; config.num_challenges],
        },
        layer_caps: vec![cap; layers],
        final_poly: vec![[0; D]; params.final_poly_len()],
        pow_witness: 0,
        queries: vec![blank_query(circuit); params.config.num_query_rounds],
    }
}

fn blank_query(circuit: &Circuit) -> Query<u64, Fr> {
    let params = &circuit.common.fri_params;
    let mut height = params.lde_bits() - params.config.cap_height;
    let opening = |leaf: usize, height: usize| MerkleOpening {
        leaf: vec![0; leaf],
        siblings: vec![Fr::default(); height],
    };
    let initial = circuit.oracle_widths().map(|width| opening(width, height)).to_vec();
    let fold = |&arity_bits: &usize| {
        height -= arity_bits;
        opening(D << arity_bits, height)
    };
    Query { initial, layers: params.reduction_arity_bits.iter().map(fold).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FIXTURE, PROOF};

    #[test]
    fn structure_is_that_of_every_proof() {
        let blank = FIXTURE.verifier.structure().unwrap();
        let real = FIXTURE.verifier.synthesize(&PROOF).unwrap();
        assert_eq!(blank.digest(), real.digest());
        assert!(!blank.is_satisfied());
    }
}
