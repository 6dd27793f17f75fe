//! The witness of a chunk.

use std::ops::Range;

use cairn_state::{
    BatchWitness, Environment, OpeningError, PartialTree, Running, SlotWitness, TreeOpening,
};
use cairn_types::{ChunkEnvironment, ChunkStatement, Digest};
use serde::{Deserialize, Serialize};

use crate::statement::Statement;

/// What a chunk proves: some consecutive operations of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChunkWitness {
    /// What all chunks of a batch share.
    pub environment: ChunkEnvironment,
    /// Everything before the first operation.
    pub before: Running,
    /// Everything after the last.
    pub after: Running,
    /// The account tree before, opened at all leaves that the operations access.
    pub opening: TreeOpening,
    /// The operations, in order. Pairs of short transfers are not cut.
    pub slots: Vec<SlotWitness>,
}

impl ChunkWitness {
    /// Cuts a batch at the given ranges, which follow each other from its start and cut no pair.
    ///
    /// The batch's opening gives that of each chunk: the operations of the chunks before are written to it.
    ///
    /// # Errors
    /// If the opening of the batch does not hold a leaf that it accesses.
    ///
    /// # Panics
    /// If a range reaches beyond the batch.
    pub fn cut(
        batch: &BatchWitness,
        ranges: &[Range<usize>],
        circuit_set_root: Digest,
    ) -> Result<Vec<Self>, OpeningError> {
        let Environment { domain, timestamp } = batch.environment;
        let environment = ChunkEnvironment { domain, timestamp, circuit_set_root };
        let mut tree = PartialTree::new(&batch.opening)?;
        let mut before = batch.before;
        let mut chunks = Vec::with_capacity(ranges.len());
        for range in ranges {
            let slots = batch.slots[range.clone()].to_vec();
            let accesses = || slots.iter().flat_map(SlotWitness::accesses);
            let ids: Vec<_> = accesses().map(|access| access.id).collect();
            let opening = tree.open(&ids)?;
            for access in accesses() {
                tree.set(access.id, access.after)?;
            }
            let after = slots.last().map_or(before, |slot| slot.after);
            chunks.push(Self { environment, before, after, opening, slots });
            before = after;
        }
        Ok(chunks)
    }

    /// What a proof of this chunk states, by the reference transition function.
    pub fn statement(&self) -> ChunkStatement {
        ChunkStatement {
            environment: self.environment,
            before: self.before.chunk_state(),
            after: self.after.chunk_state(),
        }
    }

    /// The public inputs of a proof of this chunk.
    pub fn public_inputs(&self) -> [crate::config::F; 4] {
        Statement::from(&self.statement()).digest()
    }
}
