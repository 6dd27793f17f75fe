//! The constraints of a chunk: the STARK's proof holds, and its public values make the statement.

use cairn_gadgets::{
    arithmetic::assert_bits,
    poseidon2::{DigestTarget, hash},
};
use cairn_leaf::chunk::{Leaf, OPERATIONS, TREE};
use cairn_primitives::Tag;
use cairn_stark::recursive::{proof::StarkProofTarget, verifier::verify_stark};
use plonky2::iop::target::Target;

use crate::config::Builder;
use crate::statement::{
    ChunkEnvironmentTarget, ChunkStateTarget, ChunkStatementTarget, StreamTarget,
};

/// The private inputs of a chunk.
#[derive(Debug, Clone)]
pub(super) struct ChunkTarget {
    /// The proof. Its public values are bound by the statement.
    pub(super) proof: StarkProofTarget,
    /// Nothing in a chunk depends on it.
    pub(super) circuit_set_root: DigestTarget,
}

/// Reads public values one after the other.
struct Reader<'a>(std::slice::Iter<'a, Target>);

impl Reader<'_> {
    fn one(&mut self) -> Target {
        *self.0.next().expect("the tables have as many public values as they say")
    }

    fn digest(&mut self) -> DigestTarget {
        std::array::from_fn(|_| self.one())
    }

    fn stream(&mut self) -> StreamTarget {
        StreamTarget { digest: self.digest(), count: self.one() }
    }

    /// Next id, next token and streams of one end of the chunk.
    fn state(&mut self, builder: &mut Builder, root: DigestTarget) -> ChunkStateTarget {
        let (next_id, next_token) = (self.one(), self.one());
        ChunkStateTarget {
            state: commitment(builder, root, next_id, next_token),
            data: self.stream(),
            priority: self.stream(),
            withdrawal: self.stream(),
        }
    }
}

impl ChunkTarget {
    /// Verifies a proof of the leaf, and registers the hash of its statement as the public inputs.
    ///
    /// # Panics
    /// If no proof of the leaf's tables can hold.
    pub(super) fn new(builder: &mut Builder, leaf: &Leaf) -> Self {
        let proof =
            verify_stark(builder, leaf.keys(), leaf.airs()).expect("the tables can be proven");
        let circuit_set_root = builder.add_virtual_target_arr();

        for (table, values) in proof.public_values().iter().enumerate() {
            assert!(
                values.is_empty() || [OPERATIONS, TREE].contains(&table),
                "the statement binds the public values of table {table}"
            );
        }
        let mut operations = Reader(proof.public_values()[OPERATIONS].iter());
        let mut roots = Reader(proof.public_values()[TREE].iter());
        let environment = ChunkEnvironmentTarget {
            domain: operations.digest(),
            timestamp: operations.one(),
            circuit_set_root,
        };
        // The table of operations compares expiries with it as integers, and relies on its range.
        assert_bits(builder, environment.timestamp, u32::BITS as usize);
        let root = roots.digest();
        let before = operations.state(builder, root);
        let root = roots.digest();
        let after = operations.state(builder, root);
        assert!(operations.0.next().is_none() && roots.0.next().is_none(), "all are bound");

        let statement = ChunkStatementTarget { environment, before, after };
        let public = statement.digest(builder);
        builder.register_public_inputs(&public);
        Self { proof, circuit_set_root }
    }
}

/// `hash(STATE, root || next_id || next_token)`.
fn commitment(
    builder: &mut Builder,
    [r0, r1, r2, r3]: DigestTarget,
    next_id: Target,
    next_token: Target,
) -> DigestTarget {
    hash(builder, Tag::State, &[r0, r1, r2, r3, next_id, next_token])
}
