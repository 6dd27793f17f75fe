//! Parameters. Each method takes them by position or by name, and no others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FeeKind;
use crate::api::hex::{Hash, Key, TransactionBytes};

macro_rules! parameters {
    ($($(#[$doc:meta])+ $name:ident { $($(#[$field_doc:meta])+ $field:ident: $type:ty,)* })+) => {
        $($(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name { $($(#[$field_doc])+ pub $field: $type,)* })+
    };
}

parameters! {
    /// No parameters.
    Nothing {}
    /// One transaction.
    SubmitOne {
        /// The 131 bytes of a signed transaction.
        transaction: TransactionBytes,
    }
    /// Several transactions.
    SubmitMany {
        /// Signed transactions of 131 bytes each.
        transactions: Vec<TransactionBytes>,
    }
    /// A transaction.
    ByHash {
        /// Its hash: the digest of its signed message.
        hash: Hash,
    }
    /// Several transactions.
    TransactionHashes {
        /// Their hashes.
        hashes: Vec<Hash>,
    }
    /// A worker or an assignment of the fleet.
    ByName {
        /// Its name.
        name: String,
    }
    /// An account.
    ById {
        /// Its id.
        id: u32,
    }
    /// Accounts of a key.
    ByKey {
        /// The key.
        key: Key,
        /// Only ids from this one on.
        #[serde(default)]
        from: Option<u32>,
    }
    /// Accounts in the order of their ids.
    AccountRange {
        /// The first id.
        from: u32,
        /// How many at most.
        count: u32,
    }
    /// What a transaction will pay.
    EstimateFee {
        /// The token of the leaf that pays.
        token: u16,
        /// What kind of transaction.
        kind: FeeKind,
    }
    /// Operations of L1's queue.
    QueueRange {
        /// The first place, from 0.
        from: u64,
        /// How many at most; an answer has no more than 100.
        count: u32,
    }
    /// Transactions of an account.
    HistoryOf {
        /// The account.
        id: u32,
        /// Only those before this place of the operator's log.
        #[serde(default)]
        before: Option<u64>,
    }
    /// The operator's transactions on L1.
    SettlementRange {
        /// How many at most; an answer has no more than 64.
        count: u32,
        /// Only those before this nonce.
        #[serde(default)]
        before: Option<u64>,
    }
    /// A block.
    ByBlock {
        /// Its number, from 1.
        number: u64,
    }
    /// A batch.
    ByBatch {
        /// Its number, from 1.
        number: u32,
    }
    /// Where a backup goes.
    BackupTo {
        /// An absolute path on the operator's machine, where no file is yet.
        file: String,
    }
    /// A withdrawal of a batch.
    WithdrawalAt {
        /// The batch.
        batch: u32,
        /// Its place among the batch's withdrawals, from 0.
        index: u32,
    }
}
