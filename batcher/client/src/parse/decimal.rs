//! Decimal numbers without a sign.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use alloy::primitives::U256;

use super::ParseError;

/// A type of numbers that are never negative.
pub trait Unsigned: FromStr {
    /// The least number that it does not hold is two to the power of this.
    const BITS: usize;
}

macro_rules! unsigned {
    ($($type:ty),*) => { $(impl Unsigned for $type { const BITS: usize = <$type>::BITS as usize; })* };
}

unsigned!(u8, u16, u32, u64, u128, usize, U256);

/// Reads a number.
///
/// # Errors
/// [`ParseError::Decimal`]: it is written in another way, or does not fit.
pub fn decimal<T: Unsigned>(text: &str) -> Result<T, ParseError> {
    let is_canonical = match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // The types' own parsers take signs, separators, prefixes of a base, and nothing at all for zero.
    let number = is_canonical.then(|| text.parse().ok()).flatten();
    number.ok_or(ParseError::Decimal { bits: T::BITS })
}

/// Reads a number that may have a fraction: one as [`decimal`] has it, and after a point any digits.
///
/// # Errors
/// [`ParseError::Fraction`]: it is written in another way, or 2^64 or more.
pub fn fraction(text: &str) -> Result<f64, ParseError> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, "0"));
    let is_canonical = decimal::<u64>(whole).is_ok()
        && !digits.is_empty()
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = is_canonical.then(|| text.parse().ok()).flatten();
    number.ok_or(ParseError::Fraction)
}

/// A reader of numbers in a range, for an option of the command line.
pub fn within<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, ParseError> + Clone + Send + Sync + 'static
where
    T: Unsigned + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = decimal(text)?;
        if range.contains(&number) {
            return Ok(number);
        }
        let (least, most) = (range.start().to_string(), range.end().to_string());
        Err(ParseError::Range { least, most })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::*;

    /// What some parser of a type, or of a language, takes for a number.
    const OTHERS: [&str; 20] = [
        "", "_", "+5", "-0", "-1", "+", "00", "01", "007", "1_000", "1,000", "0x10", "0b1", "0o7",
        "1e18", "5.0", " 5", "5 ", "5\n", "٣",
    ];

    fn refuses_others<T: Unsigned + PartialEq + Debug>() {
        for text in OTHERS {
            assert_eq!(decimal::<T>(text), Err(ParseError::Decimal { bits: T::BITS }), "{text:?}");
        }
    }

    #[test]
    fn a_number_is_written_in_one_way() {
        refuses_others::<u8>();
        refuses_others::<u16>();
        refuses_others::<u32>();
        refuses_others::<u64>();
        refuses_others::<u128>();
        refuses_others::<usize>();
        refuses_others::<U256>();
        assert_eq!(decimal::<U256>("0"), Ok(U256::ZERO));
        assert_eq!(decimal::<u16>("65535"), Ok(u16::MAX));
        assert!(decimal::<u16>("65536").is_err());
        let most = U256::MAX.to_string();
        assert_eq!(decimal::<U256>(&most), Ok(U256::MAX));
        let more = format!("{}6", &most[..most.len() - 1]);
        let error = decimal::<U256>(&more).unwrap_err().to_string();
        assert!(error.contains("below 2^256"), "{error}");
        assert!(decimal::<U256>(&"9".repeat(1 << 20)).is_err());
    }

    #[test]
    fn a_fraction_is_written_with_a_point_and_nothing_else() {
        for (text, number) in [("0", 0.0), ("3000", 3000.0), ("0.04", 0.04), ("1.50", 1.5)] {
            assert_eq!(fraction(text), Ok(number));
        }
        let whole = OTHERS.into_iter().filter(|text| *text != "5.0");
        let others = [".5", "5.", "1.2.3", "1.+5", "0.1e3", "inf", "NaN", "00.5", "1.٣", "."];
        for text in whole.chain(others) {
            assert_eq!(fraction(text), Err(ParseError::Fraction), "{text:?}");
        }
    }

    #[test]
    fn a_range_is_kept_and_named() {
        let threads = within(1..=1_024_u16);
        assert_eq!((threads("1"), threads("1024")), (Ok(1), Ok(1_024)));
        for text in ["0", "1025"] {
            assert_eq!(threads(text).unwrap_err().to_string(), "expected a number from 1 to 1024");
        }
        assert_eq!(threads("+5"), Err(ParseError::Decimal { bits: 16 }));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "\\PC{0,12}|[0-9+_x-]{0,12}") {
            if let Ok(number) = decimal::<u128>(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }

        #[test]
        fn what_is_written_is_read(number: u128) {
            prop_assert_eq!(decimal(&number.to_string()), Ok(number));
            prop_assert_eq!(decimal(&number.to_string()), Ok(U256::from(number)));
        }
    }
}
