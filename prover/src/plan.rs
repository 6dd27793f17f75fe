//! How a batch is cut into proofs, and how many of them a machine makes at a time.
//!
//! ```text
//! slots   |---- chunk 0 ----|---- chunk 1 ----|- chunk 2 -|
//! level 0          w0                w1            w2
//! level 1               n(w0, w1)                  w2
//! level 2                      n(n(w0, w1), w2)
//! ```
//!
//! A chunk ends where a table of the largest class is full, whichever that is, and takes the smallest class that
//! holds it. The words of the streams are cut and merged in the same way.

use std::ops::Range;

use cairn_circuits::{
    chunk::{ChunkWitness, class},
    circuit_set::Size,
    stream::{self, StreamClass, StreamLeafWitness},
};
use cairn_leaf::class::{LARGE, RowCounter, Rows};
use cairn_state::{BatchWitness, DataForm, OpeningError, SlotWitness};
use cairn_types::StreamEnvironment;

use crate::{memory, side_by_side};

/// Operations of the largest chunk that there is a circuit for.
pub const LARGEST_CHUNK: usize = 1 << LARGE.operations;

/// MiB that are wanted after the chunks.
const LATER_MB: u64 = memory::CIRCUITS_MB + memory::SNARK_MB;

/// Stream leaves of a batch with so many data words and nothing in the other streams.
#[must_use]
pub const fn stream_leaves(in_blobs: bool, data_words: usize) -> usize {
    let largest = if in_blobs { StreamClass::WholeBlob } else { StreamClass::AtX };
    let leaves = data_words.div_ceil(largest.capacity()[0]);
    if leaves == 0 { 1 } else { leaves }
}

/// The leaves of a batch, in order. The same batch gives the same plan everywhere.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The chunk leaves.
    pub chunks: Vec<PlannedChunk>,
    /// Words of each stream leaf.
    pub streams: Vec<StreamLeafWitness>,
}

/// A chunk leaf of a plan.
#[derive(Debug, Clone)]
pub struct PlannedChunk {
    /// Its operations.
    pub operations: Range<usize>,
    /// What is proven.
    pub witness: ChunkWitness,
    /// The smallest size that holds it.
    pub size: Size,
}

impl Plan {
    /// The fewest chunks that hold the batch, with at most `limit` operations each (a pair of short transfers is never cut,
    /// so that 2 is the least that counts). A batch without operations has one empty chunk: L1 takes such a batch, so it must be
    /// provable.
    ///
    /// # Errors
    /// If the batch's opening lacks a leaf that an operation accesses.
    pub fn new(
        batch: &BatchWitness,
        limit: usize,
        environment: StreamEnvironment,
    ) -> Result<Self, OpeningError> {
        let cuts = cut(&batch.slots, limit);
        let ranges: Vec<_> = cuts.iter().map(|(range, _)| range.clone()).collect();
        let witnesses = ChunkWitness::cut(batch, &ranges, environment.circuit_set_root)?;
        let chunks = cuts
            .into_iter()
            .zip(witnesses)
            .map(|((operations, size), witness)| PlannedChunk { operations, witness, size });
        let streams = stream::split(environment, &batch.words());
        Ok(Self { chunks: chunks.collect(), streams })
    }
}

/// How many of these chunk leaves to prove at a time on so many cores, with so much memory to spare. The later circuits and the SNARK
/// need theirs, and pages are kept once they were used.
#[must_use]
pub fn chunks_at_a_time(chunks: &[&PlannedChunk], cores: usize, free_mb: u64) -> usize {
    let largest = chunks.iter().map(|chunk| memory::chunk_mb(chunk.operations.len())).max();
    let fitting = largest.map_or(1, |largest_mb| free_mb.saturating_sub(LATER_MB) / largest_mb);
    let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
    side_by_side::at_a_time(chunks.len(), cores, fitting)
}

/// Ranges of operations, each as long as the largest class holds, and the smallest size that does.
fn cut(slots: &[SlotWitness], limit: usize) -> Vec<(Range<usize>, Size)> {
    let mut chunks = Vec::new();
    let (mut start, mut end) = (0, 0);
    let mut counter = RowCounter::default();
    while end < slots.len() {
        let pair = slots[end].form == DataForm::PairFirst;
        let next = slots.len().min(end + 1 + usize::from(pair));
        let before = counter.rows();
        slots[end..next].iter().for_each(|slot| counter.push(slot));
        if end > start && (next - start > limit || !class(Size::Large).holds(&counter.rows())) {
            chunks.push((start..end, smallest(&before)));
            start = end;
            counter = RowCounter::default();
        } else {
            end = next;
        }
    }
    if start < end || chunks.is_empty() {
        chunks.push((start..end, smallest(&counter.rows())));
    }
    chunks
}

fn smallest(rows: &Rows) -> Size {
    let size = Size::ALL.into_iter().find(|&size| class(size).holds(rows));
    // Two operations fit every class, and no chunk is longer than the largest holds.
    size.unwrap_or(Size::Large)
}

#[cfg(test)]
mod tests {
    use cairn_state::{BatchBuilder, Environment, State};
    use cairn_types::{
        BlobScalar, Digest, Extension, ForcedTransaction, Operation, PriorityOperation, PublicKey,
        Signature, Transaction, Word,
    };

    use super::*;

