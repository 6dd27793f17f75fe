//! A rollup on a local L1, with an operator who commits real batches. Its verifier is the contract tests' double, so that a
//! batch is proven without a proof.

use std::{path::PathBuf, time::Duration};

use alloy::{
    network::{EthereumWallet, TransactionBuilder, TransactionBuilder4844},
    primitives::{Address, B256, U256, keccak256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{Filter, TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolEvent, SolValue},
};
use cairn_batcher::demo::{Data, publish::Published};
use cairn_batcher::l1::{
    anvil::Anvil,
    artifacts::Artifacts,
    contracts::{
        Batch, Commitment, Configuration, Holders, IAccessControl, ICustody, IRollupL1,
        IRollupL1::commitCall, Streams,
    },
    tools,
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::{BatchBuilder, BatchWitness, Environment, State, sign};
use cairn_types::{
    AccountId, Authorization, Digest, KIND_BATCHES, Operation, PriorityOperation, PublicKey,
    SealStatement, Transaction, Word, domain,
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// First account of the mnemonic that anvil funds.
pub(crate) const SIGNER: &str =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Wei of each priority operation.
const FEE: u64 = 1_000;
/// Base units of a quantum, as a power of ten.
const QUANTUM: u8 = 9;

/// The first user's leaf.
pub(crate) const FIRST: AccountId = 1 << 16;

/// The contracts' project, with its tools installed (`./x tools`).
pub(crate) fn contracts() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier-contracts");
    std::env::var_os("CAIRN_CONTRACTS").map_or_else(|| default.into(), PathBuf::from)
}

/// Built once for all tests.
pub(crate) async fn artifacts() -> Artifacts {
    static BUILT: OnceCell<Artifacts> = OnceCell::const_new();
    let build = || async {
        let arguments = ["src", "script", "test/utils/VerifierDouble.sol"];
        Artifacts::build_with(&contracts(), &contracts(), &arguments).await.unwrap()
    };
    BUILT.get_or_init(build).await.clone()
}

pub(crate) async fn start_anvil(folder: &tempfile::TempDir) -> Anvil {
    let program = tools::find(&contracts().join("node_modules"), "anvil").unwrap();
    Anvil::start(&program, None, folder.path(), false).await.unwrap()
}

/// The whole of it.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) rollup: Address,
    pub(crate) provider: DynProvider,
    /// The operator's, after the last committed batch.
    pub(crate) state: State,
    /// L1's records, from genesis.
    pub(crate) records: Vec<Batch>,
    sender: Address,
    custody: Address,
    domain: Word,
    _anvil: Anvil,
    folder: tempfile::TempDir,
}

fn root(set: u64) -> Digest {
    Digest::new([set + 1, 2, 3, 4]).unwrap()
}

fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn key(n: u8) -> PublicKey {
    secret(n).public().into()
}

fn hash(digest: Digest) -> B256 {
    B256::from(digest.to_bytes())
}

fn bytes<'a>(words: impl IntoIterator<Item = &'a Word>) -> alloy::primitives::Bytes {
    words.into_iter().flat_map(Word::bytes).collect()
}

