//! Executes operations one by one, soft-confirms them in blocks and seals blocks into a batch.

use cairn_state::{BatchBuilder, BatchWitness, Effects, Environment, Refusal, State};
use cairn_types::Operation;

/// Operations that are soft-confirmed together. Blocks exist here and in the API, not in the proof.
#[derive(Debug, Clone)]
pub struct Block {
    /// From 1 in each batch.
    pub number: u32,
    /// In order of execution.
    pub operations: Vec<Operation>,
}

/// The batch that is being filled.
#[derive(Debug)]
pub struct Sequencer {
    batch: BatchBuilder,
    block_size: usize,
    open: Vec<Operation>,
    blocks: Vec<Block>,
}

impl Sequencer {
    /// An empty batch on top of `state`; a block closes when it holds `block_size` operations.
    #[must_use]
    pub fn new(state: State, environment: Environment, block_size: usize) -> Self {
        let batch = BatchBuilder::new(state, environment);
        Self { batch, block_size, open: Vec::new(), blocks: Vec::new() }
    }

    /// The state after all accepted operations.
    #[must_use]
    pub fn state(&self) -> &State {
        self.batch.state()
    }

    /// Executes an operation; it is confirmed when its block closes.
    ///
    /// # Errors
    /// The reason for which the transition function refuses it; nothing has changed then.
    pub fn accept(&mut self, operation: Operation) -> Result<Effects, Refusal> {
        let effects = self.batch.push(operation)?;
        self.open.push(operation);
        if self.open.len() >= self.block_size {
            self.close_block();
        }
        Ok(effects)
    }

    /// Closes the last block and the batch.
    #[must_use]
    pub fn seal(mut self) -> (State, BatchWitness, Vec<Block>) {
        self.close_block();
        let (state, witness) = self.batch.finish();
        (state, witness, self.blocks)
    }

    fn close_block(&mut self) {
        if !self.open.is_empty() {
            let number = u32::try_from(self.blocks.len() + 1).unwrap_or(u32::MAX);
            self.blocks.push(Block { number, operations: std::mem::take(&mut self.open) });
        }
    }
}
