//! The watcher against a model of L1: whatever the chain went through, the tables are those of someone who has seen its last
//! form only.

mod model;

use alloy::primitives::{Address, B256};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{
    chain::Counts,
    config::WatcherConfig,
    error::WatcherError,
    follow::{Follower, Step},
    halt, rewind,
};
use crate::{
    clock::now_ms,
    store::{
        Store,
        records::{Identity, L1Batch, L1Queued, L1View},
    },
};
use model::{DEEDS, Deed, Manners, ModelChain};

const CONFIRMATIONS: u64 = 3;

fn config() -> WatcherConfig {
    WatcherConfig { confirmations: CONFIRMATIONS, max_range: 4, ..WatcherConfig::default() }
}

/// A watcher with a store of its own.
struct Watch {
    follower: Follower<ModelChain>,
    chain: ModelChain,
    store: Store,
    _folder: TempDir,
}

#[derive(Debug, PartialEq)]
struct Tables {
    queue: Vec<(u64, L1Queued)>,
    batches: Vec<(u32, L1Batch)>,
    view: Option<L1View>,
    /// What could be taken back still.
    blocks: Vec<(u64, B256)>,
}

impl Watch {
    fn new(chain: &ModelChain) -> Self {
        // In memory where there is such a thing: a store is made for each comparison.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let identity = Identity {
            schema: crate::store::SCHEMA,
            chain_id: 1,
            rollup: Address::ZERO,
            genesis: B256::ZERO,
        };
        let store = Store::open(folder.path(), &identity).unwrap();
        let follower = Follower::new(chain.clone(), store.clone(), config(), 0);
        Self { follower, chain: chain.clone(), store, _folder: folder }
    }

    /// As after a kill: all that is not in the store is gone.
    fn restart(&mut self) {
        self.follower = Follower::new(self.chain.clone(), self.store.clone(), config(), 0);
    }

    async fn step(&mut self) -> Result<Step, WatcherError> {
        self.follower.step().await
    }

    /// Until there has been no news for long.
    async fn finish(&mut self) -> Result<(), WatcherError> {
        let mut quiet = 0;
        while quiet < 8 {
            match self.step().await? {
                Step::UpToDate | Step::Lags { .. } => quiet += 1,
                Step::Read { .. } | Step::TookBack { .. } => quiet = 0,
            }
        }
        Ok(())
    }

    fn view(&self) -> L1View {
        self.store.l1_view.get(&()).unwrap().unwrap()
    }

    fn tables(&self) -> Tables {
        let blocks = self.store.l1_blocks.iter().map(|row| row.map(|(n, block)| (n, block.hash)));
        Tables {
            queue: self.store.l1_queue.iter().collect::<Result<_, _>>().unwrap(),
            batches: self.store.l1_batches.iter().collect::<Result<_, _>>().unwrap(),
            view: self.store.l1_view.get(&()).unwrap(),
            blocks: blocks.collect::<Result<_, _>>().unwrap(),
        }
    }
}

async fn fresh(chain: &ModelChain) -> Tables {
    let mut watch = Watch::new(chain);
    watch.finish().await.unwrap();
    watch.tables()
}

/// What happens to L1, and how far the watcher gets before the next thing happens.
#[derive(Debug, Clone)]
struct Turn {
    fork: u64,
    /// More blocks than the fork has removed.
    more: Vec<Deed>,
    steps: usize,
    restart: bool,
    /// Killed while it goes back.
    torn: bool,
}

fn deeds(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(prop::sample::select(&DEEDS[..]), count)
}

