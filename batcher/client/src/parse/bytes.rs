//! Bytes in hex.

use alloy::primitives::{B256, Bytes, Signature};

use super::ParseError;

/// Reads exactly `N` bytes.
///
/// # Errors
/// [`ParseError::Bytes`].
pub fn bytes<const N: usize>(text: &str) -> Result<[u8; N], ParseError> {
    let refuse = ParseError::Bytes { bytes: N, got: text.chars().count() };
    let Some(digits) = text.strip_prefix("0x") else { return Err(refuse) };
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| refuse)?;
    Ok(bytes)
}

/// Reads a hash.
///
/// # Errors
/// As [`bytes`].
pub fn hash(text: &str) -> Result<B256, ParseError> {
    bytes(text).map(B256::from)
}

/// Reads bytes of any count.
///
/// # Errors
/// [`ParseError::Data`].
pub fn data(text: &str) -> Result<Bytes, ParseError> {
    let digits = text.strip_prefix("0x").ok_or(ParseError::Data)?;
    hex::decode(digits).map(Bytes::from).map_err(|_| ParseError::Data)
}

/// Reads a signature of a key on L1. Its last byte, the parity, is 0 or 1, or 27 or 28: signers write either.
///
/// # Errors
/// As [`bytes`]; [`ParseError::Signature`].
pub fn signature(text: &str) -> Result<Signature, ParseError> {
    Signature::from_raw_array(&bytes(text)?).map_err(|_| ParseError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_0x_and_two_digits_each() {
        assert_eq!(bytes("0xAb01"), Ok([0xab, 1]));
        assert_eq!(bytes("0x"), Ok([]));
        for text in ["", "ab01", "0xab0", "0xab012", "0xab0g", "0Xab01", "0x", " 0xab01", "0x0xab"]
        {
            let got = text.len();
            assert_eq!(bytes::<2>(text), Err(ParseError::Bytes { bytes: 2, got }), "{text}");
        }
        let all = format!("0x{}", "0a".repeat(32));
        assert_eq!(hash(&all), Ok(B256::repeat_byte(10)));
        assert!(all[2..].parse::<B256>().is_ok(), "the library takes it");
        assert_eq!(hash(&all[2..]), Err(ParseError::Bytes { bytes: 32, got: 64 }));
        assert_eq!(data("0x"), Ok(Bytes::new()));
        for text in ["", "0a", "0x1", "0xg0"] {
            assert_eq!(data(text), Err(ParseError::Data), "{text}");
        }
    }

    #[test]
    fn a_signature_is_65_bytes() {
        let text = |last: &str| format!("0x{}{last}", "11".repeat(64));
        assert_eq!(signature(&text("00")), signature(&text("1b")));
        assert_eq!(signature(&text("1c")).unwrap().as_bytes()[64], 0x1c);
        assert_eq!(signature(&text("1d")), Err(ParseError::Signature));
        let bare = &text("1b")[2..];
        assert!(bare.parse::<Signature>().is_ok(), "the library takes it");
        assert_eq!(signature(bare), Err(ParseError::Bytes { bytes: 65, got: 130 }));
    }
}
