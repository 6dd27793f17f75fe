//! What was seen lately, as far as it is worth remembering.

use std::{
    borrow::Borrow,
    collections::{HashSet, VecDeque},
    hash::Hash,
};

/// A set that forgets the oldest of what was put into it.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    known: HashSet<T>,
    order: VecDeque<T>,
    most: usize,
}

impl<T: Clone + Eq + Hash> Recent<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashSet::new(), order: VecDeque::new(), most }
    }

    pub(crate) fn insert(&mut self, value: T) {
        if !self.known.insert(value.clone()) {
            return;
        }
        self.order.push_back(value);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(crate) fn contains<Q: Eq + Hash + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.known.contains(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_and_what_comes_twice_counts_once() {
        let mut recent = Recent::new(2);
        [1, 2, 2, 1].into_iter().for_each(|value| recent.insert(value));
        assert!(recent.contains(&1) && recent.contains(&2));
        recent.insert(3);
        assert!(!recent.contains(&1) && recent.contains(&2) && recent.contains(&3));
    }
}
