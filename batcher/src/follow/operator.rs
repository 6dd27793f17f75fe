//! What the operator says of its batches, held against L1.
//!
//! An honest operator may be behind L1 by a moment, or a block ahead of the node that is asked here, and a
//! reorganization is seen by one before the other. So its heads are excused by the block of L1 that it has seen, and
//! what it says counts as a contradiction only if it says so twice, in two rounds.

use std::{cmp::Ordering, collections::BTreeSet};

use alloy::primitives::B256;

use super::{error::FollowError, receipts::Receipt};
use crate::{
    api::{
        hex::{Hash, Hex},
        methods, wire,
    },
    client::{Client, ClientError},
    l1::contracts::Batch,
    reconstruct::Rollup,
};

/// Batches that are looked at in a round.
const BATCHES_A_ROUND: u32 = 64;

/// An operator that is watched.
#[derive(Debug)]
pub(super) struct Operator {
    client: Client,
    /// The last batch of those that were held against L1 once it had proven them: these stay as they are.
    settled: u32,
    /// What seemed wrong in the last round.
    doubts: BTreeSet<String>,
    /// How many batches were compared.
    pub(super) compared: u64,
}

impl Operator {
    /// Connects, and refuses the operator of another rollup. Batches up to `first` were proven before.
    ///
    /// # Errors
    /// It does not answer, or is another's.
    pub(super) async fn connect(url: &str, rollup: &Rollup, first: u32) -> Result<Self, FollowError> {
        let client = Client::connect(url).await?;
        let info = client.info().await?;
        let expected = Hex::from(rollup.reader().address());
        let expected_chain = rollup.reader().chain_id();
        if (info.rollup, info.chain_id) != (expected, expected_chain) {
            return Err(FollowError::OtherOperator {
                expected: expected.to_string(),
                expected_chain,
                got: info.rollup.to_string(),
                got_chain: info.chain_id,
            });
        }
        Ok(Self { client, settled: first, doubts: BTreeSet::new(), compared: 0 })
    }

    /// What contradicts L1, with what must be said twice having been.
    ///
    /// # Errors
    /// The operator does not answer.
    pub(super) async fn check(
        &mut self,
        rollup: &Rollup,
        receipts: &[Receipt],
    ) -> Result<Vec<String>, FollowError> {
        let doubts = self.doubts(rollup, receipts).await?;
        let found = doubts.intersection(&self.doubts).cloned().collect();
        self.doubts = doubts;
        Ok(found)
    }

    /// Whether something seems wrong that was not said twice.
    pub(super) fn is_in_doubt(&self) -> bool {
        !self.doubts.is_empty()
    }

    async fn doubts(
        &mut self,
        rollup: &Rollup,
        receipts: &[Receipt],
    ) -> Result<BTreeSet<String>, FollowError> {
        let head = self.client.head().await?;
        let (l1, history) = (rollup.head(), rollup.history());
        let mut doubts = BTreeSet::new();
        for receipt in receipts {
            doubts.extend(self.doubt_block(receipt).await?);
        }
        let heads = [
            ("committed", history.committed(), head.committed),
            ("proven", history.proven(), head.proven),
        ];
        for (what, expected, got) in heads {
            // Who is behind on L1 may have fewer, who is ahead more.
            let is_excused = match head.l1_block.cmp(&l1.number) {
                Ordering::Less => got < expected,
                Ordering::Equal => got == expected,
                Ordering::Greater => got >= expected,
            };
            if !is_excused && got != expected {
                doubts.insert(format!(
                    "the operator says that batch {got} is the last {what}, L1 says {expected}"
                ));
            }
        }
        // Of those that it says L1 has it must know what they are, whichever block it has seen last.
        let last = match head.l1_block >= l1.number {
            true => history.committed(),
            false => history.committed().min(head.committed),
        };
        for number in (self.settled + 1..=last).take(BATCHES_A_ROUND as usize) {
            let Some(committed) = history.get(number) else { break };
            let found = self.doubt_batch(number, &committed.batch, head.sealed).await?;
            if found.is_empty() && number <= history.proven() {
                self.settled = number;
            }
            self.compared += 1;
            doubts.extend(found);
        }
        Ok(doubts)
    }

    async fn doubt_batch(
        &self,
        number: u32,
        record: &Batch,
        sealed: u32,
    ) -> Result<Vec<String>, FollowError> {
        let of = |what: &str| format!("batch {number}: the operator {what}");
        if number > sealed {
            return Ok(vec![of("has not sealed it, L1 has it")]);
        }
        let batch = match self.client.ask::<methods::Batch>(&wire::ByBatch { number }).await {
            Ok(batch) => batch,
            Err(error) if error.reason() == Some("unknown") => {
                return Ok(vec![of("says that there is no such batch, L1 has it")]);
            }
            Err(error) => return Err(error.into()),
        };
        let state = Hash::from(record.state);
        let mut found = Vec::new();
        if batch.state_after != state {
            found.push(of(&format!("has state {}, L1 has {state}", batch.state_after)));
        }
        if batch.priority_end != record.priorityEnd {
            let (got, expected) = (batch.priority_end, record.priorityEnd);
            found.push(of(&format!("has executed L1's queue up to {got}, by L1 up to {expected}")));
        }
        if let Some(l1) = &batch.l1 {
            let got = (B256::from(l1.state), B256::from(l1.chain_hash));
            if got != (record.state, record.chainHash) {
                found.push(of("shows another record than L1's as L1's"));
            }
        }
        // The last block of a batch ends in its state.
        if let Some(block) = self.block(batch.last_block).await?
            && (block.state != state || block.batch != number)
        {
            let (last, got) = (block.number, block.state);
            found.push(of(&format!("has state {got} after its last block {last}, L1 has {state}")));
        }
        Ok(found)
    }

    async fn doubt_block(&self, receipt: &Receipt) -> Result<Option<String>, FollowError> {
        let file = receipt.file.display();
        let Some(block) = self.block(receipt.signed.block).await? else {
            let block = receipt.signed.block;
            return Ok(Some(format!("receipt {file}: the operator has no block {block}")));
        };
        let contradiction = receipt.signed.contradicts(&block);
        Ok(contradiction.map(|contradiction| {
            format!("receipt {file} and the operator's block {}: {contradiction}", block.number)
        }))
    }

    /// A block; none if the operator says that there is none.
    async fn block(&self, number: u64) -> Result<Option<wire::BlockView>, ClientError> {
        match self.client.ask::<methods::Block>(&wire::ByBlock { number }).await {
            Ok(block) if block.number == number => Ok(Some(block)),
            Ok(_) => Ok(None),
            Err(error) if error.reason() == Some("unknown") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
