//! The one strict reading of numbers, addresses and bytes that come from outside as text: on the command line, in TOML,
//! CSV, JSON-RPC, manifests and exit proofs. What is written in two ways is read in none: a value that was mistyped must
//! not become another value.
//!
//! | what | what is taken | what is not, for example |
//! |---|---|---|
//! | [`decimal`] | `0`, or digits that begin with 1 to 9, within the type's range | `""`, `+5`, `-0`, `007`, `1_000`, `0x10`, `1e18`, `5.0`, ` 5`, digits of other scripts |
//! | [`fraction`] | as [`decimal`], and a point with digits behind it | `.5`, `5.`, `1e3`, `inf` |
//! | [`address`] | `0x` and 40 hex digits, their letters all small, all capital, or as EIP-55's checksum has them | any other mix of small and capital, `0X`, no `0x` |
//! | [`bytes`] | `0x` and exactly two hex digits a byte, of either case | no `0x`, a digit more or less |
//!
//! Nothing is trimmed here. CSV fields lose the spaces around them, as people align columns. An integer that TOML or JSON
//! has as an integer is read as that language defines it. Secret keys are read by those who keep them, with or without
//! `0x`, as the files of other tools have them.
//!
//! Errors say what was expected and not what was found: that may be a secret in the wrong place. Who knows that it is
//! none shows it with [`shown`].

mod address;
mod bytes;
mod decimal;
pub mod fields;

use thiserror::Error;

pub use self::{
    address::address,
    bytes::{bytes, data, hash, signature},
    decimal::{Unsigned, decimal, fraction, within},
};

/// Text that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// No number, or one that is too large.
    #[error("expected a decimal number below 2^{bits}, without sign, separator or leading zero")]
    Decimal {
        /// Of the largest number.
        bits: usize,
    },
    /// No number that may have a fraction.
    #[error(
        "expected a decimal number, as 2 or 0.5, without sign, separator, exponent or leading zero"
    )]
    Fraction,
    /// A number that is too small or too large here.
    #[error("expected a number from {least} to {most}")]
    Range {
        /// The smallest.
        least: String,
        /// The largest.
        most: String,
    },
    /// Other characters, or another count of them.
    #[error("expected an address: 0x and 40 hex digits")]
    Address,
    /// Small and capital letters are not where the digits want them.
    #[error(
        "expected an address with its EIP-55 checksum, but small and capital letters do not fit its digits: \
         copy it again, one of them is another"
    )]
    Checksum,
    /// Other characters, or another count of them.
    #[error("expected 0x and {} hex digits, got {got} characters", 2 * .bytes)]
    Bytes {
        /// Bytes expected.
        bytes: usize,
        /// Characters found.
        got: usize,
    },
    /// Bytes of any count.
    #[error("expected 0x and two hex digits a byte")]
    Data,
    /// Of the right length, but no signature.
    #[error("expected a signature whose last byte is its parity: 00, 01, 1b or 1c")]
    Signature,
}

/// The beginning of what was found, on one line: errors do not repeat a whole file.
#[must_use]
pub fn shown(text: &str) -> String {
    const MOST: usize = 48;
    let mut characters = text.chars();
    let beginning: String = characters.by_ref().take(MOST).collect();
    let rest = if characters.next().is_some() { ".." } else { "" };
    format!("{beginning:?}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_on_one_line() {
        assert_eq!(shown("a\n\x1b[31m"), r#""a\n\u{1b}[31m""#);
        let long = shown(&"é".repeat(1 << 20));
        assert_eq!(long, format!("\"{}\"..", "é".repeat(48)));
    }
}
