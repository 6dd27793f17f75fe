//! What cannot be true beside L1.

use std::collections::{BTreeMap, BTreeSet};

use metrics::gauge;

/// What the operator has said that is kept: more tells nobody more.
const MOST: usize = 1_000;

/// What was found so far, each once.
#[derive(Debug, Default)]
pub(super) struct Contradictions {
    /// Was said, and stays said.
    said: BTreeSet<String>,
    /// L1 shows it as of the last round, and may not after the next: texts by what does not change in them.
    shown: BTreeMap<String, String>,
}

impl Contradictions {
    /// None, and says so.
    pub(super) fn new() -> Self {
        let none = Self::default();
        none.tell();
        none
    }

    /// Adds one that stays, a sentence; whether it is new. The gauge `cairn_follow_contradictions` counts all.
    pub(super) fn add(&mut self, contradiction: String) -> bool {
        let is_new = self.said.len() < MOST && self.said.insert(contradiction);
        self.tell();
        is_new
    }

    /// Replaces those that L1 shows; the sentences of those that it did not show before.
    pub(super) fn show(&mut self, shown: BTreeMap<String, String>) -> Vec<String> {
        let is_new = |(key, _): &(&String, &String)| !self.shown.contains_key(*key);
        let new = shown.iter().filter(is_new).map(|(_, text)| text.clone()).collect();
        self.shown = shown;
        self.tell();
        new
    }

    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn tell(&self) {
        gauge!("cairn_follow_contradictions").set((self.said.len() + self.shown.len()) as f64);
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<String> {
        self.said.iter().chain(self.shown.values()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("receipt a".to_owned(), text.to_owned())])
    }

    #[test]
    fn what_l1_shows_is_told_once_and_ends_when_it_is_cured() {
        let mut all = Contradictions::new();
        assert!(all.add("said".to_owned()) && !all.add("said".to_owned()));
        assert_eq!(all.show(shows("only committed")), ["only committed"]);
        assert!(all.show(shows("proven")).is_empty(), "it is the same one");
        assert_eq!(all.all(), ["said", "proven"]);
        assert!(all.show(BTreeMap::new()).is_empty());
        assert_eq!(all.all(), ["said"]);
    }

    #[test]
    fn what_is_said_without_end_has_one() {
        let mut all = Contradictions::new();
        (0..2 * MOST).for_each(|n| {
            all.add(n.to_string());
        });
        assert_eq!(all.all().len(), MOST);
    }
}
