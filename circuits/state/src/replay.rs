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

        let mut fork = self.clone();
        let mut withdrawals = Vec::new();
        let mut position = 0;
        let mut commit = |fork: &mut Self, effects: Result<Effects, Refusal>| {
            let effects = effects.map_err(|refusal| ReplayError::Refused { position, refusal })?;
            position += 1;
            fork.commit(&effects);
            withdrawals.extend(effects.withdrawal);
            Ok(())
        };
        for operation in &priority {
            let effects = priority_effects(&fork, operation, domain);
            commit(&mut fork, effects)?;
        }
        for transaction in transactions {
            let effects = transaction_effects(&fork, &transaction);
            commit(&mut fork, effects)?;
        }
        *self = fork;
        Ok(withdrawals)
    }
}
