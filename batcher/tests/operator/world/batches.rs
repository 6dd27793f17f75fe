//! The operator's batches: made, committed, proven, taken back.

use alloy::{
    network::{TransactionBuilder, TransactionBuilder4844},
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    rpc::types::{Filter, TransactionReceipt, TransactionRequest},
    sol_types::{SolCall, SolEvent},
};
use cairn_batcher::{
    committee::Committee,
    l1::contracts::{Batch, IRollupL1, IRollupL1::commitCall},
    publication::Published,
    store::records::QueuedOperation,
};
use cairn_state::{BatchBuilder, BatchWitness, Environment, sign};
use cairn_types::{
    Authorization, DataMode, KIND_BATCHES, Operation, PriorityOperation, PublicKey, SealStatement,
    Transaction, Word,
};

use super::{FIRST, World, hash, root, secret};

/// The records of the batches that a transaction has committed to a rollup.
pub(super) fn committed(rollup: Address, receipt: &TransactionReceipt) -> Vec<Batch> {
    let logs = receipt.logs().iter().filter(|log| log.address() == rollup);
    let batches = logs.filter_map(|log| IRollupL1::BatchCommitted::decode_log(&log.inner).ok());
    batches.map(|event| event.data.batch).collect()
}

impl World {
    /// A batch of all operations that L1 has queued since the last one, and these, each signed by its user.
    pub(crate) async fn witness(
        &mut self,
        transactions: &[(u8, Transaction)],
    ) -> (BatchWitness, commitCall) {
        let block = self.provider.get_block_by_number(Default::default()).await.unwrap().unwrap();
        let timestamp = u32::try_from(block.header.timestamp).unwrap();
        let environment = Environment { domain: self.domain, timestamp };
        let mut builder = BatchBuilder::new(self.state.clone(), environment);
        let previous = self.records.last().unwrap().clone();
        let mut executed = Vec::new();
        for (index, operation) in (0..).zip(self.queue().await).skip(previous.priorityEnd as usize)
        {
            builder.push(Operation::Priority(operation)).unwrap();
            let words = operation.words().unwrap();
            executed.push(QueuedOperation { index, words, origin: self.sender });
        }
        for (n, transaction) in transactions {
            let payer = builder.state().account(transaction.from());
            let recipient = match *transaction {
                Transaction::Transfer { to, .. } => builder.state().account(to).key,
                _ => PublicKey::ZERO,
            };
            let (token, nonce) = (payer.token, payer.nonce);
            let authorization =
                Authorization { domain: self.domain, token, nonce, expiry: 0, recipient };
            let signed = sign(&secret(*n), *transaction, authorization);
            builder.push(Operation::Signed(signed)).unwrap();
        }
        let (state, witness) = builder.finish();
        self.state = state;
        let number = previous.number + 1;
        let published = Published::new(DataMode::Calldata, &witness, number).unwrap();
        let streams = published.streams(&witness, &executed, &Bytes::new());
        let call = commitCall { previous, next: published.commitment(), streams };
        (witness, call)
    }

    /// A batch with its data in calldata, to be committed.
    pub(crate) async fn batch(&mut self, transactions: &[(u8, Transaction)]) -> commitCall {
        self.witness(transactions).await.1
    }

    /// Makes a batch and commits it with its data in blobs; gives their versioned hashes.
    pub(crate) async fn commit_blobs(&mut self, transactions: &[(u8, Transaction)]) -> Vec<B256> {
        let (witness, mut call) = self.witness(transactions).await;
        let number = call.previous.number + 1;
        let published = Published::new(DataMode::Blobs, &witness, number).unwrap();
        call.next = published.commitment();
        let (blobs, openings) = published.blobs.unwrap();
        call.streams.data = openings;
        let request = TransactionRequest::default()
            .with_from(self.sender)
            .with_to(self.rollup)
            .with_gas_limit(10_000_000)
            .with_max_fee_per_blob_gas(1_000_000_000_000)
            .with_blob_sidecar_7594(blobs.sidecar())
            .with_input(call.abi_encode());
        let receipt = self.mined(request).await;
        self.keep_records(&receipt);
        blobs.versioned_hashes().into_iter().map(B256::from).collect()
    }

