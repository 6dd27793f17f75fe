//! What the operator says of its batches, held against L1.
//!
//! An honest operator may be behind L1 by a moment, or a block ahead of the node that is asked here. So its heads are
//! excused by the block of L1 that it has seen. That is the operator's own word: it must be at most `confirmations`
//! blocks from the one here, and who has seen a block knows what L1 had there. All else is a doubt at first:
//! [`super::doubts`].

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alloy::primitives::B256;
use tokio::time::timeout;

use super::{
    NO_CIRCUITS,
    doubts::{About, Doubts, Part},
    error::FollowError,
    receipts::Receipt,
};
use crate::{
    api::{
        hex::{Hash, Hex},
        methods, wire,
    },
    client::{Client, ClientError},
    l1::contracts::Batch,
    reconstruct::Rollup,
};

/// Proven batches that are looked at in a round, beside all unproven ones, of which L1 allows as many.
const PROVEN_A_ROUND: usize = 256;
/// What all of a round may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An operator that is watched.
#[derive(Debug)]
pub(super) struct Operator {
    url: String,
    /// None before it has answered, and after it has not.
    client: Option<Client>,
    /// All batches up to this one were held against L1 once it had proven them, and nothing about them is in doubt:
    /// they stay as they are.
    settled: u32,
    /// Later ones that were compared.
    compared: BTreeSet<u32>,
    /// The last committed and the last proven batch, by the block of L1 that was looked at.
    had: BTreeMap<u64, (u32, u32)>,
    doubts: Doubts,
}

