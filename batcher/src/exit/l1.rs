//! A frozen rollup on L1, as those who leave it see it.

use std::collections::BTreeSet;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::{Log, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolEvent},
};
use cairn_types::{AccountId, TokenId};
use indicatif::ProgressBar;
use thiserror::Error;

use crate::{
    l1::{
        circuit_sets::circuit_sets,
        client::Pending,
        connection::{connect_with, signing},
        contracts::{ICustody, IRollupL1},
        error::{L1Error, rpc},
        fees::{Fees, MOST_GWEI},
        reader::Reader,
    },
    tell,
};

/// Why nobody can leave here, or not with this.
#[derive(Debug, Error)]
pub enum FrozenError {
    /// The node, or a revert.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// Nothing is there.
    #[error(
        "no contract at {rollup} on chain {chain_id}: check --rollup, and that --l1 serves the right chain"
    )]
    NoContract {
        /// Where it should be.
        rollup: Address,
        /// Chain of the node.
        chain_id: u64,
    },
    /// The node serves another chain.
    #[error("the node serves chain {got}, expected {expected}: give --l1 a node of that chain")]
    OtherChain {
        /// Chain asked for.
        expected: u64,
        /// Chain of the node.
        got: u64,
    },
    /// The rollup runs.
    #[error(
        "rollup {rollup} is not frozen: withdraw there, or call freeze() once an operation of its queue is overdue ({when})"
    )]
    NotFrozen {
        /// The rollup.
        rollup: Address,
        /// From when on it can be frozen, in words.
        when: String,
    },
    /// A proof or snapshot is of another state.
    #[error(
        "L1's last proven state is {expected}, not {got}: make a snapshot of it with `cairn snapshot`, and prove again"
    )]
    OtherState {
        /// On L1.
        expected: B256,
        /// At hand.
        got: B256,
    },
    /// L1 takes no proof of this circuit set.
    #[error(
        "L1 takes no proofs of circuit set {root}: prove with a version of cairn whose set it takes, or have the council install this one"
    )]
    CircuitSet {
        /// Its root.
        root: B256,
    },
}

impl FrozenError {
    /// See [`L1Error::is_transient`].
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::L1(error) if error.is_transient())
    }
}

/// An operation of the queue, as its event published it.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Its place.
    pub index: u64,
    /// Its words.
    pub words: Bytes,
    /// Who gets it back.
    pub origin: Address,
    /// Whether it has been given back.
    pub refunded: bool,
}

/// One rollup and its custody.
#[derive(Debug, Clone)]
pub struct FrozenRollup {
    provider: DynProvider,
    sender: Address,
    rollup: Address,
    custody: Address,
    chain_id: u64,
    most_gwei: u64,
    bar: ProgressBar,
}

impl FrozenRollup {
    /// Connects to a node. Without a signer the rollup can be read only. Whether it is frozen, [`Self::check_frozen`] says.
    ///
    /// # Errors
    /// The node's, or there is no contract.
    pub async fn connect(
        url: &str,
        rollup: Address,
        signer: Option<PrivateKeySigner>,
    ) -> Result<Self, FrozenError> {
        let sender = signer.as_ref().map(PrivateKeySigner::address).unwrap_or_default();
        let node = connect_with(url)?;
        let provider = match signer {
            Some(signer) => signing(node, signer),
            None => node,
        };
        let chain_id = provider.get_chain_id().await.map_err(|e| rpc("reading the chain id", e))?;
        let code = provider.get_code_at(rollup).await;
        if code.map_err(|e| rpc("reading the contract's code", e))?.is_empty() {
            return Err(FrozenError::NoContract { rollup, chain_id });
        }
        let custody = IRollupL1::new(rollup, &provider)
            .CUSTODY()
            .call()
            .await
            .map_err(|e| rpc("reading the custody's address (is this a Cairn rollup?)", e))?;
        let bar = ProgressBar::hidden();
        Ok(Self { provider, sender, rollup, custody, chain_id, most_gwei: MOST_GWEI, bar })
    }

    /// The same, paying so much for a gas at the most.
    #[must_use]
    pub fn paying(self, most_gwei: u64) -> Self {
        Self { most_gwei, ..self }
    }

    /// The same, and each transaction is said above this bar instead of within it.
    #[must_use]
    pub fn above(&self, bar: &ProgressBar) -> Self {
        Self { bar: bar.clone(), ..self.clone() }
    }

