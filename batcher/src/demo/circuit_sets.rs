//! The rollup's list of circuit sets, as governor, council and prover see it.

use std::fmt;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};

use crate::l1::{
    client::{L1Client, Pending},
    contracts::{
        Batch, CircuitSet, IGroth16Verifier::IGroth16VerifierErrors, IRollupL1,
        IRollupL1::IRollupL1Errors,
    },
    error::{L1Error, rpc},
};

/// What the rollup says to a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It takes it.
    Accepted,
    /// Its error, by name.
    Refused(&'static str),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Refused(error) => error,
        })
    }
}

/// The list of one rollup, for an account that has every role but the operator's.
#[derive(Debug)]
pub struct CircuitSets {
    provider: DynProvider,
    prover: Address,
    rollup: Address,
}

impl CircuitSets {
    /// The list of `rollup` for the client's account, and for `prover`, who may post proofs.
    #[must_use]
    pub fn new(l1: &L1Client, rollup: Address, prover: Address) -> Self {
        Self { provider: l1.provider().clone(), prover, rollup }
    }

    /// Deploys a verifier, and adds a set of this root with it as the governor: it counts after the delay. Returns its place.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn register(&self, root: B256, verifier: &Bytes) -> Result<U256, L1Error> {
        let what = "deploying a verifier";
        let creation = TransactionRequest::default().with_deploy_code(verifier.clone());
        let sent = self.provider.send_transaction(creation).await.map_err(|e| rpc(what, e))?;
        let receipt = Pending { what, transaction: sent }.receipt().await?;
        let address = receipt.contract_address.ok_or_else(|| rpc(what, "it has no address"))?;

        let what = "registering a circuit set";
        let contract = self.contract();
        let place = contract.circuitSetCount().call().await.map_err(|e| rpc(what, e))?;
        let sent = contract.registerCircuitSet(root, address).send().await;
        let transaction = sent.map_err(|e| rpc(what, e))?;
        Pending { what, transaction }.receipt().await?;
        Ok(place)
    }

    /// The council takes a set away at once.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn retire(&self, place: U256) -> Result<(), L1Error> {
        let what = "retiring a circuit set";
        let sent = self.contract().retireCircuitSet(place).send().await;
        let transaction = sent.map_err(|e| rpc(what, e))?;
        Pending { what, transaction }.receipt().await.map(drop)
    }

    /// The set at a place.
    ///
    /// # Errors
    /// The node's, or there is none.
    pub async fn at(&self, place: U256) -> Result<CircuitSet, L1Error> {
        let set = self.contract().circuitSetAt(place).call().await;
        set.map_err(|e| rpc("reading a circuit set", e))
    }

    /// What the rollup would say to a proof of the batches after `from` up to `to` now. Nothing changes.
    ///
    /// # Errors
    /// The node's, or the proof is refused for a reason that has nothing to do with circuit sets.
    pub async fn ask(
        &self,
        from: &Batch,
        to: &Batch,
        place: U256,
        proof: [U256; 8],
    ) -> Result<Answer, L1Error> {
        let contract = self.contract();
        let call = contract.prove(from.clone(), to.clone(), place, proof).from(self.prover);
        let Err(error) = call.call().await else { return Ok(Answer::Accepted) };
        let of_verifier = error.as_decoded_interface_error::<IGroth16VerifierErrors>();
        let is_invalid = matches!(of_verifier, Some(IGroth16VerifierErrors::ProofInvalid(_)));
        let name = match error.as_decoded_interface_error::<IRollupL1Errors>() {
            Some(IRollupL1Errors::CircuitSetMissing(_)) => Some("CircuitSetMissing"),
            Some(IRollupL1Errors::CircuitSetNotActive(_)) => Some("CircuitSetNotActive"),
            Some(IRollupL1Errors::CircuitSetIsRetired(_)) => Some("CircuitSetIsRetired"),
            _ => is_invalid.then_some("ProofInvalid"),
        };
        let refused = name.map(Answer::Refused);
        refused.ok_or_else(|| rpc("asking what a proof is worth", error))
    }

    fn contract(&self) -> IRollupL1::IRollupL1Instance<&DynProvider> {
        IRollupL1::new(self.rollup, &self.provider)
    }
}
