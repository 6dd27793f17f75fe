//! A rollup on a local L1, with an operator who commits real batches. Its verifier is the contract tests' double, so that a
//! batch is proven without a proof.

mod batches;

use std::{path::PathBuf, time::Duration};

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, B256, U256, keccak256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolValue},
};
use cairn_batcher::l1::{
    anvil::Anvil,
    artifacts::Artifacts,
    contracts::{Batch, Configuration, Holders, IAccessControl, ICustody, IRollupL1},
    tools,
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::State;
use cairn_types::{AccountId, Digest, PublicKey, Word, domain};
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
        let arguments =
            ["src", "script", "test/utils/VerifierDouble.sol", "test/utils/HostileCommitter.sol"];
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
    /// Block of the rollup's deployment.
    pub(crate) deployed: u64,
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

/// A deposit, and the wei that come with it.
pub(crate) fn deposit(n: u8, quanta: u64) -> (u64, ICustody::depositCall) {
    let amount = quanta * 10u64.pow(QUANTUM.into());
    let key = key(n).elements();
    let call = ICustody::depositCall { leaf: u32::MAX, token: 0, amount: U256::from(amount), key };
    (amount + FEE, call)
}

impl World {
    /// A rollup with one token (ether).
    pub(crate) async fn new() -> Self {
        Self::starting_from(State::genesis(), 3).await
    }

    /// One with two users who have money, in one proven batch.
    pub(crate) async fn with_users() -> Self {
        let mut world = Self::new().await;
        world.deposit(1, 10_000).await;
        world.deposit(2, 500).await;
        world.commit(&[]).await;
        world.prove(0, 1, 0).await;
        world
    }

    /// One whose batches may be with a data committee.
    pub(crate) async fn validium() -> Self {
        Self::starting_from(State::genesis(), 7).await
    }

    /// One whose deployer has chosen the ledger that it starts with.
    pub(crate) async fn starting_from(genesis: State, modes: u8) -> Self {
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
            deployed: 0,
            provider,
            state: genesis,
            records: Vec::new(),
            sender,
            custody: Address::ZERO,
            domain: Word::default(),
            _anvil: anvil,
            folder,
        };
        world.deploy(modes).await;
        let call = ICustody::registerTokenCall {
            asset: Address::ZERO,
            quantumExponent: QUANTUM,
            cap: 1 << 62,
            feeKey: key(0).elements(),
        };
        world.send(world.custody, FEE, &call).await;
        world
    }

    async fn deploy(&mut self, data_modes: u8) {
        let genesis_state = self.commitment();
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
            genesisState: genesis_state,
            developmentKeys: true,
            priorityFee: U256::from(FEE),
            priorityDeadline: 1_000,
            upgradeDelay: 1_000,
            forcedTransactions: false,
            dataModes: data_modes,
        };
        let rollup = artifacts.read("Rollup.sol", "Rollup").unwrap();
        let code = [&rollup.creation[..], &configuration.abi_encode()].concat();
        let receipt = self.create(code).await;
        self.rollup = receipt.contract_address.unwrap();
        self.deployed = receipt.block_number.unwrap();
        self.keep_records(&receipt);
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

    /// Sends and waits. The client's own way of waiting watches for blocks of higher numbers, which go back in the
    /// reorganizations that some tests make, so the receipt is polled for. Its nonces are remembered, too, and go back as well.
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
        let (value, call) = deposit(n, quanta);
        self.send(self.custody, value, &call).await;
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
        self.committer([&creation[..], &runtime].concat()).await
    }

    /// A contract that does what its caller says, and may commit.
    pub(crate) async fn hostile(&self) -> Address {
        let artifact = artifacts().await.read("HostileCommitter.sol", "HostileCommitter").unwrap();
        self.committer(artifact.creation.to_vec()).await
    }

    async fn committer(&self, code: Vec<u8>) -> Address {
        let account = self.create(code).await.contract_address.unwrap();
        self.may_commit(account).await;
        account
    }

    pub(crate) async fn may_commit(&self, account: Address) {
        let role = keccak256("COMMITTER_ROLE");
        self.send(self.rollup, 0, &IAccessControl::grantRoleCall { role, account }).await;
    }

    /// What the operator says its state is.
    pub(crate) fn commitment(&mut self) -> B256 {
        hash(self.state.summary().commitment())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
