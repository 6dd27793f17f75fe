//! L1's queue, an account's history, and the operator's transactions on L1, all in bounded parts.

use cairn_types::{AccountId, PriorityOperation, Transaction};

use super::{life::Lives, on_l1};
use crate::{
    api::{
        error::ApiError,
        hex::{Decimal, Hash, Hex},
        wire::{FeeKind, History, MinedView, QueuedView, SettlementView},
    },
    mempool::transaction_hash,
    store::{
        Store, StoreError,
        records::{BatchNumber, L1Queued, Mined, OutboxTransaction, Purpose, Sequence},
    },
};

/// Operations of the queue in one answer.
const MOST_QUEUED: usize = 100;
/// Transactions in one answer, and rows of the log that it looks at for them.
const MOST_HISTORY: usize = 50;
const HISTORY_ROWS: usize = 4_000;
/// The operator's transactions in one answer.
const MOST_SETTLEMENTS: usize = 64;
/// Bytes of their signed forms that are read for one answer, but for those of its last row: transactions that are not
/// final have their blobs in their rows.
const MOST_SIGNED: usize = 4 << 20;

/// Operations of L1's queue from a place on.
pub(in crate::api) fn queue(
    store: &Store,
    from: u64,
    count: u32,
) -> Result<Vec<QueuedView>, ApiError> {
    let mut executed = Executed::new(store)?;
    let mut views = Vec::new();
    for row in store.l1_queue.range(from..).take(MOST_QUEUED.min(count as usize)) {
        let (index, queued) = row?;
        views.push(queued_view(&queued, executed.by(index)?)?);
    }
    Ok(views)
}

fn queued_view(queued: &L1Queued, batch: Option<BatchNumber>) -> Result<QueuedView, ApiError> {
    let L1Queued { operation, place } = queued;
    let decoded = PriorityOperation::decode_stream(&operation.words).ok();
    let decoded = decoded.and_then(|decoded| decoded.first().copied());
    let decoded =
        decoded.ok_or(ApiError::Internal("an operation of L1's queue does not decode"))?;
    let mut view = QueuedView {
        index: operation.index,
        kind: String::new(),
        transaction: None,
        token: 0,
        quantum_exponent: None,
        amount: None,
        account: None,
        key: None,
        to: None,
        recipient: None,
        origin: operation.origin.into(),
        queued: on_l1(place),
        batch,
    };
    match decoded {
        PriorityOperation::RegisterToken { token, quantum_exponent, key } => {
            view.kind = "registerToken".into();
            view.token = token;
            view.quantum_exponent = Some(quantum_exponent);
            view.key = Some(key.into());
        }
        PriorityOperation::Deposit { leaf, token, amount, key } => {
            view.kind = "deposit".into();
            view.token = token;
            view.amount = Some(Decimal(amount));
            view.account = Some(leaf);
            view.key = Some(key.into());
        }
        PriorityOperation::Forced(forced) => {
            view.kind = "forced".into();
            view.transaction = Some(FeeKind::of(&forced.transaction));
            view.token = forced.token;
            view.amount = Some(Decimal(forced.transaction.amount()));
            view.account = Some(forced.transaction.from());
            match forced.transaction {
                Transaction::Transfer { to, .. } => view.to = Some(to),
                Transaction::Withdraw { recipient, .. } => view.recipient = Some(Hex(recipient)),
                Transaction::TransferToNew { key, .. } | Transaction::ChangeKey { key, .. } => {
                    view.key = Some(key.into());
                }
            }
        }
    }
    Ok(view)
}

/// Which sealed batch executes an operation of the queue, asked for in their order.
struct Executed<'a> {
    store: &'a Store,
    last: BatchNumber,
    /// The last answer: a batch, and where the operations end that it and those before it execute.
    known: Option<(BatchNumber, u64)>,
}

impl<'a> Executed<'a> {
    fn new(store: &'a Store) -> Result<Self, StoreError> {
        let last = store.batches.last()?.map_or(0, |(number, _)| number);
        Ok(Self { store, last, known: None })
    }

    /// The first batch whose operations end behind this one. Ends never fall from batch to batch.
    fn by(&mut self, index: u64) -> Result<Option<BatchNumber>, StoreError> {
        if let Some((batch, end)) = self.known
            && index < end
        {
            return Ok(Some(batch));
        }
        let (mut low, mut high) = (self.known.map_or(1, |(batch, _)| batch + 1), self.last);
        let mut found = None;
        while low <= high {
            let middle = low + (high - low) / 2;
            match self.store.batches.get(&middle)? {
                Some(batch) if batch.priority_end > index => {
                    found = Some((middle, batch.priority_end));
                    high = middle - 1;
                }
                // A store that began later has no row for the first batches.
                _ => low = middle + 1,
            }
        }
        self.known = found.or(self.known);
        Ok(found.map(|(batch, _)| batch))
    }
}

/// Transactions that an account has signed, and transfers that name it, before a place of the log.
pub(in crate::api) fn history(
    store: &Store,
    id: AccountId,
    before: Option<Sequence>,
) -> Result<History, ApiError> {
    let mut lives = Lives::new(store)?;
    let mut history = History { transactions: Vec::new(), before: None };
    let end = before.unwrap_or(Sequence::MAX);
    for (seen, row) in store.log.range(..end).rev().enumerate() {
        let (sequence, accepted) = row?;
        if seen >= HISTORY_ROWS || history.transactions.len() >= MOST_HISTORY {
            history.before = Some(sequence + 1);
            break;
        }
        let signed = accepted.transaction;
        let is_paid = matches!(signed.transaction, Transaction::Transfer { to, .. } if to == id);
        if is_paid || signed.transaction.from() == id {
            let hash = Hash::from(transaction_hash(&signed));
            history.transactions.extend(lives.transaction(&hash)?);
        }
    }
    Ok(history)
}

/// The operator's transactions on L1 before a nonce, the latest first.
pub(in crate::api) fn settlements(
    store: &Store,
    before: Option<u64>,
    count: u32,
) -> Result<Vec<SettlementView>, ApiError> {
    let end = before.unwrap_or(u64::MAX);
    let mut views = Vec::new();
    let mut signed = 0;
    for row in store.outbox.range(..end).rev().take(MOST_SETTLEMENTS.min(count as usize)) {
        let (nonce, row) = row?;
        views.push(settlement(nonce, &row));
        signed += row.raw.len();
        if signed >= MOST_SIGNED {
            break;
        }
    }
    Ok(views)
}

fn settlement(nonce: u64, row: &OutboxTransaction) -> SettlementView {
    let (purpose, batches) = match row.purpose {
        Purpose::Commit { batch } => ("commit", Some((batch, batch))),
        Purpose::Prove { first, last } => ("prove", Some((first, last))),
        Purpose::Cancel => ("cancel", None),
    };
    let latest = row.attempts.last().map(|attempt| attempt.hash);
    SettlementView {
        nonce,
        purpose: purpose.into(),
        first: batches.map(|(first, _)| first),
        last: batches.map(|(_, last)| last),
        hash: row.mined.map(|mined| mined.hash).or(latest).map(Into::into),
        attempts: u32::try_from(row.attempts.len()).unwrap_or(u32::MAX),
        sent_ms: row.sent_ms,
        mined: row.mined.as_ref().map(mined),
        is_final: row.is_final,
    }
}

fn mined(mined: &Mined) -> MinedView {
    MinedView {
        block: mined.block,
        success: mined.success,
        gas: mined.gas,
        gas_price: Decimal(mined.gas_price),
        blob_gas: mined.blob_gas,
        blob_gas_price: Decimal(mined.blob_gas_price),
    }
}
