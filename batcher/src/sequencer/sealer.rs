//! Checks every sealed batch before it is proven or committed: its words, executed again on the state before it, must
//! give the sequencer's state. Then what the prover needs is stored.

use cairn_state::{BatchBuilder, BatchWitness, Environment, State};
use cairn_types::{Operation, Word};
use metrics::{counter, histogram};
use tracing::{error, info};

use super::{block::decode_priority, blocking, error::SequencerError, ledger::Ledger};
use crate::{
    signals::{Shutdown, Signals},
    store::{
        Store, StoreError,
        records::{BatchNumber, BlockOperation, SealedBatch},
    },
};

/// What came of looking for a batch to check.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// This one is right, and its job is stored.
    Right(BatchNumber),
    /// There is none.
    Nothing,
    /// All up to this one became final meanwhile.
    Late(BatchNumber),
    /// Why a batch must not be committed.
    Wrong(String),
}

/// Checks sealed batches in their order until shutdown. A wrong one halts the sequencer.
pub(super) async fn run(
    store: Store,
    ledger: Ledger,
    domain: Word,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), SequencerError> {
    let mut sealed = signals.sealed.listen();
    let mut next = 0;
    while !shutdown.is_stopped() {
        let work = (store.clone(), ledger.clone());
        let checked = blocking("checking a sealed batch", move || {
            check_next(&work.0, &work.1, &domain, next)
        });
        match checked.await?? {
            Checked::Right(batch) => {
                next = batch + 1;
                // Who publishes has waited for the job.
                signals.sealed.ring();
            }
            Checked::Late(batch) => next = batch + 1,
            Checked::Nothing => tokio::select! {
                () = shutdown.stopped() => {}
                () = sealed.changed() => {}
            },
            Checked::Wrong(reason) => {
                error!(reason, "sealing stops");
                ledger.halt(reason);
                shutdown.stopped().await;
            }
        }
    }
    Ok(())
}

/// Checks the first sealed batch from `from` on that is not final and has no job.
pub(super) fn check_next(
    store: &Store,
    ledger: &Ledger,
    domain: &Word,
    from: BatchNumber,
) -> Result<Checked, SequencerError> {
    let mut number = from.max(checkpoint(store)? + 1);
    while store.jobs.contains(&number)? {
        number += 1;
    }
    let Some(batch) = store.batches.get(&number)? else { return Ok(Checked::Nothing) };
    let Some(before) = ledger.state_after(number - 1) else {
        // Either the batch is final since, and its state is gone: then to the next one. Or its row is there before its
        // state: the bell rings again after it.
        return Ok(match checkpoint(store)? {
            final_batch if final_batch >= number => Checked::Late(final_batch),
            _ => Checked::Nothing,
        });
    };

    let _span = tracing::info_span!("check", batch = number).entered();
    let start = std::time::Instant::now();
    let witness = match check(store, domain, &batch, before)? {
        Ok(witness) => witness,
        Err(reason) => return Ok(Checked::Wrong(format!("batch {number}: {reason}"))),
    };
    if !keep(store, ledger, number, &witness)? {
        return Ok(Checked::Late(number));
    }
    histogram!("cairn_batch_check_seconds").record(start.elapsed().as_secs_f64());
    counter!("cairn_batches_checked_total").increment(1);
    info!(batch = number, "its words give the sequencer's state");
    Ok(Checked::Right(number))
}

/// Stores the job of a batch; false if the batch has become final, whose job nobody would remove.
pub(super) fn keep(
    store: &Store,
    ledger: &Ledger,
    number: BatchNumber,
    witness: &BatchWitness,
) -> Result<bool, StoreError> {
    let _held = ledger.hold_rows();
    let is_final = number <= checkpoint(store)?;
    let mut write = store.write();
    if !is_final {
        write.put(&store.jobs, &number, witness)?;
    }
    if !witness.withdrawals.is_empty() {
        write.put(&store.withdrawals, &number, &witness.withdrawals)?;
    }
    write.commit()?;
    Ok(!is_final)
}

