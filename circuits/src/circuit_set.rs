//! The circuit set: which circuits the recursion admits, and in which role (docs/spec.md, section 7).
//!
//! A Merkle tree of depth 5 over digests of verifier keys, in which the position is the role: a node
//! that asks for a chunk cannot be given a seal. Roles come in families of eight positions, the node
//! first and then a wrapper for each size of leaf: the low three bits of a position are free to a node
//! that takes children of a family, the high two name the family.
//!
//! ```text
//! position  0           1 .. 4                   8            9 ..     16           17 ..    24 .. 31
//! role      chunk node  chunk wrappers by size   stream node  ..       chain node   ..       empty
//! ```
//!
//! The chain family has two kinds of leaves that nobody merges: the seal is its small one, the exit its
//! medium one.

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
pub const DEPTH: usize = 5;

/// Bits of a position that a family leaves free.
pub(crate) const FAMILY_BITS: usize = 3;

/// What a circuit of the common shape is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub enum Role {
    /// Merges two statements of the family.
    Node(Family),
    /// Verifies one proof of the family's leaf circuit of this size.
    Wrapper(Family, Size),
}

/// All that may prove statements of one kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
#[repr(usize)]
pub enum Family {
    /// Chunks of operations.
    Chunk = 0,
    /// Evaluations of streams.
    Stream = 1,
    /// Seals and chains of them; exits.
    Chain = 2,
}

/// Which of a family's leaf circuits. A family with one has it as [`Size::Small`]. For streams it says
/// which circuit it is ([`crate::stream::StreamClass`]).
#[derive(
    Clone, Copy, Debug, Eq, PartialEq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(usize)]
pub enum Size {
    /// The smallest.
    Small = 1,
    /// Between.
    Medium = 2,
    /// As many operations as the largest, among accounts that share more of the tree.
    Dense = 3,
    /// The largest.
    Large = 4,
}

impl Size {
    /// All sizes, smallest first.
    pub const ALL: [Self; 4] = [Self::Small, Self::Medium, Self::Dense, Self::Large];
}

impl Role {
    /// All that a set can have, by position.
    pub fn all() -> impl Iterator<Item = Self> {
        [Family::Chunk, Family::Stream, Family::Chain].into_iter().flat_map(|family| {
            let wrappers = Size::ALL.map(|size| Self::Wrapper(family, size));
            std::iter::once(Self::Node(family)).chain(wrappers)
        })
    }

    /// The position in the set.
    pub const fn position(self) -> usize {
        let (family, member) = match self {
            Self::Node(family) => (family, 0),
            Self::Wrapper(family, size) => (family, size as usize),
        };
        ((family as usize) << FAMILY_BITS) + member
    }

    /// The free bits of the position, the low one first.
    pub const fn member_bits(self) -> [bool; FAMILY_BITS] {
        let position = self.position();
        [position & 1 == 1, position & 2 == 2, position & 4 == 4]
    }

    /// The family of the role.
    pub const fn family(self) -> Family {
        match self {
            Self::Node(family) | Self::Wrapper(family, _) => family,
        }
    }
}

impl Family {
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
    /// From the 32 leaves to the root.
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

/// Asserts that `key` stands in the set of this root in the role of `family` that `member` names.
///
/// Trust: none; `member` are made bits here. `path` is what [`CircuitSet::path`] returns.
pub fn assert_member(
    builder: &mut Builder,
    family: Family,
    member: [BoolTarget; FAMILY_BITS],
    key: &VerifierCircuitTarget,
    path: &[DigestTarget; DEPTH],
    root: DigestTarget,
) {
    let cap = key.constants_sigmas_cap.0.iter().flat_map(|digest| digest.elements);
    let elements: Vec<_> = cap.chain(key.circuit_digest.elements).collect();
    let leaf = hash(builder, Tag::VerifierKey, &elements);

    let family = family as usize;
    let bits: [BoolTarget; DEPTH] =
        std::array::from_fn(|level| match level.checked_sub(FAMILY_BITS) {
            None => member[level],
            Some(bit) => builder.constant_bool((family >> bit) & 1 == 1),
        });
    let computed = merkle::root(builder, leaf, &bits, path);
    for (computed, expected) in computed.into_iter().zip(root) {
        builder.connect(computed, expected);
    }
}
