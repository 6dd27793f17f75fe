//! The circuit set: which circuits the recursion admits, and in which role (docs/spec.md, section 7).
//!
//! A Merkle tree of depth 4 over digests of verifier keys, in which the position is the role: a node
//! that asks for a chunk cannot be given a seal. Roles come in families of two, a wrapper at an even
//! position and the node over it at the next: bit 0 of the role is "is a node", the others are the
//! family.

use cairn_gadgets::field::{digest_to_plonky2, from_plonky2};
use cairn_gadgets::merkle;
use cairn_gadgets::poseidon2::{DigestTarget, hash};
use cairn_primitives::{Digest, Tag, compress};
use plonky2::iop::target::BoolTarget;
use plonky2::plonk::circuit_data::VerifierCircuitTarget;
use thiserror::Error;

use crate::config::{Builder, F, VerifierKey};
use crate::statement::Kind;

/// Depth of the tree.
pub const DEPTH: usize = 4;

/// What a circuit of the common shape is for. The number is its position in the set.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, PartialOrd, Ord)]
#[repr(usize)]
pub enum Role {
    /// Verifies one chunk proof.
    ChunkWrapper = 0,
    /// Merges two chunk statements.
    ChunkNode = 1,
    /// Verifies one stream proof.
    StreamWrapper = 2,
    /// Merges two stream statements.
    StreamNode = 3,
    /// Verifies one seal proof.
    SealWrapper = 4,
    /// Merges two seal statements.
    ChainNode = 5,
}

/// A wrapper and the node over it: all that may prove statements of one kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub enum Family {
    /// Chunk wrapper and chunk node.
    Chunk,
    /// Stream wrapper and stream node.
    Stream,
    /// Seal wrapper and chain node.
    Chain,
}

impl Role {
    /// All roles, by position.
    pub const ALL: [Self; 6] = [
        Self::ChunkWrapper,
        Self::ChunkNode,
        Self::StreamWrapper,
        Self::StreamNode,
        Self::SealWrapper,
        Self::ChainNode,
    ];

    /// The position in the set.
    pub const fn position(self) -> usize {
        self as usize
    }

    /// Whether the role is a node, not a wrapper.
    pub const fn is_node(self) -> bool {
        self.position() % 2 == 1
    }

    /// The family of the role.
    pub const fn family(self) -> Family {
        match self {
            Self::ChunkWrapper | Self::ChunkNode => Family::Chunk,
            Self::StreamWrapper | Self::StreamNode => Family::Stream,
            Self::SealWrapper | Self::ChainNode => Family::Chain,
        }
    }
}

impl Family {
    /// The role of the wrapper.
    pub const fn wrapper(self) -> Role {
        match self {
            Self::Chunk => Role::ChunkWrapper,
            Self::Stream => Role::StreamWrapper,
            Self::Chain => Role::SealWrapper,
        }
    }

    /// The role of the node.
    pub const fn node(self) -> Role {
        match self {
            Self::Chunk => Role::ChunkNode,
            Self::Stream => Role::StreamNode,
            Self::Chain => Role::ChainNode,
        }
    }

    /// What the family proves.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Chunk => Kind::Chunk,
            Self::Stream => Kind::Stream,
            Self::Chain => Kind::Seal,
        }
    }
}

/// A circuit that the set does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
#[error("the circuit set has no {0:?}")]
pub struct MissingRole(pub Role);

/// Verifier keys by role, and the tree over their digests.
#[derive(Clone, Debug)]
pub struct CircuitSet {
    keys: Vec<(Role, VerifierKey)>,
    /// From the 16 leaves to the root.
    levels: Vec<Vec<Digest>>,
}

impl CircuitSet {
    /// The set of these circuits; absent roles have the digest zero, which no key hashes to.
    ///
    /// # Panics
    /// If a role occurs twice.
    pub fn new(keys: Vec<(Role, VerifierKey)>) -> Self {
        let mut leaves = vec![Digest::ZERO; 1 << DEPTH];
        for (role, key) in &keys {
            assert_eq!(leaves[role.position()], Digest::ZERO, "{role:?} occurs twice");
            leaves[role.position()] = key_digest(key);
        }
        let mut levels = vec![leaves];
        for level in 0..DEPTH {
            let parents = levels[level].chunks(2).map(|pair| compress(&pair[0], &pair[1]));
            levels.push(parents.collect());
        }
        Self { keys, levels }
    }

    /// The root: the digest of the whole set.
    pub fn root(&self) -> [F; 4] {
        digest_to_plonky2(&self.levels[DEPTH][0])
    }

    /// The key in this role.
    ///
    /// # Errors
    /// [`MissingRole`] if there is none.
    pub fn key(&self, role: Role) -> Result<&VerifierKey, MissingRole> {
        self.keys.iter().find(|(r, _)| *r == role).map(|(_, key)| key).ok_or(MissingRole(role))
    }

    /// The siblings on the way from the role's leaf to the root.
    pub fn path(&self, role: Role) -> [[F; 4]; DEPTH] {
        std::array::from_fn(|level| {
            let sibling = (role.position() >> level) ^ 1;
            digest_to_plonky2(&self.levels[level][sibling])
        })
    }
}

#[cfg(test)]
impl CircuitSet {
    /// A forgery: another key in the role, the tree as it was.
    pub(crate) fn with_key(&self, role: Role, key: VerifierKey) -> Self {
        let mut forged = self.clone();
        forged.keys.retain(|(other, _)| *other != role);
        forged.keys.push((role, key));
        forged
    }

    /// A forgery: `role` is given the path of `other`.
    pub(crate) fn with_path_of(&self, role: Role, other: Role) -> Self {
        let mut forged = self.clone();
        for level in 0..DEPTH {
            let [to, from] = [role, other].map(|role| (role.position() >> level) ^ 1);
            forged.levels[level][to] = self.levels[level][from];
        }
        forged
    }
}

/// `hash(VERIFIER_KEY, constants_sigmas_cap || circuit_digest)`.
pub fn key_digest(key: &VerifierKey) -> Digest {
    let cap = key.constants_sigmas_cap.0.iter().flat_map(|digest| digest.elements);
    let elements: Vec<_> = cap.chain(key.circuit_digest.elements).map(from_plonky2).collect();
    cairn_primitives::hash(Tag::VerifierKey, &elements)
}

/// Asserts that `key` stands in the set of this root in a role of `family`: the wrapper's, or the
/// node's if `is_node`.
///
/// Trust: none; `is_node` is made a bit here. `path` is what [`CircuitSet::path`] returns.
pub fn assert_member(
    builder: &mut Builder,
    family: Family,
    is_node: BoolTarget,
    key: &VerifierCircuitTarget,
    path: &[DigestTarget; DEPTH],
    root: DigestTarget,
) {
    let cap = key.constants_sigmas_cap.0.iter().flat_map(|digest| digest.elements);
    let elements: Vec<_> = cap.chain(key.circuit_digest.elements).collect();
    let leaf = hash(builder, Tag::VerifierKey, &elements);

    let position = family.wrapper().position();
    let bits: [BoolTarget; DEPTH] = std::array::from_fn(|level| match level {
        0 => is_node,
        _ => builder.constant_bool((position >> level) & 1 == 1),
    });
    let computed = merkle::root(builder, leaf, &bits, path);
    for (computed, expected) in computed.into_iter().zip(root) {
        builder.connect(computed, expected);
    }
}
