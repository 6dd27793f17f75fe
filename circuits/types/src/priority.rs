//! The priority stream: operations from L1, two words each, or five of a forced transaction.

use crate::codec::{check_canonical, join_key, split_key, take, with_tag, word_tag};
use crate::{DecodeError, EncodeError, ForcedTransaction, Malformed, PriorityOperation, Word};

impl PriorityOperation {
    /// The words of this operation, in order.
    pub fn words(&self) -> Result<Vec<Word>, EncodeError> {
        let (tag, id, key, [l2, l3]) = match *self {
            Self::RegisterToken { token, quantum_exponent, key } => {
                (word_tag::REGISTER_TOKEN, token.into(), key, [quantum_exponent.into(), 0])
            }
            Self::Deposit { leaf, token, amount, key } => {
                (word_tag::DEPOSIT, leaf, key, [token.into(), amount])
            }
            Self::Forced(forced) => return Ok(forced.words()?.to_vec()),
        };
        let (high, [low0, low1, low2, low3, low4]) = split_key(&key)?;
        let head = with_tag(tag, high << 32 | u64::from(id));
        let limbs = [[head, low0, l2, l3], [low1, low2, low3, low4]];
        limbs.into_iter().map(|limbs| Ok(Word::from_limbs(limbs)?)).collect()
    }

    /// Reads a whole stream.
    ///
    /// The result holds at most one operation for two words.
    pub fn decode_stream(words: &[Word]) -> Result<Vec<Self>, DecodeError> {
        let mut operations = Vec::new();
        let mut rest = words;
        while let [first, ..] = rest {
            let at = |reason| DecodeError { position: words.len() - rest.len(), reason };
            let (operation, length) = Self::decode(first.bytes()[0], rest).map_err(at)?;
            operations.push(operation);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(operations)
    }

    /// Reads the first operation and the number of its words.
    fn decode(tag: u8, words: &[Word]) -> Result<(Self, usize), Malformed> {
        if tag == word_tag::FORCED {
            let forced = ForcedTransaction::decode(words)?;
            return Ok((Self::Forced(forced), crate::FORCED_WORDS));
        }
        let words = take::<2>(words)?;
        let ([l0, low0, l2, l3], [low1, low2, low3, low4]) = (words[0].limbs(), words[1].limbs());
        let key = || join_key(l0 >> 32, [low0, low1, low2, low3, low4]);
        let operation = match tag {
            word_tag::REGISTER_TOKEN => {
                Self::RegisterToken { token: l0 as u16, quantum_exponent: l2 as u8, key: key()? }
            }
            word_tag::DEPOSIT => {
                Self::Deposit { leaf: l0 as u32, token: l2 as u16, amount: l3, key: key()? }
            }
            got => return Err(Malformed::UnknownTag { got }),
        };
        let encoded = operation.words()?;
        check_canonical(&encoded, words)?;
        Ok((operation, encoded.len()))
    }
}
