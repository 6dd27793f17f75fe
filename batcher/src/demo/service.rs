//! The operator's service on the demo's L1, in this process, and the demo as its client.

use std::{collections::HashMap, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use alloy::{primitives::B256, providers::Provider, signers::local::PrivateKeySigner};
use cairn_prover::Engine;
use cairn_state::BatchWitness;
use cairn_types::DataMode;
use eyre::{Result, WrapErr, bail, eyre};

use super::{played::Played, scenario::Account, wallet::Wallets};
use crate::{
    api::{
        hex::{Hash, Key},
        methods,
        wire::{AccountRange, BatchView, ByBatch, Head, Nothing, Stage},
    },
    client::{Client, WaitError},
    l1::{
        anvil::{Anvil, CHAIN_ID},
        client::L1Client,
        deployment::Deployment,
        error::rpc,
    },
    node::{Checked, Extras, Node, config::Config, keys::Keys},
    proving::config::DataChoice,
    store::{
        Store,
        records::{BatchNumber, BatchRecord, Block, BlockOperation, Publication, StoredProof},
    },
    watcher::WatcherConfig,
};

/// Third account of the development mnemonic: the operator. The first has the other roles, and plays the users.
const OPERATOR_KEY: &str = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
/// Seconds between two blocks of the local L1 once the operator runs, or many deposits are made.
pub const BLOCK_TIME: u64 = 1;
/// How often the service is asked how far it is.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one thing is waited for until it is looked whether the service is still there.
const LOOK_AROUND: Duration = Duration::from_secs(5);
/// Batches that wait for proofs, as many as L1 takes.
const MOST_UNPROVEN: u32 = 256;
/// Accounts of one answer.
const PAGE: u32 = 1_000;
/// Longer than any proof takes: a batch is sealed when it is full or the demo asks for it, and not before.
const NEVER_S: u64 = 80_000;

/// What the service is started with.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The local L1.
    pub anvil: &'a Anvil,
    /// See [`configuration`].
    pub config: Config,
    /// Proves.
    pub engine: Arc<dyn Engine>,
    /// Progress, committee.
    pub extras: Extras,
}

/// The operator's key on L1.
///
/// # Errors
/// Never: it is a constant.
pub fn operator() -> Result<PrivateKeySigner> {
    Ok(OPERATOR_KEY.parse()?)
}

/// The running service.
#[derive(Debug)]
pub struct Service {
    node: Node,
    client: Client,
    operator: Client,
    account: PrivateKeySigner,
}

impl Service {
    /// Starts the operator.
    ///
    /// # Errors
    /// L1's, or a check of the service's.
    pub async fn start(setting: Setting<'_>) -> Result<Self> {
        let Setting { anvil, config, engine, extras } = setting;
        let account = operator()?;
        anvil.mine_every(BLOCK_TIME).await?;

        let token_file = config.admin_token_file();
        let keys = Keys { operator: account.clone(), receipts: account.clone() };
        let checked = Checked::check(config, keys).await?;
        let node = Node::start(checked, engine, extras).await?;
        let url = format!("http://{}", node.address());
        let token = std::fs::read_to_string(&token_file)
            .wrap_err_with(|| format!("reading {}", token_file.display()))?;
        let client = Client::connect(&url).await?;
        let operator = Client::connect_as_operator(&url, token.trim()).await?;
        Ok(Self { node, client, operator, account })
    }

