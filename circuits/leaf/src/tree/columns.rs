//! The layout of a row.

use std::mem::offset_of;

use crate::poseidon2::Block;
use crate::table::columns;

/// A row: a node or leaf of the account tree.
#[repr(C)]
pub(crate) struct TreeColumns<T> {
    /// 1 iff the row is a leaf.
    pub(crate) is_leaf: T,
    /// 1 iff the row is an inner node or the root.
    pub(crate) is_node: T,
    /// 1 iff the row is the root.
    pub(crate) is_root: T,
    /// Whether the left and the right child of a node have rows.
    pub(crate) touched: [T; 2],
    /// Levels above the leaves.
    pub(crate) level: T,
    /// Number on the level, from the left. Of a leaf the id.
    pub(crate) index: T,
    /// When a leaf was last accessed.
    pub(crate) last_time: T,
    /// Compression of the children, or of the leaf's elements, before the chunk.
    pub(crate) before: Block<T, 8>,
    /// The same after the chunk.
    pub(crate) after: Block<T, 8>,
}
columns!(TreeColumns);

/// Where [`TreeColumns::before`] starts.
pub(crate) const BEFORE: usize = offset_of!(TreeColumns<u8>, before);
/// Where [`TreeColumns::after`] starts.
pub(crate) const AFTER: usize = offset_of!(TreeColumns<u8>, after);
