//! Stored blocks executed again: from the stored accounts of the last final batch on.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use cairn_state::{Effects, Environment, Refusal, State, Verified, apply, apply_verified};
use cairn_types::{Account, AccountId, Operation, Word};
use rayon::prelude::*;

use super::{
    block::{OpenBatch, decode_priority},
    error::SequencerError,
    fill::Fill,
    forks::Needed,
    ledger::Head,
    position::Position,
};
use crate::store::{
    Store, StoreError,
    records::{
        ACCOUNTS_A_ROW, BatchNumber, Block, BlockOperation, Checkpoint, SealedBatch, Sequence,
    },
};

/// Rows of accounts that are read ahead in one go, and how many such portions.
const ROWS: usize = 1_024;
const PORTIONS: usize = 16;

/// Blocks that are read ahead.
const BLOCKS: usize = 64;

/// The state of the checkpoint, from the stored accounts.
fn restore(store: &Store, checkpoint: &Checkpoint) -> Result<State, SequencerError> {
    let expected = checkpoint.state;
    let mut state = thread::scope(|scope| {
        let (sender, portions) = sync_channel(PORTIONS);
        scope.spawn(move || {
            let mut rows = store.accounts.iter();
            loop {
                let portion: Vec<_> = rows.by_ref().take(ROWS).collect();
                if portion.is_empty() || sender.send(portion).is_err() {
                    break;
                }
            }
        });
        let mut rows = portions.into_iter().flatten();
        let mut row: (u32, Vec<Account>) = (0, Vec::new());
        State::restore(expected.next_id, expected.next_token, |id: AccountId| {
            let (number, offset) = (id / ACCOUNTS_A_ROW, (id % ACCOUNTS_A_ROW) as usize);
            // Earlier versions wrote rows of empty leaves, where a deposit named one that is not there.
            let is_idle =
                |row: &(u32, Vec<Account>)| row.0 < number && row.1.iter().all(Account::is_empty);
            while row.0 != number || row.1.is_empty() {
                let next = rows.next().transpose()?.ok_or_else(|| missing("accounts", number))?;
                row = next;
                if row.0 != number && !is_idle(&row) {
                    return Err(missing("accounts", number));
                }
            }
            row.1.get(offset).copied().ok_or_else(|| missing("accounts", number))
        })
    })?;
    let got = state.summary().commitment();
    let expected = expected.commitment();
    if got != expected {
        return Err(SequencerError::Checkpoint { batch: checkpoint.batch, expected, got });
    }
    Ok(state)
}

/// A block with its transactions.
struct Loaded {
    block: Block,
    transactions: Vec<Verified>,
}

fn load(store: &Store, block: Block) -> Result<Loaded, SequencerError> {
    let verified = |&sequence: &Sequence| {
        let missing = || SequencerError::NoTransaction { block: block.number, sequence };
        let accepted = store.log.get(&sequence)?.ok_or_else(missing)?;
        Ok(Verified::trusted(accepted.transaction, accepted.key))
    };
    let sequences: Vec<_> = block
        .operations
        .iter()
        .filter_map(|operation| match operation {
            BlockOperation::Transaction(sequence) => Some(*sequence),
            BlockOperation::Priority(_) => None,
        })
        .collect();
    let transactions: Result<Vec<_>, SequencerError> =
        sequences.par_iter().with_min_len(64).map(verified).collect();
    Ok(Loaded { transactions: transactions?, block })
}

/// Stored blocks being executed again.
#[derive(Debug)]
pub(super) struct Replay {
    store: Store,
    domain: Word,
    pub(super) position: Position,
    /// Whose states are kept.
    pub(super) needed: Needed,
    /// The states after batches.
    pub(super) forks: Vec<(BatchNumber, State)>,
    /// The row of the batch under way, if it was sealed when its first block was executed.
    batch: Option<SealedBatch>,
    /// Leaves that were accessed since somebody asked, some of them several times.
    pub(super) touched: Vec<AccountId>,
    /// Batches that have ended since somebody asked.
    pub(super) ended: Vec<SealedBatch>,
}

impl Replay {
    /// Stands after the last final batch of a store.
    pub(super) fn from_checkpoint(store: &Store, domain: Word) -> Result<Self, SequencerError> {
        let checkpoint = store.checkpoint.get(&())?;
        let mut state = match &checkpoint {
            Some(checkpoint) => restore(store, checkpoint)?,
            None => State::genesis(),
        };
        let mut position = Position {
            head: Head { state: state.summary().commitment(), ..Head::default() },
            sealed: 0,
            timestamp: 0,
            priority_end: 0,
            open: None,
            state,
        };
        // A rollup may start with accounts: then genesis is the checkpoint, and no batch.
        if let Some(Checkpoint { batch: number, block, .. }) = checkpoint
            && number > 0
        {
            let batch = sealed(store, number)?.ok_or_else(|| missing("batches", number))?;
            position.head =
                Head { block, batch: number, made_ms: batch.sealed_ms, ..position.head };
            position.sealed = number;
            (position.timestamp, position.priority_end) = (batch.timestamp, batch.priority_end);
        }
        let needed = Needed::now(store, &store.l1_view.get(&())?.unwrap_or_default())?;
        let forks = vec![(position.sealed, position.state.clone())];
        let store = store.clone();
        let (touched, ended) = (Vec::new(), Vec::new());
        Ok(Self { store, domain, position, needed, forks, batch: None, touched, ended })
    }

