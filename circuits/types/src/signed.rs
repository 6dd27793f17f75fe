//! Signed transactions as the API takes them: 131 bytes, docs/spec.md, section 9.
//!
//! All that is signed but the domain, which is the rollup's, and the signature: the fields of L1's
//! `ForcedTransaction` in its order, big-endian. What L1 refuses of a forced transaction is refused
//! here too, so that whatever the operator takes, L1 takes, and every transaction has one encoding.

use crate::data::address;
use crate::{
    AMOUNT_BITS, Authorization, NonCanonical, PublicKey, Signature, SignedTransaction, Transaction,
    Word, word_tag,
};

/// Length of [`SignedTransaction::to_bytes`].
pub const SIGNED_TRANSACTION_BYTES: usize = 131;

/// Why bytes are no signed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeSignedError {
    /// Wrong number of bytes.
    #[error("signed transaction: expected {SIGNED_TRANSACTION_BYTES} bytes, got {got}")]
    Length {
        /// Number of bytes.
        got: usize,
    },
    /// No transaction has this type.
    #[error("type: expected 0x10 to 0x13, got {got:#04x}")]
    UnknownType {
        /// The first byte.
        got: u8,
    },
    /// An amount or a fee is not below `2^62`.
    #[error("{field}: expected less than 2^62, got {got}")]
    Range {
        /// The field.
        field: &'static str,
        /// Quanta.
        got: u64,
    },
    /// The type has no such field.
    #[error("{field}: this type has none, expected 0, got {got}")]
    NotZero {
        /// The field.
        field: &'static str,
        /// The value found.
        got: u64,
    },
    /// An integer that is no field element: it would be another encoding of the same message.
    #[error("{field}: {source}")]
    Element {
        /// The field.
        field: &'static str,
        /// Which element.
        source: NonCanonical,
    },
    /// Transactions name keys; zero is none.
    #[error("target: expected a key, got zero")]
    ZeroKey,
    /// The target of a withdrawal is an address: 36, 62 and 62 bits, then zeros.
    #[error("target of a withdrawal: expected an address, got {got:#x} in element {index}")]
    NotAnAddress {
        /// Position of the element.
        index: usize,
        /// The value found.
        got: u64,
    },
    /// The response is not below the group order.
    #[error("response: expected top 32 bits below {expected:#x}, got {got:#x}", expected = Signature::RESPONSE_TOP_LIMIT)]
    Response {
        /// Its top 32 bits.
        got: u32,
    },
}

impl SignedTransaction {
    /// `type u8, from u32, nonce u32, token u16, amount u64, fee u64, expiry u32, to u32, target 5 u64,
    /// challenge 2 u64, response 5 u64`, big-endian.
    ///
    /// Of a transaction that the state or L1 refuses in any case (an amount out of range, a key that is
    /// zero, a recipient where there is none) these bytes need not decode.
    pub fn to_bytes(&self) -> [u8; SIGNED_TRANSACTION_BYTES] {
        let Self { transaction, authorization, signature } = self;
        let (to, target) = transaction.payee(&authorization.recipient);
        let mut bytes = [0; SIGNED_TRANSACTION_BYTES];
        let mut rest = &mut bytes[..];
        put(&mut rest, [transaction.tag()]);
        put(&mut rest, transaction.from().to_be_bytes());
        put(&mut rest, authorization.nonce.to_be_bytes());
        put(&mut rest, authorization.token.to_be_bytes());
        put(&mut rest, transaction.amount().to_be_bytes());
        put(&mut rest, transaction.fee().to_be_bytes());
        put(&mut rest, authorization.expiry.to_be_bytes());
        put(&mut rest, to.to_be_bytes());
        let elements = target.into_iter().chain(signature.e()).chain(signature.s());
        elements.for_each(|element| put(&mut rest, element.to_be_bytes()));
        bytes
    }

