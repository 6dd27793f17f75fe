//! What accounts start with, and in which quanta a token is counted.
//!
//! A ledger seldom begins with its token. Where no balances are given, an account starts with the least that makes its
//! history possible: all that it has paid at some moment beyond what it had been paid, fees included. Transfers that no
//! account could make, for their amount or their payer, are no part of that history: each is refused for its own reason.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    path::Path,
};

use cairn_types::AMOUNT_BITS;
use serde::Serialize;

use super::{
    error::ShadowError,
    ledger::{Ledger, Name, Row, TokenIndex},
    refusal::Reason,
};
use crate::parse::{self, decimal, shown, table};

/// The largest exponent that the contracts register a token with.
pub const MAX_EXPONENT: u8 = 36;
/// Room for fees and for what rounding up adds, where the exponent is chosen.
const ROOM_BITS: u32 = 1;

/// A token with its quantum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// A quantum is `10^exponent` base units.
    pub exponent: u8,
    /// Base units of a quantum.
    pub quantum: u128,
}

impl Token {
    fn new(exponent: u8) -> Self {
        Self { exponent, quantum: 10_u128.pow(u32::from(exponent.min(MAX_EXPONENT))) }
    }

    /// An amount in quanta.
    ///
    /// # Errors
    /// It is not whole, or a transaction cannot hold it.
    pub fn quanta(&self, amount: u128) -> Result<u64, Reason> {
        let (quanta, rest) = (amount / self.quantum, amount % self.quantum);
        if rest != 0 {
            return Err(Reason::Quanta { exponent: self.exponent, below: amount - rest });
        }
        let fits = quanta >> AMOUNT_BITS == 0;
        u64::try_from(quanta).ok().filter(|_| fits).ok_or(Reason::Amount { quanta })
    }
}

/// The quanta of a transfer, or why it is refused whatever the state is.
///
/// # Errors
/// The amount's, or the parties'.
pub fn quanta(ledger: &Ledger, token: &Token, row: &Row) -> Result<u64, Reason> {
    match (row.from, row.to) {
        (None, None) => Err(Reason::Nobody),
        (Some(payer), _) if ledger.contracts.contains(&payer) => Err(Reason::Contract),
        _ => token.quanta(row.amount),
    }
}

/// What transactions pay, in quanta of their token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fees {
    /// Of a transfer to an account that is there, and of a withdrawal.
    pub transfer: u64,
    /// Of a transfer that makes an account.
    pub new_account: u64,
}

/// What accounts start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// By token and owner, quanta; none of them zero.
    pub balances: BTreeMap<(TokenIndex, Name), u64>,
    /// Whether they were given, and not computed.
    pub are_given: bool,
}

/// The tokens with their quanta: as named, else the smallest in which all that there ever was fits an account.
///
/// # Errors
/// A name that no token has.
pub fn tokens(ledger: &Ledger, named: &[(String, u8)]) -> Result<Vec<Token>, ShadowError> {
    let mut exponents: Vec<Option<u8>> = vec![None; ledger.tokens.len()];
    for (name, exponent) in named {
        let token = ledger.find_token(name);
        let place = token.and_then(|token| exponents.get_mut(token as usize));
        let unknown = || ShadowError::UnknownToken { option: "--quantum", token: shown(name) };
        *place.ok_or_else(unknown)? = Some(*exponent);
    }
    let totals = totals(ledger);
    let token = |(exponent, total): (Option<u8>, i128)| {
        let fitting = || {
            let fits = |exponent: &u8| {
                (total.unsigned_abs() / Token::new(*exponent).quantum) >> (AMOUNT_BITS - ROOM_BITS)
                    == 0
            };
            (0..=MAX_EXPONENT).find(fits).unwrap_or(MAX_EXPONENT)
        };
        Token::new(exponent.unwrap_or_else(fitting))
    };
    Ok(exponents.into_iter().zip(totals).map(token).collect())
}

