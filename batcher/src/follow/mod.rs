//! A follower: the state from L1 without end, served to readers, and held against what the operator says.
//!
//! ```text
//! L1 -> reconstruct (refresh, replay) -> states, rows -> the API's server, reads alone
//!                                          ^ receipts and the operator's answers are held against these
//! ```
//!
//! A round reads L1 as of its latest block, takes back what is not there any more, and executes what is new. What is
//! kept on disk is the state after a proven batch, so that a start goes on from there, and rows for readers. The
//! operator is asked beside that: whatever it does, L1 is followed.
//!
//! Trust: as `reconstruct`. None in the operator.

mod begin;
mod contradiction;
mod doubts;
pub mod error;
mod operator;
pub mod receipts;
mod record;
mod rows;
pub mod serve;
pub mod states;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use metrics::gauge;
use serde::Serialize;

pub use self::error::FollowError;
use self::{
    begin::{STATE, begin, snapshot},
    contradiction::Contradictions,
    operator::Operator,
    receipts::{Receipt, Verdict},
    record::Recorder,
    states::States,
};
use crate::{
    clock::now_ms,
    reconstruct::{
        Finality, Progress, ReconstructError, Rollup, history::Committed, source::Sources,
    },
    snapshot::Snapshot,
    store::{SCHEMA, Store, records::Identity},
};

/// How often the state is kept on disk.
const KEEP: Duration = Duration::from_secs(60);
/// The folder of the rows in the data folder.
const ROWS: &str = "rows";
/// The root of the circuit set that a follower says it has: it proves nothing. No hash of circuits is zero.
const NO_CIRCUITS: B256 = B256::ZERO;

/// How a rollup is followed.
#[derive(Debug)]
pub struct Setting {
    /// Where the data of batches is found.
    pub sources: Arc<Sources>,
    /// A state to start from, if there is none in the folder that is later.
    pub snapshot: Option<Snapshot>,
    /// What is kept between runs.
    pub folder: PathBuf,
    /// Blocks of L1 after which events are not read again, unless L1 goes back further.
    pub confirmations: u64,
}

/// Follows a rollup.
#[derive(Debug)]
pub struct Follower {
    setting: Setting,
    rollup: Rollup,
    states: States,
    store: Store,
    receipts: Vec<Receipt>,
    operator: Option<Operator>,
    contradictions: Contradictions,
    kept: Instant,
}

/// Where a follower stands after a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The block of L1 that all is as of.
    pub l1_block: u64,
    /// The last batch that was executed.
    pub batch: u32,
    /// The last that L1 has.
    pub committed: u32,
    /// The last that L1 has a proof of.
    pub proven: u32,
    /// State commitment after `batch`, in hex.
    pub state: String,
    /// Batches of the operator that were compared so far, each counted once.
    pub compared: u64,
    /// Receipts that hold.
    pub receipts_hold: u64,
    /// Receipts whose batch is not on L1 yet, or is before the state that was started from.
    pub receipts_open: u64,
    /// What the operator says and contradicts L1 as of one block: it counts if it does as of another.
    pub undecided: Vec<String>,
    /// What contradicts L1.
    pub contradictions: Vec<String>,
}

impl Follower {
    /// Stands where an earlier run has stopped, or where the snapshot or the rollup begins. `receipts` are held against
    /// the batches that are executed from now on.
    ///
    /// # Errors
    /// The folder cannot be used, or the snapshot is not L1's.
    pub fn start(
        setting: Setting,
        rollup: Rollup,
        receipts: Vec<Receipt>,
    ) -> Result<Self, FollowError> {
        let folder = |source| FollowError::Folder { folder: setting.folder.clone(), source };
        fs::create_dir_all(&setting.folder).map_err(folder)?;
        let begin = begin(&setting, &rollup, &receipts)?;
        let (chain_hash, genesis) =
            (chain_hash(&rollup, begin.batch), record(&rollup, 0)?.batch.state);
        let states = States::new(begin.batch, chain_hash.unwrap_or_default(), begin.state.clone());
        let identity = Identity {
            schema: SCHEMA,
            chain_id: rollup.reader().chain_id(),
            rollup: rollup.reader().address(),
            genesis,
        };
        let store = Store::open(&setting.folder.join(ROWS), &identity)?;
        rows::begin(&store, begin.batch, &begin.state)?;
        let mut follower = Self {
            setting,
            rollup,
            states,
            store,
            receipts,
            operator: None,
            contradictions: Contradictions::new(),
            kept: Instant::now(),
        };
        for contradiction in receipts::among(&follower.receipts) {
            follower.contradictions.add(contradiction);
        }
        for receipt in &mut follower.receipts {
            if receipt.signed.batch <= begin.batch {
                receipt.verdict = Some(Verdict::TooEarly);
            }
        }
        // What never gets on must look old as well.
        gauge!("cairn_follow_round_timestamp_seconds").set(seconds());
        Ok(follower)
    }

