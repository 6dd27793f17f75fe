//! Proves published batches on an engine: those that wait when it is free share a proof.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use alloy::primitives::B256;
use cairn_prover::{BatchJob, BatchesProof, Cancel, Engine, ProverError};
use tracing::{Instrument, info, info_span, warn};

use super::{Listener, config::ProvingConfig, error::ProvingError};
use crate::{
    clock,
    signals::{Shutdown, Signals},
    store::{
        Store, StoreError,
        records::{BatchNumber, Publication, StoredProof},
    },
};

/// What proves.
#[derive(Debug)]
pub(super) struct Proving {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) progress: Arc<dyn Listener>,
    pub(super) config: ProvingConfig,
    pub(super) store: Store,
    pub(super) signals: Signals,
}

impl Proving {
    /// Proves what is published, in order, until it is told to stop.
    pub(super) async fn run(&self, mut shutdown: Shutdown) -> Result<(), ProvingError> {
        let mut published = self.signals.proving.listen();
        while !shutdown.is_stopped() {
            match self.next()? {
                Some(range) => self.prove(range, &mut shutdown).await?,
                None => tokio::select! {
                    () = published.changed() => {}
                    () = shutdown.stopped() => {}
                },
            }
        }
        Ok(())
    }

    /// The batches of the next proof: published, not proven, as many as may share one.
    fn next(&self) -> Result<Option<RangeInclusive<BatchNumber>>, StoreError> {
        // Somebody else may have proven them, once an operation of the queue was overdue.
        let mut proven = self.store.l1_view.get(&())?.map_or(0, |view| view.proven);
        // Up to the first that is missing: a proof may have been thrown away.
        let mut end = BatchNumber::MAX;
        for row in self.store.proofs.range(proven + 1..) {
            let (last, proof) = row?;
            if proof.first > proven + 1 {
                end = proof.first;
                break;
            }
            proven = last;
        }
        let first = proven + 1;
        let (mut last, mut operations) = (None, 0);
        for row in self.store.publications.range(first..end) {
            let (number, _) = row?;
            let batch = self.store.batches.get(&number)?.ok_or_else(|| missing("batches", number));
            operations += batch?.operations;
            let count = number - first + 1;
            let fits = count <= self.config.max_batches_a_proof
                && operations <= self.config.max_operations_a_proof;
            if count > 1 && !fits {
                break;
            }
            last = Some(number);
        }
        Ok(last.map(|last| first..=last))
    }

    /// Proves these batches and stores the proof; tries again where the engine fails.
    async fn prove(
        &self,
        range: RangeInclusive<BatchNumber>,
        shutdown: &mut Shutdown,
    ) -> Result<(), ProvingError> {
        let (first, last) = (*range.start(), *range.end());
        let jobs = Arc::new(self.jobs(range)?);
        let mut tries = 0;
        loop {
            let started_ms = clock::now_ms();
            let span = info_span!("prove", batch = first, last);
            let proving = self.call_engine(Arc::clone(&jobs), first, last, shutdown);
            match proving.instrument(span).await? {
                Ok(proof) => return self.keep(first, last, &proof, started_ms),
                Err(ProverError::Cancelled) => return Ok(()),
                Err(source) => {
                    tries += 1;
                    metrics::counter!("cairn_prover_failures_total").increment(1);
                    if !source.is_transient() || tries > self.config.retries {
                        return Err(ProvingError::Prover { first, last, tries, source });
                    }
                    warn!(
                        batch = first,
                        last, tries, "proving failed, it is tried again: {source}"
                    );
                    let wait = Duration::from_secs(self.config.retry_after_s);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = shutdown.stopped() => return Ok(()),
                    }
                }
            }
        }
    }

    /// One try. When it is time to stop, the engine ends between two of its tasks.
    async fn call_engine(
        &self,
        jobs: Arc<Vec<BatchJob>>,
        first: BatchNumber,
        last: BatchNumber,
        shutdown: &mut Shutdown,
    ) -> Result<Result<BatchesProof, ProverError>, ProvingError> {
        info!(
            operations = jobs.iter().map(|job| job.witness.slots.len()).sum::<usize>(),
            "proving"
        );
        let (engine, progress) = (Arc::clone(&self.engine), Arc::clone(&self.progress));
        let cancel = Cancel::default();
        let mut work = {
            let cancel = cancel.clone();
            tokio::task::spawn_blocking(move || engine.prove(&jobs, &*progress, &cancel))
        };
        let result = tokio::select! {
            result = &mut work => result,
            () = shutdown.stopped() => {
                cancel.cancel();
                work.await
            }
        };
        result.map_err(|panic| ProvingError::Panic { first, last, reason: panic.to_string() })
    }

    /// What the engine takes.
    fn jobs(&self, range: RangeInclusive<BatchNumber>) -> Result<Vec<BatchJob>, StoreError> {
        let first = *range.start();
        let mut previous = match first {
            1 => B256::ZERO,
            _ => self.publication(first - 1)?.record.chain_hash,
        };
        range
            .map(|number| {
                let witness = self.store.jobs.get(&number)?;
                let witness = witness.ok_or_else(|| missing("jobs", number))?;
                let Publication { location, record, .. } = self.publication(number)?;
                let previous_chain_hash = std::mem::replace(&mut previous, record.chain_hash).0;
                Ok(BatchJob { witness, data: location, number, previous_chain_hash })
            })
            .collect()
    }

    fn publication(&self, number: BatchNumber) -> Result<Publication, StoreError> {
        let row = self.store.publications.get(&number)?;
        row.ok_or_else(|| missing("publications", number))
    }

    /// Stores a proof, if it is of the headers that were published. The engine has verified it.
    fn keep(
        &self,
        first: BatchNumber,
        last: BatchNumber,
        proof: &BatchesProof,
        started_ms: u64,
    ) -> Result<(), ProvingError> {
        let expected = self.publication(last)?.record.chain_hash;
        let got = B256::from(proof.seal.to);
        if expected != got {
            return Err(ProvingError::OtherHeader { first, last, expected, got });
        }
        let stages = proof.stages.iter();
        let row = StoredProof {
            first,
            circuit_set_root: proof.seal.circuit_set_root.to_bytes().into(),
            proof: proof.proof.map(B256::from),
            stages: stages.cloned().collect(),
            chunks: u32::try_from(proof.chunks).unwrap_or(u32::MAX),
            started_ms,
            proven_ms: clock::now_ms(),
        };
        let seconds = row.proven_ms.saturating_sub(started_ms) as f64 / 1000.0;
        let mut write = self.store.write();
        write.put(&self.store.proofs, &last, &row)?;
        write.commit()?;
        metrics::histogram!("cairn_proof_seconds").record(seconds);
        info!(batch = first, last, seconds, "proven");
        self.signals.proving.ring();
        Ok(())
    }
}

fn missing(table: &'static str, number: BatchNumber) -> StoreError {
    StoreError::Missing { table, key: number.to_string() }
}