    /// What users have.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the service has stored.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.node.store()
    }

    /// The account that commits and proves.
    #[must_use]
    pub fn account(&self) -> alloy::primitives::Address {
        self.account.address()
    }

    /// Waits for something that the service comes to; a stage that fails ends the wait.
    ///
    /// # Errors
    /// The service has failed, or does not answer.
    pub async fn wait<T>(
        &mut self,
        what: &str,
        mut ask: impl AsyncFnMut(&Client) -> Result<Option<T>>,
    ) -> Result<T> {
        loop {
            if let Some(found) =
                ask(&self.client).await.wrap_err_with(|| format!("waiting for {what}"))?
            {
                return Ok(found);
            }
            let head = self.client.head().await?;
            if let Some(reason) = head.halted {
                bail!("the operator has halted: {reason}");
            }
            tokio::select! {
                ended = self.node.ended() => {
                    ended.wrap_err_with(|| format!("waiting for {what}"))?;
                    return Err(eyre!("the operator has ended while it was to come to {what}"));
                }
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Waits until the operator has executed so many operations of L1's queue; `played` follows.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn executed(&mut self, operations: usize, played: &mut Played) -> Result<()> {
        let store = self.store().clone();
        let (mut count, mut next) = (0, 1);
        let executed = async |_: &Client| {
            played.follow(&store)?;
            for block in store.blocks.range(next..) {
                let (number, Block { operations, .. }) = block?;
                let priority = |operation: &_| matches!(operation, BlockOperation::Priority(_));
                count += operations.iter().filter(|operation| priority(operation)).count();
                next = number + 1;
            }
            Ok((count >= operations).then_some(()))
        };
        self.wait("the execution of L1's queue", executed).await
    }

    /// Waits until a transaction is in a block. That may take as long as proofs: a batch that is full waits for them
    /// where as many as L1 takes are not proven.
    ///
    /// # Errors
    /// As [`Self::wait`], or the transaction is dropped.
    pub async fn in_block(&mut self, hash: Hash) -> Result<()> {
        let in_block = async |client: &Client| match client
            .wait_for(hash, Stage::InBlock, LOOK_AROUND)
            .await
        {
            Ok(_) => Ok(Some(())),
            Err(WaitError::Deadline { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        };
        self.wait("a block with what was submitted", in_block).await
    }

    /// Has the open batch sealed, which there is; gives its number.
    ///
    /// # Errors
    /// The service does not answer.
    pub async fn seal(&mut self) -> Result<BatchNumber> {
        let Head { batch, sealed, .. } = self.client.head().await?;
        if sealed < batch {
            self.operator.call::<methods::AdminSeal>(&Nothing {}).await?;
        }
        Ok(batch)
    }

    /// The witness of a batch that is to be sealed.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn witness(&mut self, number: BatchNumber) -> Result<BatchWitness> {
        let store = self.store().clone();
        let witness = async |_: &Client| Ok(store.jobs.get(&number)?);
        self.wait("a sealed batch", witness).await
    }

    /// Waits until a batch has come so far.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn batch(
        &mut self,
        number: BatchNumber,
        what: &str,
        is_so_far: impl Fn(&BatchView) -> bool,
    ) -> Result<BatchView> {
        let ask = async |client: &Client| {
            let view = client.ask::<methods::Batch>(&ByBatch { number }).await?;
            Ok(is_so_far(&view).then_some(view))
        };
        self.wait(what, ask).await
    }

    /// Waits until L1 has proven a batch.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn proven(&mut self, number: BatchNumber) -> Result<BatchView> {
        let proven = |view: &BatchView| view.l1.as_ref().is_some_and(|l1| l1.proven.is_some());
        self.batch(number, "a proof on L1", proven).await
    }

    /// The record before a batch, and how the batch was published.
    ///
    /// # Errors
    /// The store lacks it.
    pub fn published(&self, number: BatchNumber) -> Result<(BatchRecord, Publication)> {
        let store = self.node.store();
        let missing = || eyre!("the operator's store lacks batch {number}");
        let previous = match number {
            1 => store.l1_batches.get(&0)?.ok_or_else(missing)?.record,
            _ => store.publications.get(&(number - 1))?.ok_or_else(missing)?.record,
        };
        Ok((previous, store.publications.get(&number)?.ok_or_else(missing)?))
    }

    /// The proofs of all batches up to one, each with the last batch that it covers.
    ///
    /// # Errors
    /// The store's.
    pub fn proofs(&self, last: BatchNumber) -> Result<Vec<(BatchNumber, StoredProof)>> {
        Ok(self.store().proofs.range(..=last).collect::<Result<_, _>>()?)
    }

    /// Learns from the service which leaves the wallets have.
    ///
    /// # Errors
    /// The service does not answer.
    pub async fn learn_leaves(&self, wallets: &mut Wallets) -> Result<()> {
        let of_key: HashMap<Key, Account> =
            (0..wallets.accounts()).map(|account| (wallets.key(account).into(), account)).collect();
        let mut range = AccountRange { from: 0, count: PAGE };
        loop {
            let views = self.client.ask::<methods::Accounts>(&range).await?;
            let Some(last) = views.last() else { return Ok(()) };
            range.from = last.id + 1;
            for view in &views {
                if let Some(&account) = of_key.get(&view.key) {
                    wallets.learn(account, view.token.into(), view.id, view.next_nonce);
                }
            }
        }
    }

    /// Learns from the service which leaves an account has.
    ///
    /// # Errors
    /// The service does not answer.
    pub async fn learn_leaves_of(&self, wallets: &mut Wallets, account: Account) -> Result<()> {
        for view in self.client.accounts_of(wallets.key(account)).await? {
            wallets.learn(account, view.token.into(), view.id, view.next_nonce);
        }
        Ok(())
    }

    /// Stops the service as an operator would.
    ///
    /// # Errors
    /// A stage has failed.
    pub async fn stop(self) -> Result<()> {
        Ok(self.node.stop().await?)
    }
}