/// All that there ever was of each token, base units: what the first balances must have been, and what was made.
/// Sums of absurd amounts end at the largest number; their transfers are refused one by one.
fn totals(ledger: &Ledger) -> Vec<i128> {
    let mut needs = Needs::default();
    let mut totals = vec![0_i128; ledger.tokens.len()];
    for row in &ledger.rows {
        let amount = i128::try_from(row.amount).unwrap_or(i128::MAX);
        needs.pass(row, amount, 0);
        if let Some(total) = totals.get_mut(row.token as usize).filter(|_| row.is_made()) {
            *total = total.saturating_add(amount);
        }
    }
    for ((token, _), need) in needs.least() {
        if let Some(total) = totals.get_mut(token as usize) {
            *total = total.saturating_add(need);
        }
    }
    totals
}

/// Balances under way, and the lowest that each has been: none is refused here.
#[derive(Debug, Default)]
struct Needs(HashMap<(TokenIndex, Name), Standing>);

#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    now: i128,
    lowest: i128,
}

impl Needs {
    fn pass(&mut self, row: &Row, amount: i128, fee: i128) {
        if let Some(payer) = row.from {
            let standing = self.0.entry((row.token, payer)).or_default();
            standing.now = standing.now.saturating_sub(amount.saturating_add(fee));
            standing.lowest = standing.lowest.min(standing.now);
        }
        if let Some(payee) = row.to {
            let standing = self.0.entry((row.token, payee)).or_default();
            standing.now = standing.now.saturating_add(amount);
        }
    }

    /// Whether there is an account, given or paid.
    fn has(&self, token: TokenIndex, name: Name) -> bool {
        self.0.contains_key(&(token, name))
    }

    /// What each must have had before.
    fn least(self) -> impl Iterator<Item = ((TokenIndex, Name), i128)> {
        let least = |(owner, Standing { lowest, .. })| (owner, lowest.saturating_neg());
        self.0.into_iter().map(least).filter(|(_, need)| *need > 0)
    }
}

impl Openings {
    /// The least that makes the history possible.
    ///
    /// # Errors
    /// They do not fit a rollup.
    pub fn least(ledger: &Ledger, tokens: &[Token], fees: Fees) -> Result<Self, ShadowError> {
        let mut needs = Needs::default();
        for row in &ledger.rows {
            let Some(token) = tokens.get(row.token as usize) else { continue };
            let Ok(amount) = quanta(ledger, token, row) else { continue };
            // Who has paid before has an account, if only by what it starts with.
            let is_new = row.to.is_some_and(|to| row.from != Some(to) && !needs.has(row.token, to));
            let fee = if is_new { fees.new_account } else { fees.transfer };
            needs.pass(row, amount.into(), fee.into());
        }
        let balances = needs.least().map(|(owner, need)| (owner, need.unsigned_abs()));
        Self::fitting(ledger, tokens, balances, false)
    }

    /// Those of a file with the columns `token,address,amount`, amounts in base units and rounded down to quanta.
    /// Accounts that the ledger does not name are passed over.
    ///
    /// # Errors
    /// The file's, or they do not fit a rollup.
    pub fn read(path: &Path, ledger: &Ledger, tokens: &[Token]) -> Result<Self, ShadowError> {
        let indices: HashMap<&str, Name> =
            ledger.names.iter().zip(0..).map(|(name, index)| (name.as_str(), index)).collect();
        let row = |[token, address, amount]: [&str; 3]| {
            let amount: u128 = decimal(amount)
                .map_err(|error| format!("amount: {error}, got {}", shown(amount)))?;
            let owner = indices.get(address.to_lowercase().as_str()).copied();
            Ok(ledger.find_token(token).zip(owner).map(|owner| (owner, amount)))
        };
        let mut sums: BTreeMap<(TokenIndex, Name), u128> = BTreeMap::new();
        for ((token, owner), amount) in
            table::read(path, ["token", "address", "amount"], 0, row)?.into_iter().flatten()
        {
            let sum = sums.entry((token, owner)).or_default();
            *sum = sum.saturating_add(amount);
        }
        let in_quanta = |((token, name), amount): ((TokenIndex, Name), u128)| {
            let quantum = tokens.get(token as usize).map_or(1, |token| token.quantum);
            ((token, name), amount / quantum)
        };
        Self::fitting(ledger, tokens, sums.into_iter().map(in_quanta), true)
    }