    /// Watches an operator from now on. One that does not answer yet is asked again in [`Self::check`].
    ///
    /// # Errors
    /// It is another rollup's, or a follower; or the URL is none.
    pub async fn watch(&mut self, url: &str) -> Result<(), FollowError> {
        let mut operator = Operator::new(url);
        if let Err(error) = operator.connect(&self.rollup).await
            && !error.may_pass()
        {
            return Err(error);
        }
        gauge!("cairn_follow_compared_timestamp_seconds").set(seconds());
        self.operator = Some(operator);
        Ok(())
    }

    /// The states, for readers.
    #[must_use]
    pub fn states(&self) -> &States {
        &self.states
    }

    /// The rows, for readers.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The rollup as of the last round.
    #[must_use]
    pub fn rollup(&self) -> &Rollup {
        &self.rollup
    }

    /// What contradicts L1 so far.
    #[must_use]
    pub fn contradictions(&self) -> Vec<String> {
        self.contradictions.all()
    }

    /// Reads L1 anew, executes what is new, and holds receipts against it. New contradictions are `told`, each once.
    ///
    /// # Errors
    /// L1, its data or the disk; what was executed until then stays.
    pub async fn round(
        &mut self,
        progress: &impl Progress,
        mut told: impl FnMut(&str),
    ) -> Result<(), FollowError> {
        self.rollup = self.rollup.refresh(self.setting.confirmations).await?;
        let mut executed = self.execute(progress).await;
        let mut shown = self.broken_receipts();
        if let Err(FollowError::Reconstruct(
            error @ ReconstructError::Batch { batch, finality, .. },
        )) = &executed
        {
            // It stands on L1 and leads nowhere. Whoever has committed it must take it back. If it is proven,
            // nobody can, which is another contradiction, and worse. All that is before it stays true.
            let what = match finality {
                Finality::Committed => "committed",
                Finality::Proven => "proven",
            };
            let text = format!("what is {what} on L1 is no batch: {error}");
            shown.insert(format!("{what} batch {batch}"), text);
            executed = Ok(());
        }
        self.contradictions.show(shown).iter().for_each(|contradiction| told(contradiction));
        executed?;
        let tip = self.states.tip();
        rows::show_l1(&self.store, &self.rollup, tip, self.setting.confirmations).await?;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        gauge!("cairn_follow_l1_block").set(self.rollup.head().number as f64);
        gauge!("cairn_follow_batch").set(tip);
        self.states.tidy(self.rollup.history().proven());
        self.keep()?;
        gauge!("cairn_follow_round_timestamp_seconds").set(seconds());
        Ok(())
    }

    /// Holds what the operator says against L1 as of the last round; nothing without one. It ends within a minute. What
    /// counts is `told`, each once, also if an error follows.
    ///
    /// # Errors
    /// The operator does not answer, or not in time: L1 is followed all the same.
    pub async fn check(&mut self, mut told: impl FnMut(&str)) -> Result<(), FollowError> {
        let Some(operator) = &mut self.operator else { return Ok(()) };
        let confirmations = self.setting.confirmations;
        let checked = operator.check(&self.rollup, &self.receipts, confirmations).await;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        gauge!("cairn_follow_compared").set(operator.compared() as f64);
        for contradiction in operator.take_counted() {
            if self.contradictions.add(contradiction.clone()) {
                told(&contradiction);
            }
        }
        checked?;
        gauge!("cairn_follow_compared_timestamp_seconds").set(seconds());
        Ok(())
    }

