//! Why a forced transaction changes nothing.

use cairn_primitives::ecgfp5::Affine;
use cairn_types::SignedTransaction;
use serde::{Deserialize, Serialize};

use crate::{Refusal, State};

/// A condition that fails. Several may; the one found first is told, and each is enough of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// L1 accepted it after its expiry.
    Late,
    /// The payer's leaf has another token.
    Token,
    /// The payer's leaf has another nonce.
    Nonce,
    /// The payer's leaf has signed `2^32 - 1` transactions.
    NonceExhausted,
    /// The payer has less than the amount.
    Amount,
    /// What the amount leaves to the payer is less than the fee.
    Fee,
    /// The payee's leaf is empty, or has another key or token.
    Payee,
    /// A new leaf would need an id, and none is left.
    Ids,
    /// The payer's key encodes no point: nothing verifies under it. So it is if the leaf is empty.
    Key,
    /// The signature is not one of this message by the payer's key.
    Signature,
    /// A balance would leave its 63 bits. L1's caps on deposits exclude it: the sum of all balances of a token is below
    /// `2^63`. No circuit proves it.
    Overflow,
}

impl Fault {
    /// The fault for which the state refuses the transaction.
    pub(crate) fn new(state: &State, signed: &SignedTransaction, refusal: &Refusal) -> Self {
        let SignedTransaction { transaction, authorization, .. } = signed;
        let payer = state.account(transaction.from());
        match *refusal {
            Refusal::Expired { .. } => Self::Late,
            // Of payer and payee, or of payer and message.
            Refusal::Token { .. } if authorization.token != payer.token => Self::Token,
            Refusal::Token { .. } | Refusal::RecipientKey { .. } => Self::Payee,
            Refusal::Nonce { .. } => Self::Nonce,
            Refusal::NonceExhausted { .. } => Self::NonceExhausted,
            Refusal::Balance { .. } if payer.balance < transaction.amount() => Self::Amount,
            Refusal::Balance { .. } => Self::Fee,
            Refusal::UnknownAccount { .. } if !payer.is_empty() => Self::Payee,
            Refusal::IdsExhausted { .. } => Self::Ids,
            Refusal::UnknownAccount { .. } | Refusal::Signature => {
                let key: cairn_primitives::schnorr::PublicKey = payer.key.into();
                if Affine::decode(&key.0).is_none() { Self::Key } else { Self::Signature }
            }
            // A created leaf is empty in every state that operations reach; L1 and the encoding exclude the rest.
            _ => Self::Overflow,
        }
    }
}
