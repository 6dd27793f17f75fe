//! A scenario of the demo that no batch holds, against a service whose proofs are stand-ins.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256},
    providers::Provider,
};
use cairn_batcher::{
    demo::{
        claim::claim,
        forced,
        play::{self, priority_operations},
        played::Played,
        scenario::Scenario,
        service::{self, Service, Setting},
        settle,
        wallet::Wallets,
    },
    deploy::development::{Accounts, Built, Deployed, deploy_built},
    l1::{anvil::Anvil, client::L1Client, data_modes::DataModes, tools},
    node::{config::Config, dev},
    progress::Bars,
    transfers::TransferRecord,
};
use cairn_state::State;
use cairn_types::{DataMode, Word};
use tempfile::TempDir;

use crate::stand_in::{StandIn, built, circuit_set, contracts, plan};

const SEED: u64 = 1;

/// A rollup that nothing has happened on.
struct World {
    folder: TempDir,
    anvil: Anvil,
    deployed: Deployed,
    l1: L1Client,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = tools::find(&contracts().join("node_modules"), "anvil").unwrap();
        let anvil = Anvil::start(&program, None, folder.path(), false).await.unwrap();
        let plan = plan(built().await, 0, false);
        let signer = dev::keys().operator;
        let operator = service::operator().unwrap().address();
        let accounts = Accounts { deployer: &signer, operator };
        let artifacts = &plan.artifacts;
        let built = Built { artifacts, circuits: plan.circuits.clone(), commit: String::new() };
        let genesis = B256::from(State::genesis().summary().commitment().to_bytes());
        let url = anvil.url();
        let deployed = deploy_built(built, &url, accounts, genesis, DataModes::ON_L1, 1);
        let deployed = deployed.await.unwrap();
        let l1 = L1Client::new(&url, signer, deployed.l1).unwrap();
        Self { folder, anvil, deployed, l1 }
    }

    fn wallets(&self, scenario: &Scenario) -> Wallets {
        let domain = Word::new(std::array::from_fn(|i| self.deployed.l1.domain[i + 1]));
        Wallets::new(scenario, SEED, domain)
    }

    fn assets(&self, scenario: &Scenario) -> Vec<Address> {
        let token = |is_ether| if is_ether { Address::ZERO } else { self.deployed.tokens[0] };
        scenario.tokens.iter().map(|spec| token(spec.is_ether)).collect()
    }

    async fn service(&self, change: impl FnOnce(&mut Config)) -> Service {
        let folder = self.folder.path().join("operator");
        let url = self.anvil.url();
        let mut config = service::configuration(&url, &self.deployed.l1, DataMode::Blobs, &folder);
        change(&mut config);
        let (engine, extras) = (Arc::new(StandIn), Default::default());
        Service::start(Setting { anvil: &self.anvil, config, engine, extras }).await.unwrap()
    }
}

/// `count` transfers of ether and a token among so many accounts, each of whom pays and is paid.
fn records(count: usize, accounts: usize) -> Vec<TransferRecord> {
    let record = |i: usize| TransferRecord {
        timestamp: 1,
        token: if i.is_multiple_of(3) { "0xc".into() } else { "eth".into() },
        from: format!("account {}", i % accounts),
        to: format!("account {}", (i + 3) % accounts),
        amount: 1_000_000 + i as u128,
    };
    (0..count).map(record).collect()
}

/// 48 deposits at 20 a batch, and 401 transfers at 60 a batch: none is lost, all are proven, and the figures are of all.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_batch_does_not_hold_becomes_several() {
    let world = World::start().await;
    let scenario = Scenario::from_records(&records(401, 48));
    let (l1, assets, bars) = (&world.l1, world.assets(&scenario), Bars::default());
    let mut wallets = world.wallets(&scenario);
    let bar = bars.bar("deposits", priority_operations(&scenario));
    let funded = play::fund(&world.anvil, l1, &scenario, &assets, &wallets, SEED, &bar);
    let gas = funded.await.unwrap();
    assert!((50_000..500_000).contains(&gas), "{gas} gas a deposit");
    let fee = l1.priority_fee().await.unwrap();
    forced::queue(l1, &scenario, &mut wallets, fee).await.unwrap();

    let mut service = world
        .service(|config| {
            config.sequencer.max_priority_words = 40;
            config.sequencer.max_data_words = 30;
        })
        .await;
    let mut played = Played::new(false);
    let queued = priority_operations(&scenario);
    assert_eq!(queued, 2 + scenario.first_balances.len() + 2);
    service.executed(queued, &mut played).await.unwrap();
    service.learn_leaves(&mut wallets).await.unwrap();
    let mut stages = Vec::new();
    let committed =
        settle::commit(&mut service, &scenario, &mut wallets, played, &bars, &mut stages);
    let committed = committed.await.unwrap();
    let proven = settle::prove(l1, &committed, &mut service, circuit_set()).await.unwrap();

    let played = &committed.played;
    let deposits = (2 * queued).div_ceil(40) as u32;
    assert!(played.last >= deposits + 401 / 60, "{} batches", played.last);
    assert_eq!(played.operations, queued + scenario.actions.len());
    assert_eq!(played.transfers, 401);
    assert_eq!((played.forced().executed, played.forced().refused), (1, 1));
    assert_eq!(played.withdrawals.len(), played.last as usize);
    // One of each token, and the forced one.
    assert_eq!(played.withdrawals.iter().flatten().count(), 3);
    assert_eq!((proven.number, proven.l1_state), (played.last, committed.record.state));
    let covered: usize = proven.proofs.iter().map(|proof| proof.chunks).sum();
    // Of a stand-in, each batch is a chunk.
    assert_eq!(covered, played.last as usize);
    assert!(proven.commit_gas > proven.prove_gas && proven.prove_gas > 0);

    // Each is claimed, with the others of its batch, and paid.
    let user = dev::keys().operator.address();
    let sent = async || l1.provider().get_transaction_count(user).await.unwrap();
    let (before, mut gas) = (sent().await, 0);
    for (batch, words) in (1..).zip(&played.withdrawals) {
        let claimed = claim(l1, service.client(), batch, words, &scenario, &assets);
        gas += claimed.await.unwrap();
    }
    assert_eq!(sent().await - before, 3);
    assert!((90_000..1_500_000).contains(&gas), "{gas} gas for three claims");
    service.stop().await.unwrap();
}

/// A block for each would take minutes for thousands of accounts.
#[tokio::test(flavor = "multi_thread")]
async fn many_deposits_share_blocks() {
    let world = World::start().await;
    let scenario = Scenario::from_records(&records(600, 600));
    let (l1, assets, bars) = (&world.l1, world.assets(&scenario), Bars::default());
    let wallets = world.wallets(&scenario);
    let bar = bars.bar("deposits", priority_operations(&scenario));
    let user = dev::keys().operator.address();
    let sent = async || l1.provider().get_transaction_count(user).await.unwrap();
    let head = async || l1.provider().get_block_number().await.unwrap();
    let (sent_before, head_before) = (sent().await, head().await);
    let funded = play::fund(&world.anvil, l1, &scenario, &assets, &wallets, SEED, &bar);
    let gas = funded.await.unwrap();
    assert!((50_000..500_000).contains(&gas), "{gas} gas a deposit");
    // Two registrations, and two to have the token at all.
    assert_eq!(sent().await - sent_before, 600 + 4);
    let blocks = head().await - head_before;
    assert!(blocks < 60, "{blocks} blocks");
}
