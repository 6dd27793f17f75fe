//! An existing ledger of token transfers, as rows of numbers: names are kept once.

use std::collections::{HashMap, HashSet};

use super::error::ShadowError;
use crate::transfers::TransferRecord;

/// The payer of what is made, and the payee of what is destroyed: so ERC-20's events have it.
pub const NOBODY: &str = "0x0000000000000000000000000000000000000000";

/// Tokens that a rollup can have.
const MOST_TOKENS: usize = 1 << 16;

/// Index into [`Ledger::tokens`].
pub type TokenIndex = u32;
/// Index into [`Ledger::names`].
pub type Name = u32;

/// A transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Unix seconds.
    pub timestamp: u64,
    /// Of which token.
    pub token: TokenIndex,
    /// Payer; none where the amount is made.
    pub from: Option<Name>,
    /// Payee; none where the amount is destroyed.
    pub to: Option<Name>,
    /// Base units.
    pub amount: u128,
}

impl Row {
    /// Whether the amount comes from outside: a deposit, once the token's contract is behind a rollup.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.from.is_none()
    }
}

/// Transfers in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Names of the tokens, in the order of their first transfer.
    pub tokens: Vec<String>,
    /// Names of payers and payees, in the order of their first transfer.
    pub names: Vec<String>,
    /// The transfers.
    pub rows: Vec<Row>,
    /// Names that are known to be contracts: on Cairn they cannot sign.
    pub contracts: HashSet<Name>,
}

impl Ledger {
    /// From the lines of a file.
    ///
    /// # Errors
    /// There are more tokens than a rollup can have.
    pub fn new(records: Vec<TransferRecord>) -> Result<Self, ShadowError> {
        let (mut tokens, mut names) = (Interner::default(), Interner::default());
        let mut rows = Vec::with_capacity(records.len());
        for TransferRecord { timestamp, token, from, to, amount } in records {
            let mut party = |name: String| (name != NOBODY).then(|| names.index(name));
            let (from, to) = (party(from), party(to));
            rows.push(Row { timestamp, token: tokens.index(token), from, to, amount });
        }
        let got = tokens.names.len();
        if got > MOST_TOKENS {
            return Err(ShadowError::Tokens { most: MOST_TOKENS, got });
        }
        let contracts = HashSet::new();
        Ok(Self { tokens: tokens.names, names: names.names, rows, contracts })
    }

    /// Name of a payer or payee, as the ledger has it.
    #[must_use]
    pub fn name(&self, party: Option<Name>) -> &str {
        party.and_then(|name| self.names.get(name as usize)).map_or(NOBODY, String::as_str)
    }

    /// The names that pay, each once, in the order of [`Self::names`].
    #[must_use]
    pub fn payers(&self) -> Vec<Name> {
        let payers: HashSet<Name> = self.rows.iter().filter_map(|row| row.from).collect();
        let mut payers: Vec<Name> = payers.into_iter().collect();
        payers.sort_unstable();
        payers
    }

    /// Name of a token.
    #[must_use]
    pub fn token(&self, token: TokenIndex) -> &str {
        self.tokens.get(token as usize).map_or("", String::as_str)
    }

    /// The index of a token with this name.
    #[must_use]
    pub fn find_token(&self, name: &str) -> Option<TokenIndex> {
        let name = name.to_lowercase();
        self.tokens.iter().position(|token| *token == name).map(|index| index as TokenIndex)
    }
}

/// Names to indices in the order of their first appearance. A file has fewer rows than 2^31, so they fit.
#[derive(Debug, Default)]
struct Interner {
    names: Vec<String>,
    indices: HashMap<String, u32>,
}

impl Interner {
    fn index(&mut self, name: String) -> u32 {
        if let Some(&index) = self.indices.get(&name) {
            return index;
        }
        let index = self.names.len() as u32;
        self.names.push(name.clone());
        self.indices.insert(name, index);
        index
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A ledger of token `t` from payers, payees (`-` is nobody) and amounts.
    pub(in crate::shadow) fn ledger(rows: &[(&str, &str, u128)]) -> Ledger {
        let name = |name: &str| if name == "-" { NOBODY.to_owned() } else { name.to_owned() };
        let records = rows.iter().map(|&(from, to, amount)| TransferRecord {
            timestamp: 7,
            token: "t".to_owned(),
            from: name(from),
            to: name(to),
            amount,
        });
        Ledger::new(records.collect()).unwrap()
    }

    #[test]
    fn names_are_kept_once_and_nobody_is_none() {
        let ledger = ledger(&[("-", "a", 5), ("a", "b", 3), ("b", "a", 2), ("a", "-", 1)]);
        assert_eq!(ledger.names, ["a", "b"]);
        let parties: Vec<_> = ledger.rows.iter().map(|row| (row.from, row.to)).collect();
        let (a, b) = (Some(0), Some(1));
        assert_eq!(parties, [(None, a), (a, b), (b, a), (a, None)]);
        assert!(ledger.rows[0].is_made() && !ledger.rows[3].is_made());
        assert_eq!((ledger.name(b), ledger.name(None)), ("b", NOBODY));
        assert_eq!((ledger.find_token("T"), ledger.find_token("u")), (Some(0), None));
    }
}