fn turn() -> impl Strategy<Value = Turn> {
    let fork = 0..=CONFIRMATIONS;
    fork.prop_flat_map(|fork| {
        (deeds(fork as usize..12), 0..10usize, any::<bool>(), any::<bool>())
            .prop_map(move |(more, steps, restart, torn)| Turn { fork, more, steps, restart, torn })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tables_are_those_of_who_saw_the_last_chain_only(turns in prop::collection::vec(turn(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let chain = ModelChain::new();
            let mut watch = Watch::new(&chain);
            for turn in turns {
                chain.cut(turn.fork);
                let missing = turn.fork.saturating_sub(turn.more.len() as u64) as usize;
                chain.grow(&turn.more);
                chain.grow(&vec![Deed::Nothing; missing]);
                if turn.torn && turn.fork > 0 {
                    rewind::undo_last(&watch.store).unwrap();
                }
                for _ in 0..turn.steps {
                    watch.step().await.unwrap();
                }
                if turn.restart {
                    watch.restart();
                }
                if turn.steps % 2 == 0 {
                    watch.finish().await.unwrap();
                    prop_assert_eq!(watch.tables(), fresh(&chain).await);
                }
            }
            watch.finish().await.unwrap();
            prop_assert_eq!(watch.tables(), fresh(&chain).await);
            let view = watch.view();
            let counts = Counts {
                deployed: true,
                queue_length: view.queue_length,
                committed: view.committed,
                proven: view.proven,
                paused: view.paused,
                frozen: view.frozen,
            };
            prop_assert_eq!(counts, chain.counts());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn what_is_not_deep_enough_is_not_confirmed() {
    let chain = ModelChain::new();
    let mut watch = Watch::new(&chain);
    chain.grow(&[Deed::Queue, Deed::Commit, Deed::ProveAll, Deed::Freeze]);
    watch.finish().await.unwrap();
    let view = watch.view();
    assert_eq!((view.queue_length, view.confirmed_queue), (1, 1));
    assert_eq!((view.committed, view.proven, view.finalized), (1, 1, 0));
    assert!(view.frozen);
    assert_eq!(view.blob_base_fee, 3 * view.base_fee);
    chain.grow(&[Deed::Nothing; 2]);
    watch.finish().await.unwrap();
    assert_eq!(watch.view().finalized, 1);
    let since = watch.store.final_since.get(&1).unwrap();
    assert!(since.is_some_and(|since| (1..=now_ms()).contains(&since)));
    // Nothing changes that later.
    chain.grow(&[Deed::Nothing; 2]);
    watch.finish().await.unwrap();
    assert_eq!(watch.store.final_since.get(&1).unwrap(), since);
    // That a node calls it final is not enough.
    let chain = ModelChain::new();
    chain.grow(&[Deed::Queue]);
    chain.set(Manners { finalized: Some(1), ..Manners::default() });
    let mut watch = Watch::new(&chain);
    watch.finish().await.unwrap();
    assert_eq!(watch.view().confirmed_queue, 0);
}

#[tokio::test]
async fn a_reorganization_beyond_the_window_halts_until_the_chain_is_right_again() {
    let chain = ModelChain::new();
    chain.grow(&[Deed::Queue; 10]);
    let mut watch = Watch::new(&chain);
    watch.finish().await.unwrap();
    let before = watch.tables();
    let settled = chain.hash(7);
    chain.cut(4);
    chain.grow(&[Deed::Nothing; 6]);
    let error = watch.step().await.unwrap_err();
    let WatcherError::TooDeep { block: 7, expected, got } = error else { panic!("{error}") };
    assert_eq!((expected, got), (settled, chain.hash(7)));
    assert_eq!(watch.tables(), before);
    halt(&watch.store, &error).unwrap();
    let halted = watch.view().halted.unwrap();
    assert!(halted.contains("block 7 was") && halted.contains("Check the L1 node"), "{halted}");

    // It is said once, and looked at again; as after a restart, too.
    assert!(!halt(&watch.store, &error).unwrap());
    assert!(matches!(watch.step().await, Err(WatcherError::TooDeep { .. })));
    watch.restart();
    assert!(matches!(watch.step().await, Err(WatcherError::TooDeep { .. })));
    // The node was wrong, and is right now.
    let other = ModelChain::new();
    other.grow(&[Deed::Queue; 12]);
    watch.chain.become_like(&other);
    watch.finish().await.unwrap();
    assert_eq!(watch.view().halted, None);
    assert_eq!(watch.tables(), fresh(&other).await);
}

/// Batches have L1's time: one from the future would be refused by L1, and by all that is carried on from it.
#[tokio::test]
async fn blocks_from_the_future_are_not_read() {
    let chain = ModelChain::new();
    let mut watch = Watch::new(&chain);
    watch.finish().await.unwrap();
    let before = watch.tables();
    let hour_ahead = now_ms() / 1_000 + 3_600;
    chain.grow(&[Deed::Queue]);
    chain.set(Manners { late: hour_ahead, ..Manners::default() });
    let error = watch.step().await.unwrap_err();
    assert!(matches!(error, WatcherError::Future { block: 1, most: 3_600, .. }), "{error}");
    assert!(error.is_transient() && error.blames_node());
    assert_eq!(watch.tables(), before);
    // The machine's clock may be off by some time.
    chain.set(Manners { late: hour_ahead - 2_400, ..Manners::default() });
    watch.finish().await.unwrap();
    assert_eq!(watch.view().block, 1);
}

#[tokio::test]
async fn a_node_that_leaves_out_logs_is_noticed_and_nothing_is_written() {
    for blocks in [1, 40] {
        let chain = ModelChain::new();
        let mut watch = Watch::new(&chain);
        watch.finish().await.unwrap();
        let before = watch.tables();
        chain.grow(&vec![Deed::Queue; blocks]);
        chain.set(Manners { drops_logs: true, ..Manners::default() });
        for _ in 0..3 {
            let error = watch.step().await.unwrap_err();
            assert!(matches!(error, WatcherError::Unreliable { .. }), "{error}");
            assert!(error.is_transient());
        }
        assert_eq!(watch.tables(), before);
        chain.set(Manners::default());
        watch.finish().await.unwrap();
        assert_eq!(watch.tables(), fresh(&chain).await);
    }
}

#[tokio::test]
async fn a_node_that_alters_logs_is_noticed_and_nothing_is_written() {
    for deed in [Deed::Queue, Deed::Commit] {
        for blocks in [1, 40] {
            let chain = ModelChain::new();
            let mut watch = Watch::new(&chain);
            watch.finish().await.unwrap();
            let before = watch.tables();
            chain.grow(&vec![deed; blocks]);
            chain.set(Manners { alters_logs: true, ..Manners::default() });
            let error = watch.step().await.unwrap_err();
            assert!(matches!(error, WatcherError::Unreliable { .. }), "{error}");
            assert_eq!(watch.tables(), before);
            chain.set(Manners::default());
            watch.finish().await.unwrap();
            assert_eq!(watch.tables(), fresh(&chain).await);
        }
    }
}

#[tokio::test]
async fn logs_that_begin_after_the_rollups_first_event_are_refused() {
    let chain = ModelChain::new();
    chain.grow(&[Deed::Nothing, Deed::Queue, Deed::Commit]);
    let watch = Watch::new(&chain);
    let mut late = Follower::new(chain, watch.store.clone(), config(), 1);
    assert!(matches!(late.step().await, Err(WatcherError::NoGenesis { .. })));
    assert_eq!(watch.store.l1_view.get(&()).unwrap(), None);
}

#[tokio::test]
async fn a_node_that_lags_is_waited_for() {
    let chain = ModelChain::new();
    chain.grow(&[Deed::Queue; 8]);
    let mut watch = Watch::new(&chain);
    watch.finish().await.unwrap();
    let before = watch.tables();
    for shows in [7, 6, 2] {
        chain.set(Manners { shows: Some(shows), ..Manners::default() });
        assert_eq!(watch.step().await.unwrap(), Step::Lags { head: shows });
    }
    assert_eq!(watch.tables(), before);
}

#[tokio::test]
async fn narrow_ranges_and_lost_state_end_in_the_same_tables() {
    let chain = ModelChain::new();
    for _ in 0..8 {
        chain.grow(&DEEDS);
    }
    let expected = fresh(&chain).await;
    for widest in [1, 3] {
        let mut watch = Watch::new(&chain);
        let keeps_state = Some(CONFIRMATIONS);
        chain.set(Manners { widest: Some(widest), keeps_state, ..Manners::default() });
        watch.finish().await.unwrap();
        assert_eq!(watch.tables(), expected);
    }
    let mut watch = Watch::new(&chain);
    chain.set(Manners { keeps_state: Some(CONFIRMATIONS - 1), ..Manners::default() });
    assert!(matches!(watch.step().await, Err(WatcherError::NoState { .. })));
}

#[tokio::test]
async fn an_idle_watcher_asks_for_little() {
    let chain = ModelChain::new();
    let mut watch = Watch::new(&chain);
    watch.finish().await.unwrap();
    let before = chain.asked();
    for _ in 0..60 {
        assert_eq!(watch.step().await.unwrap(), Step::UpToDate);
    }
    // The head each time, and the last block's header each sixth.
    assert_eq!(chain.asked() - before, 70);
}