/// The last final batch.
fn checkpoint(store: &Store) -> Result<BatchNumber, StoreError> {
    Ok(store.checkpoint.get(&())?.map_or(0, |checkpoint| checkpoint.batch))
}

/// The witness of a batch, or why its row is wrong.
fn check(
    store: &Store,
    domain: &Word,
    batch: &SealedBatch,
    mut before: State,
) -> Result<Result<BatchWitness, String>, SequencerError> {
    if before.summary() != batch.before {
        let (expected, got) = (before.summary().commitment(), batch.before.commitment());
        return Ok(Err(format!("state before: expected {}, got {}", show(&expected), show(&got))));
    }
    let environment = Environment { domain: *domain, timestamp: batch.timestamp };
    let mut builder = BatchBuilder::new(before.clone(), environment);
    let previous = batch.number.checked_sub(1).map(|number| store.batches.get(&number));
    let mut priority_end = previous.transpose()?.flatten().map_or(0, |batch| batch.priority_end);
    for block in store.blocks.range(batch.first_block..=batch.last_block) {
        let (number, block) = block?;
        for (position, operation) in block.operations.iter().enumerate() {
            let operation = match operation {
                BlockOperation::Priority(queued) => {
                    let index = queued.index;
                    if index != priority_end {
                        return Ok(Err(format!(
                            "operation {position} of block {number} is {index} of L1's queue, expected {priority_end}"
                        )));
                    }
                    priority_end += 1;
                    let l1 = store.l1_queue.get(&index)?.map(|l1| l1.operation);
                    if l1.as_ref() != Some(queued) {
                        let what = if l1.is_some() { "another" } else { "no" };
                        return Ok(Err(format!(
                            "L1 has {what} operation {index} in its queue now"
                        )));
                    }
                    Operation::Priority(decode_priority(queued)?)
                }
                BlockOperation::Transaction(sequence) => {
                    let sequence = *sequence;
                    let missing = SequencerError::NoTransaction { block: number, sequence };
                    Operation::Signed(store.log.get(&sequence)?.ok_or(missing)?.transaction)
                }
            };
            if let Err(refusal) = builder.push(operation) {
                return Ok(Err(format!("operation {position} of block {number}: {refusal}")));
            }
        }
    }
    let witness = builder.finish().1;
    Ok(compare(batch, &witness, priority_end).and_then(|()| {
        let withdrawals = before
            .replay(domain, &witness.priority, &witness.data)
            .map_err(|refusal| format!("its words: {refusal}"))?;
        let (expected, got) = (batch.after.commitment(), before.summary().commitment());
        if expected != got {
            let (expected, got) = (show(&expected), show(&got));
            return Err(format!("the sequencer's state is {expected}, its words give {got}"));
        }
        let words: Result<Vec<_>, _> = withdrawals.iter().map(|w| w.word()).collect();
        if words.as_ref() != Ok(&witness.withdrawals) {
            return Err("its words give other withdrawals".to_owned());
        }
        Ok(witness)
    }))
}

/// Holds the row of a batch against its witness.
fn compare(batch: &SealedBatch, witness: &BatchWitness, priority_end: u64) -> Result<(), String> {
    let numbers = [
        ("operations", u64::from(batch.operations), witness.slots.len() as u64),
        ("data words", u64::from(batch.data_words), witness.data.len() as u64),
        ("end of priority operations", batch.priority_end, priority_end),
        ("next id", batch.after.next_id, witness.after.state.next_id),
        ("next token", batch.after.next_token.into(), witness.after.state.next_token.into()),
    ];
    match numbers.into_iter().find(|(_, expected, got)| expected != got) {
        Some((what, expected, got)) => {
            Err(format!("{what}: the sequencer has {expected}, its blocks give {got}"))
        }
        None if batch.after == witness.after.state => Ok(()),
        None => {
            let [expected, got] = [batch.after, witness.after.state].map(|s| show(&s.commitment()));
            Err(format!("the sequencer's state is {expected}, its blocks give {got}"))
        }
    }
}

fn show(digest: &cairn_types::Digest) -> String {
    format!("0x{}", hex::encode(digest.to_bytes()))
}