impl Operator {
    /// The operator at a URL; it is not asked yet.
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            client: None,
            settled: 0,
            compared: BTreeSet::new(),
            had: BTreeMap::new(),
            doubts: Doubts::default(),
        }
    }

    /// Connects, and refuses the operator of another rollup, and a follower, which has no blocks and is no operator.
    ///
    /// # Errors
    /// It does not answer, is another's, or no operator.
    pub(super) async fn connect(&mut self, rollup: &Rollup) -> Result<(), FollowError> {
        timeout(PATIENCE, self.connected(rollup)).await.unwrap_or_else(|_| Err(slow())).map(drop)
    }

    async fn connected(&mut self, rollup: &Rollup) -> Result<Client, FollowError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = Client::connect(&self.url).await?;
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
        if B256::from(info.circuit_set_root) == NO_CIRCUITS {
            return Err(FollowError::NoOperator);
        }
        self.client = Some(client.clone());
        Ok(client)
    }

    /// Asks it, within a minute. What seems wrong until an error stays.
    ///
    /// # Errors
    /// The operator does not answer, or not in time.
    pub(super) async fn check(
        &mut self,
        rollup: &Rollup,
        receipts: &[Receipt],
        confirmations: u64,
    ) -> Result<(), FollowError> {
        self.doubts.begin(rollup.head().hash);
        let looked = timeout(PATIENCE, self.look(rollup, receipts, confirmations)).await;
        let looked = looked.unwrap_or_else(|_| Err(slow()));
        if looked.is_err() {
            // A WebSocket that has ended does not come back, and who answers next may be another.
            self.client = None;
        }
        looked
    }

    /// What contradicts L1 and was not taken before.
    pub(super) fn take_counted(&mut self) -> Vec<String> {
        self.doubts.take_counted()
    }

    /// What seems wrong and does not count yet.
    pub(super) fn undecided(&self) -> Vec<String> {
        self.doubts.undecided()
    }

    /// How many batches were compared.
    pub(super) fn compared(&self) -> u64 {
        u64::from(self.settled) + self.compared.len() as u64
    }

    async fn look(
        &mut self,
        rollup: &Rollup,
        receipts: &[Receipt],
        confirmations: u64,
    ) -> Result<(), FollowError> {
        let client = self.connected(rollup).await?;
        let head = client.head().await?;
        self.look_at_heads(rollup, &head, confirmations);
        for (index, receipt) in receipts.iter().enumerate() {
            if let Some(doubt) = doubt_block(&client, receipt).await? {
                self.doubts.note(About::Receipt(index), doubt);
            }
        }
        let history = rollup.history();
        let (committed, proven) = (history.committed(), history.proven());
        // Of those that it says L1 has it must know what they are, whichever block it has seen last.
        let last = match head.l1_block >= rollup.head().number {
            true => committed,
            false => committed.min(head.committed.max(self.least(head.l1_block).0)),
        };
        // L1 may have gone back.
        self.settled = self.settled.min(proven);
        let settled = self.settled;
        self.compared.retain(|number| (settled + 1..=committed).contains(number));
        let of_proven = (settled + 1..=last.min(proven)).take(PROVEN_A_ROUND);
        for number in of_proven.chain(proven + 1..=last) {
            let Some(committed) = history.get(number) else { break };
            let is_decided =
                self.look_at_batch(&client, number, &committed.batch, head.sealed).await?;
            self.compared.insert(number);
            if is_decided && number <= proven && number == self.settled + 1 {
                self.settled = number;
                self.compared.remove(&number);
            }
        }
        Ok(())
    }

    fn look_at_heads(&mut self, rollup: &Rollup, head: &wire::Head, confirmations: u64) {
        let (l1, history) = (rollup.head(), rollup.history());
        if head.l1_block.abs_diff(l1.number) > confirmations {
            let doubt = format!(
                "the operator says that it has seen L1 up to block {}, here it is block {}: more than \
                 {confirmations} blocks apart",
                head.l1_block, l1.number
            );
            self.doubts.note(About::L1, doubt);
        }
        let (committed, proven) = (history.committed(), history.proven());
        // Those after it have left the chain; whoever is further behind is told of above.
        let kept = l1.number.saturating_sub(confirmations.saturating_mul(2))..l1.number;
        self.had.retain(|block, _| kept.contains(block));
        self.had.insert(l1.number, (committed, proven));
        let least = self.least(head.l1_block);
        let heads = [
            (About::Committed, "committed", committed, head.committed, least.0),
            (About::Proven, "proven", proven, head.proven, least.1),
        ];
        for (about, what, expected, got, least) in heads {
            // Who is behind on L1 may have fewer, who is ahead more.
            let is_excused = match head.l1_block.cmp(&l1.number) {
                Ordering::Less => (least..expected).contains(&got),
                Ordering::Equal => false,
                Ordering::Greater => got > expected,
            };
            if !is_excused && got != expected {
                let doubt = format!(
                    "the operator says that batch {got} is the last {what}, L1 says {expected}"
                );
                self.doubts.note(about, doubt);
            }
        }
    }

    /// The batches that whoever has seen this block of L1 knows at least, as far as is remembered: a revert since then
    /// may have taken some back.
    fn least(&self, block: u64) -> (u32, u32) {
        let Some((first, had)) = self.had.range(..=block).next_back() else { return (0, 0) };
        let later = self.had.range(*first..).map(|(_, had)| *had);
        later.fold(*had, |least, had| (least.0.min(had.0), least.1.min(had.1)))
    }

    /// Whether all is well with a batch, or what is wrong counts. Doubts are noted as they arise: the next answer may
    /// never come.
    async fn look_at_batch(
        &mut self,
        client: &Client,
        number: u32,
        record: &Batch,
        sealed: u32,
    ) -> Result<bool, FollowError> {
        let mut is_decided = true;
        let mut note = |part, what: &str| {
            let doubt = format!("batch {number}: the operator {what}");
            is_decided &= self.doubts.note(About::Batch(number, part), doubt);
        };
        if number > sealed {
            note(Part::Existence, "has not sealed it, L1 has it");
            return Ok(is_decided);
        }
        let batch = match client.ask::<methods::Batch>(&wire::ByBatch { number }).await {
            Ok(batch) => batch,
            Err(error) if error.reason() == Some("unknown") => {
                note(Part::Existence, "says that there is no such batch, L1 has it");
                return Ok(is_decided);
            }
            Err(error) => return Err(error.into()),
        };
        let state = Hash::from(record.state);
        if batch.state_after != state {
            note(Part::State, &format!("has state {}, L1 has {state}", batch.state_after));
        }
        if batch.priority_end != record.priorityEnd {
            let (got, expected) = (batch.priority_end, record.priorityEnd);
            let doubt = format!("has executed L1's queue up to {got}, by L1 up to {expected}");
            note(Part::Queue, &doubt);
        }
        if let Some(l1) = &batch.l1 {
            let got = (B256::from(l1.state), B256::from(l1.chain_hash));
            if got != (record.state, record.chainHash) {
                note(Part::Record, "shows another record than L1's as L1's");
            }
        }
        // The last block of a batch ends in its state. A batch may have none: it begins after its end then.
        let last = batch.last_block;
        if batch.first_block <= last {
            match block(client, last).await? {
                None => note(Part::LastBlock, &format!("has no block {last}, its last one")),
                Some(block) if block.state != state || block.batch != number => {
                    let got = block.state;
                    let what =
                        format!("has state {got} after its last block {last}, L1 has {state}");
                    note(Part::LastBlock, &what);
                }
                Some(_) => {}
            }
        }
        // The truth now does not undo what was said a moment ago.
        Ok(is_decided && !self.doubts.is_open(number))
    }
}

fn slow() -> FollowError {
    FollowError::SlowOperator { seconds: PATIENCE.as_secs() }
}

async fn doubt_block(client: &Client, receipt: &Receipt) -> Result<Option<String>, FollowError> {
    let file = receipt.file.display();
    let Some(block) = block(client, receipt.signed.block).await? else {
        let block = receipt.signed.block;
        return Ok(Some(format!("receipt {file}: the operator has no block {block}")));
    };
    let contradiction = receipt.signed.contradicts(&block);
    Ok(contradiction.map(|contradiction| {
        format!("receipt {file} and the operator's block {}: {contradiction}", block.number)
    }))
}

/// A block; none if the operator says that there is none.
async fn block(client: &Client, number: u64) -> Result<Option<wire::BlockView>, ClientError> {
    match client.ask::<methods::Block>(&wire::ByBlock { number }).await {
        Ok(block) if block.number == number => Ok(Some(block)),
        Ok(_) => Ok(None),
        Err(error) if error.reason() == Some("unknown") => Ok(None),
        Err(error) => Err(error),
    }
}
