//! The data stream: signed transactions as words.

use crate::codec::{check_canonical, join_key, split_key, take, with_tag, word_tag};
use crate::{
    AccountId, DecodeError, EncodeError, Malformed, PackError, PackedAmount, PackedFee,
    Transaction, Word, address_limbs,
};

const SLOT_BITS: u32 = 120;

/// A transfer with packed amounts: 15 bytes, half a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortTransfer {
    /// The leaf that pays.
    pub from: AccountId,
    /// The leaf that is paid.
    pub to: AccountId,
    /// Quanta.
    pub amount: PackedAmount,
    /// Quanta.
    pub fee: PackedFee,
}

impl ShortTransfer {
    /// The short form of a transfer, `None` for all other transactions; refuses amounts that cannot
    /// be packed.
    pub fn new(transaction: &Transaction) -> Option<Result<Self, PackError>> {
        let Transaction::Transfer { from, to, amount, fee } = *transaction else { return None };
        let pack =
            || Ok(Self { from, to, amount: PackedAmount::new(amount)?, fee: PackedFee::new(fee)? });
        Some(pack())
    }

    /// `from(32) to(32) amount_mantissa(35) amount_exponent(5) fee_mantissa(11) fee_exponent(5)`.
    pub fn slot(&self) -> u128 {
        u128::from(self.from) << 88
            | u128::from(self.to) << 56
            | u128::from(self.amount.bits()) << PackedFee::BITS
            | u128::from(self.fee.bits())
    }

    /// The word of this transfer alone.
    pub fn single_word(&self) -> Word {
        slot_word(word_tag::SINGLE, self.slot(), 0)
    }

    /// The word of this transfer and the next.
    pub fn pair_word(&self, second: &Self) -> Word {
        slot_word(word_tag::PAIR, self.slot(), second.slot())
    }

    /// Inverse of [`Self::slot`] on the low 120 bits; higher bits are ignored.
    pub fn from_slot(slot: u128) -> Result<Self, PackError> {
        Ok(Self {
            from: (slot >> 88) as u32,
            to: (slot >> 56) as u32,
            amount: PackedAmount::from_bits((slot >> PackedFee::BITS) as u64)?,
            fee: PackedFee::from_bits(slot as u64)?,
        })
    }
}

impl From<ShortTransfer> for Transaction {
    fn from(short: ShortTransfer) -> Self {
        let ShortTransfer { from, to, amount, fee } = short;
        Self::Transfer { from, to, amount: amount.value(), fee: fee.value() }
    }
}

/// What one or two words of the data stream say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataItem {
    /// Two short transfers in one word.
    Pair([ShortTransfer; 2]),
    /// One short transfer in one word.
    Single(ShortTransfer),
    /// The long form: one word for a transfer, two for all others.
    Long(Transaction),
}

impl DataItem {
    /// Puts transactions into as few words as their order allows: neighbours that are short share a
    /// word, greedily from the left, and a transfer is short iff amount and fee can be packed.
    pub fn group(transactions: impl IntoIterator<Item = Transaction>) -> Vec<Self> {
        let mut items = Vec::new();
        for transaction in transactions {
            let Some(Ok(short)) = ShortTransfer::new(&transaction) else {
                items.push(Self::Long(transaction));
                continue;
            };
            match items.last_mut() {
                Some(last @ &mut Self::Single(first)) => *last = Self::Pair([first, short]),
                _ => items.push(Self::Single(short)),
            }
        }
        items
    }

    /// The transactions, in order of execution.
    pub fn transactions(&self) -> impl Iterator<Item = Transaction> + use<> {
        let (first, second) = match *self {
            Self::Pair([first, second]) => (first.into(), Some(second.into())),
            Self::Single(short) => (short.into(), None),
            Self::Long(transaction) => (transaction, None),
        };
        std::iter::once(first).chain(second)
    }

    /// The words of this item, in order.
    pub fn words(&self) -> Result<Vec<Word>, EncodeError> {
        match self {
            Self::Pair([first, second]) => Ok(vec![first.pair_word(second)]),
            Self::Single(short) => Ok(vec![short.single_word()]),
            Self::Long(transaction) => long_words(transaction),
        }
    }

