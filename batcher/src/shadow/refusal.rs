//! Which transfers Cairn would refuse, and why.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
};

use cairn_state::Refusal;
use cairn_types::AMOUNT_BITS;
use serde::Serialize;

use super::ledger::{Ledger, Row};

/// Why a transfer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The amount has a part below a quantum.
    Quanta {
        /// What a quantum is: `10^exponent` base units.
        exponent: u8,
        /// The nearest amount below that is whole, base units.
        below: u128,
    },
    /// The amount is too large.
    Amount {
        /// Quanta.
        quanta: u128,
    },
    /// Nobody pays nobody.
    Nobody,
    /// The payer is a contract.
    Contract,
    /// The payer has no account: it has never had this token.
    NoAccount,
    /// The state's own rule.
    Rule(Refusal),
}

impl Reason {
    /// A stable word, for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Quanta { .. } => "not_whole_quanta",
            Self::Amount { .. } => "amount_too_large",
            Self::Nobody => "no_parties",
            Self::Contract => "payer_is_a_contract",
            Self::NoAccount => "no_account",
            Self::Rule(Refusal::Balance { .. }) => "balance",
            Self::Rule(Refusal::BalanceRange { .. }) => "balance_too_large",
            Self::Rule(Refusal::NonceExhausted { .. }) => "no_nonce_left",
            Self::Rule(Refusal::IdsExhausted { .. }) => "no_id_left",
            Self::Rule(_) => "rule",
        }
    }

    /// What it means, and what can be done; for people.
    #[must_use]
    pub fn meaning(word: &str) -> &'static str {
        match word {
            "not_whole_quanta" => {
                "the amount has digits below a quantum: round it, or take a smaller --quantum"
            }
            "amount_too_large" => "2^62 quanta or more: take a larger --quantum",
            "no_parties" => "from nobody to nobody",
            "payer_is_a_contract" => "accounts are keys that sign: a contract has none",
            "no_account" => "the payer has never had this token",
            "balance" => "the payer has less than amount and fee",
            "balance_too_large" => {
                "the payee would have 2^63 quanta or more: take a larger --quantum"
            }
            "no_nonce_left" => "the account has signed 2^32 - 1 transactions",
            "no_id_left" => "all account ids are in use",
            _ => "a rule of the state",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quanta { exponent, below } => {
                let above = below.saturating_add(10_u128.saturating_pow(u32::from(*exponent)));
                write!(
                    f,
                    "expected a multiple of 10^{exponent}; the nearest are {below} and {above}"
                )
            }
            Self::Amount { quanta } => {
                write!(f, "expected less than 2^{AMOUNT_BITS} quanta, got {quanta}")
            }
            Self::Nobody => f.write_str("expected a payer or a payee"),
            Self::Contract => {
                f.write_str("the payer has code on L1 and no key: expected one that signs")
            }
            Self::NoAccount => f.write_str("the payer has no account of this token"),
            Self::Rule(refusal) => refusal.fmt(f),
        }
    }
}

/// A transfer that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Index into [`Ledger::rows`].
    pub row: usize,
    /// Why.
    pub reason: Reason,
}

/// How many transfers are refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// A stable word.
    pub reason: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How many.
    pub transfers: u64,
}

/// The reasons, the most frequent first.
#[must_use]
pub fn count(refused: &[Refused]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for Refused { reason, .. } in refused {
        *counts.entry(reason.word()).or_default() += 1;
    }
    let count =
        |(reason, transfers)| ReasonCount { reason, meaning: Reason::meaning(reason), transfers };
    let mut counts: Vec<_> = counts.into_iter().map(count).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.transfers));
    counts
}

/// Writes the list: `row,timestamp,token,from,to,amount,reason,detail`; row 1 is the first below the header.
///
/// # Errors
/// The writer's.
pub fn write(ledger: &Ledger, refused: &[Refused], out: impl Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record([
        "row",
        "timestamp",
        "token",
        "from",
        "to",
        "amount",
        "reason",
        "detail",
    ])?;
    for Refused { row: index, reason } in refused {
        let Some(row) = ledger.rows.get(*index) else { continue };
        let Row { timestamp, token, from, to, amount } = *row;
        table.write_record([
            &(index + 1).to_string(),
            &timestamp.to_string(),
            ledger.token(token),
            ledger.name(from),
            ledger.name(to),
            &amount.to_string(),
            reason.word(),
            &reason.to_string(),
        ])?;
    }
    table.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shadow::ledger::tests::ledger;

    #[test]
    fn the_list_has_each_transfer_with_its_reason() {
        let ledger = ledger(&[("a,\"b\"", "b", 1_234), ("c", "-", 8)]);
        let refused = [
            Refused { row: 0, reason: Reason::Quanta { exponent: 3, below: 1_000 } },
            Refused { row: 1, reason: Reason::Rule(Refusal::Balance { expected: 8, got: 3 }) },
        ];
        let mut out = Vec::new();
        write(&ledger, &refused, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "row,timestamp,token,from,to,amount,reason,detail");
        assert_eq!(
            lines[1],
            "1,7,t,\"a,\"\"b\"\"\",b,1234,not_whole_quanta,\
             expected a multiple of 10^3; the nearest are 1000 and 2000"
        );
        assert_eq!(
            lines[2],
            "2,7,t,c,0x0000000000000000000000000000000000000000,8,balance,\
             \"balance: expected at least 8, got 3\""
        );
        let counts = count(&[refused[1], refused[0], refused[1]]);
        let counts: Vec<_> = counts.iter().map(|c| (c.reason, c.transfers)).collect();
        assert_eq!(counts, [("balance", 2), ("not_whole_quanta", 1)]);
    }
}