    fn fitting(
        ledger: &Ledger,
        tokens: &[Token],
        balances: impl Iterator<Item = ((TokenIndex, Name), u128)>,
        are_given: bool,
    ) -> Result<Self, ShadowError> {
        let mut sums = vec![0_u128; tokens.len()];
        let mut fitting = BTreeMap::new();
        for ((token, name), balance) in balances {
            if let Some(sum) = sums.get_mut(token as usize) {
                *sum = sum.saturating_add(balance);
            }
            // One that does not fit is part of a sum that does not, which is refused below.
            let balance = u64::try_from(balance).unwrap_or(u64::MAX);
            if balance > 0 {
                fitting.insert((token, name), balance);
            }
        }
        let too_large = sums.iter().position(|sum| sum >> AMOUNT_BITS != 0);
        if let Some(index) = too_large {
            let exponent = tokens.get(index).map_or(0, |token| token.exponent);
            let got = sums.get(index).copied().unwrap_or_default();
            let token = shown(ledger.token(index as TokenIndex));
            return Err(ShadowError::Balances { token, exponent, got });
        }
        Ok(Self { balances: fitting, are_given })
    }

    /// Quanta of a token in all accounts.
    #[must_use]
    pub fn total(&self, token: TokenIndex) -> u128 {
        let of_token = self.balances.range((token, Name::MIN)..=(token, Name::MAX));
        of_token.map(|(_, balance)| u128::from(*balance)).sum()
    }

    /// How many accounts start with something of a token.
    #[must_use]
    pub fn accounts(&self, token: TokenIndex) -> u64 {
        self.balances.range((token, Name::MIN)..=(token, Name::MAX)).count() as u64
    }

    /// Writes them as [`Self::read`] takes them: `token,address,amount`.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, ledger: &Ledger, tokens: &[Token], out: impl Write) -> io::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(["token", "address", "amount"])?;
        for (&(token, name), &balance) in &self.balances {
            let quantum = tokens.get(token as usize).map_or(1, |token| token.quantum);
            // Below 2^62 times 10^36: more than 128 bits only for what no ledger of such numbers has.
            let amount = u128::from(balance).saturating_mul(quantum).to_string();
            table.write_record([ledger.token(token), ledger.name(Some(name)), &amount])?;
        }
        table.flush()
    }
}

