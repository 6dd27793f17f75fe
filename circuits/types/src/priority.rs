//! The priority stream: operations from L1, two words each.

use crate::codec::{check_canonical, join_key, split_key, take, with_tag, word_tag};
use crate::{DecodeError, EncodeError, Malformed, PriorityOperation, Word};

/// Words of a priority operation.
pub const PRIORITY_WORDS: usize = 2;

impl PriorityOperation {
    /// The words of this operation, in order.
    pub fn words(&self) -> Result<[Word; PRIORITY_WORDS], EncodeError> {
        let (tag, id, key, [l2, l3]) = match *self {
            Self::RegisterToken { token, quantum_exponent, key } => {
                (word_tag::REGISTER_TOKEN, token.into(), key, [quantum_exponent.into(), 0])
            }
            Self::Deposit { leaf, token, amount, key } => {
                (word_tag::DEPOSIT, leaf, key, [token.into(), amount])
            }
        };
        let (high, [low0, low1, low2, low3, low4]) = split_key(&key)?;
        let head = with_tag(tag, high << 32 | u64::from(id));
        Ok([Word::from_limbs([head, low0, l2, l3])?, Word::from_limbs([low1, low2, low3, low4])?])
    }

    /// Reads a whole stream.
    pub fn decode_stream(words: &[Word]) -> Result<Vec<Self>, DecodeError> {
        words
            .chunks(PRIORITY_WORDS)
            .enumerate()
            .map(|(i, words)| {
                Self::decode(words)
                    .map_err(|reason| DecodeError { position: i * PRIORITY_WORDS, reason })
            })
            .collect()
    }

    fn decode(words: &[Word]) -> Result<Self, Malformed> {
        let words = take::<PRIORITY_WORDS>(words)?;
        let ([l0, low0, l2, l3], [low1, low2, low3, low4]) = (words[0].limbs(), words[1].limbs());
        let key = || join_key(l0 >> 32, [low0, low1, low2, low3, low4]);
        let operation = match words[0].bytes()[0] {
            word_tag::REGISTER_TOKEN => {
                Self::RegisterToken { token: l0 as u16, quantum_exponent: l2 as u8, key: key()? }
            }
            word_tag::DEPOSIT => {
                Self::Deposit { leaf: l0 as u32, token: l2 as u16, amount: l3, key: key()? }
            }
            got => return Err(Malformed::UnknownTag { got }),
        };
        check_canonical(&operation.words()?, words)?;
        Ok(operation)
    }
}