/// The gas of an L1 transaction, and of its blobs.
///
/// # Errors
/// The node's, or it is not mined.
pub async fn gas(l1: &L1Client, transaction: B256) -> Result<(u64, u64)> {
    let what = "reading a receipt";
    let receipt = l1.provider().get_transaction_receipt(transaction).await;
    let receipt = receipt.map_err(|e| rpc(what, e))?;
    let receipt = receipt.ok_or_else(|| eyre!("transaction {transaction} is not mined"))?;
    Ok((receipt.gas_used, receipt.blob_gas_used.unwrap_or(0)))
}

/// An operator who takes any fee and any number of transactions, seals when a batch is full or when asked, and does
/// not wait for an L1 that cannot go back.
#[must_use]
pub fn configuration(url: &str, deployment: &Deployment, data: DataMode, folder: &Path) -> Config {
    let mut config = Config::template();
    config.data_dir = folder.to_owned();
    config.l1.urls = vec![url.to_owned()];
    config.l1.chain_id = CHAIN_ID;
    config.l1.rollup = deployment.rollup;
    config.api.listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.mempool.fees.minimum = 0;
    config.mempool.fees.new_leaf_minimum = 0;
    config.mempool.fees.floor_percent = 0;
    config.sequencer.block_interval_ms = 200;
    config.sequencer.max_time_to_finality_s = NEVER_S;
    config.sequencer.max_batch_age_s = NEVER_S;
    // The queue is there before the operator: what of it does not join the open batch waits for the next.
    config.sequencer.priority_wait_s = 0;
    config.sequencer.max_unproven_operations = u64::MAX;
    config.sequencer.max_unproven_batches = MOST_UNPROVEN;
    config.proving.data = match data {
        DataMode::Calldata => DataChoice::Calldata,
        DataMode::Blobs => DataChoice::Blobs,
        DataMode::Committee => DataChoice::Committee,
    };
    if data == DataMode::Calldata {
        // All streams share a transaction: it is the transfers that are shown.
        config.sequencer.max_withdrawals = 64;
    }
    config.settlement.confirmations = 1;
    config.settlement.poll_ms = 200;
    config.watcher = WatcherConfig { poll_ms: 200, ..WatcherConfig::development() };
    config
}
