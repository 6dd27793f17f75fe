//! The constraints of a chunk: environment and state in, slots one after the other, statement out.

use crate::{
    config::Builder,
    operation::{OpenPairTarget, RunningTarget, SlotTarget, StateTarget, StreamsTarget},
    statement::{ChunkEnvironmentTarget, ChunkStateTarget, ChunkStatementTarget, StreamTarget},
};
use cairn_gadgets::{
    arithmetic::assert_bits,
    poseidon2::{DigestTarget, hash},
};
use cairn_primitives::Tag;

/// The witness of a chunk. All of it but the slots is bound by the statement.
#[derive(Debug, Clone)]
pub(crate) struct ChunkTarget {
    /// What all chunks share. Nothing in a chunk depends on the circuit-set root.
    pub(crate) environment: ChunkEnvironmentTarget,
    /// The state before; the commitment binds its parts.
    pub(crate) state: StateTarget,
    /// The streams before.
    pub(crate) streams: StreamsTarget,
    /// The operations.
    pub(crate) slots: Vec<SlotTarget>,
}

impl ChunkTarget {
    /// Adds a chunk of `slots` slots, and registers the hash of its statement as the public inputs.
    pub(crate) fn new(builder: &mut Builder, slots: usize) -> Self {
        let environment = ChunkEnvironmentTarget {
            domain: builder.add_virtual_target_arr(),
            timestamp: builder.add_virtual_target(),
            circuit_set_root: builder.add_virtual_target_arr(),
        };
        // Expiries are compared with it as integers.
        assert_bits(builder, environment.timestamp, u32::BITS as usize);
        let state = StateTarget {
            root: builder.add_virtual_target_arr(),
            next_id: builder.add_virtual_target(),
            next_token: builder.add_virtual_target(),
        };
        let mut stream = || StreamTarget {
            digest: builder.add_virtual_target_arr(),
            count: builder.add_virtual_target(),
        };
        let streams = StreamsTarget { data: stream(), priority: stream(), withdrawal: stream() };

        let pair = OpenPairTarget::none(builder);
        let before = RunningTarget { state, streams, pair };
        let mut running = before;
        let mut targets = Vec::with_capacity(slots);
        for _ in 0..slots {
            let (slot, after) = SlotTarget::new(builder, &environment, running);
            targets.push(slot);
            running = after;
        }
        // The statement has no room for half a word: a pair may not span two chunks.
        builder.assert_zero(running.pair.open);

        let before = chunk_state(builder, &before);
        let after = chunk_state(builder, &running);
        let public = ChunkStatementTarget { environment, before, after }.digest(builder);
        builder.register_public_inputs(&public);
        Self { environment, state, streams, slots: targets }
    }
}

fn chunk_state(builder: &mut Builder, running: &RunningTarget) -> ChunkStateTarget {
    let StreamsTarget { data, priority, withdrawal } = running.streams;
    ChunkStateTarget { state: commitment(builder, &running.state), data, priority, withdrawal }
}

/// `hash(STATE, root || next_id || next_token)`.
fn commitment(builder: &mut Builder, state: &StateTarget) -> DigestTarget {
    let [r0, r1, r2, r3] = state.root;
    hash(builder, Tag::State, &[r0, r1, r2, r3, state.next_id, state.next_token])
}