    /// Inverse of [`Self::to_bytes`] for a transaction of this rollup. Whether the state takes it, and
    /// whether the signature holds, is not looked at.
    ///
    /// # Errors
    /// On everything that L1 refuses of a forced transaction, and on any other length.
    pub fn from_bytes(domain: Word, bytes: &[u8]) -> Result<Self, DecodeSignedError> {
        if bytes.len() != SIGNED_TRANSACTION_BYTES {
            return Err(DecodeSignedError::Length { got: bytes.len() });
        }
        let mut rest = bytes;
        let [kind] = take(&mut rest)?;
        let from = u32::from_be_bytes(take(&mut rest)?);
        let nonce = u32::from_be_bytes(take(&mut rest)?);
        let token = u16::from_be_bytes(take(&mut rest)?);
        let amount = below_limb("amount", u64::from_be_bytes(take(&mut rest)?))?;
        let fee = below_limb("fee", u64::from_be_bytes(take(&mut rest)?))?;
        let expiry = u32::from_be_bytes(take(&mut rest)?);
        let to = u32::from_be_bytes(take(&mut rest)?);
        let target = take_elements(&mut rest)?;
        let challenge = take_elements(&mut rest)?;
        let response = take_elements(&mut rest)?;

        let mut recipient = PublicKey::ZERO;
        let transaction = match kind {
            word_tag::TRANSFER => {
                recipient = key(target)?;
                Transaction::Transfer { from, to, amount, fee }
            }
            word_tag::TRANSFER_TO_NEW => {
                Transaction::TransferToNew { from, key: key(target)?, amount, fee }
            }
            word_tag::WITHDRAW => {
                Transaction::Withdraw { from, recipient: recipient_of(target)?, amount, fee }
            }
            word_tag::CHANGE_KEY => {
                zero("amount", amount)?;
                Transaction::ChangeKey { from, key: key(target)?, fee }
            }
            got => return Err(DecodeSignedError::UnknownType { got }),
        };
        if kind != word_tag::TRANSFER {
            zero("to", to.into())?;
        }
        let signature = Signature::new(challenge, response)
            .map_err(|source| DecodeSignedError::Element { field: "challenge", source })?;
        let got = signature.response_top();
        if got >= Signature::RESPONSE_TOP_LIMIT {
            return Err(DecodeSignedError::Response { got });
        }
        let authorization = Authorization { domain, token, nonce, expiry, recipient };
        Ok(Self { transaction, authorization, signature })
    }
}

/// Writes a field and moves on.
fn put<const N: usize>(rest: &mut &mut [u8], field: [u8; N]) {
    // The fields are as long as the array, whatever is in them.
    if let Some((place, after)) = std::mem::take(rest).split_first_chunk_mut() {
        *place = field;
        *rest = after;
    }
}

/// Reads a field and moves on.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeSignedError> {
    let length = DecodeSignedError::Length { got: rest.len() };
    let (field, after) = rest.split_first_chunk().ok_or(length)?;
    *rest = after;
    Ok(*field)
}

fn take_elements<const N: usize>(rest: &mut &[u8]) -> Result<[u64; N], DecodeSignedError> {
    let mut elements = [0; N];
    for element in &mut elements {
        *element = u64::from_be_bytes(take(rest)?);
    }
    Ok(elements)
}

fn below_limb(field: &'static str, got: u64) -> Result<u64, DecodeSignedError> {
    if got >> AMOUNT_BITS == 0 { Ok(got) } else { Err(DecodeSignedError::Range { field, got }) }
}

fn zero(field: &'static str, got: u64) -> Result<(), DecodeSignedError> {
    if got == 0 { Ok(()) } else { Err(DecodeSignedError::NotZero { field, got }) }
}

fn key(target: [u64; 5]) -> Result<PublicKey, DecodeSignedError> {
    let key = PublicKey::new(target)
        .map_err(|source| DecodeSignedError::Element { field: "target", source })?;
    if key.is_zero() { Err(DecodeSignedError::ZeroKey) } else { Ok(key) }
}

/// The address of a withdrawal: the inverse of [`crate::address_limbs`].
fn recipient_of(target: [u64; 5]) -> Result<[u8; 20], DecodeSignedError> {
    let bits = [36, 62, 62, 0, 0];
    for (index, (got, bits)) in target.into_iter().zip(bits).enumerate() {
        if got >> bits != 0 {
            return Err(DecodeSignedError::NotAnAddress { index, got });
        }
    }
    let [high, middle, low, ..] = target;
    Ok(address(high, middle, low))
}
