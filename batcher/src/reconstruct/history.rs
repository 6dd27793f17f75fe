//! What L1's events say of the batches: which ones stand, and how far they are proven.

use alloy::{primitives::B256, rpc::types::Log, sol_types::SolEvent};
use cairn_types::DataMode;
use thiserror::Error;

use crate::l1::{
    contracts::{Batch, IRollupL1},
    transactions::Place,
};

/// A batch that stands, as the contract's event has it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The contract's record.
    pub batch: Batch,
    /// Root of its withdrawals.
    pub withdrawals_root: B256,
    /// Where its data is.
    pub data_mode: DataMode,
    /// Digest of its data words, as the committer says.
    pub data_digest: B256,
    /// How many data words there are.
    pub data_count: u32,
    /// The transaction that has committed it.
    pub place: Place,
    /// The transaction that has proven it, if one has.
    pub proof: Option<Place>,
}

/// The batches that stand, as of one block.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By number; the first is genesis.
    batches: Vec<Committed>,
    /// The last proven one.
    proven: u32,
    /// Whether the rollup is frozen.
    frozen: bool,
}

/// Events that no rollup emits: the node has left some out, or the contract is another.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HistoryError {
    /// An event out of turn.
    #[error(
        "L1's event {event} is out of turn: expected batch {expected}, got {got}; the node may have left out logs (try another, or an earlier --first-block)"
    )]
    OutOfTurn {
        /// Its name.
        event: &'static str,
        /// The batch whose turn it is.
        expected: u32,
        /// The event's.
        got: u32,
    },
    /// The proof is of another state than the commitment.
    #[error("batch {number} was committed with state {expected} and proven with {got}")]
    State {
        /// The batch.
        number: u32,
        /// As committed.
        expected: B256,
        /// As proven.
        got: B256,
    },
    /// A log that is none of the rollup's events.
    #[error("a log of the rollup does not decode: {0}; is the contract another version?")]
    Malformed(String),
    /// There is not even genesis.
    #[error(
        "the contract has emitted no BatchCommitted: it is not a rollup, or --first-block is after its deployment"
    )]
    Empty,
    /// The contract counts otherwise.
    #[error(
        "L1's events end with batch {committed}, {proven} proven; its storage says {stored_committed}, {stored_proven} proven; the node may have left out logs: try another"
    )]
    Incomplete {
        /// By the events.
        committed: u32,
        /// By the events.
        proven: u32,
        /// By the storage.
        stored_committed: u32,
        /// By the storage.
        stored_proven: u32,
    },
}

impl History {
    /// The events that [`Self::apply`] takes.
    pub const TOPICS: [B256; 4] = [
        IRollupL1::BatchCommitted::SIGNATURE_HASH,
        IRollupL1::BatchesProven::SIGNATURE_HASH,
        IRollupL1::BatchesReverted::SIGNATURE_HASH,
        IRollupL1::Frozen::SIGNATURE_HASH,
    ];

    /// From the logs of a rollup in their order.
    ///
    /// # Errors
    /// They are not all of its events.
    pub fn from_logs(logs: &[Log]) -> Result<Self, HistoryError> {
        let mut history = Self::default();
        logs.iter().try_for_each(|log| history.apply(log))?;
        history.check_begun().map(|()| history)
    }

