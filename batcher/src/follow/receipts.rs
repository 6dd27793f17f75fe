//! Receipts held against the data of their batches: docs/api.md, section Receipts.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256};
use cairn_state::State;
use cairn_types::{DataItem, PriorityOperation, SignedTransaction, Transaction, Word, domain};
use serde::Deserialize;

use super::error::FollowError;
use crate::{
    api::{hex::TransactionBytes, receipt::ReceiptDomain, wire::SignedReceipt},
    mempool::transaction_hash,
    reconstruct::Executed,
    regular_file::Input,
};

/// Bytes of the longest file.
const MAX_BYTES: u64 = 64 << 10;

/// A receipt with its transaction.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Its file.
    pub file: PathBuf,
    /// What was signed.
    pub signed: SignedReceipt,
    transaction: SignedTransaction,
    /// What L1 says of it; none before its batch is there.
    pub verdict: Option<Verdict>,
}

/// What L1 says of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The batch has the transaction.
    Holds,
    /// The operator has broken its word: what the batch has instead.
    Broken(String),
    /// The state before its batch is not known: the follower has begun later.
    TooEarly,
}

/// The file: what `cairn_receipt` answers, and the transaction as it was submitted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    receipt: SignedReceipt,
    transaction: TransactionBytes,
}

impl Receipt {
    /// Reads a receipt and checks its signature. Trust: `signer` is known from elsewhere.
    ///
    /// # Errors
    /// It is none of that signer's for this rollup.
    pub fn read(file: &Path, of: &ReceiptDomain, signer: Address) -> Result<Self, FollowError> {
        let fault = |reason: String| FollowError::Receipt { file: file.to_owned(), reason };
        let mut text = String::new();
        let read =
            Input::open(file).and_then(|open| open.take(MAX_BYTES).read_to_string(&mut text));
        read.map_err(|error| fault(error.to_string()))?;
        let File { receipt, transaction } = serde_json::from_str(&text).map_err(|error| {
            fault(format!(
                "expected {{\"receipt\": what cairn_receipt answers, \"transaction\": the 131 bytes that were \
                 submitted}}: {error}"
            ))
        })?;
        let domain = domain(of.chain_id, &of.rollup.into_array());
        let transaction = SignedTransaction::from_bytes(domain, &transaction.0)
            .map_err(|error| fault(error.to_string()))?;
        receipt.verify(of, signer).map_err(|error| fault(error.to_string()))?;
        let (expected, got) = (B256::from(receipt.transaction), transaction_hash(&transaction));
        if expected != got {
            let reason = format!("it is of transaction {expected}, the bytes are of {got}");
            return Err(fault(reason));
        }
        Ok(Self { file: file.to_owned(), signed: receipt, transaction, verdict: None })
    }

    /// Holds it against a batch, if that is its own. `before` is the state before the batch.
    pub(super) fn judge(&mut self, batch: &Executed<'_>, before: &State, domain: &Word) {
        if batch.number != self.signed.batch {
            return;
        }
        let from = self.transaction.transaction.from();
        let nonce = self.transaction.authorization.nonce;
        let found = executed(batch, before, domain, &self.transaction);
        self.verdict = Some(match found {
            Some(found) if found == self.transaction.transaction => Verdict::Holds,
            Some(_) => Verdict::Broken(format!(
                "batch {} has another transaction of account {from} with nonce {nonce}",
                batch.number
            )),
            None => Verdict::Broken(format!(
                "batch {} has no transaction of account {from} with nonce {nonce}",
                batch.number
            )),
        });
    }
}

/// What the account of a transaction has signed with its nonce, as a batch has executed it.
fn executed(
    batch: &Executed<'_>,
    before: &State,
    domain: &Word,
    signed: &SignedTransaction,
) -> Option<Transaction> {
    let (from, nonce) = (signed.transaction.from(), signed.authorization.nonce);
    // Forced transactions come first; only the state knows which of them do something.
    let mut forced = before.clone();
    forced.replay(domain, batch.priority, &[]).ok()?;
    let (first, then) = (before.account(from).nonce, forced.account(from).nonce);
    if (first..then).contains(&nonce) {
        let operations = PriorityOperation::decode_stream(batch.priority).ok()?;
        let of_account = operations.into_iter().filter_map(|operation| match operation {
            PriorityOperation::Forced(forced)
                if forced.transaction.from() == from && forced.nonce == nonce =>
            {
                Some(forced.transaction)
            }
            _ => None,
        });
        // One of them was executed; if it was this one, the operator has kept its word.
        let all: Vec<_> = of_account.collect();
        return all.iter().find(|other| **other == signed.transaction).or(all.first()).copied();
    }
    let data = DataItem::decode_stream(batch.data).ok()?;
    let mut of_account =
        data.iter().flat_map(DataItem::transactions).filter(|other| other.from() == from);
    of_account.nth(nonce.checked_sub(then)? as usize)
}

