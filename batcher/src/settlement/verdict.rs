//! What a node says of a transaction that it is sent. There are no codes for it: nodes answer in words, each in its own.

use crate::l1::resent::is_known;

/// What the answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has the transaction already.
    Known,
    /// Another transaction with this nonce was mined.
    NonceTooLow,
    /// It does not have the transaction before, and keeps none behind a gap.
    NonceTooHigh,
    /// It has another transaction with this nonce, which offers too much to be replaced by this one.
    ReplacementUnderpriced,
    /// It takes no transaction that offers so little.
    Underpriced,
    /// The account cannot pay for it.
    InsufficientFunds,
    /// The account has transactions in the pool for the other type.
    OtherPool,
    /// Anything else.
    Refused,
}

/// Words of go-ethereum, erigon, reth, nethermind, besu and anvil. The first that is found counts.
const WORDS: [(&str, Verdict); 23] = [
    ("already reserved", Verdict::OtherPool),
    ("conflictingtype", Verdict::OtherPool),
    ("conflicting transaction type", Verdict::OtherPool),
    ("conflicts with existing transaction type", Verdict::OtherPool),
    ("nonce too low", Verdict::NonceTooLow),
    ("nonce is too low", Verdict::NonceTooLow),
    ("oldnonce", Verdict::NonceTooLow),
    ("nonce too high", Verdict::NonceTooHigh),
    ("noncegap", Verdict::NonceTooHigh),
    ("nonce too distant", Verdict::NonceTooHigh),
    ("nonce too far", Verdict::NonceTooHigh),
    ("gapped", Verdict::NonceTooHigh),
    ("replacement", Verdict::ReplacementUnderpriced),
    ("could not replace existing tx", Verdict::ReplacementUnderpriced),
    ("replace pending", Verdict::ReplacementUnderpriced),
    ("underpriced", Verdict::Underpriced),
    ("feetoolow", Verdict::Underpriced),
    ("below configured minimum gas price", Verdict::Underpriced),
    ("less than block base fee", Verdict::Underpriced),
    ("below base fee", Verdict::Underpriced),
    // Of gas, not of money: "insufficient gas for floor data gas cost".
    ("insufficient gas", Verdict::Refused),
    ("insufficient", Verdict::InsufficientFunds),
    ("exceeds account balance", Verdict::InsufficientFunds),
];

/// What the message of a node's error means.
pub(super) fn parse(message: &str) -> Verdict {
    if is_known(message) {
        return Verdict::Known;
    }
    let message = message.to_lowercase();
    WORDS
        .iter()
        .find(|(words, _)| message.contains(words))
        .map_or(Verdict::Refused, |&(_, verdict)| verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_words_are_understood() {
        let cases = [
            ("already known", Verdict::Known),
            ("ALREADY_EXISTS: already known", Verdict::Known),
            ("transaction already imported", Verdict::Known),
            ("Known transaction", Verdict::Known),
            ("existing tx with same hash", Verdict::Known),
            ("could not replace existing tx", Verdict::ReplacementUnderpriced),
            ("nonce too low: next nonce 5, tx nonce 4", Verdict::NonceTooLow),
            ("OldNonce, Current nonce: 5", Verdict::NonceTooLow),
            ("nonce too high: tx nonce 9, gapped nonce 7", Verdict::NonceTooHigh),
            ("replacement transaction underpriced", Verdict::ReplacementUnderpriced),
            (
                "replacement transaction underpriced: new tx gas fee cap 12 < 20 queued + 100% replacement penalty",
                Verdict::ReplacementUnderpriced,
            ),
            ("ReplacementNotAllowed", Verdict::ReplacementUnderpriced),
            ("future transaction tries to replace pending", Verdict::ReplacementUnderpriced),
            ("transaction underpriced: tip needed 1000, tip permitted 1", Verdict::Underpriced),
            ("FeeTooLow", Verdict::Underpriced),
            ("max fee per gas less than block base fee", Verdict::Underpriced),
            (
                "insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 1",
                Verdict::InsufficientFunds,
            ),
            ("Insufficient funds for gas * price + value", Verdict::InsufficientFunds),
            ("Upfront cost exceeds account balance", Verdict::InsufficientFunds),
            ("address already reserved", Verdict::OtherPool),
            ("PendingTxsOfConflictingType", Verdict::OtherPool),
            ("txpool is full", Verdict::Refused),
            ("unknown transaction type", Verdict::Refused),
            (
                "insufficient gas for floor data gas cost: gas 21000, minimum needed 25000",
                Verdict::Refused,
            ),
            ("tx fee (1.20 ether) exceeds the configured cap (1.00 ether)", Verdict::Refused),
        ];
        for (message, expected) in cases {
            assert_eq!(parse(message), expected, "{message}");
        }
    }
}
