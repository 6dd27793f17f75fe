//! The withdrawal stream: payments owed on L1, one word each.

use crate::codec::{check_canonical, with_tag, word_tag};
use crate::data::address;
use crate::{DecodeError, EncodeError, Malformed, TokenId, Word, address_limbs};
use serde::{Deserialize, Serialize};

/// A payment that the L1 contract owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Withdrawal {
    /// The token to pay in.
    pub token: TokenId,
    /// Whom to pay.
    pub recipient: [u8; 20],
    /// Quanta, below `2^62`.
    pub amount: u64,
}

impl Withdrawal {
    /// `tag<<54 | token<<36 | address>>124, (address>>62) mod 2^62, address mod 2^62, amount`.
    pub fn word(&self) -> Result<Word, EncodeError> {
        let [high, middle, low] = address_limbs(&self.recipient);
        let head = with_tag(word_tag::WITHDRAWAL, u64::from(self.token) << 36 | high);
        Ok(Word::from_limbs([head, middle, low, self.amount])?)
    }

    /// Reads a whole stream.
    pub fn decode_stream(words: &[Word]) -> Result<Vec<Self>, DecodeError> {
        words
            .iter()
            .enumerate()
            .map(|(position, word)| {
                Self::decode(word).map_err(|reason| DecodeError { position, reason })
            })
            .collect()
    }

    fn decode(word: &Word) -> Result<Self, Malformed> {
        match word.bytes()[0] {
            word_tag::WITHDRAWAL => {}
            got => return Err(Malformed::UnknownTag { got }),
        }
        let [head, middle, low, amount] = word.limbs();
        let recipient = address(head & ((1 << 36) - 1), middle, low);
        let withdrawal = Self { token: (head >> 36) as u16, recipient, amount };
        check_canonical(&[withdrawal.word()?], &[*word])?;
        Ok(withdrawal)
    }
}
