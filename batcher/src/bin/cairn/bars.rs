//! Progress of the rebuilding.

use std::sync::Arc;

use alloy::primitives::Address;
use cairn_batcher::{progress::Bars, reconstruct::Progress, snapshot::Snapshot};
use cairn_state::State;
use indicatif::ProgressBar;

use crate::checkpoint::Checkpoint;

/// A bar over L1's blocks, one over batches.
pub(crate) struct RebuildBars {
    bars: Bars,
    blocks: ProgressBar,
    batches: ProgressBar,
    keeping: Option<Keeping>,
}

/// Where the state is kept on the way, and whose it is.
pub(crate) struct Keeping {
    pub(crate) checkpoint: Arc<Checkpoint>,
    pub(crate) chain_id: u64,
    pub(crate) rollup: Address,
}

impl RebuildBars {
    pub(crate) fn blocks() -> Self {
        let bars = Bars::default();
        let blocks = bars.bar("L1 blocks", 0);
        Self { bars, blocks, batches: ProgressBar::hidden(), keeping: None }
    }

    /// From here on batches count.
    pub(crate) fn batches(&mut self, from: u32, to: u32, keeping: Option<Keeping>) {
        self.bars.finish(&self.blocks);
        self.batches = self.bars.bar("batches", to as usize);
        self.batches.set_position(from.into());
        self.keeping = keeping;
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
        if let Some(Keeping { checkpoint, chain_id, rollup }) = &self.keeping {
            checkpoint.keep(|| Snapshot {
                chain_id: *chain_id,
                rollup: *rollup,
                batch: number,
                state: state.clone(),
            });
        }
    }
}
