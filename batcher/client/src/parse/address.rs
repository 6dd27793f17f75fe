//! Addresses on L1.

use alloy::primitives::Address;

use super::{ParseError, bytes};

/// Reads an address.
///
/// EIP-55 hides a checksum in the case of the letters. Digits in one case have none: they are taken, as EIP-55 says.
/// Small and capital letters together are held against it, and nearly every mistyped address is refused.
///
/// # Errors
/// [`ParseError::Address`], [`ParseError::Checksum`].
pub fn address(text: &str) -> Result<Address, ParseError> {
    let address = bytes(text).map(Address::from).map_err(|_| ParseError::Address)?;
    let letters = || text.bytes().skip(2).filter(u8::is_ascii_alphabetic);
    let is_mixed = letters().any(|letter| letter.is_ascii_lowercase())
        && letters().any(|letter| letter.is_ascii_uppercase());
    if is_mixed && address.to_checksum(None) != text {
        return Err(ParseError::Checksum);
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of EIP-55's own examples.
    const GOOD: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    #[test]
    fn a_checksum_counts_where_there_is_one() {
        for text in [
            GOOD,
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            // All capital, all small.
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "0x0000000000000000000000000000000000000001",
        ] {
            let read = address(text).unwrap();
            assert_eq!(format!("{read:?}"), text.to_lowercase());
        }
        // One letter in the other case, one digit another, all letters in the other case.
        for text in [
            "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee",
            "0x5AaEB6053f3e94c9B9a09F33669435e7eF1bEaED",
        ] {
            assert!(text.parse::<Address>().is_ok(), "the library takes it");
            assert_eq!(address(text), Err(ParseError::Checksum));
        }
    }

    #[test]
    fn an_address_is_0x_and_40_digits() {
        let bare = &GOOD[2..];
        let capital = GOOD.replacen("0x", "0X", 1);
        for text in [
            "",
            "0x",
            bare,
            &capital,
            &GOOD[..41],
            &format!("{GOOD}0"),
            &format!(" {GOOD}"),
            &format!("{GOOD}\n"),
            "vitalik.eth",
            &format!("0x{}", "g".repeat(40)),
            &format!("0x{}", "é".repeat(20)),
        ] {
            assert_eq!(address(text), Err(ParseError::Address), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: [u8; 20]) {
            let own = Address::from(bytes);
            prop_assert_eq!(address(&own.to_string()), Ok(own));
            prop_assert_eq!(address(&format!("{own:?}")), Ok(own));
        }
    }
}
