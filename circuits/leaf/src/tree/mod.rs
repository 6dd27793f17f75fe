//! The table of the account tree: one row a node on the path of a leaf that the chunk touches,
//! before and after the chunk.
//!
//! A leaf's row says on [`MEMORY`](crate::bus::MEMORY) what the leaf is at time 0, and hears what
//! it is after the last access. A node's row hears on [`NODE`](crate::bus::NODE) the digests, before
//! and after, of the children that change, and says its own; a child of which it does not hear stays
//! the same. The last row is the root's, which says nothing: its digests are the public values.
//!
//! Public values: root before (4), root after (4). 368 columns, 373 constraints.
//!
//! | witness | bound by |
//! |---|---|
//! | is_leaf, is_node | boolean, not both; neither makes a row of padding that says nothing |
//! | is_root | 1 on the last row, 0 on all others |
//! | touched, 2 | boolean, 0 unless is_node |
//! | level | of a leaf 0, of the root 32; between them NODE: a parent is one level above |
//! | index | of the root 0; below it NODE: the children of i are 2 i and 2 i + 1 |
//! | last_time | of a leaf MEMORY, else free |
//! | before: input | of a leaf MEMORY, of a node NODE or the digest of its row |
//! | after: input | the same; and the input before where a node's child is not touched |
//! | rest of the blocks | the inputs, by the permutation's constraints |
//!
//! Each row but the root's says one message on NODE, each message is heard by one row, a level
//! above. So from every leaf 32 rows lead to the root (longer chains never end, as there are fewer
//! rows than field elements). A row hears at most one child a side and there is one root, so that
//! every (level, index) has at most one row on such a chain, and every leaf one copy in memory; its
//! id is made of the 32 sides, so it is below 2^32. Rows that no chain from a leaf goes through
//! cannot change a digest: at their lower end, nothing is touched.

mod air;
mod columns;
mod trace;

#[cfg(test)]
mod tests;

pub use air::TreeAir;
pub use trace::{Access, TreeTrace, TreeTraceError, trace};
