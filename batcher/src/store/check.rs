//! Reads everything, and holds the tables against each other.

use std::{collections::BTreeMap, convert::Infallible, fmt::Display};

use alloy::primitives::B256;
use cairn_state::State;
use cairn_types::{Account, AccountId, Digest};
use fjall::Snapshot;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Store, StoreError, Table,
    codec::Key,
    records::{ACCOUNTS_A_ROW, BatchNumber, BlockOperation, Outcome, SealedBatch, Sequence},
};

/// The most faults that are told: a store with so many is beyond reading them.
const MOST_FAULTS: usize = 100;

/// What a check has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows of each table.
    pub rows: Vec<(&'static str, u64)>,
    /// What is wrong, the first hundred of them.
    pub faults: Vec<String>,
}

/// One moment of a store.
struct Check<'a> {
    store: &'a Store,
    at: &'a Snapshot,
    found: Checked,
}

impl Store {
    /// Reads every row of every table as of now and holds the tables against each other, while the store is in use. The
    /// checkpoint's accounts are hashed: a minute for ten million.
    #[must_use]
    pub fn check(&self) -> Checked {
        let at = self.engine.snapshot();
        let mut check = Check { store: self, at: &at, found: Checked::default() };
        check.each(&self.meta, |(), _| Ok(None));
        check.each(&self.replica, |(), _| Ok(None));
        check.transactions();
        check.blocks();
        check.batches();
        check.checkpoint();
        check.settlement();
        check.l1();
        check.found
    }
}

impl<'a> Check<'a> {
    fn fault(&mut self, table: &str, fault: impl Display) {
        if self.found.faults.len() < MOST_FAULTS {
            self.found.faults.push(format!("{table}: {fault}"));
        }
    }

    /// Reads a table; `visit` says what is wrong with a row.
    fn each<K: Key, V: Serialize + DeserializeOwned>(
        &mut self,
        table: &'a Table<K, V>,
        mut visit: impl FnMut(K, V) -> Result<Option<String>, StoreError>,
    ) {
        let mut rows = 0;
        for row in table.rows_at(self.at) {
            rows += 1;
            match row.and_then(|(key, value)| visit(key, value)) {
                Ok(None) => {}
                Ok(Some(fault)) => self.fault(table.name(), fault),
                Err(e) => self.fault(table.name(), e),
            }
        }
        self.found.rows.push((table.name(), rows));
    }

    /// The log has no gaps; hashes lead to it, and every outcome is of one of its transactions.
    fn transactions(&mut self) {
        let (store, at) = (self.store, self.at);
        let mut next = None;
        self.each(&store.log, |sequence, _| Ok(gap(&mut next, sequence)));
        self.each(&store.hashes, |hash, sequence| {
            let is_there = store.log.contains_at(at, &sequence)?;
            Ok((!is_there).then(|| {
                format!("{hash} leads to transaction {sequence}, which is not in the log")
            }))
        });
        self.each(&store.outcomes, |sequence, outcome| {
            if !store.log.contains_at(at, &sequence)? {
                return Ok(Some(format!("transaction {sequence} is not in the log")));
            }
            let Outcome::InBlock { block, position } = outcome else { return Ok(None) };
            let row = store.blocks.get_at(at, &block)?;
            let operation = row.and_then(|row| row.operations.get(position as usize).cloned());
            Ok((operation != Some(BlockOperation::Transaction(sequence))).then(|| {
                format!("transaction {sequence} is not operation {position} of block {block}")
            }))
        });
        self.each(&store.waiting_from, |(), _| Ok(None));
        let waiting = store.waiting_from.get_at(at, &()).ok().flatten().unwrap_or(0);
        if let Some(sequence) = self.without_outcome(waiting) {
            self.fault(
                "waiting_from",
                format!("is {waiting}, transaction {sequence} has no outcome"),
            );
        }
    }

    /// The first transaction of the log before this one that has no outcome.
    fn without_outcome(&self, before: Sequence) -> Option<Sequence> {
        let (log, outcomes) = (&self.store.log, &self.store.outcomes);
        let keys = log.rows_at(self.at).filter_map(Result::ok).map(|(sequence, _)| sequence);
        let mut early = keys.take_while(|sequence| *sequence < before);
        early.find(|sequence| !outcomes.contains_at(self.at, sequence).unwrap_or(true))
    }

    /// Blocks have no gaps, and each of their transactions has this outcome.
    fn blocks(&mut self) {
        let (store, at) = (self.store, self.at);
        let (mut next, mut batch) = (None, 0);
        self.each(&store.blocks, |number, block| {
            if let Some(fault) = gap(&mut next, number) {
                return Ok(Some(fault));
            }
            if block.number != number || block.batch < batch {
                return Ok(Some(format!(
                    "block {number} says that it is {} of batch {}",
                    block.number, block.batch
                )));
            }
            batch = block.batch;
            for (position, operation) in (0..).zip(&block.operations) {
                let BlockOperation::Transaction(sequence) = operation else { continue };
                let expected = Outcome::InBlock { block: number, position };
                if store.outcomes.get_at(at, sequence)? != Some(expected) {
                    return Ok(Some(format!(
                        "block {number}: transaction {sequence} has another outcome"
                    )));
                }
            }
            Ok(None)
        });
    }

