//! Sparse arrays in pages, whose clones share what neither side has written since.

use std::sync::Arc;

/// Pages of a group: what the first write to a page after a clone copies besides the page.
const GROUP: usize = 256;

type Page<T, const N: usize> = Arc<[T; N]>;
type Group<T, const N: usize> = [Option<Page<T, N>>; GROUP];

/// Up to `2^28` pages of `N` values. Takes memory for those that were written, and little for a gap.
#[derive(Debug, Clone)]
pub(crate) struct Pages<T, const N: usize> {
    groups: Vec<Option<Arc<Group<T, N>>>>,
    /// A page that was never written.
    empty: [T; N],
}

impl<T: Copy, const N: usize> Pages<T, N> {
    pub(crate) fn new(empty: [T; N]) -> Self {
        Self { groups: Vec::new(), empty }
    }

    /// A page to read.
    pub(crate) fn page(&self, page: u32) -> &[T; N] {
        let (group, offset) = place(page);
        let group = self.groups.get(group).and_then(Option::as_deref);
        group.and_then(|group| group[offset].as_deref()).unwrap_or(&self.empty)
    }

    /// A page to write; copied if a clone shares it.
    pub(crate) fn page_mut(&mut self, page: u32) -> &mut [T; N] {
        let empty = self.empty;
        Arc::make_mut(self.slot(page).get_or_insert_with(|| Arc::new(empty)))
    }

    /// Takes pages out, to write them elsewhere and to [`Self::put`] them back.
    pub(crate) fn take(&mut self, pages: impl Iterator<Item = u32>) -> Vec<Page<T, N>> {
        // All missing pages share one until they are written.
        let empty = Arc::new(self.empty);
        pages.map(|page| self.slot(page).take().unwrap_or_else(|| Arc::clone(&empty))).collect()
    }

    /// Puts pages where [`Self::take`] found them.
    pub(crate) fn put(&mut self, pages: impl Iterator<Item = (u32, Page<T, N>)>) {
        pages.for_each(|(page, values)| *self.slot(page) = Some(values));
    }

    fn slot(&mut self, page: u32) -> &mut Option<Page<T, N>> {
        let (group, offset) = place(page);
        if group >= self.groups.len() {
            self.groups.resize(group + 1, None);
        }
        let group = self.groups[group].get_or_insert_with(|| Arc::new([const { None }; GROUP]));
        &mut Arc::make_mut(group)[offset]
    }
}

fn place(page: u32) -> (usize, usize) {
    (page as usize / GROUP, page as usize % GROUP)
}
