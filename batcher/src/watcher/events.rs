//! The contract's logs as events.

use alloy::{primitives::LogData, sol_types::SolEvent};
use cairn_types::DataMode;

use super::chain::Event;
use crate::l1::{
    contracts::{IAccessControl, IRollupL1},
    queue,
};

/// The event behind a log of the rollup's contract; `None` where it is one that the watcher has no use for.
///
/// # Errors
/// What a log of a known event lacks: no contract of this project has emitted it.
pub(super) fn decode(log: &LogData) -> Result<Option<Event>, String> {
    let Some(&topic) = log.topics().first() else { return Ok(None) };
    let event = match topic {
        IRollupL1::PriorityOperationQueued::SIGNATURE_HASH => {
            Event::Queued(queue::operation(read::<IRollupL1::PriorityOperationQueued>(log)?)?)
        }
        IRollupL1::BatchCommitted::SIGNATURE_HASH => {
            let event = read::<IRollupL1::BatchCommitted>(log)?;
            if event.number != event.batch.number {
                return Err(format!("batch {} has the record of another", event.number));
            }
            let data_mode = DataMode::try_from(event.dataMode).map_err(|e| e.to_string())?;
            let withdrawals_root = event.withdrawalsRoot;
            Event::Committed { record: event.batch.into(), withdrawals_root, data_mode }
        }
        IRollupL1::BatchesProven::SIGNATURE_HASH => {
            let event = read::<IRollupL1::BatchesProven>(log)?;
            Event::Proven { first: event.first, last: event.last, state: event.state }
        }
        IRollupL1::BatchesReverted::SIGNATURE_HASH => {
            let event = read::<IRollupL1::BatchesReverted>(log)?;
            Event::Reverted { first: event.first, last: event.last }
        }
        IRollupL1::Frozen::SIGNATURE_HASH => Event::Frozen,
        IRollupL1::Paused::SIGNATURE_HASH => Event::Paused(true),
        IRollupL1::Unpaused::SIGNATURE_HASH => Event::Paused(false),
        IRollupL1::OpenProvingSet::SIGNATURE_HASH => {
            Event::OpenProving(read::<IRollupL1::OpenProvingSet>(log)?.open)
        }
        IRollupL1::DataCommitteeSet::SIGNATURE_HASH => {
            let event = read::<IRollupL1::DataCommitteeSet>(log)?;
            let (number, members) = (event.committee, event.members.len());
            Event::DataCommittee { number, members, threshold: event.threshold }
        }
        IRollupL1::CircuitSetAdded::SIGNATURE_HASH => {
            let event = read::<IRollupL1::CircuitSetAdded>(log)?;
            let (index, root) = (event.index.saturating_to(), event.root);
            Event::CircuitSetAdded { index, root, active_at: event.activeAt }
        }
        IRollupL1::CircuitSetRetired::SIGNATURE_HASH => {
            let index = read::<IRollupL1::CircuitSetRetired>(log)?.index.saturating_to();
            Event::CircuitSetRetired { index }
        }
        IAccessControl::RoleGranted::SIGNATURE_HASH => {
            let event = read::<IAccessControl::RoleGranted>(log)?;
            Event::Role { role: event.role, account: event.account, granted: true }
        }
        IAccessControl::RoleRevoked::SIGNATURE_HASH => {
            let event = read::<IAccessControl::RoleRevoked>(log)?;
            Event::Role { role: event.role, account: event.account, granted: false }
        }
        _ => return Ok(None),
    };
    Ok(Some(event))
}

fn read<E: SolEvent>(log: &LogData) -> Result<E, String> {
    E::decode_log_data(log).map_err(|e| format!("{}: {e}", E::SIGNATURE))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, Bytes};
    use cairn_types::{WORD_BYTES, Word};

    use super::*;
    use crate::{l1::contracts::Batch, store::records::QueuedOperation};

    fn queued(bytes: usize) -> LogData {
        let words = Bytes::from(vec![7; bytes]);
        let origin = Address::repeat_byte(3);
        IRollupL1::PriorityOperationQueued { index: 5, words, origin }.encode_log_data()
    }

    #[test]
    fn a_queued_operation_is_whole_words() {
        let words = vec![Word::new([7; WORD_BYTES]); 2];
        let operation = QueuedOperation { index: 5, words, origin: Address::repeat_byte(3) };
        assert_eq!(decode(&queued(2 * WORD_BYTES)), Ok(Some(Event::Queued(operation))));
        assert!(decode(&queued(2 * WORD_BYTES - 1)).unwrap_err().contains("operation 5"));
    }

    #[test]
    fn what_is_cut_off_is_an_error_and_what_is_unknown_is_passed_over() {
        let log = queued(WORD_BYTES);
        let cut = LogData::new_unchecked(log.topics().to_vec(), log.data.slice(..40));
        assert!(decode(&cut).is_err());
        let unknown = LogData::new_unchecked(vec![B256::repeat_byte(1)], Bytes::new());
        assert_eq!(decode(&unknown), Ok(None));
        assert_eq!(decode(&LogData::default()), Ok(None));
    }

    #[test]
    fn a_record_of_another_batch_is_refused() {
        let batch = Batch { number: 2, ..Batch::default() };
        let root = B256::ZERO;
        let mut event = IRollupL1::BatchCommitted {
            number: 2,
            batch,
            withdrawalsRoot: root,
            dataMode: 1,
            dataDigest: root,
            dataCount: 0,
        };
        assert!(matches!(decode(&event.encode_log_data()), Ok(Some(Event::Committed { .. }))));
        event.number = 3;
        assert!(decode(&event.encode_log_data()).is_err());
    }
}
