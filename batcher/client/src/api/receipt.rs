//! Soft confirmations: the operator's signed word that a transaction is executed.
//!
//! A receipt says: this transaction stands at this place of this block of this batch, and this is the state after the
//! block. It is EIP-712 typed data, so that a contract could read it too. It is made when asked for, from what is
//! durable, and the signature is deterministic: the operator gives the same receipt as often as it is asked.
//!
//! Two receipts of one operator that cannot both be true are proof that it broke its word; so is a receipt beside the
//! block that the operator shows, and so is a receipt beside L1: blocks exist in the operator's store only, but the
//! data of the batch is there for everyone, and has the transaction or has it not.

use alloy::{
    primitives::{Address, B256, Signature},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolStruct, eip712_domain},
};

use super::{
    hex::{Hash, Hex},
    wire::{BlockEntry, BlockView, SignedReceipt},
};

alloy::sol! {
    /// The typed data.
    struct Receipt {
        bytes32 transaction;
        uint32 batch;
        uint64 block;
        uint32 position;
        bytes32 state;
    }
}

/// The rollup whose receipts they are: the EIP-712 domain follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptDomain {
    /// L1's chain.
    pub chain_id: u64,
    /// The rollup's contract.
    pub rollup: Address,
}

/// A receipt that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes are no signature.
    #[error("the receipt's signature is malformed")]
    Malformed,
    /// Somebody else has signed it, or something else was signed.
    #[error("the receipt is signed by {got}, expected {expected}")]
    Signer {
        /// The operator.
        expected: Address,
        /// Who the signature is by.
        got: Address,
    },
    /// It is not of the transaction that was asked for.
    #[error("the receipt is of another transaction")]
    OtherTransaction,
    /// It could not be signed.
    #[error("the receipt key does not sign")]
    Key,
}

/// What the operator cannot have said honestly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// One transaction is at two places.
    #[error("one transaction is at two places")]
    Place,
    /// One place has two transactions.
    #[error("one place of a block has two transactions")]
    Transaction,
    /// One block has two states.
    #[error("one block has two states")]
    State,
    /// One block is in two batches.
    #[error("one block is in two batches")]
    Batch,
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The batch.
    pub batch: u32,
    /// The block.
    pub block: u64,
    /// Among the block's operations, from 0.
    pub position: u32,
}

impl SignedReceipt {
    /// The hash that is signed.
    #[must_use]
    pub fn signing_hash(&self, domain: &ReceiptDomain) -> B256 {
        let separator = eip712_domain! {
            name: "Cairn",
            version: "1",
            chain_id: domain.chain_id,
            verifying_contract: domain.rollup,
        };
        let Self { transaction, batch, block, position, state, .. } = *self;
        Receipt { transaction: transaction.into(), batch, block, position, state: state.into() }
            .eip712_signing_hash(&separator)
    }

