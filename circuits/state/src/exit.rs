//! What the key of a leaf signs to leave a frozen rollup; the circuit is `cairn_circuits::exit`.

use cairn_primitives::schnorr::{SecretKey, verify};
use cairn_primitives::{Digest, F, Tag, hash};
use cairn_types::{AccountId, PublicKey, Signature, Word, exit_message};

/// The tagged hash of [`exit_message`]. The tag is its own: no signature of a transaction is one of
/// an exit, nor the other way round.
pub fn exit_message_digest(domain: &Word, leaf: AccountId, recipient: &[u8; 20]) -> Digest {
    hash(Tag::ExitMessage, &exit_message(domain, leaf, recipient).map(F::new))
}

/// Lets `leaf` exit to the L1 address `recipient`, should the rollup of this domain ever be frozen.
///
/// The signature holds for as long as the leaf has this key: there is no nonce and no expiry. What
/// the leaf owns when it exits is the state's to say.
pub fn sign_exit(
    key: &SecretKey,
    domain: &Word,
    leaf: AccountId,
    recipient: &[u8; 20],
) -> Signature {
    key.sign(&exit_message_digest(domain, leaf, recipient)).into()
}

/// Whether `signature` is one of [`sign_exit`] under `key`.
pub fn verify_exit(
    key: &PublicKey,
    domain: &Word,
    leaf: AccountId,
    recipient: &[u8; 20],
    signature: &Signature,
) -> bool {
    let message = exit_message_digest(domain, leaf, recipient);
    verify(&(*key).into(), &message, &(*signature).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_one_key_rollup_leaf_and_recipient() {
        let [key, other] = [[1; 32], [2; 32]].map(|seed| SecretKey::from_seed(&seed));
        let (domain, recipient) = (Word::new([3; 31]), [4; 20]);
        let signature = sign_exit(&key, &domain, 7, &recipient);
        let holds = |key: &SecretKey, domain: [u8; 31], leaf, recipient: [u8; 20]| {
            let key = key.public().into();
            verify_exit(&key, &Word::new(domain), leaf, &recipient, &signature)
        };
        assert!(holds(&key, [3; 31], 7, [4; 20]));
        assert!(!holds(&other, [3; 31], 7, [4; 20]), "key");
        assert!(!holds(&key, [4; 31], 7, [4; 20]), "domain");
        assert!(!holds(&key, [3; 31], 8, [4; 20]), "leaf");
        assert!(!holds(&key, [3; 31], 7, [5; 20]), "recipient");
    }
}
