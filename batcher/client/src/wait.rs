//! Waiting for a transaction to reach a stage.

use std::time::{Duration, Instant};

use crate::{
    Client, ClientError,
    api::{
        hex::Hash,
        wire::{Stage, TransactionView},
    },
};

/// The pause between two questions: grows from the first to the second.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

/// Why a stage was not reached.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The service refuses to answer, or does not answer for too long.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The operator has never accepted it.
    #[error("the operator does not know transaction {0}")]
    Unknown(Hash),
    /// It will not be executed.
    #[error("transaction {hash} was dropped: {reason}")]
    Dropped {
        /// The transaction.
        hash: Hash,
        /// Why.
        reason: String,
    },
    /// The deadline has passed.
    #[error("transaction {hash} is {got} after {} s, expected {expected}", .after.as_secs())]
    Deadline {
        /// The transaction.
        hash: Hash,
        /// The stage asked for.
        expected: Stage,
        /// The last stage seen.
        got: Stage,
        /// How long it was waited for.
        after: Duration,
    },
}

impl Client {
    /// Waits until a transaction has reached a stage.
    ///
    /// # Errors
    /// It is unknown, dropped, or late; or the service fails.
    pub async fn wait_for(
        &self,
        hash: Hash,
        stage: Stage,
        within: Duration,
    ) -> Result<TransactionView, WaitError> {
        let started = Instant::now();
        let [mut pause, longest] = PAUSES;
        loop {
            let seen = self.transaction(hash).await?.ok_or(WaitError::Unknown(hash))?;
            let got = seen.life.stage;
            match &seen.life.dropped {
                Some(_) if stage == Stage::Dropped => return Ok(seen),
                Some(dropped) => {
                    return Err(WaitError::Dropped { hash, reason: dropped.message.clone() });
                }
                None if got >= stage => return Ok(seen),
                None => {}
            }
            let after = started.elapsed();
            if after >= within {
                return Err(WaitError::Deadline { hash, expected: stage, got, after });
            }
            tokio::time::sleep(pause.min(within - after)).await;
            pause = (pause * 2).min(longest);
        }
    }
}
