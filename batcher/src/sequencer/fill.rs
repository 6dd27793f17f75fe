//! How full a batch is, counted as its words and chunks will be made.

use cairn_leaf::class::{LARGE, RowCounter, Rows};
use cairn_state::Effects;
use cairn_types::{AccountId, Operation, PriorityOperation, ShortTransfer, Transaction, word_tag};

use crate::store::records::SealReason;

/// The rows that one operation may need at the most, a forced transaction of three leaves.
const WORST: Rows =
    Rows { operations: 2, signatures: 1, nodes: 3 * 33, permutations: 5, compressions: 6 };

/// What a batch may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Words of the data.
    pub data_words: u32,
    /// Words of the priority stream.
    pub priority_words: u32,
    /// Withdrawals, one word each.
    pub withdrawals: u32,
    /// Chunk proofs.
    pub chunks: u32,
}

/// What is in a batch so far.
#[derive(Debug, Clone, Default)]
pub struct Fill {
    /// Rows of the last chunk.
    rows: RowCounter,
    /// Chunks before the last.
    full_chunks: u32,
    /// The last operation, if it is a short transfer that has no partner in its word. A pair is never cut.
    unpaired: Option<Counted>,
    operations: u32,
    transfers: u32,
    data_words: u32,
    priority_words: u32,
    withdrawals: u32,
}

/// An operation as chunks count it.
#[derive(Debug, Clone, Copy)]
struct Counted {
    operation: Operation,
    effects: Effects,
    words: u32,
}

impl Fill {
    /// Operations of all kinds.
    #[must_use]
    pub fn operations(&self) -> u32 {
        self.operations
    }

    /// Transfers, to leaves and to new keys.
    #[must_use]
    pub fn transfers(&self) -> u32 {
        self.transfers
    }

    /// Words of the data if the batch ended here.
    #[must_use]
    pub fn data_words(&self) -> u32 {
        self.data_words
    }

    /// Words of the priority stream.
    #[must_use]
    pub fn priority_words(&self) -> u32 {
        self.priority_words
    }

    /// Chunks if the batch ended here.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.full_chunks + u32::from(self.rows.rows().operations > 0)
    }

    /// What keeps a transaction out, if something does.
    #[must_use]
    pub fn refuses(&self, transaction: &Transaction, limits: &Limits) -> Option<SealReason> {
        let withdrawals = u32::from(matches!(transaction, Transaction::Withdraw { .. }));
        if self.data_words + self.new_data_words(transaction) > limits.data_words
            || self.withdrawals + withdrawals > limits.withdrawals
        {
            return Some(SealReason::Data);
        }
        self.last_chunk_is_full(limits).then_some(SealReason::Chunks)
    }

    /// Whether a priority operation of so many words may join.
    #[must_use]
    pub fn takes_priority(&self, words: u32, limits: &Limits) -> bool {
        self.data_words == 0
            && self.priority_words + words <= limits.priority_words
            // A forced withdrawal has a word there.
            && self.withdrawals < limits.withdrawals
            && !self.last_chunk_is_full(limits)
    }

    /// Adds an operation that was executed.
    pub fn add(&mut self, operation: &Operation, effects: &Effects) {
        let withdrawals = u32::from(effects.withdrawal.is_some());
        let mut words = withdrawals;
        let mut short = false;
        match operation {
            Operation::Priority(priority) => {
                let own = priority_words(priority);
                self.priority_words += own;
                words += own;
            }
            Operation::Signed(signed) => {
                let own = self.new_data_words(&signed.transaction);
                self.data_words += own;
                words += own;
                short = is_short(&signed.transaction);
                let tag = signed.transaction.tag();
                self.transfers +=
                    u32::from(matches!(tag, word_tag::TRANSFER | word_tag::TRANSFER_TO_NEW));
            }
        }
        self.operations += 1;
        self.withdrawals += withdrawals;
        let counted = Counted { operation: *operation, effects: *effects, words };
        let first = self.unpaired.take();
        self.count(&counted, first.filter(|_| short));
        self.unpaired = (short && first.is_none()).then_some(counted);
    }

    /// Counts an operation in the last chunk, or with its partner in a new one.
    fn count(&mut self, counted: &Counted, partner: Option<Counted>) {
        counted.count_in(&mut self.rows);
        if !LARGE.holds(&self.rows.rows()) {
            self.full_chunks += 1;
            self.rows = RowCounter::default();
            if let Some(first) = partner {
                first.count_in(&mut self.rows);
            }
            counted.count_in(&mut self.rows);
        }
    }

    /// Words that the data has more with this transaction, in the form that [`cairn_state::BatchBuilder`] gives it.
    fn new_data_words(&self, transaction: &Transaction) -> u32 {
        if is_short(transaction) {
            u32::from(self.unpaired.is_none())
        } else if matches!(transaction, Transaction::Transfer { .. }) {
            1
        } else {
            2
        }
    }

    fn last_chunk_is_full(&self, limits: &Limits) -> bool {
        let Rows { operations, signatures, nodes, permutations, compressions } = self.rows.rows();
        let next = Rows {
            operations: operations + WORST.operations,
            signatures: signatures + WORST.signatures,
            nodes: nodes + WORST.nodes,
            permutations: permutations + WORST.permutations,
            compressions: compressions + WORST.compressions,
        };
        self.full_chunks + 1 >= limits.chunks && !LARGE.holds(&next)
    }
}

impl Counted {
    fn count_in(&self, rows: &mut RowCounter) {
        let leaves = self.effects.leaves.iter().flatten().map(|leaf| -> AccountId { leaf.id });
        rows.count(&self.operation, self.effects.fault, leaves, self.words as usize);
    }
}

fn is_short(transaction: &Transaction) -> bool {
    matches!(ShortTransfer::new(transaction), Some(Ok(_)))
}

/// Words of a priority operation.
#[must_use]
pub fn priority_words(operation: &PriorityOperation) -> u32 {
    match operation {
        PriorityOperation::Forced(_) => cairn_types::FORCED_WORDS as u32,
        PriorityOperation::RegisterToken { .. } | PriorityOperation::Deposit { .. } => 2,
    }
}
