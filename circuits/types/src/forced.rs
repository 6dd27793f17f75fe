//! Forced transactions: signed transactions from the queue of L1, five words each.

use serde::{Deserialize, Serialize};

use crate::codec::{check_canonical, join, split, take, with_tag, word_tag};
use crate::data::address;
use crate::{
    AccountId, Authorization, EncodeError, Malformed, PublicKey, Signature, SignedTransaction,
    TokenId, Transaction, Word,
};

/// Words of a forced transaction.
pub const FORCED_WORDS: usize = 5;

/// A transaction that its signer has put into the queue of L1, with all that is signed but the domain.
///
/// L1 refuses what no transaction can be: a type that there is not, a field that the type does not have, a key that
/// is zero, a response out of range. Everything else, the signature above all, is judged when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ForcedTransaction {
    /// What is asked for.
    pub transaction: Transaction,
    /// As in [`Authorization`].
    pub token: TokenId,
    /// As in [`Authorization`].
    pub nonce: u32,
    /// Last second in which L1 may have accepted it; 0 = no limit.
    pub expiry: u32,
    /// As in [`Authorization`].
    pub recipient: PublicKey,
    /// Of the message; need not be valid.
    pub signature: Signature,
    /// When L1 accepted it, in seconds.
    pub enqueued: u32,
}

impl ForcedTransaction {
    /// What L1 makes of a signed transaction that it accepts at this time.
    pub fn new(signed: &SignedTransaction, enqueued: u32) -> Self {
        let SignedTransaction { transaction, authorization, signature } = *signed;
        let Authorization { token, nonce, expiry, recipient, domain: _ } = authorization;
        Self { transaction, token, nonce, expiry, recipient, signature, enqueued }
    }

    /// As an ordinary transaction of this rollup.
    pub fn signed(&self, domain: Word) -> SignedTransaction {
        let Self { transaction, token, nonce, expiry, recipient, signature, .. } = *self;
        let authorization = Authorization { domain, token, nonce, expiry, recipient };
        SignedTransaction { transaction, authorization, signature }
    }

    /// Its words, in order.
    ///
    /// # Errors
    /// On what L1 refuses.
    pub fn words(&self) -> Result<[Word; FORCED_WORDS], EncodeError> {
        let Self { transaction, token, nonce, expiry, signature, enqueued, .. } = *self;
        let (to, target) = transaction.payee(&self.recipient);
        if target == [0; 5] && !matches!(transaction, Transaction::Withdraw { .. }) {
            return Err(EncodeError::ZeroKey);
        }
        let got = signature.response_top();
        if got >= Signature::RESPONSE_TOP_LIMIT {
            return Err(EncodeError::Response { got });
        }
        let (target_high, [t0, t1, t2, t3, t4]) = split(target);
        let (challenge_high, [e0, e1]) = split(signature.e());
        let (response_high, [s0, s1, s2, s3, s4]) = split(signature.s());
        let kind = u64::from(transaction.tag()) << 42;
        let head =
            with_tag(word_tag::FORCED, kind | target_high << 32 | u64::from(transaction.from()));
        let highs = u64::from(token) << 46 | response_high << 36 | challenge_high << 32;
        let limbs = [
            [head, t0, transaction.amount(), transaction.fee()],
            [t1, t2, t3, t4],
            [highs | u64::from(nonce), to.into(), expiry.into(), enqueued.into()],
            [e0, e1, s0, s1],
            [s2, s3, s4, 0],
        ];
        let mut words = [Word::default(); FORCED_WORDS];
        for (word, limbs) in words.iter_mut().zip(limbs) {
            *word = Word::from_limbs(limbs)?;
        }
        Ok(words)
    }

    /// Reads the words at the start of a stream.
    pub(crate) fn decode(words: &[Word]) -> Result<Self, Malformed> {
        let words = take::<FORCED_WORDS>(words)?;
        let [
            [head, t0, amount, fee],
            [t1, t2, t3, t4],
            [highs, to, expiry, enqueued],
            [e0, e1, s0, s1],
            [s2, s3, s4, _],
        ] = words.map(|word| word.limbs());
        let (from, to) = (head as AccountId, to as AccountId);
        let target = join(head >> 32, [t0, t1, t2, t3, t4]);
        let key = || PublicKey::new(target);
        let mut recipient = PublicKey::ZERO;
        let transaction = match (head >> 42) as u8 {
            word_tag::TRANSFER => {
                recipient = key()?;
                Transaction::Transfer { from, to, amount, fee }
            }
            word_tag::TRANSFER_TO_NEW => {
                Transaction::TransferToNew { from, key: key()?, amount, fee }
            }
            word_tag::WITHDRAW => {
                let [high, middle, low, ..] = target;
                Transaction::Withdraw { from, recipient: address(high, middle, low), amount, fee }
            }
            word_tag::CHANGE_KEY => Transaction::ChangeKey { from, key: key()?, fee },
            got => return Err(Malformed::UnknownTag { got }),
        };
        let challenge = join(highs >> 32, [e0, e1]);
        let signature = Signature::new(challenge, join(highs >> 36, [s0, s1, s2, s3, s4]))?;
        let forced = Self {
            transaction,
            token: (highs >> 46) as u16,
            nonce: highs as u32,
            expiry: expiry as u32,
            recipient,
            signature,
            enqueued: enqueued as u32,
        };
        check_canonical(&forced.words()?, words)?;
        Ok(forced)
    }
}