impl World {
    /// A rollup with one token (ether).
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let anvil = start_anvil(&folder).await;
        let signer: PrivateKeySigner = SIGNER.parse().unwrap();
        let sender = signer.address();
        let url = anvil.url();
        let provider = ProviderBuilder::new()
            .wallet(EthereumWallet::from(signer))
            .connect_http(url.parse().unwrap())
            .erased();
        let mut world = Self {
            url,
            rollup: Address::ZERO,
            provider,
            state: State::genesis(),
            records: Vec::new(),
            sender,
            custody: Address::ZERO,
            domain: Word::default(),
            _anvil: anvil,
            folder,
        };
        world.deploy().await;
        let call = ICustody::registerTokenCall {
            asset: Address::ZERO,
            quantumExponent: QUANTUM,
            cap: 1 << 62,
            feeKey: key(0).elements(),
        };
        world.send(world.custody, FEE, &call).await;
        world
    }

    async fn deploy(&mut self) {
        let artifacts = artifacts().await;
        let verifier = self.verifier(&artifacts).await;
        let everyone = self.sender;
        let configuration = Configuration {
            holders: Holders {
                governor: everyone,
                committer: everyone,
                prover: everyone,
                guardian: everyone,
                council: everyone,
            },
            verifier,
            circuitSetRoot: hash(root(0)),
            genesisState: hash(State::genesis().summary().commitment()),
            developmentKeys: true,
            priorityFee: U256::from(FEE),
            priorityDeadline: 1_000,
            upgradeDelay: 1_000,
            forcedTransactions: false,
            dataModes: 3,
        };
        let rollup = artifacts.read("Rollup.sol", "Rollup").unwrap();
        let code = [&rollup.creation[..], &configuration.abi_encode()].concat();
        let receipt = self.create(code).await;
        self.rollup = receipt.contract_address.unwrap();
        self.records = vec![committed(&receipt)];
        let rollup = IRollupL1::new(self.rollup, &self.provider);
        self.custody = rollup.CUSTODY().call().await.unwrap();
        self.domain = domain(31_337, &self.rollup.0.0);
    }

    async fn verifier(&self, artifacts: &Artifacts) -> Address {
        let double = artifacts.read("VerifierDouble.sol", "VerifierDouble").unwrap();
        let code = [&double.creation[..], &true.abi_encode()].concat();
        self.create(code).await.contract_address.unwrap()
    }

    async fn create(&self, code: Vec<u8>) -> TransactionReceipt {
        let request = TransactionRequest::default().with_from(self.sender).with_deploy_code(code);
        self.mined(request).await
    }

    /// Sends and waits. The client's own way of waiting watches block numbers, which go back in a reorganization.
    /// Its nonces are remembered, too, and go back as well.
    pub(crate) async fn mined(&self, request: TransactionRequest) -> TransactionReceipt {
        let nonce = self.provider.get_transaction_count(self.sender).await.unwrap();
        let request = request.with_nonce(nonce);
        let sent = self.provider.send_transaction(request).await.unwrap();
        for _ in 0..500 {
            if let Some(receipt) =
                self.provider.get_transaction_receipt(*sent.tx_hash()).await.unwrap()
            {
                assert!(receipt.status());
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a transaction is not mined");
    }

    pub(crate) async fn send(
        &self,
        to: Address,
        value: u64,
        call: &impl SolCall,
    ) -> TransactionReceipt {
        let request = TransactionRequest::default()
            .with_from(self.sender)
            .with_to(to)
            .with_value(U256::from(value))
            // A forwarder hides a failure from the node's estimate.
            .with_gas_limit(10_000_000)
            .with_input(call.abi_encode());
        self.mined(request).await
    }

    /// A method of the node that no client has a name for.
    pub(crate) async fn rpc(&self, method: &'static str, parameters: Value) -> Value {
        self.provider.raw_request(method.into(), parameters).await.unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([blocks])).await;
    }

    /// Deposits quanta for user `n`, who gets a leaf of their own.
    pub(crate) async fn deposit(&self, n: u8, quanta: u64) {
        let amount = quanta * 10u64.pow(QUANTUM.into());
        let call = ICustody::depositCall {
            leaf: u32::MAX,
            token: 0,
            amount: U256::from(amount),
            key: key(n).elements(),
        };
        self.send(self.custody, amount + FEE, &call).await;
    }

    /// A batch of all operations that L1 has queued since the last one, and these, each signed by its user.
    async fn witness(&mut self, transactions: &[(u8, Transaction)]) -> (BatchWitness, commitCall) {
        let block = self.provider.get_block_by_number(Default::default()).await.unwrap().unwrap();
        let timestamp = u32::try_from(block.header.timestamp).unwrap();
        let environment = Environment { domain: self.domain, timestamp };
        let mut builder = BatchBuilder::new(self.state.clone(), environment);
        let previous = self.records.last().unwrap().clone();
        let mut origins = Vec::new();
        for operation in self.queue().await.into_iter().skip(previous.priorityEnd as usize) {
            builder.push(Operation::Priority(operation)).unwrap();
            origins.extend(self.sender.0.0);
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
        let digests = witness.after.streams;
        let call = commitCall {
            previous,
            next: Commitment {
                timestamp,
                state: hash(witness.after.state.commitment()),
                dataDigest: hash(digests.data.digest),
                priorityDigest: hash(digests.priority.digest),
                withdrawalDigest: hash(digests.withdrawal.digest),
                dataMode: 0,
                dataCount: digests.data.count,
                dataValue: 0,
                blobValue: B256::ZERO,
            },
            streams: Streams {
                data: bytes(&witness.data),
                priority: bytes(&witness.priority),
                origins: origins.into(),
                withdrawals: bytes(&witness.withdrawals),
            },
        };
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
        let published = Published::new(Data::Blobs, &witness, number).unwrap();
        call.next.dataMode = published.mode();
        call.next.blobValue = published.value.to_bytes().into();
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
        self.records.push(committed(&receipt));
        blobs.versioned_hashes().into_iter().map(B256::from).collect()
    }

    /// Makes a batch and commits it.
    pub(crate) async fn commit(&mut self, transactions: &[(u8, Transaction)]) {
        let call = self.batch(transactions).await;
        self.commit_call(self.rollup, &call).await;
    }

    /// Commits through a contract at `to`, or the rollup's own.
    pub(crate) async fn commit_call(&mut self, to: Address, call: &commitCall) {
        let receipt = self.send(to, 0, call).await;
        self.records.push(committed(&receipt));
    }

    /// A transfer of one quantum from the first user to the second.
    pub(crate) async fn commit_transfer(&mut self) {
        let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
        self.commit(&[(1, transfer)]).await;
    }

    /// Proves the batches after `from` up to `to`, with a circuit set.
    pub(crate) async fn prove(&self, from: usize, to: usize, set: u64) {
        let (from, to) = (self.records[from].clone(), self.records[to].clone());
        let seal = SealStatement {
            kind: KIND_BATCHES,
            circuit_set_root: root(set),
            from: from.chainHash.0,
            to: to.chainHash.0,
        };
        let mut proof = [U256::ZERO; 8];
        proof[0] = U256::from_be_bytes(seal.public_input());
        let call = IRollupL1::proveCall { from, to, circuitSet: U256::from(set), proof };
        self.send(self.rollup, 0, &call).await;
    }

    /// Takes back the batches after `last`; the operator's state stays.
    pub(crate) async fn revert(&mut self, last: usize) {
        let call = IRollupL1::revertBatchesCall { last: self.records[last].clone() };
        self.send(self.rollup, 0, &call).await;
        self.records.truncate(last + 1);
    }

    /// Freezes the rollup; an operation must be overdue.
    pub(crate) async fn freeze(&self) {
        self.send(self.rollup, 0, &IRollupL1::freezeCall {}).await;
    }

    pub(crate) fn sender(&self) -> Address {
        self.sender
    }

    pub(crate) fn custody(&self) -> Address {
        self.custody
    }

    /// The council's new circuit set.
    pub(crate) async fn install_circuit_set(&self, set: u64) {
        let verifier = self.verifier(&artifacts().await).await;
        let call = IRollupL1::installCircuitSetCall { root: hash(root(set)), verifier };
        self.send(self.rollup, 0, &call).await;
    }

    /// A contract that passes its calls on to the rollup, as a multisig does, and may commit.
    pub(crate) async fn forwarder(&self) -> Address {
        // calldatacopy(0, 0, calldatasize()); call(gas(), rollup, 0, 0, calldatasize(), 0, 0)
        let runtime = [
            &[0x36, 0x5f, 0x5f, 0x37, 0x5f, 0x5f, 0x36, 0x5f, 0x5f, 0x73][..],
            self.rollup.as_slice(),
            &[0x5a, 0xf1, 0x00],
        ]
        .concat();
        let creation = [0x60, 0x21, 0x60, 0x0a, 0x5f, 0x39, 0x60, 0x21, 0x5f, 0xf3];
        let receipt = self.create([&creation[..], &runtime].concat()).await;
        let account = receipt.contract_address.unwrap();
        let role = keccak256("COMMITTER_ROLE");
        self.send(self.rollup, 0, &IAccessControl::grantRoleCall { role, account }).await;
        account
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

    /// What the operator says its state is.
    pub(crate) fn commitment(&mut self) -> B256 {
        hash(self.state.summary().commitment())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The record of the batch that a transaction has committed.
fn committed(receipt: &TransactionReceipt) -> Batch {
    let logs = receipt.logs().iter();
    let mut batches = logs.filter_map(|log| IRollupL1::BatchCommitted::decode_log(&log.inner).ok());
    batches.next().unwrap().data.batch
}