    /// Refuses a history without even genesis.
    ///
    /// # Errors
    /// [`HistoryError::Empty`].
    pub(super) fn check_begun(&self) -> Result<(), HistoryError> {
        if self.batches.is_empty() { Err(HistoryError::Empty) } else { Ok(()) }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// It is none, or not the next.
    pub(super) fn apply(&mut self, log: &Log) -> Result<(), HistoryError> {
        let malformed = |e: alloy::sol_types::Error| HistoryError::Malformed(e.to_string());
        let data = &log.inner.data;
        let topic = data.topics().first().copied().unwrap_or_default();
        match topic {
            IRollupL1::BatchCommitted::SIGNATURE_HASH => {
                let event = IRollupL1::BatchCommitted::decode_log_data(data).map_err(malformed)?;
                in_turn("BatchCommitted", self.next(), event.number)?;
                in_turn("BatchCommitted", event.number, event.batch.number)?;
                let data_mode = DataMode::try_from(event.dataMode);
                let data_mode = data_mode.map_err(|e| HistoryError::Malformed(e.to_string()))?;
                let place = Place::of(log).ok_or_else(|| {
                    HistoryError::Malformed(format!("batch {} has no transaction", event.number))
                })?;
                self.batches.push(Committed {
                    batch: event.batch,
                    withdrawals_root: event.withdrawalsRoot,
                    data_mode,
                    data_digest: event.dataDigest,
                    data_count: event.dataCount,
                    place,
                    proof: None,
                });
            }
            IRollupL1::BatchesReverted::SIGNATURE_HASH => {
                let event = IRollupL1::BatchesReverted::decode_log_data(data).map_err(malformed)?;
                in_turn("BatchesReverted", self.committed(), event.last)?;
                if event.first <= self.proven || event.first > event.last {
                    let (expected, got) = (self.proven + 1, event.first);
                    return Err(HistoryError::OutOfTurn {
                        event: "BatchesReverted",
                        expected,
                        got,
                    });
                }
                self.batches.truncate(event.first as usize);
            }
            IRollupL1::BatchesProven::SIGNATURE_HASH => {
                let event = IRollupL1::BatchesProven::decode_log_data(data).map_err(malformed)?;
                in_turn("BatchesProven", self.proven.saturating_add(1), event.first)?;
                let last = self.batches.get(event.last as usize);
                let Some(last) = last.filter(|_| event.last >= event.first) else {
                    let (expected, got) = (self.committed(), event.last);
                    return Err(HistoryError::OutOfTurn { event: "BatchesProven", expected, got });
                };
                if last.batch.state != event.state {
                    let (expected, got) = (last.batch.state, event.state);
                    return Err(HistoryError::State { number: event.last, expected, got });
                }
                let proof = Place::of(log).ok_or_else(|| {
                    HistoryError::Malformed(format!(
                        "the proof of batch {} has no transaction",
                        event.last
                    ))
                })?;
                let proven = event.first as usize..=event.last as usize;
                self.batches[proven].iter_mut().for_each(|batch| batch.proof = Some(proof));
                self.proven = event.last;
            }
            IRollupL1::Frozen::SIGNATURE_HASH => {
                let event = IRollupL1::Frozen::decode_log_data(data).map_err(malformed)?;
                in_turn("Frozen", self.proven, event.number)?;
                self.frozen = true;
            }
            _ => return Err(HistoryError::Malformed(format!("topic {topic}"))),
        }
        Ok(())
    }

    /// Refuses a history that ends elsewhere than the contract's storage does.
    ///
    /// # Errors
    /// [`HistoryError::Incomplete`].
    pub fn check(&self, stored_committed: u32, stored_proven: u32) -> Result<(), HistoryError> {
        let (committed, proven) = (self.committed(), self.proven);
        if (committed, proven) == (stored_committed, stored_proven) {
            return Ok(());
        }
        Err(HistoryError::Incomplete { committed, proven, stored_committed, stored_proven })
    }

    /// A batch that stands.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Committed> {
        self.batches.get(number as usize)
    }

    /// The last committed batch.
    #[must_use]
    pub fn committed(&self) -> u32 {
        self.next().saturating_sub(1)
    }

    /// How many batches have their data with the data committee: a validium's.
    #[must_use]
    pub fn with_committee(&self) -> usize {
        let with_committee = |batch: &&Committed| batch.data_mode == DataMode::Committee;
        self.batches.iter().filter(with_committee).count()
    }

    /// The last proven batch.
    #[must_use]
    pub fn proven(&self) -> u32 {
        self.proven
    }