    fn batch(operations: u16) -> BatchWitness {
        let environment = Environment { domain: Word::default(), timestamp: 1 };
        let mut batch = BatchBuilder::new(State::genesis(), environment);
        let key = PublicKey::new([1; 5]).unwrap();
        for token in 0..operations {
            let operation = PriorityOperation::RegisterToken { token, quantum_exponent: 0, key };
            batch.push(Operation::Priority(operation)).unwrap();
        }
        batch.finish().1
    }

    fn plan(operations: u16, limit: usize) -> Plan {
        let root = Digest::new([0; 4]).unwrap();
        let (x, z) = (Extension::ZERO, BlobScalar::ZERO);
        let environment = StreamEnvironment { x, z, circuit_set_root: root };
        Plan::new(&batch(operations), limit, environment).unwrap()
    }

    #[test]
    fn chunks_cover_every_batch_and_the_empty_one_has_one() {
        let ends = |operations| {
            let chunks = plan(operations, 4).chunks;
            chunks.iter().map(|chunk| chunk.operations.end).collect::<Vec<_>>()
        };
        assert_eq!(ends(0), [0]);
        assert_eq!(ends(4), [4]);
        assert_eq!(ends(9), [4, 8, 9]);
        assert_eq!(plan(9, 4).chunks[2].operations, 8..9);
        // 512 priority words a leaf, two an operation.
        assert_eq!(plan(0, 4).streams.len(), 1);
        assert_eq!(plan(257, 300).streams.len(), 2);
    }

    #[test]
    fn chunks_leave_memory_to_what_comes_after_them() {
        let chunks = plan(128, 2).chunks;
        let chunks: Vec<_> = chunks.iter().collect();
        let each = memory::chunk_mb(2);
        assert_eq!(chunks.len(), 64);
        assert_eq!(chunks_at_a_time(&chunks, 64, LATER_MB + 64 * each), 64);
        assert_eq!(chunks_at_a_time(&chunks, 64, LATER_MB + 4 * each), 4);
        assert_eq!(chunks_at_a_time(&chunks, 64, 4 * each), 1);
        assert_eq!(chunks_at_a_time(&chunks, 64, 0), 1);
    }

    #[test]
    fn pairs_stay_together() {
        let mut slots = batch(5).slots;
        slots[1].form = DataForm::PairFirst;
        slots[2].form = DataForm::PairSecond;
        let cuts = |limit| cut(&slots, limit).into_iter().map(|(range, _)| range);
        assert_eq!(cuts(2).collect::<Vec<_>>(), [0..1, 1..3, 3..5]);
        // Less than a pair needs is taken for two.
        assert_eq!(cuts(1).collect::<Vec<_>>(), [0..1, 1..3, 3..4, 4..5]);
        assert_eq!(cuts(3).collect::<Vec<_>>(), [0..3, 3..5]);
    }

    /// Two rows and five words each, of which 512 fit the small class; a payer's leaf that does not exist asks for no
    /// signature.
    #[test]
    fn forced_transactions_take_their_rows() {
        let slots = |count: usize| {
            let environment = Environment { domain: Word::default(), timestamp: 1 };
            let mut batch = BatchBuilder::new(State::genesis(), environment);
            let forced = ForcedTransaction {
                transaction: Transaction::Withdraw {
                    from: 7,
                    recipient: [1; 20],
                    amount: 1,
                    fee: 0,
                },
                token: 0,
                nonce: 0,
                expiry: 0,
                recipient: PublicKey::ZERO,
                signature: Signature::default(),
                enqueued: 1,
            };
            let forced = Operation::Priority(PriorityOperation::Forced(forced));
            for _ in 0..count {
                batch.push(forced).unwrap();
            }
            batch.finish().1.slots
        };
        let mut counter = RowCounter::default();
        slots(3).iter().for_each(|slot| counter.push(slot));
        let Rows { operations, signatures, compressions, .. } = counter.rows();
        assert_eq!((operations, signatures, compressions), (6, 0, 15));
        let sizes = |count| cut(&slots(count), usize::MAX).into_iter().map(|(_, size)| size);
        assert_eq!(sizes(102).collect::<Vec<_>>(), [Size::Small]);
        assert_eq!(sizes(103).collect::<Vec<_>>(), [Size::Medium]);
    }

    #[test]
    fn a_chunk_takes_the_smallest_size_that_holds_it() {
        let sizes = |operations, limit| {
            let chunks = plan(operations, limit).chunks;
            chunks.iter().map(|chunk| (chunk.operations.len(), chunk.size)).collect::<Vec<_>>()
        };
        assert_eq!(sizes(0, 9), [(0, Size::Small)]);
        // Two words an operation fill the 2^9 compressions of the small class.
        assert_eq!(sizes(256, usize::MAX), [(256, Size::Small)]);
        assert_eq!(sizes(257, usize::MAX), [(257, Size::Medium)]);
        assert_eq!(sizes(300, 200), [(200, Size::Small), (100, Size::Small)]);
        // 2^13 operations in the large classes; the leaves of the tokens are neighbours.
        assert_eq!(sizes(8200, usize::MAX), [(8192, Size::Dense), (8, Size::Small)]);
        let scattered = Rows { operations: 1, nodes: (1 << 16) + 1, ..Rows::default() };
        assert_eq!(smallest(&scattered), Size::Large);
    }
}
