//! Proves published batches on an engine: those that wait when it is free share a proof.

use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc, time::Duration};

use alloy::primitives::B256;
use cairn_prover::{BatchJob, BatchesProof, Cancel, Engine, ProverError};
use cairn_types::{KIND_BATCHES, SealStatement};
use futures_util::{StreamExt, stream::FuturesUnordered};
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

/// Of a service, which has 30 s for all stages. A task takes longer on some machines: it is lost with the process then.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What proves.
#[derive(Debug, Clone)]
pub(super) struct Proving {
    pub(super) engine: Arc<dyn Engine>,
    /// Roots of the circuit sets that L1 has and has not retired.
    pub(super) accepted: BTreeSet<B256>,
    pub(super) progress: Arc<dyn Listener>,
    /// How long the engine has to end when it is time to stop.
    pub(super) patience: Duration,
    pub(super) config: ProvingConfig,
    pub(super) store: Store,
    pub(super) signals: Signals,
}

impl Proving {
    /// Proves what is published, the oldest first, until it is told to stop: as many proofs at a time as the engine wants.
    pub(super) async fn run(&self, mut shutdown: Shutdown) -> Result<(), ProvingError> {
        self.forget_refused()?;
        let mut published = self.signals.proving.listen();
        let mut proofs = FuturesUnordered::new();
        let mut in_flight: Vec<RangeInclusive<BatchNumber>> = Vec::new();
        while !shutdown.is_stopped() {
            while proofs.len() < self.engine.proofs_at_a_time().max(1) {
                let Some(range) = self.next(&in_flight)? else { break };
                in_flight.push(range.clone());
                let mut shutdown = shutdown.clone();
                proofs.push(async move { (range.clone(), self.prove(range, &mut shutdown).await) });
            }
            tokio::select! {
                Some((range, proven)) = proofs.next() => {
                    in_flight.retain(|other| *other != range);
                    proven?;
                }
                () = published.changed() => {}
                () = shutdown.stopped() => {}
            }
        }
        // Each ends by itself when it is time to stop.
        while let Some((_, proven)) = proofs.next().await {
            proven?;
        }
        Ok(())
    }

    /// Removes the proofs that L1 takes no more, as their circuits were retired: the batches are proven again.
    pub(super) fn forget_refused(&self) -> Result<(), StoreError> {
        let own = B256::from(self.engine.circuit_set_root().to_bytes());
        let proven = self.store.l1_view.get(&())?.map_or(0, |view| view.proven);
        let mut write = self.store.write();
        for row in self.store.proofs.range(proven + 1..) {
            let (last, StoredProof { first, circuit_set_root: root, .. }) = row?;
            if root != own && !self.accepted.contains(&root) {
                warn!(batch = first, last, %root, "L1 takes no proof of this circuit set: proven again");
                write.remove(&self.store.proofs, &last);
            }
        }
        write.commit()
    }