    /// Executes the blocks that the store has beyond these, and ends the batch that is sealed by now.
    pub(super) fn catch_up(&mut self) -> Result<(), SequencerError> {
        let (store, from) = (self.store.clone(), self.position.head.block + 1);
        thread::scope(|scope| {
            let (sender, blocks) = sync_channel(BLOCKS);
            scope.spawn(move || {
                // Ends when a block is bad, or nobody listens any more.
                for row in store.blocks.range(from..) {
                    let loaded = row.map_err(Into::into).and_then(|(_, block)| load(&store, block));
                    let failed = loaded.is_err();
                    if sender.send(loaded).is_err() || failed {
                        break;
                    }
                }
            });
            self.blocks(blocks)
        })
    }

    fn blocks(
        &mut self,
        blocks: Receiver<Result<Loaded, SequencerError>>,
    ) -> Result<(), SequencerError> {
        for loaded in blocks {
            let loaded = loaded?;
            self.seal(loaded.block.batch)?;
            self.block(loaded)?;
            let number = self.position.head.block;
            if let Some(batch) = self.batch.take_if(|batch| batch.last_block == number) {
                self.end_batch(batch)?;
            }
        }
        self.seal(self.position.sealed.saturating_add(2))?;
        match &self.batch {
            Some(batch) => Err(missing("blocks", batch.last_block).into()),
            None => self.check_state(),
        }
    }

    /// Ends the batch under way if it is before this one, and was sealed after its first block was executed.
    fn seal(&mut self, before: BatchNumber) -> Result<(), SequencerError> {
        let Some(open) = &self.position.open else { return Ok(()) };
        let (number, head) = (open.number, self.position.head.block);
        if self.batch.is_some() || number >= before {
            return Ok(());
        }
        match sealed(&self.store, number)? {
            Some(batch) if batch.last_block == head => self.end_batch(batch),
            _ => Ok(()),
        }
    }

    /// Holds the state after the last block against the stored one. Not after every block: a state is hashed once for
    /// all leaves that have changed, and neighbours share most of the way to the root.
    fn check_state(&mut self) -> Result<(), SequencerError> {
        let Head { block, state: expected, .. } = self.position.head;
        let got = self.position.state.summary().commitment();
        if expected == got {
            Ok(())
        } else {
            Err(SequencerError::BlockState { block, expected, got })
        }
    }

    /// Executes a block. Its state is taken from the store until [`Self::check_state`].
    fn block(&mut self, loaded: Loaded) -> Result<(), SequencerError> {
        let Loaded { block, transactions } = loaded;
        let number = block.number;
        if number != self.position.head.block + 1 {
            return Err(missing("blocks", self.position.head.block + 1).into());
        }
        self.join_batch(&block)?;
        let mut transactions = transactions.into_iter();
        let position = &mut self.position;
        let environment = Environment { domain: self.domain, timestamp: block.timestamp };
        for (place, operation) in block.operations.iter().enumerate() {
            let refused = |refusal: Refusal| SequencerError::Refused {
                block: number,
                position: place,
                refusal,
            };
            let (operation, effects): (Operation, Effects) = match operation {
                BlockOperation::Priority(queued) => {
                    let operation = Operation::Priority(decode_priority(queued)?);
                    position.priority_end = queued.index + 1;
                    (
                        operation,
                        apply(&mut position.state, &operation, &environment).map_err(refused)?,
                    )
                }
                BlockOperation::Transaction(sequence) => {
                    let missing =
                        SequencerError::NoTransaction { block: number, sequence: *sequence };
                    let verified = transactions.next().ok_or(missing)?;
                    let effects = apply_verified(&mut position.state, &verified, &environment);
                    (Operation::Signed(*verified.signed()), effects.map_err(refused)?)
                }
            };
            self.touched.extend(effects.leaves.iter().flatten().map(|leaf| leaf.id));
            // Of a sealed batch all of this is in its rows.
            if let Some(open) = position.open.as_mut().filter(|_| self.batch.is_none()) {
                open.add(&operation, &effects);
            }
        }
        let Block { batch, state, made_ms, .. } = block;
        position.head = Head { block: number, batch, state, made_ms };
        Ok(())
    }

    /// Opens the block's batch if it is the first.
    fn join_batch(&mut self, block: &Block) -> Result<(), SequencerError> {
        let position = &mut self.position;
        let expected = position.sealed + 1;
        if block.batch != expected {
            let (block, got) = (block.number, block.batch);
            return Err(SequencerError::BlockBatch { block, expected, got });
        }
        if position.open.is_none() {
            self.batch = sealed(&self.store, expected)?;
            position.open = Some(OpenBatch {
                number: expected,
                environment: Environment { domain: self.domain, timestamp: block.timestamp },
                first_block: block.number,
                opened_ms: block.made_ms,
                before: position.state.summary(),
                fill: Fill::default(),
                touched: Default::default(),
            });
        }
        Ok(())
    }

    fn end_batch(&mut self, batch: SealedBatch) -> Result<(), SequencerError> {
        self.check_state()?;
        let position = &mut self.position;
        let (expected, got) = (batch.after.commitment(), position.head.state);
        if expected != got {
            return Err(SequencerError::BlockState { block: batch.last_block, expected, got });
        }
        (position.sealed, position.timestamp, position.open) =
            (batch.number, batch.timestamp, None);
        if self.needed.has(batch.number) {
            self.forks.push((batch.number, position.state.clone()));
        }
        self.ended.push(batch);
        Ok(())
    }
}

fn sealed(store: &Store, number: BatchNumber) -> Result<Option<SealedBatch>, StoreError> {
    store.batches.get(&number)
}

fn missing(table: &'static str, key: impl ToString) -> StoreError {
    StoreError::Missing { table, key: key.to_string() }
}
