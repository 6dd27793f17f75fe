//! The witness of a chunk.

use super::circuit::ChunkTarget;
use crate::{
    config::F,
    operation::{Hints, SlotValues},
    statement::{Statement, StreamTarget},
};
use anyhow::Result;
use cairn_state::{BatchWitness, Running, SlotWitness};
use cairn_types::{ChunkEnvironment, ChunkStatement, Digest, Stream};
use plonky2::{
    field::types::Field,
    iop::{
        target::Target,
        witness::{PartialWitness, WitnessWrite},
    },
};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What a chunk proves: some consecutive operations of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChunkWitness {
    /// What all chunks of a batch share.
    pub environment: ChunkEnvironment,
    /// Everything before the first operation.
    pub before: Running,
    /// The operations, in order. Pairs of short transfers are not cut.
    pub slots: Vec<SlotWitness>,
}

impl ChunkWitness {
    /// The operations `range` of a batch, one of those that `BatchWitness::chunks` returns.
    pub fn new(batch: &BatchWitness, range: Range<usize>, circuit_set_root: Digest) -> Self {
        let slots = batch.slots[range].to_vec();
        Self {
            environment: ChunkEnvironment {
                domain: batch.environment.domain,
                timestamp: batch.environment.timestamp,
                circuit_set_root,
            },
            before: slots.first().map_or(batch.before, |slot| slot.before),
            slots,
        }
    }

    /// What a proof of this chunk states, by the reference transition function.
    pub fn statement(&self) -> ChunkStatement {
        let after = self.slots.last().map_or(self.before, |slot| slot.after);
        ChunkStatement {
            environment: self.environment,
            before: self.before.chunk_state(),
            after: after.chunk_state(),
        }
    }

    /// The public inputs of a proof of this chunk.
    pub fn public_inputs(&self) -> [F; 4] {
        Statement::from(&self.statement()).digest()
    }
}

impl ChunkTarget {
    /// Assigns a chunk. Slots past the last operation hold none.
    pub(super) fn assign(
        &self,
        witness: &mut PartialWitness<F>,
        chunk: &ChunkWitness,
    ) -> Result<()> {
        self.assign_start(witness, &chunk.environment, &chunk.before)?;
        let operations = chunk.slots.iter().map(SlotValues::from);
        let values = operations.chain(std::iter::repeat(SlotValues::default()));
        for (target, values) in self.slots.iter().zip(values) {
            target.assign(witness, &values, &Hints::new(&values))?;
        }
        Ok(())
    }

    /// Assigns what comes before the slots.
    pub(super) fn assign_start(
        &self,
        witness: &mut PartialWitness<F>,
        environment: &ChunkEnvironment,
        before: &Running,
    ) -> Result<()> {
        let ChunkEnvironment { domain, timestamp, circuit_set_root } = environment;
        assign(witness, &self.environment.domain, &domain.limbs())?;
        assign(witness, &[self.environment.timestamp], &[(*timestamp).into()])?;
        assign(witness, &self.environment.circuit_set_root, &circuit_set_root.elements())?;

        let Running { state, streams } = before;
        assign(witness, &self.state.root, &state.root.elements())?;
        assign(witness, &[self.state.next_id], &[state.next_id])?;
        assign(witness, &[self.state.next_token], &[state.next_token.into()])?;
        assign_stream(witness, &self.streams.data, &streams.data)?;
        assign_stream(witness, &self.streams.priority, &streams.priority)?;
        assign_stream(witness, &self.streams.withdrawal, &streams.withdrawal)
    }
}

fn assign_stream(
    witness: &mut PartialWitness<F>,
    target: &StreamTarget,
    stream: &Stream,
) -> Result<()> {
    assign(witness, &target.digest, &stream.digest.elements())?;
    assign(witness, &[target.count], &[stream.count.into()])
}

fn assign(witness: &mut PartialWitness<F>, targets: &[Target], values: &[u64]) -> Result<()> {
    for (&target, &value) in targets.iter().zip(values) {
        witness.set_target(target, F::from_canonical_u64(value))?;
    }
    Ok(())
}