    /// Whether the rollup is frozen.
    #[must_use]
    pub fn frozen(&self) -> bool {
        self.frozen
    }

    fn next(&self) -> u32 {
        u32::try_from(self.batches.len()).unwrap_or(u32::MAX)
    }
}

fn in_turn(event: &'static str, expected: u32, got: u32) -> Result<(), HistoryError> {
    if expected == got {
        return Ok(());
    }
    Err(HistoryError::OutOfTurn { event, expected, got })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;

    use super::*;

    fn state(n: u32) -> B256 {
        B256::from(U256::from(n))
    }

    fn committed(number: u32, state_number: u32) -> Log {
        let batch = Batch { number, state: state(state_number), ..Batch::default() };
        let event = IRollupL1::BatchCommitted {
            number,
            batch,
            withdrawalsRoot: B256::ZERO,
            dataMode: 0,
            dataDigest: state(state_number),
            dataCount: state_number,
        };
        log(&event, number)
    }

    fn proven(first: u32, last: u32) -> Log {
        log(&IRollupL1::BatchesProven { first, last, state: state(last) }, 77)
    }

    fn reverted(first: u32, last: u32) -> Log {
        log(&IRollupL1::BatchesReverted { first, last }, 78)
    }

    fn log(event: &impl SolEvent, transaction: u32) -> Log {
        let inner = alloy::primitives::Log {
            address: alloy::primitives::Address::ZERO,
            data: event.encode_log_data(),
        };
        Log {
            inner,
            block_hash: Some(B256::ZERO),
            transaction_hash: Some(state(transaction)),
            transaction_index: Some(0),
            ..Log::default()
        }
    }

    fn genesis_and(logs: Vec<Log>) -> Result<History, HistoryError> {
        History::from_logs(&[vec![committed(0, 0)], logs].concat())
    }

    #[test]
    fn a_batch_that_was_taken_back_makes_room_for_another() {
        let history = genesis_and(vec![
            committed(1, 1),
            committed(2, 2),
            proven(1, 1),
            committed(3, 3),
            reverted(2, 3),
            committed(2, 9),
        ])
        .unwrap();
        assert_eq!((history.committed(), history.proven()), (2, 1));
        assert_eq!(history.get(2).unwrap().batch.state, state(9));
        assert!(history.get(3).is_none());
        history.check(2, 1).unwrap();
        assert!(matches!(history.check(3, 1), Err(HistoryError::Incomplete { .. })));
    }

    #[test]
    fn missing_events_are_noticed() {
        let out_of_turn =
            |event, expected, got| Err::<(), _>(HistoryError::OutOfTurn { event, expected, got });
        let of = |logs| genesis_and(logs).map(drop);
        assert_eq!(History::from_logs(&[]).map(drop), Err(HistoryError::Empty));
        assert_eq!(of(vec![committed(2, 2)]), out_of_turn("BatchCommitted", 1, 2));
        assert_eq!(of(vec![committed(1, 1), proven(2, 2)]), out_of_turn("BatchesProven", 1, 2));
        assert_eq!(of(vec![proven(1, 1)]), out_of_turn("BatchesProven", 0, 1));
        assert_eq!(of(vec![committed(1, 1), reverted(2, 2)]), out_of_turn("BatchesReverted", 1, 2));
        assert_eq!(of(vec![committed(1, 1), proven(1, 0)]), out_of_turn("BatchesProven", 1, 0));
        let mut nowhere = committed(1, 1);
        nowhere.transaction_index = None;
        assert!(matches!(of(vec![nowhere]), Err(HistoryError::Malformed(_))));
        let proven_then_reverted = vec![committed(1, 1), proven(1, 1), reverted(1, 1)];
        assert_eq!(of(proven_then_reverted), out_of_turn("BatchesReverted", 2, 1));
        assert!(matches!(
            of(vec![committed(1, 5), proven(1, 1)]),
            Err(HistoryError::State { number: 1, .. })
        ));
    }
}