    /// Who signs, and pays the gas; zero without a signer.
    #[must_use]
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// Where the money is.
    #[must_use]
    pub fn custody(&self) -> Address {
        self.custody
    }

    /// Refuses another chain than this one.
    ///
    /// # Errors
    /// [`FrozenError::OtherChain`].
    pub fn check_chain(&self, expected: u64) -> Result<(), FrozenError> {
        let got = self.chain_id;
        if got == expected { Ok(()) } else { Err(FrozenError::OtherChain { expected, got }) }
    }

    /// Refuses a rollup that is not frozen; returns when it was, in seconds.
    ///
    /// # Errors
    /// The node's, or [`FrozenError::NotFrozen`].
    pub async fn check_frozen(&self) -> Result<u64, FrozenError> {
        let what = "reading whether the rollup is frozen";
        let contract = self.contract();
        let at = contract.frozenAt().call().await.map_err(|e| rpc(what, e))?;
        if at != 0 {
            return Ok(at);
        }
        let deadline = self.deadline().await?;
        let when = match u64::try_from(deadline) {
            Ok(seconds) => format!("after second {seconds} of Unix time"),
            Err(_) => "none is waiting".to_owned(),
        };
        Err(FrozenError::NotFrozen { rollup: self.rollup, when })
    }

    /// Refuses a state that is not the last proven one.
    ///
    /// # Errors
    /// The node's, or [`FrozenError::OtherState`].
    pub async fn check_state(&self, got: B256) -> Result<(), FrozenError> {
        let what = "reading the proven state";
        let expected = self.contract().provenState().call().await.map_err(|e| rpc(what, e))?;
        if got == expected { Ok(()) } else { Err(FrozenError::OtherState { expected, got }) }
    }

    /// The last second in which the oldest operation of the queue is in time; the largest number if none waits.
    ///
    /// # Errors
    /// The node's.
    pub async fn deadline(&self) -> Result<U256, FrozenError> {
        let deadline = self.contract().deadline().call().await;
        Ok(deadline.map_err(|e| rpc("reading the queue's deadline", e))?)
    }

    /// The places of the circuit sets of this root that a frozen rollup takes proofs of, the newest first: at least one. More
    /// than one where a verifier has been replaced.
    ///
    /// # Errors
    /// The node's, or [`FrozenError::CircuitSet`].
    pub async fn circuit_sets(&self, root: B256, frozen_at: u64) -> Result<Vec<U256>, FrozenError> {
        let mut sets = Vec::new();
        for (index, set) in circuit_sets(&self.provider, self.rollup).await? {
            // What the council installs counts at once; what the governor added counts if it did at the freeze.
            let counts = set.installed || set.activeAt <= frozen_at;
            if set.root == root && !set.retired && counts {
                sets.push(index);
            }
        }
        if sets.is_empty() { Err(FrozenError::CircuitSet { root }) } else { Ok(sets) }
    }