/// What two receipts say that cannot both be true.
#[must_use]
pub fn among(receipts: &[Receipt]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, first) in receipts.iter().enumerate() {
        for second in receipts.get(index + 1..).unwrap_or_default() {
            if let Some(contradiction) = first.signed.contradiction(&second.signed) {
                let (first, second) = (first.file.display(), second.file.display());
                found.push(format!("receipts {first} and {second}: {contradiction}"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use alloy::signers::local::PrivateKeySigner;
    use cairn_primitives::schnorr::SecretKey;
    use cairn_state::{BatchBuilder, Environment, sign};
    use cairn_types::{Authorization, Operation, PublicKey};

    use super::*;
    use crate::api::{hex::Hex, receipt::Place};

    const FIRST: u32 = 1 << 16;

    fn of() -> ReceiptDomain {
        ReceiptDomain { chain_id: 31_337, rollup: Address::repeat_byte(7) }
    }

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    fn signer() -> PrivateKeySigner {
        PrivateKeySigner::from_slice(&[9; 32]).unwrap()
    }

    fn signed(nonce: u32, amount: u64) -> SignedTransaction {
        let domain = domain(31_337, &[7; 20]);
        let recipient: PublicKey = key(2).public().into();
        let authorization = Authorization { domain, token: 0, nonce, expiry: 0, recipient };
        let transaction = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount, fee: 0 };
        sign(&key(1), transaction, authorization)
    }

    fn write(folder: &Path, transaction: &SignedTransaction, batch: u32) -> PathBuf {
        let hash = transaction_hash(transaction).into();
        let place = Place { batch, block: 4, position: 0 };
        let receipt = SignedReceipt::sign(hash, place, Hex([3; 32]), &of(), &signer()).unwrap();
        let bytes = Hex(transaction.to_bytes());
        let text = serde_json::json!({ "receipt": receipt, "transaction": bytes }).to_string();
        let file = folder.join(format!("{hash}-{batch}.json"));
        std::fs::write(&file, text).unwrap();
        file
    }

    /// The state with two accounts, and a batch on it in which the first has signed nonces 0 and 1.
    fn batch() -> (State, BatchBuilder) {
        let environment = Environment { domain: domain(31_337, &[7; 20]), timestamp: 1 };
        let mut first = BatchBuilder::new(State::genesis(), environment);
        let deposit = |n: u8| PriorityOperation::Deposit {
            leaf: u32::MAX,
            token: 0,
            amount: 500,
            key: key(n).public().into(),
        };
        let register = PriorityOperation::RegisterToken {
            token: 0,
            quantum_exponent: 0,
            key: key(3).public().into(),
        };
        for operation in [register, deposit(1), deposit(2)] {
            first.push(Operation::Priority(operation)).unwrap();
        }
        let before = first.finish().0;
        let mut batch = BatchBuilder::new(before.clone(), environment);
        for (nonce, amount) in [(0, 10), (1, 20)] {
            batch.push(Operation::Signed(signed(nonce, amount))).unwrap();
        }
        (before, batch)
    }

    #[test]
    fn a_receipt_is_held_against_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let (before, builder) = batch();
        let (state, witness) = builder.finish();
        let executed = Executed {
            number: 2,
            priority: &witness.priority,
            data: &witness.data,
            withdrawals: &[],
            state: &state,
        };
        let domain = domain(31_337, &[7; 20]);
        let verdict = |transaction: &SignedTransaction, batch| {
            let file = write(folder.path(), transaction, batch);
            let mut receipt = Receipt::read(&file, &of(), signer().address()).unwrap();
            receipt.judge(&executed, &before, &domain);
            receipt.verdict
        };
        assert_eq!(verdict(&signed(0, 10), 2), Some(Verdict::Holds));
        assert_eq!(verdict(&signed(1, 20), 2), Some(Verdict::Holds));
        // Of another batch it says nothing.
        assert_eq!(verdict(&signed(1, 20), 3), None);
        for (transaction, needle) in [(signed(1, 21), "has another"), (signed(2, 20), "has no")] {
            match verdict(&transaction, 2) {
                Some(Verdict::Broken(reason)) => assert!(reason.contains(needle), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_receipt_of_the_signer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let good = write(folder.path(), &signed(0, 10), 2);
        let refused =
            |file: &Path, signer| Receipt::read(file, &of(), signer).unwrap_err().to_string();
        assert!(refused(&good, Address::ZERO).contains("signed by"));
        let text = std::fs::read_to_string(&good).unwrap();
        let other = Hex(signed(0, 11).to_bytes()).to_string();
        let own = Hex(signed(0, 10).to_bytes()).to_string();
        for (text, needle) in [
            (text.replace(&own, &other), "the bytes are of"),
            (text.replace("\"transaction\":\"0x", "\"transaction\":\""), "expected {\"receipt\""),
            (text.replace("\"receipt\"", "\"recipe\""), "expected {\"receipt\""),
            ("x".repeat(1 << 20), "expected {\"receipt\""),
        ] {
            let file = folder.path().join("bad.json");
            std::fs::write(&file, text).unwrap();
            let said = refused(&file, signer().address());
            assert!(said.contains(needle), "{said}");
        }
        assert!(refused(Path::new("/nowhere"), Address::ZERO).contains("No such file"));
    }

    #[test]
    fn two_receipts_may_contradict_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let read = |transaction: &SignedTransaction, batch| {
            let file = write(folder.path(), transaction, batch);
            Receipt::read(&file, &of(), signer().address()).unwrap()
        };
        // Both at place 0 of block 4.
        let (first, second) = (read(&signed(0, 10), 2), read(&signed(0, 11), 2));
        assert_eq!(among(&[first.clone(), first.clone()]), Vec::<String>::new());
        assert_eq!(among(&[first, second]).len(), 1);
    }
}
