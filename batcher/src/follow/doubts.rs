//! What seems wrong with an operator, until it counts.
//!
//! A reorganization is seen by one node before another, so what seems wrong once may be chance. It counts when it is
//! there at two heads of L1. A doubt is known by what it is about and not by its words, for these are the operator's:
//! one that says something else each time, or the truth in between, does not escape.

use std::collections::BTreeMap;

use alloy::primitives::B256;

/// Heads of L1 after which a doubt that did not come back is forgotten.
const MEMORY: u64 = 8;
/// Doubts that are kept: more than there can be of the batches of a round.
const MOST: usize = 4_096;

/// What a doubt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// How far the operator has read L1.
    L1,
    /// The last committed batch.
    Committed,
    /// The last proven batch.
    Proven,
    /// The receipt with this index.
    Receipt(usize),
    /// A batch.
    Batch(u32, Part),
}

/// What of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// That there is one.
    Existence,
    /// Its state.
    State,
    /// How much of L1's queue it has executed.
    Queue,
    /// L1's record of it.
    Record,
    /// Its last block.
    LastBlock,
}

/// All doubts about an operator.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// How many heads of L1 were looked at.
    heads: u64,
    head: Option<B256>,
    doubts: BTreeMap<About, Doubt>,
    /// What counts since it was last taken.
    counted: Vec<String>,
}

#[derive(Debug)]
struct Doubt {
    /// The head at which it arose, counted as [`Doubts::heads`].
    first: u64,
    /// The last head at which it was there.
    last: u64,
    text: String,
    counts: bool,
}

impl Doubts {
    /// Looks at this head of L1 from now on.
    pub(super) fn begin(&mut self, head: B256) {
        if self.head.replace(head) != Some(head) {
            self.heads += 1;
        }
        let heads = self.heads;
        self.doubts.retain(|_, doubt| heads - doubt.last <= MEMORY);
    }

    /// Takes a doubt; whether it counts.
    pub(super) fn note(&mut self, about: About, text: String) -> bool {
        if self.doubts.len() >= MOST && !self.doubts.contains_key(&about) {
            return false;
        }
        let heads = self.heads;
        let new = || Doubt { first: heads, last: heads, text: String::new(), counts: false };
        let doubt = self.doubts.entry(about).or_insert_with(new);
        doubt.last = heads;
        doubt.text = text;
        if doubt.first < heads && !doubt.counts {
            doubt.counts = true;
            self.counted.push(doubt.text.clone());
        }
        doubt.counts
    }

    /// What counts now and did not before.
    pub(super) fn take_counted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.counted)
    }

    /// Whether something about a batch neither counts nor is forgotten.
    pub(super) fn is_open(&self, batch: u32) -> bool {
        let of = |part| About::Batch(batch, part);
        let mut doubts = self.doubts.range(of(Part::Existence)..=of(Part::LastBlock));
        doubts.any(|(_, doubt)| !doubt.counts)
    }

    /// What seems wrong at this head and does not count yet.
    pub(super) fn undecided(&self) -> Vec<String> {
        let is_undecided = |doubt: &&Doubt| !doubt.counts && doubt.last == self.heads;
        self.doubts.values().filter(is_undecided).map(|doubt| doubt.text.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: About = About::Batch(7, Part::State);

    fn head(doubts: &mut Doubts, n: u8) {
        doubts.begin(B256::repeat_byte(n));
    }

    #[test]
    fn what_holds_at_two_heads_counts_once() {
        let mut doubts = Doubts::default();
        for _ in 0..3 {
            head(&mut doubts, 1);
            assert!(!doubts.note(STATE, "a".to_owned()));
        }
        assert!(doubts.take_counted().is_empty() && doubts.is_open(7) && !doubts.is_open(8));
        assert_eq!(doubts.undecided(), ["a"]);
        head(&mut doubts, 2);
        assert!(doubts.undecided().is_empty(), "it is not there at this head");
        assert!(doubts.note(STATE, "a".to_owned()));
        assert_eq!(doubts.take_counted(), ["a"]);
        head(&mut doubts, 3);
        assert!(doubts.note(STATE, "a".to_owned()));
        assert!(doubts.take_counted().is_empty() && !doubts.is_open(7));
    }

    /// The words are the operator's, and so is when it says them.
    #[test]
    fn another_lie_each_time_counts_and_so_does_one_that_comes_back() {
        let mut doubts = Doubts::default();
        head(&mut doubts, 1);
        doubts.note(STATE, "a".to_owned());
        head(&mut doubts, 2);
        head(&mut doubts, 3);
        assert!(doubts.is_open(7), "the truth in between does not help");
        doubts.note(STATE, "b".to_owned());
        assert_eq!(doubts.take_counted(), ["b"]);
    }

    #[test]
    fn a_doubt_that_does_not_come_back_is_forgotten() {
        let mut doubts = Doubts::default();
        head(&mut doubts, 0);
        doubts.note(STATE, "a".to_owned());
        (1..=8).for_each(|n| head(&mut doubts, n));
        assert!(doubts.is_open(7));
        head(&mut doubts, 9);
        assert!(!doubts.is_open(7));
        assert!(!doubts.note(STATE, "a".to_owned()));
    }

    #[test]
    fn doubts_have_an_end() {
        let mut doubts = Doubts::default();
        head(&mut doubts, 1);
        (0..10_000).for_each(|batch| {
            doubts.note(About::Batch(batch, Part::State), String::new());
        });
        assert_eq!(doubts.undecided().len(), MOST);
        head(&mut doubts, 2);
        assert!(doubts.note(About::Batch(0, Part::State), String::new()));
        assert!(!doubts.note(About::Batch(9_999, Part::State), String::new()));
    }
}