    /// Reads a whole stream. It accepts exactly what the circuits accept, which is more than
    /// [`Self::group`] makes: where a pair would do, there may be two singles.
    ///
    /// The result holds at most one item a word.
    pub fn decode_stream(words: &[Word]) -> Result<Vec<Self>, DecodeError> {
        let mut items = Vec::new();
        let mut rest = words;
        while let [first, ..] = rest {
            let at = |reason| DecodeError { position: words.len() - rest.len(), reason };
            let (item, length) = Self::decode(first.bytes()[0], rest).map_err(at)?;
            items.push(item);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(items)
    }

    /// Reads the first item and the number of its words.
    fn decode(tag: u8, words: &[Word]) -> Result<(Self, usize), Malformed> {
        let item = match tag {
            word_tag::PAIR | word_tag::SINGLE => {
                let [word] = take::<1>(words)?;
                let [first, second] = slots(word);
                let first = ShortTransfer::from_slot(first)?;
                if tag == word_tag::PAIR {
                    Self::Pair([first, ShortTransfer::from_slot(second)?])
                } else {
                    Self::Single(first)
                }
            }
            word_tag::TRANSFER => {
                let [word] = take::<1>(words)?;
                let [from, to, amount, fee] = word.limbs();
                let transfer =
                    Transaction::Transfer { from: from as u32, to: to as u32, amount, fee };
                if let Some(Ok(short)) = ShortTransfer::new(&transfer) {
                    let expected = short.single_word();
                    return Err(Malformed::NotCanonical { expected, got: *word });
                }
                Self::Long(transfer)
            }
            word_tag::TRANSFER_TO_NEW | word_tag::CHANGE_KEY => {
                let [first, second] = take::<2>(words)?;
                let ([l0, low0, amount, fee], [low1, low2, low3, low4]) =
                    (first.limbs(), second.limbs());
                let key = join_key(l0 >> 32, [low0, low1, low2, low3, low4])?;
                let from = l0 as u32;
                Self::Long(if tag == word_tag::CHANGE_KEY {
                    Transaction::ChangeKey { from, key, fee }
                } else {
                    Transaction::TransferToNew { from, key, amount, fee }
                })
            }
            word_tag::WITHDRAW => {
                let [first, second] = take::<2>(words)?;
                let [from, high, amount, fee] = first.limbs();
                let [middle, low, _, _] = second.limbs();
                let recipient = address(high, middle, low);
                Self::Long(Transaction::Withdraw { from: from as u32, recipient, amount, fee })
            }
            got => return Err(Malformed::UnknownTag { got }),
        };
        let encoded = item.words()?;
        check_canonical(&encoded, words)?;
        Ok((item, encoded.len()))
    }
}

/// The long form of a transaction.
fn long_words(transaction: &Transaction) -> Result<Vec<Word>, EncodeError> {
    let head = with_tag(transaction.tag(), transaction.from().into());
    let (amount, fee) = (transaction.amount(), transaction.fee());
    let limbs = match transaction {
        Transaction::Transfer { to, .. } => vec![[head, (*to).into(), amount, fee]],
        Transaction::TransferToNew { key, .. } | Transaction::ChangeKey { key, .. } => {
            let (high, [low0, low1, low2, low3, low4]) = split_key(key)?;
            vec![[head | high << 32, low0, amount, fee], [low1, low2, low3, low4]]
        }
        Transaction::Withdraw { recipient, .. } => {
            let [high, middle, low] = address_limbs(recipient);
            vec![[head, high, amount, fee], [middle, low, 0, 0]]
        }
    };
    limbs.into_iter().map(|limbs| Ok(Word::from_limbs(limbs)?)).collect()
}

fn slot_word(tag: u8, first: u128, second: u128) -> Word {
    let mut bytes = [tag; 31];
    bytes[1..16].copy_from_slice(&first.to_be_bytes()[1..]);
    bytes[16..].copy_from_slice(&second.to_be_bytes()[1..]);
    Word::new(bytes)
}

fn slots(word: &Word) -> [u128; 2] {
    let bytes = word.bytes();
    let mut halves = [[0; 16]; 2];
    halves[0].copy_from_slice(&bytes[..16]);
    halves[1].copy_from_slice(&bytes[15..]);
    halves.map(|half| u128::from_be_bytes(half) & ((1 << SLOT_BITS) - 1))
}

/// Inverse of [`address_limbs`]; bits above the 160 are ignored.
pub(crate) fn address(high: u64, middle: u64, low: u64) -> [u8; 20] {
    let low = u128::from(middle) << 62 | u128::from(low); // bits 123..0
    let mut bytes = [0; 20];
    let top = u128::from(high) << 92 | low >> 32; // bits 159..32 of the address
    bytes[..16].copy_from_slice(&top.to_be_bytes());
    bytes[16..].copy_from_slice(&(low as u32).to_be_bytes());
    bytes
}
