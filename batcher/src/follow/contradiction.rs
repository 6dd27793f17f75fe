//! What cannot be true beside L1.

use std::collections::BTreeSet;

use metrics::gauge;

/// What was found so far, each once.
#[derive(Debug, Default)]
pub(super) struct Contradictions(BTreeSet<String>);

impl Contradictions {
    /// None, and says so.
    pub(super) fn new() -> Self {
        let none = Self::default();
        none.show();
        none
    }

    /// Adds one, a sentence; whether it is new. The gauge `cairn_follow_contradictions` counts them.
    pub(super) fn add(&mut self, contradiction: String) -> bool {
        let is_new = self.0.insert(contradiction);
        self.show();
        is_new
    }

    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn show(&self) {
        gauge!("cairn_follow_contradictions").set(self.0.len() as f64);
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}
