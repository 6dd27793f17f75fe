//! The buses: who says what to whom.
//!
//! A *permutation* bus balances: what is sent is received, as often. A *lookup* bus answers: each
//! query names an entry of the table that provides it, and the provider counts the queries.
//!
//! | bus | tuple | from | to |
//! |---|---|---|---|
//! | [`RANGE`] | value | all | range: value below 2^16 |
//! | [`COMPRESS`] | left 4, right 4, output 4 | operations | compressions |
//! | [`ABSORB`] | state before 12, capacity after 4 | operations, signatures | sponge |
//! | [`SQUEEZE`] | state before 12, rate after 4 (the first four) | operations, signatures | sponge |
//! | [`MEMORY`] | leaf id, time, leaf 8 | operations, tree | operations, tree |
//! | [`NODE`] | level, index, digest before 4, digest after 4 | tree (child) | tree (parent) |
//! | [`SIGNED`] | key 5, message digest 4; of a judgement: limbs of e 4 and of s 10, 1, verdict (1 = refused), else zeros | operations | signatures |
//! | [`FORCED`] | row of the tail, key 5, message digest 4, token, nonce, payee, expiry, judged, refused, late | operations (head) | operations (tail) |
//! | [`MULTIPLE`] | signature number, digit 1 to 3, x 5, y 5 | steps | signatures |
//! | [`COMBINATION`] | signature number, part, 11 elements | steps | signatures |
//! | [`FIXED_BASE`] | digits of s0, s1, s2, whether negated, x 5, y 5 | steps | fixed base |
//!
//! COMPRESS, ABSORB, SQUEEZE, RANGE, MULTIPLE and FIXED_BASE are lookups, the others permutations.

use p3_lookup::{LookupBus, PermutationCheckBus};

/// Values below `2^16`.
pub const RANGE: LookupBus<'static> = LookupBus::new("range");
/// The two-to-one compression with feed-forward.
pub const COMPRESS: LookupBus<'static> = LookupBus::new("compress");
/// A permutation of width 12, of which the capacity goes on.
pub const ABSORB: LookupBus<'static> = LookupBus::new("absorb");
/// A permutation of width 12, of which a digest is taken.
pub const SQUEEZE: LookupBus<'static> = LookupBus::new("squeeze");
/// Reads and writes of leaves.
pub const MEMORY: PermutationCheckBus<'static> = PermutationCheckBus::new("memory");
/// Nodes of the account tree that change, from child to parent.
pub const NODE: PermutationCheckBus<'static> = PermutationCheckBus::new("node");
/// Messages that have been signed, or whose signatures are judged.
pub const SIGNED: PermutationCheckBus<'static> = PermutationCheckBus::new("signed");
/// Elements of a message on [`SIGNED`].
pub const SIGNED_FIELDS: usize = 25;
/// The two rows of a forced transaction, from the first to the second.
pub const FORCED: PermutationCheckBus<'static> = PermutationCheckBus::new("forced");
/// Small multiples of a key.
pub const MULTIPLE: LookupBus<'static> = LookupBus::new("multiple");
/// What the loop of a signature has read and where it has come, in parts: part 0 to 3 is a limb of each of e, s0, s1
/// and s2, part 4 the point, the slope of the tangent there, and whether operands have met.
pub const COMBINATION: PermutationCheckBus<'static> = PermutationCheckBus::new("combination");
/// Sums of the generator's multiples.
pub const FIXED_BASE: LookupBus<'static> = LookupBus::new("fixed-base");
