//! Amounts as people write them: `1.5` of a token that has a name and decimals, against the quanta that the rollup
//! counts in.

use std::fmt;

use alloy::primitives::{Address, U256};
use cairn_types::{AMOUNT_BITS, TokenId};
use thiserror::Error;

use crate::parse::{decimal, shown};

/// Characters of the longest amount that is read.
const MAX_TEXT: usize = 100;
/// Characters of the longest name that is shown.
const MAX_SYMBOL: usize = 12;
/// Decimals that a token may have: 10^77 is the largest power of ten below 2^256.
const MAX_DECIMALS: u8 = 77;
/// The largest amount, quanta.
const MOST: u64 = (1 << AMOUNT_BITS) - 1;

/// A token of a rollup. An amount of it is a whole number of quanta, each `10^quantum_exponent` of its base units, of
/// which `10^decimals` are one of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number in the rollup.
    pub index: TokenId,
    /// Its contract on L1; zero is ether.
    pub asset: Address,
    /// What it calls itself, if that can be shown; else `token` and its number.
    pub symbol: String,
    /// Digits that an amount has after the point, in base units.
    pub decimals: u8,
    /// A quantum is ten to this power of base units.
    pub quantum_exponent: u8,
}

/// An amount that no transaction can have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Not a number as it is written here.
    #[error(
        "expected an amount as 2 or 0.5, without sign, separator, exponent or leading zero, got {0}"
    )]
    Malformed(String),
    /// It is between two amounts.
    #[error(
        "{amount} {symbol} is no multiple of {quantum} {symbol}, the least amount that the \
         rollup counts: the nearest are {below} and {above}"
    )]
    BetweenQuanta {
        /// As asked for.
        amount: String,
        /// The token's.
        symbol: String,
        /// The least amount.
        quantum: String,
        /// The nearest amount below.
        below: String,
        /// The nearest amount above.
        above: String,
    },
    /// It is more than an operation can move.
    #[error("{amount} {symbol} is more than one transaction moves, which is {most}")]
    TooLarge {
        /// As asked for.
        amount: String,
        /// The token's.
        symbol: String,
        /// The largest amount.
        most: String,
    },
}

impl Token {
    /// A token with what its contract says of itself.
    ///
    /// Trust: none in `symbol`, which is anyone's, nor in `decimals`: what cannot be is not shown, or counts as zero.
    #[must_use]
    pub fn new(
        index: TokenId,
        asset: Address,
        symbol: &str,
        decimals: u8,
        quantum_exponent: u8,
    ) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let has_letter = symbol.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_good = symbol.len() <= MAX_SYMBOL && has_letter && symbol.chars().all(plain);
        let symbol = if is_good { symbol.to_owned() } else { format!("token-{index}") };
        let decimals = if decimals > MAX_DECIMALS { 0 } else { decimals };
        Self { index, asset, symbol, decimals, quantum_exponent }
    }

    /// Reads an amount of this token, in units of the token; returns quanta.
    ///
    /// # Errors
    /// It is no number, lies between two quanta, or is too large.
    pub fn quanta(&self, text: &str) -> Result<u64, AmountError> {
        let malformed = || AmountError::Malformed(shown(text));
        if text.len() > MAX_TEXT {
            return Err(malformed());
        }
        let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
        let has_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if decimal::<U256>(whole).is_err() || (!has_digits && text.contains('.')) {
            return Err(malformed());
        }
        // The text is `number` units of 10^-places of the token.
        let digits = digits.trim_end_matches('0');
        let number: U256 = format!("{whole}{digits}").parse().map_err(|_| malformed())?;
        let places = i32::try_from(digits.len()).map_err(|_| malformed())?;
        let power = i32::from(self.decimals) - i32::from(self.quantum_exponent) - places;
        let ten_to_it = U256::from(10).checked_pow(U256::from(power.unsigned_abs()));
        if number.is_zero() {
            return Ok(0);
        }
        if power >= 0 {
            let quanta = ten_to_it.and_then(|power| power.checked_mul(number));
            return quanta.and_then(amount).ok_or_else(|| self.too_large(text));
        }
        let (below, rest) = match ten_to_it {
            Some(power) => number.div_rem(power),
            None => (U256::ZERO, number),
        };
        let below = amount(below).ok_or_else(|| self.too_large(text))?;
        match rest.is_zero() {
            true => Ok(below),
            false => Err(AmountError::BetweenQuanta {
                amount: text.to_owned(),
                symbol: self.symbol.clone(),
                quantum: self.text(1),
                below: self.text(below),
                above: self.text(below.saturating_add(1)),
            }),
        }
    }

    /// Quanta in units of the token, as [`Self::quanta`] reads them.
    #[must_use]
    pub fn text(&self, quanta: u64) -> String {
        let places = i32::from(self.decimals) - i32::from(self.quantum_exponent);
        let digits = quanta.to_string();
        let Ok(places) = usize::try_from(places) else {
            let zeros = "0".repeat(places.unsigned_abs() as usize);
            return if quanta == 0 { digits } else { digits + &zeros };
        };
        // One digit at the least before the point.
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }

    /// Quanta in units of the token, with its name.
    #[must_use]
    pub fn amount(&self, quanta: u64) -> String {
        format!("{} {}", self.text(quanta), self.symbol)
    }

    /// Base units of so many quanta, as L1 counts; none where there are 2^256 or more.
    #[must_use]
    pub fn base_units(&self, quanta: u64) -> Option<U256> {
        let quantum = U256::from(10).checked_pow(U256::from(self.quantum_exponent))?;
        quantum.checked_mul(U256::from(quanta))
    }

    fn too_large(&self, text: &str) -> AmountError {
        let (amount, symbol) = (text.to_owned(), self.symbol.clone());
        AmountError::TooLarge { amount, symbol, most: self.text(MOST) }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.symbol, self.index)
    }
}