    /// Makes a receipt.
    ///
    /// Trust: the block is durable, and the transaction stands there.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn sign(
        transaction: Hash,
        place: Place,
        state: Hash,
        domain: &ReceiptDomain,
        key: &PrivateKeySigner,
    ) -> Result<Self, ReceiptError> {
        let Place { batch, block, position } = place;
        let signature = Hex([0; 65]);
        let mut receipt = Self { transaction, batch, block, position, state, signature };
        let hash = receipt.signing_hash(domain);
        let signature = key.sign_hash_sync(&hash).map_err(|_| ReceiptError::Key)?;
        receipt.signature = Hex(signature.as_bytes());
        Ok(receipt)
    }

    /// Checks that the operator has signed it.
    ///
    /// # Errors
    /// Somebody else has, or nobody.
    pub fn verify(&self, domain: &ReceiptDomain, signer: Address) -> Result<(), ReceiptError> {
        let signature =
            Signature::from_raw_array(&self.signature.0).map_err(|_| ReceiptError::Malformed)?;
        let got = signature
            .recover_address_from_prehash(&self.signing_hash(domain))
            .map_err(|_| ReceiptError::Malformed)?;
        if got == signer { Ok(()) } else { Err(ReceiptError::Signer { expected: signer, got }) }
    }

    /// Whether two receipts cannot both be true.
    ///
    /// Trust: both verify.
    #[must_use]
    pub fn contradiction(&self, other: &Self) -> Option<Contradiction> {
        let place = |receipt: &Self| (receipt.block, receipt.position);
        if self.block == other.block && self.state != other.state {
            Some(Contradiction::State)
        } else if self.block == other.block && self.batch != other.batch {
            Some(Contradiction::Batch)
        } else if self.transaction == other.transaction && place(self) != place(other) {
            Some(Contradiction::Place)
        } else if self.transaction != other.transaction && place(self) == place(other) {
            Some(Contradiction::Transaction)
        } else {
            None
        }
    }

    /// Whether a block with its operations, as `cairn_block` gives it, cannot be the one that this receipt speaks of.
    /// A block without them, as subscriptions send it, says nothing.
    ///
    /// Trust: the receipt verifies.
    #[must_use]
    pub fn contradicts(&self, block: &BlockView) -> Option<Contradiction> {
        let is_whole = usize::try_from(block.operation_count) == Ok(block.operations.len());
        if self.block != block.number || !is_whole {
            return None;
        }
        if self.state != block.state {
            return Some(Contradiction::State);
        }
        if self.batch != block.batch {
            return Some(Contradiction::Batch);
        }
        let entry = block.operations.get(self.position as usize);
        let is_there = entry == Some(&BlockEntry::Transaction(self.transaction));
        (!is_there).then_some(Contradiction::Transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> ReceiptDomain {
        ReceiptDomain { chain_id: 31_337, rollup: Address::repeat_byte(7) }
    }

    /// Of batch 1.
    fn receipt(transaction: u8, block: u64, position: u32, state: u8) -> SignedReceipt {
        in_batch(1, transaction, block, position, state)
    }

    fn in_batch(
        batch: u32,
        transaction: u8,
        block: u64,
        position: u32,
        state: u8,
    ) -> SignedReceipt {
        let key = PrivateKeySigner::from_slice(&[9; 32]).unwrap();
        let (transaction, state) = (Hex([transaction; 32]), Hex([state; 32]));
        let place = Place { batch, block, position };
        SignedReceipt::sign(transaction, place, state, &domain(), &key).unwrap()
    }

    #[test]
    fn only_what_was_signed_verifies() {
        let signer = PrivateKeySigner::from_slice(&[9; 32]).unwrap().address();
        let good = receipt(1, 2, 3, 4);
        assert_eq!(good, receipt(1, 2, 3, 4), "deterministic");
        good.verify(&domain(), signer).unwrap();
        let changed = [
            SignedReceipt { transaction: Hex([9; 32]), ..good },
            SignedReceipt { batch: 3, ..good },
            SignedReceipt { block: 3, ..good },
            SignedReceipt { position: 2, ..good },
            SignedReceipt { state: Hex([9; 32]), ..good },
            SignedReceipt { signature: Hex([0; 65]), ..good },
            SignedReceipt { signature: Hex([0xff; 65]), ..good },
        ];
        for receipt in changed {
            assert!(receipt.verify(&domain(), signer).is_err(), "{receipt:?}");
        }
        assert!(good.verify(&domain(), Address::ZERO).is_err());
        let other = ReceiptDomain { chain_id: 1, ..domain() };
        assert!(good.verify(&other, signer).is_err(), "of another chain");
    }

    /// keccak256 of the type as EIP-712 writes it, so that anyone can read a receipt.
    #[test]
    fn the_type_is_the_documented_one() {
        let text = "Receipt(bytes32 transaction,uint32 batch,uint64 block,uint32 position,\
                    bytes32 state)";
        assert_eq!(Receipt::eip712_root_type(), text);
    }

    #[test]
    fn contradictions_are_found_and_agreement_is_none() {
        let first = receipt(1, 2, 0, 4);
        assert_eq!(first.contradiction(&first), None);
        assert_eq!(first.contradiction(&receipt(2, 2, 1, 4)), None);
        assert_eq!(first.contradiction(&receipt(2, 3, 0, 5)), None);
        assert_eq!(first.contradiction(&receipt(1, 2, 1, 4)), Some(Contradiction::Place));
        assert_eq!(first.contradiction(&receipt(1, 3, 0, 5)), Some(Contradiction::Place));
        assert_eq!(first.contradiction(&receipt(2, 2, 0, 4)), Some(Contradiction::Transaction));
        assert_eq!(first.contradiction(&receipt(2, 2, 1, 5)), Some(Contradiction::State));
        assert_eq!(first.contradiction(&in_batch(2, 2, 2, 1, 4)), Some(Contradiction::Batch));
    }

    /// What `cairn_subscribeBlocks` sends has no operations: it must not make a liar of an honest operator.
    #[test]
    fn only_a_whole_block_speaks_against_a_receipt() {
        let first = receipt(1, 2, 0, 4);
        let whole = BlockView {
            number: 2,
            batch: 1,
            timestamp: 0,
            state: Hex([4; 32]),
            made_ms: 0,
            operation_count: 1,
            operations: vec![BlockEntry::Transaction(Hex([1; 32]))],
        };
        assert_eq!(first.contradicts(&whole), None);
        let header = BlockView { operations: Vec::new(), ..whole.clone() };
        assert_eq!(first.contradicts(&header), None);
        let empty = BlockView { operation_count: 0, ..header };
        assert_eq!(first.contradicts(&empty), Some(Contradiction::Transaction));
        let other = BlockView { batch: 2, ..whole };
        assert_eq!(first.contradicts(&other), Some(Contradiction::Batch));
    }
}
