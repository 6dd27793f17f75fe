//! A transaction's life, put together from what every stage has written.

use std::collections::{HashMap, hash_map::Entry};

use cairn_types::{SignedTransaction, Transaction};

use super::{finalized_ms, on_l1};
use crate::{
    api::{
        hex::{Decimal, Hash, Hex},
        wire::{DroppedAt, FeeKind, InBlockAt, Life, OnL1, Stage, TransactionView},
    },
    store::{
        Store, StoreError,
        records::{BatchNumber, BlockNumber, Dropped, L1View, Milliseconds, Outcome, Sequence},
    },
};

/// Reads lives; what several transactions share is read once.
#[derive(Debug)]
pub(in crate::api) struct Lives<'a> {
    store: &'a Store,
    l1: L1View,
    blocks: HashMap<BlockNumber, (BatchNumber, Milliseconds)>,
    batches: HashMap<BatchNumber, BatchLife>,
}

#[derive(Debug, Clone, Copy)]
struct BatchLife {
    batched_ms: Option<Milliseconds>,
    committed: Option<OnL1>,
    proven: Option<OnL1>,
    finalized: bool,
    finalized_ms: Option<Milliseconds>,
}

impl<'a> Lives<'a> {
    pub(in crate::api) fn new(store: &'a Store) -> Result<Self, StoreError> {
        let l1 = store.l1_view.get(&())?.unwrap_or_default();
        Ok(Self { store, l1, blocks: HashMap::new(), batches: HashMap::new() })
    }

    /// The transaction with this hash, if it was ever accepted.
    pub(in crate::api) fn transaction(
        &mut self,
        hash: &Hash,
    ) -> Result<Option<TransactionView>, StoreError> {
        let Some(sequence) = self.store.hashes.get(&(*hash).into())? else { return Ok(None) };
        let accepted = self.store.log.get(&sequence)?;
        let signed = accepted.ok_or_else(|| missing("log", sequence))?.transaction;
        let life = self.of(sequence)?;
        Ok(Some(view(*hash, sequence, &signed, life)))
    }

    /// The life of the transaction with this hash, if it was ever accepted.
    pub(in crate::api) fn life(&mut self, hash: &Hash) -> Result<Option<Life>, StoreError> {
        let sequence = self.store.hashes.get(&(*hash).into())?;
        sequence.map(|sequence| self.of(sequence)).transpose()
    }

    fn of(&mut self, sequence: Sequence) -> Result<Life, StoreError> {
        let accepted = self.store.log.get(&sequence)?.ok_or_else(|| missing("log", sequence))?;
        let mut life = Life::accepted(accepted.received_ms);
        match self.store.outcomes.get(&sequence)? {
            None => {}
            Some(Outcome::Dropped { reason, at_ms }) => {
                life.stage = Stage::Dropped;
                life.dropped = Some(dropped(&reason, at_ms));
            }
            Some(Outcome::InBlock { block, position }) => {
                let (batch, at_ms) = self.block(block)?;
                life.in_block = Some(InBlockAt { at_ms, block, position, batch });
                let of_batch = self.batch(batch)?;
                life.batched_ms = of_batch.batched_ms;
                life.committed = of_batch.committed;
                life.proven = of_batch.proven;
                life.finalized = of_batch.finalized;
                life.finalized_ms = of_batch.finalized_ms;
                life.stage = of_batch.stage();
            }
        }
        Ok(life)
    }

    fn block(&mut self, number: BlockNumber) -> Result<(BatchNumber, Milliseconds), StoreError> {
        if let Some(&known) = self.blocks.get(&number) {
            return Ok(known);
        }
        let block = self.store.blocks.get(&number)?.ok_or_else(|| missing("blocks", number))?;
        let known = (block.batch, block.made_ms);
        self.blocks.insert(number, known);
        Ok(known)
    }

    fn batch(&mut self, number: BatchNumber) -> Result<BatchLife, StoreError> {
        let place = match self.batches.entry(number) {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(place) => place,
        };
        let on_chain = self.store.l1_batches.get(&number)?;
        let proven = on_chain.and_then(|batch| batch.proven);
        let finalized = proven.is_some() && number <= self.l1.finalized;
        let life = BatchLife {
            batched_ms: self.store.batches.get(&number)?.map(|batch| batch.sealed_ms),
            committed: on_chain.map(|batch| on_l1(&batch.committed)),
            proven: proven.map(|place| on_l1(&place)),
            finalized,
            finalized_ms: finalized_ms(self.store, number, finalized)?,
        };
        Ok(*place.insert(life))
    }
}

impl BatchLife {
    fn stage(&self) -> Stage {
        if self.finalized {
            Stage::Finalized
        } else if self.proven.is_some() {
            Stage::Proven
        } else if self.committed.is_some() {
            Stage::Committed
        } else if self.batched_ms.is_some() {
            Stage::Batched
        } else {
            Stage::InBlock
        }
    }
}

pub(super) fn missing(table: &'static str, key: impl ToString) -> StoreError {
    StoreError::Missing { table, key: key.to_string() }
}

fn dropped(reason: &Dropped, at_ms: Milliseconds) -> DroppedAt {
    let replaced_by = match reason {
        Dropped::Replaced { by } => Some((*by).into()),
        _ => None,
    };
    let (word, message) = (reason.word().to_owned(), reason.to_string());
    DroppedAt { at_ms, reason: word, message, replaced_by }
}

fn view(hash: Hash, sequence: Sequence, signed: &SignedTransaction, life: Life) -> TransactionView {
    let SignedTransaction { transaction, authorization, .. } = signed;
    let (mut to, mut key, mut recipient) = (None, None, None);
    match *transaction {
        Transaction::Transfer { to: payee, .. } => to = Some(payee),
        Transaction::TransferToNew { key: payee, .. } => key = Some(payee.into()),
        Transaction::Withdraw { recipient: payee, .. } => recipient = Some(Hex(payee)),
        Transaction::ChangeKey { key: next, .. } => key = Some(next.into()),
    }
    TransactionView {
        hash,
        sequence,
        kind: FeeKind::of(transaction),
        from: transaction.from(),
        nonce: authorization.nonce,
        token: authorization.token,
        amount: Decimal(transaction.amount()),
        fee: Decimal(transaction.fee()),
        expiry: authorization.expiry,
        to,
        key,
        recipient,
        bytes: Hex(signed.to_bytes()),
        life,
    }
}
