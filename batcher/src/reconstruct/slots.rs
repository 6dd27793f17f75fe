//! When the slots of L1's beacon chain are, as a beacon node says it.

use super::places::Refusal;
use crate::l1::http::quote;

/// A slot's length on mainnet and on the test networks, where the node does not say.
const MILLISECONDS: u64 = 12_000;

/// Longer ones are on no chain.
const MAX_MILLISECONDS: u64 = 3_600_000;

/// When slots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slots {
    /// Start of slot 0, in seconds.
    genesis: u64,
    /// Of a slot.
    milliseconds: u64,
}

impl Slots {
    /// From what a node says: of the two names of a slot's length, the second is the older one.
    pub(super) fn new(
        genesis: &str,
        milliseconds: Option<&str>,
        seconds: Option<&str>,
    ) -> Result<Self, Refusal> {
        let genesis = number("genesis_time", genesis, 0, u64::MAX)?;
        let milliseconds = match (milliseconds, seconds) {
            (Some(text), _) => number("SLOT_DURATION_MS", text, 1, MAX_MILLISECONDS)?,
            (None, Some(text)) => {
                number("SECONDS_PER_SLOT", text, 1, MAX_MILLISECONDS / 1_000)? * 1_000
            }
            (None, None) => MILLISECONDS,
        };
        Ok(Self { genesis, milliseconds })
    }

    /// The slot of a block.
    pub(super) fn at(&self, timestamp: u64) -> Result<u128, Refusal> {
        let Some(seconds) = timestamp.checked_sub(self.genesis) else {
            let expected = format!("{timestamp} at most, the time of the block");
            let got = self.genesis.to_string();
            return Err(Refusal::Clock { what: "genesis_time", got, expected });
        };
        Ok(u128::from(seconds) * 1_000 / u128::from(self.milliseconds))
    }
}

fn number(what: &'static str, text: &str, least: u64, most: u64) -> Result<u64, Refusal> {
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        Refusal::Clock { what, got: quote(text), expected: format!("{least} to {most}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_in_the_slot_that_starts_with_it() {
        let slot = |genesis, milliseconds, seconds, timestamp| {
            Slots::new(genesis, milliseconds, seconds)?.at(timestamp)
        };
        assert_eq!(slot("100", None, None, 100 + 24), Ok(2));
        assert_eq!(slot("100", None, Some("5"), 100 + 24), Ok(4));
        assert_eq!(slot("100", Some("1500"), Some("12"), 100 + 24), Ok(16));
        assert_eq!(slot("0", Some("1"), None, u64::MAX), Ok(u128::from(u64::MAX) * 1_000));
        for (genesis, milliseconds, seconds) in [
            ("18446744073709551615", None, None),
            ("101", None, None),
            ("-1", None, None),
            ("1e3", None, None),
            ("", None, None),
            ("\u{1b}[2J", None, None),
            ("0", None, Some("0")),
            ("0", None, Some("18446744073709551615")),
            ("0", None, Some("3601")),
            ("0", Some("0"), Some("12")),
            ("0", Some("3600001"), None),
        ] {
            let refusal = slot(genesis, milliseconds, seconds, 100).unwrap_err();
            assert!(matches!(refusal, Refusal::Clock { .. }), "{refusal}");
            assert!(!refusal.to_string().contains('\u{1b}'), "{refusal}");
        }
    }
}