    /// The batches of the next proof: published, not proven and not `in_flight`, as many as may share one.
    pub(super) fn next(
        &self,
        in_flight: &[RangeInclusive<BatchNumber>],
    ) -> Result<Option<RangeInclusive<BatchNumber>>, StoreError> {
        // Somebody else may have proven them, once an operation of the queue was overdue.
        let mut first = self.store.l1_view.get(&())?.map_or(0, |view| view.proven) + 1;
        // Up to the first that is missing: a proof may have been thrown away.
        let end = loop {
            match self.covered(first, in_flight)? {
                Some(range) if *range.start() <= first => first = range.end() + 1,
                Some(range) => break *range.start(),
                None => break BatchNumber::MAX,
            }
        };
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

    /// What is proven or in flight first, from a batch on.
    fn covered(
        &self,
        first: BatchNumber,
        in_flight: &[RangeInclusive<BatchNumber>],
    ) -> Result<Option<RangeInclusive<BatchNumber>>, StoreError> {
        let covered = in_flight.iter().filter(|range| *range.end() >= first).cloned();
        let mut nearest = covered.min_by_key(|range| *range.start());
        for row in self.store.proofs.range(first..) {
            let (last, proof) = row?;
            // L1 takes no proof that begins before what it is owed: such a one is made again, from there.
            if proof.first >= first {
                let is_nearer = nearest.as_ref().is_none_or(|range| proof.first < *range.start());
                nearest = if is_nearer { Some(proof.first..=last) } else { nearest };
                break;
            }
        }
        Ok(nearest)
    }

    /// Proves these batches and stores the proof; tries again where the engine fails.
    async fn prove(
        &self,
        range: RangeInclusive<BatchNumber>,
        shutdown: &mut Shutdown,
    ) -> Result<(), ProvingError> {
        let (first, last) = (*range.start(), *range.end());
        // Whole witnesses are read: not on the threads that serve.
        let stage = self.clone();
        let work = tokio::task::spawn_blocking(move || stage.work(range)).await;
        let work =
            work.map_err(|panic| ProvingError::Panic { first, last, reason: panic.to_string() })?;
        let Some(work) = work? else { return Ok(()) };
        let work = Arc::new(work);
        let mut tries = 0;
        loop {
            let started_ms = clock::now_ms();
            let span = info_span!("prove", batch = first, last);
            let proving = self.call_engine(Arc::clone(&work), first, last, shutdown);
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

    /// One try: a proof that holds. When it is time to stop, the engine ends between two of its tasks, or with the
    /// process.
    async fn call_engine(
        &self,
        work: Arc<Work>,
        first: BatchNumber,
        last: BatchNumber,
        shutdown: &mut Shutdown,
    ) -> Result<Result<BatchesProof, ProverError>, ProvingError> {
        info!(
            operations = work.jobs.iter().map(|job| job.witness.slots.len()).sum::<usize>(),
            "proving"
        );
        let (engine, progress) = (Arc::clone(&self.engine), Arc::clone(&self.progress));
        let cancel = CancelOnDrop::default();
        let mut task = {
            let cancel = cancel.0.clone();
            tokio::task::spawn_blocking(move || work.prove(&*engine, &*progress, &cancel))
        };
        let result = tokio::select! {
            result = &mut task => result,
            () = shutdown.stopped() => {
                cancel.0.cancel();
                match tokio::time::timeout(self.patience, task).await {
                    Ok(result) => result,
                    Err(_) => {
                        info!("the engine is at a long task, which ends with the process");
                        return Ok(Err(ProverError::Cancelled));
                    }
                }
            }
        };
        result.map_err(|panic| ProvingError::Panic { first, last, reason: panic.to_string() })
    }

    /// What the engine is given; none if L1 has come to have these batches proven, and what is left of them is removed.
    pub(super) fn work(
        &self,
        range: RangeInclusive<BatchNumber>,
    ) -> Result<Option<Work>, StoreError> {
        let first = *range.start();
        match self.read_work(range) {
            Err(StoreError::Missing { .. })
                if self.store.l1_view.get(&())?.is_some_and(|view| view.proven >= first) =>
            {
                Ok(None)
            }
            work => work.map(Some),
        }
    }

    fn read_work(&self, range: RangeInclusive<BatchNumber>) -> Result<Work, StoreError> {
        let from = match *range.start() {
            1 => B256::ZERO,
            first => self.publication(first - 1)?.record.chain_hash,
        };
        let mut to = from;
        let job = |number| -> Result<BatchJob, StoreError> {
            let witness = self.store.jobs.get(&number)?;
            let witness = witness.ok_or_else(|| missing("jobs", number))?;
            let Publication { location, record, .. } = self.publication(number)?;
            let previous_chain_hash = std::mem::replace(&mut to, record.chain_hash).0;
            Ok(BatchJob { witness, data: location, number, previous_chain_hash })
        };
        let jobs = range.map(job).collect::<Result<_, _>>()?;
        Ok(Work { jobs, from, to })
    }

    fn publication(&self, number: BatchNumber) -> Result<Publication, StoreError> {
        let row = self.store.publications.get(&number)?;
        row.ok_or_else(|| missing("publications", number))
    }

    /// Stores a proof, which holds.
    fn keep(
        &self,
        first: BatchNumber,
        last: BatchNumber,
        proof: &BatchesProof,
        started_ms: u64,
    ) -> Result<(), ProvingError> {
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

/// Batches to prove.
#[derive(Debug)]
pub(super) struct Work {
    jobs: Vec<BatchJob>,
    /// Chain hash before the first, as published.
    from: B256,
    /// Chain hash after the last, as published.
    to: B256,
}

impl Work {
    /// Has the engine prove them. Trust: none in its proof, which is held against what was published and verified as L1
    /// will.
    fn prove(
        &self,
        engine: &dyn Engine,
        progress: &dyn Listener,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let proof = engine.prove(&self.jobs, progress, cancel)?;
        let statement = SealStatement {
            kind: KIND_BATCHES,
            circuit_set_root: engine.circuit_set_root(),
            from: self.from.0,
            to: self.to.0,
        };
        if proof.seal == statement && engine.verifies(&statement, &proof.proof) {
            Ok(proof)
        } else {
            Err(ProverError::Statement)
        }
    }
}

/// Ends the engine's work with the future that waits for it.
#[derive(Debug, Default)]
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn missing(table: &'static str, number: BatchNumber) -> StoreError {
    StoreError::Missing { table, key: number.to_string() }
}
