//! Progress of the rebuilding, and its checkpoints.

use std::{
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use cairn_batcher::{progress::Bars, reconstruct::Progress, snapshot::Snapshot, tell};
use cairn_state::State;
use indicatif::ProgressBar;

/// How often the state is kept.
const CHECKPOINT: Duration = Duration::from_secs(60);

/// A bar over L1's blocks, one over batches.
pub(crate) struct RebuildBars {
    bars: Bars,
    blocks: ProgressBar,
    batches: ProgressBar,
    checkpoint: Option<Checkpoint>,
}

/// Where the state is kept on the way.
pub(crate) struct Checkpoint {
    pub(crate) chain_id: u64,
    pub(crate) rollup: Address,
    pub(crate) path: PathBuf,
    pub(crate) last: Mutex<Instant>,
}

impl RebuildBars {
    pub(crate) fn blocks() -> Self {
        let bars = Bars::default();
        let blocks = bars.bar("L1 blocks", 0);
        Self { bars, blocks, batches: ProgressBar::hidden(), checkpoint: None }
    }

    /// From here on batches count.
    pub(crate) fn batches(&mut self, from: u32, to: u32, checkpoint: Option<Checkpoint>) {
        self.bars.finish(&self.blocks);
        self.batches = self.bars.bar("batches", to as usize);
        self.batches.set_position(from.into());
        self.checkpoint = checkpoint;
    }

    pub(crate) fn finish(&self) {
        self.bars.finish(&self.batches);
    }
}

impl Progress for RebuildBars {
    fn block(&self, number: u64, of: u64) {
        self.blocks.set_length(of);
        self.blocks.set_position(number);
    }

    fn batch(&self, number: u32, state: &State) {
        self.batches.set_position(number.into());
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.keep(number, state);
        }
    }
}

impl Checkpoint {
    fn keep(&self, batch: u32, state: &State) {
        let mut last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if last.elapsed() < CHECKPOINT {
            return;
        }
        *last = Instant::now();
        let state = state.clone();
        let mut snapshot = Snapshot { chain_id: self.chain_id, rollup: self.rollup, batch, state };
        // Only time is lost without it.
        if let Err(error) = snapshot.write(&self.path) {
            tell!("cairn: no checkpoint: {error}");
        }
    }
}
