//! The header in circuit (twin of [`cairn_types::Header`]), and the statements that it stands for.

use cairn_gadgets::sha256::{sha256, u64_to_words};
use cairn_types::{
    ChunkEnvironment, ChunkState, ChunkStatement, Digest, Header, Stream, StreamEnvironment,
    StreamState, StreamStatement,
};
use plonky2::iop::target::{BoolTarget, Target};

use crate::config::Builder;
use crate::statement::{
    ChunkEnvironmentTarget, ChunkStateTarget, ChunkStatementTarget, EvaluatedStreamTarget,
    StreamEnvironmentTarget, StreamStateTarget, StreamStatementTarget, StreamTarget,
};

/// Bits of a limb of the domain.
const LIMB_BITS: usize = 62;

/// What the chunk proof of a batch states.
pub fn chunk_statement(header: &Header, circuit_set_root: Digest) -> ChunkStatement {
    let Header { domain, timestamp, state_before, state_after, streams, .. } = *header;
    ChunkStatement {
        environment: ChunkEnvironment { domain, timestamp, circuit_set_root },
        before: ChunkState {
            state: state_before,
            data: Stream::default(),
            priority: Stream::default(),
            withdrawal: Stream::default(),
        },
        after: ChunkState {
            state: state_after,
            data: streams.data.stream,
            priority: streams.priority.stream,
            withdrawal: streams.withdrawal.stream,
        },
    }
}

/// What the stream proof of a batch states.
pub fn stream_statement(header: &Header, circuit_set_root: Digest) -> StreamStatement {
    StreamStatement {
        environment: StreamEnvironment { x: header.x, z: header.z, circuit_set_root },
        before: StreamState::default(),
        after: header.streams,
    }
}

/// Twin of [`Header`].
#[derive(Clone, Copy, Debug)]
pub struct HeaderTarget {
    /// The rollup: four limbs.
    pub domain: [Target; 4],
    /// From 1, without gaps.
    pub number: Target,
    /// In seconds.
    pub timestamp: Target,
    /// State commitment before.
    pub state_before: [Target; 4],
    /// State commitment after.
    pub state_after: [Target; 4],
    /// The point of evaluation.
    pub x: [Target; 2],
    /// The blobs' point of evaluation, as big-endian u32.
    pub z: [Target; 8],
    /// The streams of the batch and their evaluations at `x` and `z`.
    pub streams: StreamStateTarget,
}

impl HeaderTarget {
    /// A free header.
    pub fn new(builder: &mut Builder) -> Self {
        let mut stream = || EvaluatedStreamTarget {
            stream: StreamTarget {
                digest: builder.add_virtual_target_arr(),
                count: builder.add_virtual_target(),
            },
            y: builder.add_virtual_target_arr(),
        };
        let [data, priority, withdrawal] = [stream(), stream(), stream()];
        let blob = builder.add_virtual_target_arr();
        let streams = StreamStateTarget { data, priority, withdrawal, blob };
        Self {
            domain: builder.add_virtual_target_arr(),
            number: builder.add_virtual_target(),
            timestamp: builder.add_virtual_target(),
            state_before: builder.add_virtual_target_arr(),
            state_after: builder.add_virtual_target_arr(),
            x: builder.add_virtual_target_arr(),
            z: builder.add_virtual_target_arr(),
            streams,
        }
    }

    /// Twin of [`chunk_statement`].
    pub fn chunk_statement(
        &self,
        builder: &mut Builder,
        circuit_set_root: [Target; 4],
    ) -> ChunkStatementTarget {
        let nothing = evaluated_nothing(builder).stream;
        let Self { domain, timestamp, streams, .. } = *self;
        ChunkStatementTarget {
            environment: ChunkEnvironmentTarget { domain, timestamp, circuit_set_root },
            before: ChunkStateTarget {
                state: self.state_before,
                data: nothing,
                priority: nothing,
                withdrawal: nothing,
            },
            after: ChunkStateTarget {
                state: self.state_after,
                data: streams.data.stream,
                priority: streams.priority.stream,
                withdrawal: streams.withdrawal.stream,
            },
        }
    }

    /// Twin of [`stream_statement`].
    pub fn stream_statement(
        &self,
        builder: &mut Builder,
        circuit_set_root: [Target; 4],
    ) -> StreamStatementTarget {
        let nothing = evaluated_nothing(builder);
        let before = StreamStateTarget {
            data: nothing,
            priority: nothing,
            withdrawal: nothing,
            blob: [builder.zero(); 8],
        };
        StreamStatementTarget {
            environment: StreamEnvironmentTarget { x: self.x, z: self.z, circuit_set_root },
            before,
            after: self.streams,
        }
    }

    /// `sha256(previous || header)`, twin of [`Header::chain_hash`].
    ///
    /// Every field has one encoding: elements are split canonically, limbs into 62 bits, and
    /// SHA-256 bounds its words (number, timestamp, counts, previous hash, z and the value there) by `2^32`.
    pub fn chain_hash(&self, builder: &mut Builder, previous: [Target; 8]) -> [Target; 8] {
        let streams = [self.streams.data, self.streams.priority, self.streams.withdrawal];
        let mut words = previous.to_vec();
        words.extend(domain_words(builder, self.domain));
        words.extend([self.number, self.timestamp]);
        words.extend(element_words(builder, &self.state_before));
        words.extend(element_words(builder, &self.state_after));
        for EvaluatedStreamTarget { stream, .. } in streams {
            words.extend(element_words(builder, &stream.digest));
            words.push(stream.count);
        }
        words.extend(element_words(builder, &self.x));
        for EvaluatedStreamTarget { y, .. } in streams {
            words.extend(element_words(builder, &y));
        }
        words.extend(self.z);
        words.extend(self.streams.blob);
        sha256(builder, &words)
    }
}

/// A stream without words.
fn evaluated_nothing(builder: &mut Builder) -> EvaluatedStreamTarget {
    let zero = builder.zero();
    EvaluatedStreamTarget { stream: StreamTarget { digest: [zero; 4], count: zero }, y: [zero; 2] }
}

/// Elements as big-endian u64, two words each.
pub(crate) fn element_words(builder: &mut Builder, elements: &[Target]) -> Vec<Target> {
    elements.iter().flat_map(|&element| u64_to_words(builder, element)).collect()
}

/// The 248-bit integer of four limbs, most significant first, as eight words: the top byte is zero.
pub(crate) fn domain_words(builder: &mut Builder, limbs: [Target; 4]) -> [Target; 8] {
    let mut bits: Vec<BoolTarget> =
        limbs.into_iter().rev().flat_map(|limb| builder.split_le(limb, LIMB_BITS)).collect();
    bits.resize(256, builder._false());
    std::array::from_fn(|i| builder.le_sum(bits[32 * (7 - i)..][..32].iter()))
}