    /// Freezes the rollup; anyone may once an operation is overdue.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn freeze(&self) -> Result<(), FrozenError> {
        self.send("freezing the rollup", self.rollup, &IRollupL1::freezeCall {}).await?;
        Ok(())
    }

    /// Whether a leaf has left.
    ///
    /// # Errors
    /// The node's.
    pub async fn has_exited(&self, leaf: AccountId) -> Result<bool, FrozenError> {
        let exited = self.hatch().hasExited(leaf).call().await;
        Ok(exited.map_err(|e| rpc("reading whether a leaf has left", e))?)
    }

    /// All leaves that have left.
    ///
    /// # Errors
    /// The node's.
    pub async fn exited(&self) -> Result<BTreeSet<AccountId>, FrozenError> {
        let what = "reading the leaves that have left";
        let logs = self.logs(self.custody, ICustody::Exited::SIGNATURE_HASH).await?;
        let leaf = |log: &Log| ICustody::Exited::decode_log(&log.inner).map(|event| event.leaf);
        Ok(logs.iter().map(leaf).collect::<Result<_, _>>().map_err(|e| rpc(what, e))?)
    }

    /// Lets the leaves of a list go, by the first of these circuit sets whose verifier takes the proof; returns the
    /// transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert: L1 did not accept the proof, or every leaf has left.
    pub async fn exit(
        &self,
        circuit_sets: &[U256],
        leaves: Bytes,
        proof: [U256; 8],
    ) -> Result<u64, FrozenError> {
        let what = "letting leaves exit";
        let Some((&oldest, newer)) = circuit_sets.split_last() else {
            return Err(rpc(what, "expected a circuit set, got none").into());
        };
        let mut taken = oldest;
        for &set in newer {
            let hatch = self.hatch();
            let call = hatch.exit(set, leaves.clone(), proof).from(self.sender);
            if call.call().await.is_ok() {
                taken = set;
                break;
            }
        }
        let call = ICustody::exitCall { circuitSet: taken, leaves, proof };
        self.send(what, self.custody, &call).await
    }

    /// The operations of the queue that no batch has executed.
    ///
    /// # Errors
    /// The node's.
    pub async fn dropped(&self) -> Result<Vec<Queued>, FrozenError> {
        let what = "reading the priority queue";
        let proven = self.contract().provenOperations().call().await.map_err(|e| rpc(what, e))?;
        let topic = IRollupL1::PriorityOperationQueued::SIGNATURE_HASH;
        let logs = self.logs(self.rollup, topic).await?;
        let mut dropped = Vec::new();
        for log in logs {
            let event = IRollupL1::PriorityOperationQueued::decode_log(&log.inner)
                .map_err(|e| rpc(what, e))?
                .data;
            let (index, words, origin) = (event.index, event.words, event.origin);
            if index < proven {
                continue;
            }
            let refunded = self.hatch().isRefunded(index).call().await;
            let refunded = refunded.map_err(|e| rpc(what, e))?;
            dropped.push(Queued { index, words, origin, refunded });
        }
        Ok(dropped)
    }

    /// Gives an operation back; returns the transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn refund(&self, operation: &Queued) -> Result<u64, FrozenError> {
        let Queued { index, words, origin, .. } = operation.clone();
        let call = ICustody::refundCall { queueIndex: index, words, origin };
        self.send("giving an operation back", self.custody, &call).await
    }

    /// L1 contract of a token; zero for ether.
    ///
    /// # Errors
    /// The node's, or no such token.
    pub async fn asset(&self, token: TokenId) -> Result<Address, FrozenError> {
        let info = self.hatch().tokenAt(token).call().await;
        Ok(info.map_err(|e| rpc("reading a token", e))?.asset)
    }

    /// Base units of `asset` that wait for `owner`.
    ///
    /// # Errors
    /// The node's.
    pub async fn credit(&self, owner: Address, asset: Address) -> Result<U256, FrozenError> {
        let credit = self.hatch().credit(owner, asset).call().await;
        Ok(credit.map_err(|e| rpc("reading a credit", e))?)
    }

    /// Pays a credit to its owner; returns the transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert: the owner or the token does not take part.
    pub async fn collect(&self, owner: Address, asset: Address) -> Result<u64, FrozenError> {
        let call = ICustody::collectCall { owner, asset };
        self.send("collecting a credit", self.custody, &call).await
    }

    /// Pays the fees that a prover has earned; returns the transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert: there are none.
    pub async fn collect_reward(&self, prover: Address) -> Result<u64, FrozenError> {
        let call = ICustody::collectRewardCall { prover };
        self.send("collecting a prover's fees", self.custody, &call).await
    }

    fn contract(&self) -> IRollupL1::IRollupL1Instance<&DynProvider> {
        IRollupL1::new(self.rollup, &self.provider)
    }

    fn hatch(&self) -> ICustody::ICustodyInstance<&DynProvider> {
        ICustody::new(self.custody, &self.provider)
    }

    /// All logs with this topic up to now.
    async fn logs(&self, address: Address, topic: B256) -> Result<Vec<Log>, L1Error> {
        let reader = Reader::new(self.provider.clone(), self.rollup).await?;
        reader.logs(address, &[topic], 0, |_| ()).await
    }

    async fn send(
        &self,
        what: &'static str,
        to: Address,
        call: &impl SolCall,
    ) -> Result<u64, FrozenError> {
        let request = TransactionRequest::default()
            .with_from(self.sender)
            .with_to(to)
            .with_input(call.abi_encode());
        let request = Fees::estimate(&self.provider, self.most_gwei).await?.of(request);
        let transaction =
            self.provider.send_transaction(request).await.map_err(|e| rpc(what, e))?;
        // Before it is waited for: who gives up can still look for it.
        let hash = *transaction.tx_hash();
        self.bar.suspend(|| tell!("cairn: {what}: transaction {hash} is sent"));
        Ok(Pending { what, transaction }.receipt().await?.gas_used)
    }
}