/// Quanta that a transaction can have.
fn amount(quanta: U256) -> Option<u64> {
    u64::try_from(quanta).ok().filter(|&quanta| quanta <= MOST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(decimals: u8, quantum_exponent: u8) -> Token {
        Token::new(1, Address::ZERO, "USDC", decimals, quantum_exponent)
    }

    #[test]
    fn amounts_are_units_of_the_token() {
        for (decimals, exponent, text, quanta) in [
            (6, 2, "1.5", 15_000),
            (6, 2, "1.50", 15_000),
            (6, 2, "0", 0),
            (6, 2, "0.0001", 1),
            (6, 6, "7", 7),
            (6, 9, "3000", 3),
            (18, 9, "0.000000001", 1),
            (18, 0, "4.611686018427387903", MOST),
            (0, 0, "5", 5),
        ] {
            let token = token(decimals, exponent);
            assert_eq!(token.quanta(text), Ok(quanta), "{text}");
            assert_eq!(token.quanta(&token.text(quanta)), Ok(quanta), "{text}");
        }
        assert_eq!(token(6, 2).amount(15_000), "1.5 USDC");
        assert_eq!((token(6, 9).text(3), token(6, 9).text(0)), ("3000".into(), "0".into()));
        assert_eq!(token(6, 2).base_units(15_000), Some(U256::from(1_500_000)));
    }

    #[test]
    fn what_lies_between_two_quanta_is_refused_with_both() {
        let error = token(6, 2).quanta("1.23456").unwrap_err().to_string();
        assert!(error.starts_with("1.23456 USDC is no multiple of 0.0001 USDC"), "{error}");
        assert!(error.ends_with("the nearest are 1.2345 and 1.2346"), "{error}");
        let error = token(6, 9).quanta("1500").unwrap_err().to_string();
        assert!(error.ends_with("the nearest are 1000 and 2000"), "{error}");
        // More digits than any token has.
        let tiny = format!("0.{}1", "0".repeat(60));
        let error = token(6, 2).quanta(&tiny).unwrap_err().to_string();
        assert!(error.ends_with("the nearest are 0 and 0.0001"), "{error}");
    }

    #[test]
    fn other_texts_and_other_sizes_are_refused() {
        let token = token(18, 9);
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "01", "1e3", "1_0", "1,5", "1.5.0", " 1", "1.٣"]
        {
            assert!(matches!(token.quanta(text), Err(AmountError::Malformed(_))), "{text:?}");
        }
        let long = "1".repeat(1 << 20);
        assert!(token.quanta(&long).unwrap_err().to_string().len() < 300);
        let error = token.quanta("4611686018.427387904").unwrap_err();
        assert!(matches!(error, AmountError::TooLarge { .. }), "{error}");
        assert!(error.to_string().ends_with("which is 4611686018.427387903"), "{error}");
        assert!(matches!(token.quanta(&"9".repeat(60)), Err(AmountError::TooLarge { .. })));
    }

    #[test]
    fn what_a_contract_calls_itself_is_shown_if_it_is_plain() {
        for (symbol, shown) in
            [("USD.e", "USD.e"), ("", "token-1"), ("\u{202e}X", "token-1"), ("7", "token-1")]
        {
            assert_eq!(Token::new(1, Address::ZERO, symbol, 6, 2).symbol, shown);
        }
        let long = "X".repeat(1 << 20);
        let hostile = Token::new(1, Address::ZERO, &long, 255, 36);
        assert_eq!((hostile.symbol.as_str(), hostile.decimals), ("token-1", 0));
        assert_eq!(hostile.text(1).len(), 37);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            quanta in 0..=MOST, decimals in 0..=MAX_DECIMALS, exponent in 0..=36_u8,
        ) {
            let token = token(decimals, exponent);
            let text = token.text(quanta);
            prop_assert_eq!(token.quanta(&text), Ok(quanta));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,70}|[0-9.]{0,70}", decimals: u8, exponent in 0..=36_u8) {
            let token = Token::new(1, Address::ZERO, "T", decimals, exponent);
            if let Ok(quanta) = token.quanta(&text) {
                prop_assert_eq!(token.quanta(&token.text(quanta)), Ok(quanta));
            }
        }
    }
}
