//! What came of a scenario on L2, batch by batch. Of a batch only figures and withdrawals are kept: its witness takes
//! much memory, and the operator removes it once the batch is final.

use cairn_state::{BatchWitness, DataForm, Fault, SlotWitness};
use cairn_types::{Operation, PriorityOperation, Transaction, WORD_BYTES, Word};
use eyre::{Result, bail, ensure, eyre};

use super::{play::priority_operations, report::Forced, scenario::Scenario};
use crate::store::{Store, records::BatchNumber};

/// Bytes of a short transfer but for the tag of its word.
const SLOT_BYTES: f64 = 15.0;

/// What came of it, in all batches that are sealed.
#[derive(Debug, Default)]
pub struct Played {
    /// The last of them.
    pub last: BatchNumber,
    /// Withdrawals of each of them, from the first.
    pub withdrawals: Vec<Vec<Word>>,
    /// Blocks that their operations were confirmed in.
    pub blocks: u64,
    /// Operations of all kinds.
    pub operations: usize,
    /// Transfers, to an account or to a new key.
    pub transfers: usize,
    /// Why each forced transaction changes nothing, if it does.
    pub outcomes: Vec<Option<Fault>>,
    short_bytes: Mean,
    published_bytes: Mean,
    /// Whether the witness of the last of them is kept.
    is_golden: bool,
    /// That witness, for a golden file.
    pub golden: Option<BatchWitness>,
}

impl Played {
    /// Nothing yet. `is_golden` keeps the last witness.
    #[must_use]
    pub fn new(is_golden: bool) -> Self {
        Self { is_golden, ..Self::default() }
    }

    /// Adds the batches that were sealed since.
    ///
    /// # Errors
    /// The store's, or a batch has become final before it was looked at.
    pub fn follow(&mut self, store: &Store) -> Result<()> {
        loop {
            let number = self.last + 1;
            let Some(witness) = store.jobs.get(&number)? else {
                let last_final =
                    store.checkpoint.get(&())?.map_or(0, |checkpoint| checkpoint.batch);
                if last_final >= number {
                    bail!("batch {number} is final before the demo has looked at it");
                }
                return Ok(());
            };
            let sealed = store.batches.get(&number)?;
            let sealed =
                sealed.ok_or_else(|| eyre!("the operator's store lacks batch {number}"))?;
            self.blocks += sealed.last_block - sealed.first_block + 1;
            self.add(witness);
            self.last = number;
        }
    }

    /// Checks that the batches have all that was queued and signed, and nothing else.
    ///
    /// # Errors
    /// Another number of operations.
    pub fn check(&self, scenario: &Scenario) -> Result<()> {
        let (queued, signed) = (priority_operations(scenario), scenario.actions.len());
        let (expected, got) = (queued + signed, self.operations);
        ensure!(
            got == expected,
            "the operator's batches have {got} operations, expected {expected}: {queued} of L1's \
             queue and {signed} that were submitted"
        );
        Ok(())
    }

    fn add(&mut self, batch: BatchWitness) {
        for slot in &batch.slots {
            self.operations += 1;
            if matches!(slot.operation, Operation::Priority(PriorityOperation::Forced(_))) {
                self.outcomes.push(slot.fault);
            }
            if let Some(DataBytes { short, published }) = data_bytes(slot) {
                self.transfers += 1;
                self.published_bytes.add(published);
                short.into_iter().for_each(|short| self.short_bytes.add(short));
            }
        }
        self.withdrawals.push(batch.withdrawals.clone());
        self.golden = self.is_golden.then_some(batch);
    }

    /// Mean data bytes of a short transfer without padding, and of all transfers as published; zero where there are
    /// none.
    #[must_use]
    pub fn bytes_per_transfer(&self) -> (f64, f64) {
        (self.short_bytes.value(), self.published_bytes.value())
    }

    /// What the forced transactions came to.
    #[must_use]
    pub fn forced(&self) -> Forced {
        let executed = self.outcomes.iter().filter(|fault| fault.is_none()).count();
        Forced { executed, refused: self.outcomes.len() - executed }
    }
}

/// What a transfer takes of the data.
struct DataBytes {
    /// Of a short one its slot and its share of the tag, without the padding of a word that it has alone.
    short: Option<f64>,
    /// Its share of the words.
    published: f64,
}

/// The data of a transfer; `None` for other operations.
fn data_bytes(slot: &SlotWitness) -> Option<DataBytes> {
    let word = WORD_BYTES as f64;
    let half = word / 2.0;
    let Operation::Signed(signed) = slot.operation else { return None };
    let (short, published) = match (signed.transaction, slot.form) {
        (Transaction::Transfer { .. }, DataForm::PairFirst | DataForm::PairSecond) => {
            (Some(half), half)
        }
        (Transaction::Transfer { .. }, DataForm::Single) => (Some(SLOT_BYTES + 1.0), word),
        (Transaction::Transfer { .. }, _) => (None, word),
        (Transaction::TransferToNew { .. }, _) => (None, 2.0 * word),
        _ => return None,
    };
    Some(DataBytes { short, published })
}

/// A mean of what is added.
#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_is_lost_or_there_twice_is_noticed() {
        let scenario = Scenario::random(7, 1);
        let all = priority_operations(&scenario) + scenario.actions.len();
        let check = |operations| Played { operations, ..Played::default() }.check(&scenario);
        check(all).unwrap();
        for operations in [0, all - 1, all + 1] {
            let error = check(operations).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{operations} operations, expected {all}: ")),
                "{error}"
            );
        }
    }
}
