//! What a circuit needs to prove a batch: plain data, one slot an operation.

use cairn_types::{
    Account, AccountId, BatchWords, ChunkState, DataLocation, Digest, Header, Operation, Streams,
    Word,
};
use serde::{Deserialize, Serialize};

use crate::{Fault, Outline, TreeOpening};

/// What all operations of a batch share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The rollup: low 248 bits of a hash of chain id and contract address.
    pub domain: Word,
    /// Of the batch, in seconds; expiries are judged by it.
    pub timestamp: u32,
}

/// What the state commitment hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateSummary {
    /// Root of the account tree.
    pub root: Digest,
    /// The id of the next new leaf; `2^32` when ids are exhausted.
    pub next_id: u64,
    /// The number of the next token; `2^16` when tokens are exhausted.
    pub next_token: u32,
}

/// Everything that runs from operation to operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The state.
    pub state: StateSummary,
    /// The streams since the start of the batch.
    pub streams: Streams,
}

/// One read, or read and write, of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafAccess {
    /// Which leaf.
    pub id: AccountId,
    /// The leaf before this access, after the earlier ones of the same operation.
    pub before: Account,
    /// The leaf after; equal to `before` for a read.
    pub after: Account,
}

/// How an operation stands in the data stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DataForm {
    /// Priority operation: no data word.
    Absent,
    /// The long form: its words are appended here.
    Long,
    /// A short transfer alone in its word (tag 0x02), appended here.
    Single,
    /// A short transfer, first slot of a pair (tag 0x01): appended with the next operation, which is
    /// always the [`Self::PairSecond`]. Nothing is appended here.
    PairFirst,
    /// Second slot of a pair: the word of both is appended here.
    PairSecond,
}

/// The witness of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotWitness {
    /// What is executed.
    pub operation: Operation,
    /// How it stands in the data.
    pub form: DataForm,
    /// Why it changes nothing, if it is a forced transaction that does not hold.
    pub fault: Option<Fault>,
    /// Everything before.
    pub before: Running,
    /// Everything after.
    pub after: Running,
    /// The leaf that pays; of a forced transaction that does not hold, the leaf that shows it, which is only read.
    pub a: Option<LeafAccess>,
    /// The leaf that is paid or created; of a deposit the leaf that it names, which is only read.
    pub b: Option<LeafAccess>,
    /// The leaf that gets the fee; of a deposit the leaf that it credits or creates.
    pub c: Option<LeafAccess>,
}

/// The witness of a batch. Its streams start at zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchWitness {
    /// What all operations share.
    pub environment: Environment,
    /// Before the first operation.
    pub before: Running,
    /// After the last.
    pub after: Running,
    /// The account tree before the first operation, opened at all leaves that the batch accesses.
    pub opening: TreeOpening,
    /// One an operation, in order.
    pub slots: Vec<SlotWitness>,
    /// The data stream.
    pub data: Vec<Word>,
    /// The priority stream.
    pub priority: Vec<Word>,
    /// The withdrawal stream.
    pub withdrawals: Vec<Word>,
}

impl SlotWitness {
    /// The accesses that there are, in order.
    pub fn accesses(&self) -> impl Iterator<Item = &LeafAccess> {
        [&self.a, &self.b, &self.c].into_iter().flatten()
    }
}

impl Running {
    /// As it stands in a chunk statement.
    pub fn chunk_state(&self) -> ChunkState {
        let Streams { data, priority, withdrawal } = self.streams;
        ChunkState { state: self.state.commitment(), data, priority, withdrawal }
    }
}

impl BatchWitness {
    /// The words of all streams.
    pub fn words(&self) -> BatchWords<'_> {
        let Self { data, priority, withdrawals, .. } = self;
        BatchWords { data, priority, withdrawals }
    }

    /// The header as the contract builds it, when this is batch `number` and its data is there.
    pub fn header(&self, number: u32, location: &DataLocation) -> Header {
        let outline = Outline {
            environment: self.environment,
            number,
            before: self.before.state.commitment(),
            after: self.after.state.commitment(),
            streams: self.after.streams,
            words: self.words(),
        };
        outline.header(location)
    }
}
