//! The state from what L1 has: without the signatures of data, which it does not hold, but L1 has seen a proof of
//! them.

use cairn_types::{DataItem, DecodeError, PriorityOperation, Withdrawal, Word};

use crate::transition::{priority_effects, transaction_effects};
use crate::{Effects, Refusal, State};

/// Why words are not those of a batch on this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Malformed priority words.
    #[error("priority stream: {0}")]
    Priority(#[source] DecodeError),
    /// Malformed data words.
    #[error("data stream: {0}")]
    Data(#[source] DecodeError),
    /// An operation that the state refuses.
    #[error("operation {position} of the batch: {refusal}")]
    Refused {
        /// Counted from the first priority operation.
        position: usize,
        /// Why.
        refusal: Refusal,
    },
}

impl State {
    /// Executes a batch from its words, and gives its withdrawals. `domain` is the rollup's: forced transactions are
    /// judged here as well, with their signatures.
    ///
    /// Trust: that signers authorized the data is what the batch's proof shows, not this. Compare
    /// the state commitment with the one on L1.
    ///
    /// # Errors
    /// On words that no proven batch has. The state is then unchanged.
    pub fn replay(
        &mut self,
        domain: &Word,
        priority: &[Word],
        data: &[Word],
    ) -> Result<Vec<Withdrawal>, ReplayError> {
        let priority = PriorityOperation::decode_stream(priority).map_err(ReplayError::Priority)?;
        let data = DataItem::decode_stream(data).map_err(ReplayError::Data)?;
        let transactions = data.iter().flat_map(DataItem::transactions);

        // No fork: whoever writes to one copies all pages that a batch touches, which are most of them.
        let (next_id, next_token) = (self.next_id, self.next_token);
        let mut undo = Vec::new();
        let mut withdrawals = Vec::new();
        let mut position = 0;
        let mut commit = |state: &mut Self, effects: Result<Effects, Refusal>| {
            let effects = effects.map_err(|refusal| ReplayError::Refused { position, refusal })?;
            position += 1;
            undo.extend(effects.leaves.iter().flatten().map(|leaf| (leaf.id, leaf.before)));
            state.commit(&effects);
            withdrawals.extend(effects.withdrawal);
            Ok(())
        };
        let execute = |state: &mut Self| -> Result<(), ReplayError> {
            for operation in &priority {
                let effects = priority_effects(state, operation, domain);
                commit(state, effects)?;
            }
            for transaction in transactions {
                let effects = transaction_effects(state, &transaction);
                commit(state, effects)?;
            }
            Ok(())
        };
        match execute(self) {
            Ok(()) => Ok(withdrawals),
            Err(error) => {
                self.restore_accounts(undo.into_iter().rev());
                (self.next_id, self.next_token) = (next_id, next_token);
                Err(error)
            }
        }
    }
}
