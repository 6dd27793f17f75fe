//! Where the elements of one state are in the internal rounds: by the operations that their entries
//! of the diagonal take.

use super::{Width8, Width12};

/// An entry of the diagonal in absolute terms: `2^-divide (2^double + once)`, for this element.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) element: usize,
    pub(super) divide: u64,
    pub(super) double: u64,
    pub(super) once: bool,
}

/// `1`.
const fn one(element: usize) -> Entry {
    Entry { element, divide: 0, double: 0, once: false }
}

/// `2^-k`.
const fn part(element: usize, k: u64) -> Entry {
    Entry { divide: k, ..one(element) }
}

/// `2^k`.
const fn times(element: usize, k: u64) -> Entry {
    Entry { double: k, ..one(element) }
}

/// `3`.
const fn thrice(element: usize) -> Entry {
    Entry { double: 1, once: true, ..one(element) }
}

/// A lane without element, which is multiplied by 0: a shift by 64.
const NONE: Entry = times(0, 64);

/// Elements 1 and above in V vectors. The last one has the negative entries.
pub(super) trait Layout<const V: usize> {
    const ENTRIES: [[Entry; 4]; V];
}

impl Layout<2> for Width8 {
    const ENTRIES: [[Entry; 4]; 2] =
        [[part(3, 1), one(1), times(2, 1), thrice(4)], [part(5, 1), thrice(6), times(7, 2), NONE]];
}

impl Layout<3> for Width12 {
    const ENTRIES: [[Entry; 4]; 3] = [
        [part(3, 1), part(9, 2), part(11, 3), one(1)],
        [times(2, 1), thrice(4), times(5, 2), NONE],
        [part(6, 1), part(10, 2), thrice(7), times(8, 2)],
    ];
}

/// Whether any lane is divided.
pub(super) const fn divides(entries: &[Entry; 4]) -> bool {
    let [a, b, c, d] = entries;
    a.divide | b.divide | c.divide | d.divide != 0
}

/// Whether any lane is doubled.
pub(super) const fn doubles(entries: &[Entry; 4]) -> bool {
    let [a, b, c, d] = entries;
    a.double | b.double | c.double | d.double != 0
}