    /// Whether the operator has said something that counts if it holds at another block of L1.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.operator.as_ref().is_some_and(|operator| !operator.undecided().is_empty())
    }

    /// Whether all batches up to `to` that L1 has were compared, if an operator is watched, and nothing is in doubt.
    #[must_use]
    pub fn is_compared(&self, to: u32) -> bool {
        let to = u64::from(to.min(self.rollup.history().committed()));
        let compared = self.operator.as_ref().is_none_or(|operator| operator.compared() >= to);
        compared && !self.is_in_doubt()
    }

    async fn execute(&mut self, progress: &impl Progress) -> Result<(), FollowError> {
        let rollup = &self.rollup;
        let from = match self.states.rewind(|batch| chain_hash(rollup, batch)) {
            Some((batch, state)) => snapshot(rollup, batch, state),
            None => {
                // L1 went back behind all that is in memory.
                let begin = begin(&self.setting, rollup, &self.receipts)?;
                let hash = chain_hash(rollup, begin.batch).unwrap_or_default();
                self.states.reset(begin.batch, hash, begin.state.clone());
                begin
            }
        };
        for receipt in &mut self.receipts {
            if receipt.signed.batch > from.batch {
                receipt.verdict = None;
            }
        }
        let to = rollup.history().committed();
        if to <= from.batch {
            return Ok(());
        }
        let recorder =
            Recorder::new(rollup, &self.store, &self.states, &mut self.receipts, progress);
        let rebuilt = rollup.reconstruct(to, Some(from), &self.setting.sources, &recorder).await;
        recorder.finish()?;
        rebuilt.map(drop).map_err(FollowError::from)
    }

    /// Sentences by what stays as a batch becomes final.
    fn broken_receipts(&self) -> BTreeMap<String, String> {
        let broken = self.receipts.iter().filter_map(|receipt| match &receipt.verdict {
            Some(Verdict::Broken(reason)) => {
                let key = format!("receipt {}: {reason}", receipt.file.display());
                let finality = self.rollup.finality(receipt.signed.batch);
                let text = format!("{key} ({finality})");
                Some((key, text))
            }
            _ => None,
        });
        broken.collect()
    }

    /// Keeps the state after the last proven batch, if it is time to: nobody takes it back.
    fn keep(&mut self) -> Result<(), FollowError> {
        if self.kept.elapsed() < KEEP {
            return Ok(());
        }
        self.keep_now()
    }

    /// As a run ends.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep_now(&mut self) -> Result<(), FollowError> {
        self.kept = Instant::now();
        let batch = self.rollup.history().proven().min(self.states.tip());
        let Some(state) = self.states.get(batch) else { return Ok(()) };
        snapshot(&self.rollup, batch, state).write(&self.setting.folder.join(STATE))?;
        Ok(())
    }

    /// Where it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let history = self.rollup.history();
        let tip = self.states.tip();
        let state = self.states.get(tip).map(|mut state| state.summary().commitment().to_bytes());
        let count = |is: fn(&Option<Verdict>) -> bool| {
            self.receipts.iter().filter(|receipt| is(&receipt.verdict)).count() as u64
        };
        Standing {
            l1_block: self.rollup.head().number,
            batch: tip,
            committed: history.committed(),
            proven: history.proven(),
            state: format!("0x{}", hex::encode(state.unwrap_or_default())),
            compared: self.operator.as_ref().map_or(0, Operator::compared),
            receipts_hold: count(|verdict| *verdict == Some(Verdict::Holds)),
            receipts_open: count(|verdict| matches!(verdict, None | Some(Verdict::TooEarly))),
            undecided: self.operator.as_ref().map(Operator::undecided).unwrap_or_default(),
            contradictions: self.contradictions.all(),
        }
    }
}

/// Seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn seconds() -> f64 {
    now_ms() as f64 / 1_000.0
}

/// L1's chain hash of a batch that stands.
fn chain_hash(rollup: &Rollup, batch: u32) -> Option<B256> {
    rollup.history().get(batch).map(|committed| committed.batch.chainHash)
}

fn record(rollup: &Rollup, batch: u32) -> Result<&Committed, ReconstructError> {
    let committed = rollup.history().committed();
    rollup.history().get(batch).ok_or(ReconstructError::NotCommitted { batch, committed })
}