    /// A batch with its data with the committee, to be committed with signatures.
    pub(crate) async fn committee_batch(
        &mut self,
        transactions: &[(u8, Transaction)],
    ) -> (BatchWitness, commitCall) {
        let (witness, mut call) = self.witness(transactions).await;
        let number = call.previous.number + 1;
        let published = Published::new(DataMode::Committee, &witness, number).unwrap();
        call.next = published.commitment();
        call.streams.data = Bytes::new();
        (witness, call)
    }

    /// Names a data committee, as the governor.
    pub(crate) async fn name_committee(&self, committee: &Committee) {
        let members = committee.members().collect();
        let threshold = committee.threshold() as u64;
        let call = IRollupL1::setDataCommitteeCall { members, threshold };
        self.send(self.rollup, 0, &call).await;
    }

    /// Makes a batch and commits it.
    pub(crate) async fn commit(&mut self, transactions: &[(u8, Transaction)]) {
        let call = self.batch(transactions).await;
        self.commit_call(self.rollup, &call).await;
    }

    /// Commits through a contract at `to`, or the rollup's own.
    pub(crate) async fn commit_call(&mut self, to: Address, call: &commitCall) {
        let receipt = self.send(to, 0, call).await;
        self.keep_records(&receipt);
    }

    /// Notes the batches that a transaction has committed, each in the place of those after the one before it.
    pub(crate) fn keep_records(&mut self, receipt: &TransactionReceipt) {
        let records = committed(self.rollup, receipt);
        assert!(!records.is_empty());
        for record in records {
            self.records.truncate(record.number as usize);
            self.records.push(record);
        }
    }

    /// A transfer of one quantum from the first user to the second.
    pub(crate) async fn commit_transfer(&mut self) {
        let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
        self.commit(&[(1, transfer)]).await;
    }

    /// Proves the batches after `from` up to `to`, with a circuit set.
    pub(crate) async fn prove(&self, from: usize, to: usize, set: u64) {
        let (_, proof) = self.proof(from, to, set);
        let (from, to) = (self.records[from].clone(), self.records[to].clone());
        let call = IRollupL1::proveCall { from, to, circuitSet: U256::from(set), proof };
        self.send(self.rollup, 0, &call).await;
    }

    /// Root of a circuit set, and what its verifier takes for a proof of the batches after `from` up to `to`.
    pub(crate) fn proof(&self, from: usize, to: usize, set: u64) -> (B256, [U256; 8]) {
        let (from, to) = (&self.records[from], &self.records[to]);
        let seal = SealStatement {
            kind: KIND_BATCHES,
            circuit_set_root: root(set),
            from: from.chainHash.0,
            to: to.chainHash.0,
        };
        let mut proof = [U256::ZERO; 8];
        proof[0] = U256::from_be_bytes(seal.public_input());
        (hash(root(set)), proof)
    }

    /// Takes back the batches after `last`; the operator's state stays.
    pub(crate) async fn revert(&mut self, last: usize) {
        let call = IRollupL1::revertBatchesCall { last: self.records[last].clone() };
        self.send(self.rollup, 0, &call).await;
        self.records.truncate(last + 1);
    }

    async fn queue(&self) -> Vec<PriorityOperation> {
        let filter = Filter::new()
            .address(self.rollup)
            .event_signature(IRollupL1::PriorityOperationQueued::SIGNATURE_HASH)
            .from_block(0);
        let logs = self.provider.get_logs(&filter).await.unwrap();
        let words = logs.iter().flat_map(|log| {
            let event = IRollupL1::PriorityOperationQueued::decode_log(&log.inner).unwrap();
            event.words.as_chunks::<31>().0.to_vec()
        });
        PriorityOperation::decode_stream(&words.map(Word::new).collect::<Vec<_>>()).unwrap()
    }
}
