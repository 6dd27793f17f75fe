//! The priority queue, as its events publish it.

use alloy::{primitives::Address, rpc::types::Log, sol_types::SolEvent};
use cairn_types::{WORD_BYTES, Word};

use super::{
    contracts::IRollupL1::PriorityOperationQueued,
    error::{L1Error, rpc},
};

/// A priority operation as L1 has queued it.
#[derive(Debug, Clone)]
pub struct QueuedOperation {
    /// Its words.
    pub words: Vec<Word>,
    /// Who has paid for it.
    pub origin: Address,
}

/// The operations behind the queue's logs: all of them, from the first.
///
/// # Errors
/// A log that does not hold whole words, or operations out of order.
pub fn decode(logs: &[Log]) -> Result<Vec<QueuedOperation>, L1Error> {
    let what = "reading the priority queue";
    let mut operations = Vec::with_capacity(logs.len());
    for log in logs {
        let event = PriorityOperationQueued::decode_log(&log.inner).map_err(|e| rpc(what, e))?;
        let position = operations.len();
        if event.index != position as u64 {
            return Err(rpc(what, format!("operation {} stands at {position}", event.index)));
        }
        let (words, rest) = event.words.as_chunks::<WORD_BYTES>();
        if !rest.is_empty() {
            return Err(rpc(what, format!("operation {position} is not whole words")));
        }
        let words = words.iter().copied().map(Word::new).collect();
        operations.push(QueuedOperation { words, origin: event.origin });
    }
    Ok(operations)
}