    /// Each batch begins where the one before it ends, and ends in the state of its last block.
    fn batches(&mut self) {
        let (store, at) = (self.store, self.at);
        let mut last: Option<SealedBatch> = None;
        self.each(&store.batches, |number, batch| {
            let block = store.blocks.get_at(at, &batch.last_block)?.map(|block| block.state);
            let before = last.replace(batch.clone());
            let is_next = before.is_none_or(|before| {
                number == before.number + 1
                    && batch.first_block == before.last_block + 1
                    && batch.before == before.after
                    && batch.priority_end >= before.priority_end
            });
            // A batch of no blocks ends where it began.
            let state = batch.after.commitment();
            let is_state = batch.first_block > batch.last_block || block == Some(state);
            Ok(if batch.number != number || !is_next {
                Some(format!("batch {number} does not follow the one before it"))
            } else {
                (!is_state)
                    .then(|| format!("batch {number} does not end in the state of its last block"))
            })
        });
        self.each(&store.jobs, |number, _| needs_batch(store, at, number));
        self.each(&store.withdrawals, |number, _| needs_batch(store, at, number));
        self.each(&store.changes, |number, _| needs_batch(store, at, number));
        self.each(&store.publications, |number, publication| {
            let state = store.batches.get_at(at, &number)?.map(|batch| batch.after.commitment());
            let record = publication.record;
            let same = record.number == number && state.map(hash) == Some(record.state);
            Ok((!same)
                .then(|| format!("the record of batch {number} is not that of the sealed batch")))
        });
        self.each(&store.proofs, |last, proof| {
            Ok((proof.first > last)
                .then(|| format!("a proof of batches {} to {last}", proof.first)))
        });
    }

    /// The accounts hash to the state that the checkpoint names, or to the next where a kill has left parts of that.
    fn checkpoint(&mut self) {
        let (store, at) = (self.store, self.at);
        self.each(&store.keys, |_, ()| Ok(None));
        self.each(&store.order, |(), _| Ok(None));
        self.each(&store.checkpoint, |(), _| Ok(None));
        self.each(&store.advancing, |(), number| needs_batch(store, at, number));
        let mut groups = BTreeMap::new();
        self.each(&store.accounts, |group, accounts| {
            let fault = (accounts.len() > ACCOUNTS_A_ROW as usize)
                .then(|| format!("row {group} is too long"));
            groups.insert(group, accounts);
            Ok(fault)
        });
        let Ok(Some(mut checkpoint)) = store.checkpoint.get_at(at, &()) else { return };
        if let Ok(Some(number)) = store.advancing.get_at(at, &())
            && let Ok(Some(batch)) = store.batches.get_at(at, &number)
            && let Ok(Some(changes)) = store.changes.get_at(at, &number)
        {
            (checkpoint.batch, checkpoint.state) = (number, batch.after);
            for (id, account) in changes {
                let group = groups.entry(id / ACCOUNTS_A_ROW).or_default();
                group.resize(ACCOUNTS_A_ROW as usize, Account::EMPTY);
                if let Some(leaf) = group.get_mut((id % ACCOUNTS_A_ROW) as usize) {
                    *leaf = account;
                }
            }
        }
        let account = |id: AccountId| {
            let group = groups.get(&(id / ACCOUNTS_A_ROW));
            let account = group.and_then(|group| group.get((id % ACCOUNTS_A_ROW) as usize));
            Ok::<_, Infallible>(account.copied().unwrap_or_default())
        };
        let state = checkpoint.state;
        let Ok(mut restored) = State::restore(state.next_id, state.next_token, account);
        if restored.summary() != state {
            self.fault(
                "accounts",
                format!("do not hash to the state after batch {}", checkpoint.batch),
            );
        }
    }

    /// There may be gaps: another program that sends with the key uses nonces, too.
    fn settlement(&mut self) {
        self.each(&self.store.outbox, |_, _| Ok(None));
    }

    /// What L1 has said has no gaps, and ends where the view says.
    fn l1(&mut self) {
        let (store, at) = (self.store, self.at);
        let mut view = None;
        self.each(&store.l1_view, |(), row| {
            view = Some(row);
            Ok(None)
        });
        let view = view.unwrap_or_default();
        let (mut queued, mut blocks, mut batches) = (Some(0), None, Some(0));
        self.each(&store.l1_queue, |index, row| {
            let is_row = row.operation.index == index;
            Ok(gap(&mut queued, index)
                .or((!is_row).then(|| format!("row {index} has another operation"))))
        });
        self.each(&store.l1_batches, |number, row| {
            let is_row = row.record.number == number;
            let fault = gap(&mut batches, number.into());
            Ok(fault.or((!is_row).then(|| format!("row {number} has another batch"))))
        });
        self.each(&store.l1_blocks, |number, _| Ok(gap(&mut blocks, number)));
        // Stays where L1 goes back.
        self.each(&store.final_since, |_, _| Ok(None));
        if queued != Some(view.queue_length) {
            self.fault("l1_queue", format!("does not end at operation {}", view.queue_length));
        }
        if batches.is_some_and(|next| next > 0 && next != u64::from(view.committed) + 1) {
            self.fault("l1_batches", format!("does not end at batch {}", view.committed));
        }
        let last = store.l1_blocks.get_at(at, &view.block).ok().flatten().map(|block| block.hash);
        if blocks.is_some() && last != Some(view.block_hash) {
            self.fault("l1_blocks", format!("does not end at block {}", view.block));
        }
    }
}

/// What is missing before this key, in a table without gaps; `next` is the key that is expected.
fn gap(next: &mut Option<u64>, key: u64) -> Option<String> {
    let expected = next.replace(key.saturating_add(1)).unwrap_or(key);
    (expected != key).then(|| format!("row {key} follows {}", expected.saturating_sub(1)))
}

fn hash(state: Digest) -> B256 {
    B256::from(state.to_bytes())
}

fn needs_batch(
    store: &Store,
    at: &Snapshot,
    number: BatchNumber,
) -> Result<Option<String>, StoreError> {
    let is_there = store.batches.contains_at(at, &number)?;
    Ok((!is_there).then(|| format!("batch {number} is not sealed")))
}