/// Reads `TOKEN=EXPONENT`.
///
/// # Errors
/// What is expected instead.
pub fn named_quantum(text: &str) -> Result<(String, u8), String> {
    let (token, exponent) = text.rsplit_once('=').ok_or("expected TOKEN=EXPONENT, as eth=9")?;
    let exponent = parse::within(0..=MAX_EXPONENT)(exponent).map_err(|error| error.to_string())?;
    Ok((token.to_owned(), exponent))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::shadow::ledger::tests::ledger;

    const NO_FEES: Fees = Fees { transfer: 0, new_account: 0 };

    fn least(ledger: &Ledger, exponent: u8, fees: Fees) -> Vec<(String, u64)> {
        let openings = Openings::least(ledger, &[Token::new(exponent)], fees).unwrap();
        let named = |(&(_, name), &balance): (&(u32, u32), &u64)| {
            (ledger.name(Some(name)).to_owned(), balance)
        };
        openings.balances.iter().map(named).collect()
    }

    #[test]
    fn an_account_starts_with_what_it_has_paid_before_it_was_paid() {
        let rows = [
            ("a", "b", 5),
            ("b", "c", 7),
            ("c", "a", 7),
            ("a", "b", 1),
            ("-", "d", 9),
            ("d", "-", 9),
        ];
        let expected = [("a".to_owned(), 5), ("b".to_owned(), 2)];
        assert_eq!(least(&ledger(&rows), 0, NO_FEES), expected);
        // a makes b, which costs 10; b has an account then, c has none: 5 + 10, 2 + 10; c pays 1 of its own, d 1.
        let fees = Fees { transfer: 1, new_account: 10 };
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        let expected: Vec<_> = names.into_iter().zip([15, 12, 1, 1]).collect();
        assert_eq!(least(&ledger(&rows), 0, fees), expected);
    }

    /// It is refused for its amount; nobody needs a balance for it.
    #[test]
    fn what_is_not_whole_is_no_part_of_the_history() {
        let ledger = ledger(&[("a", "b", 1_500), ("b", "c", 1_000)]);
        assert_eq!(least(&ledger, 3, NO_FEES), [("b".to_owned(), 1)]);
        let token = Token::new(3);
        assert_eq!(token.quanta(1_500), Err(Reason::Quanta { exponent: 3, below: 1_000 }));
        assert_eq!(token.quanta(2_000), Ok(2));
        let most = 1_u128 << AMOUNT_BITS;
        assert_eq!(Token::new(0).quanta(most - 1), Ok((1 << AMOUNT_BITS) - 1));
        assert_eq!(Token::new(0).quanta(most), Err(Reason::Amount { quanta: most }));
    }

    #[test]
    fn the_smallest_quantum_is_taken_in_which_all_of_a_token_fits() {
        let exponent = |amount| tokens(&ledger(&[("a", "b", amount)]), &[]).unwrap()[0].exponent;
        assert_eq!([1, (1 << 61) - 1, 1 << 61, u128::MAX].map(exponent), [0, 0, 1, 20]);
        // What is passed on is no more of it, what is made is.
        let passed = ledger(&[("a", "b", 1 << 60), ("b", "a", 1 << 60), ("a", "b", 1 << 60)]);
        assert_eq!(tokens(&passed, &[]).unwrap()[0].exponent, 0);
        let made = ledger(&[("-", "b", 1 << 60), ("-", "a", 1 << 60)]);
        assert_eq!(tokens(&made, &[]).unwrap()[0].exponent, 1);
        assert_eq!(tokens(&made, &[("T".to_owned(), 9)]).unwrap(), [Token::new(9)]);
        let error = tokens(&made, &[("u\n".to_owned(), 9)]).unwrap_err().to_string();
        assert_eq!(error, "--quantum: no transfer is of token \"u\\n\"");
        let error = Openings::least(
            &ledger(&[("a", "b", 1 << 61), ("b", "c", 1 << 62)]),
            &[Token::new(0)],
            NO_FEES,
        );
        assert!(error.is_ok(), "an amount of 2^62 is refused, and needs no balance");
        let rows = [("a", "b", (1 << 62) - 1), ("c", "b", 1)];
        let error =
            Openings::least(&ledger(&rows), &[Token::new(0)], NO_FEES).unwrap_err().to_string();
        assert!(
            error.contains("got 4611686018427387904")
                || error.contains("4611686018427387904 quanta"),
            "{error}"
        );
    }

    #[test]
    fn balances_are_written_as_they_are_read() {
        let (ledger, tokens) = (ledger(&[("a", "b", 5_000), ("c", "b", 1_000)]), [Token::new(3)]);
        let openings = Openings::least(&ledger, &tokens, NO_FEES).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        openings.write(&ledger, &tokens, &mut file).unwrap();
        writeln!(file, "T,B,2999\nt,stranger,1\nother,a,1").unwrap();
        let read = Openings::read(file.path(), &ledger, &tokens).unwrap();
        let mut expected = openings.balances.clone();
        // b is the second name, and has two whole quanta.
        expected.insert((0, 1), 2);
        assert_eq!((read.balances, read.are_given), (expected, true));
        assert_eq!((openings.total(0), openings.accounts(0), openings.accounts(1)), (6, 2, 0));
    }

    #[test]
    fn a_quantum_is_a_token_and_an_exponent() {
        assert_eq!(named_quantum("a=b=9"), Ok(("a=b".to_owned(), 9)));
        for text in ["eth", "eth=", "eth=37", "eth=+1", "eth=09"] {
            assert!(named_quantum(text).is_err(), "{text}");
        }
    }
}
