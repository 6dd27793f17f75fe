//! Publishes sealed batches: chooses where their data goes, which fixes their headers.

use std::{pin::Pin, sync::Arc};

use alloy::primitives::{B256, Bytes, U256};
use cairn_state::BatchWitness;
use cairn_types::DataMode;
use tokio::task::JoinError;
use tracing::info;

use super::{
    error::ProvingError,
    price::{self, Prices, Words},
};
use crate::{
    clock,
    l1::data_modes::DataModes,
    publication::Published,
    signals::{Shutdown, Signals},
    store::{
        Store, StoreError,
        records::{BatchNumber, BatchRecord, Publication},
    },
};

/// Has the words of a batch signed for by the data committee, which keeps them.
///
/// Returns when enough members have signed, with their signatures as the contract takes them. It may take long: members are other
/// people's machines. It must not give up on what waiting mends.
pub trait SignData: std::fmt::Debug + Send + Sync {
    /// Signatures for the data of the batch with this number; or why no waiting helps, in one line.
    fn sign<'a>(&'a self, number: BatchNumber, batch: &'a BatchWitness) -> Signing<'a>;
}

/// Signatures under way.
pub type Signing<'a> = Pin<Box<dyn Future<Output = Result<Bytes, String>> + Send + 'a>>;

/// What publishes.
#[derive(Debug)]
pub(super) struct Publisher {
    /// The modes that the configuration wants, and deployment and chain take.
    pub(super) modes: DataModes,
    pub(super) genesis: B256,
    pub(super) committee: Option<Arc<dyn SignData>>,
    pub(super) store: Store,
    pub(super) signals: Signals,
}

impl Publisher {
    /// Publishes each batch once its witness is there, in order, until it is told to stop.
    pub(super) async fn run(&self, mut shutdown: Shutdown) -> Result<(), ProvingError> {
        let mut sealed = self.signals.sealed.listen();
        while !shutdown.is_stopped() {
            let next = self.previous()?.number + 1;
            let wake = async {
                match self.witness(next).await? {
                    Some(witness) => self.publish(next, witness).await,
                    None => {
                        sealed.changed().await;
                        Ok(())
                    }
                }
            };
            tokio::select! {
                result = wake => result?,
                () = shutdown.stopped() => {}
            }
        }
        Ok(())
    }

    /// What a batch was executed from, if it is sealed. It is long: not read on the threads that serve.
    async fn witness(&self, number: BatchNumber) -> Result<Option<BatchWitness>, ProvingError> {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.jobs.get(&number)).await {
            Ok(witness) => Ok(witness?),
            Err(panic) => Err(panicked(number, &panic)),
        }
    }

    /// The record of the last batch that was published; genesis if none was.
    fn previous(&self) -> Result<BatchRecord, StoreError> {
        let genesis = BatchRecord {
            number: 0,
            timestamp: 0,
            priority_end: 0,
            state: self.genesis,
            chain_hash: B256::ZERO,
        };
        Ok(self.store.publications.last()?.map_or(genesis, |(_, last)| last.record))
    }

    async fn publish(
        &self,
        number: BatchNumber,
        witness: BatchWitness,
    ) -> Result<(), ProvingError> {
        let sealed = self
            .store
            .batches
            .get(&number)?
            .ok_or_else(|| StoreError::Missing { table: "batches", key: number.to_string() })?;
        let (mode, estimate_wei) = self.mode(number, Words::of(&witness))?;
        let signatures = match (&self.committee, mode) {
            (Some(committee), DataMode::Committee) => {
                let signed = committee.sign(number, &witness).await;
                signed.map_err(|reason| ProvingError::Committee { batch: number, reason })?
            }
            (None, DataMode::Committee) => {
                let reason = "the configuration names no data committee".to_owned();
                return Err(ProvingError::Committee { batch: number, reason });
            }
            _ => Bytes::new(),
        };
        let previous = self.previous()?;
        // KZG takes a tenth of a second a blob: not on the threads that serve.
        let published = tokio::task::spawn_blocking(move || {
            let published = Published::new(mode, &witness, number)?;
            let record = published.record(&previous, sealed.priority_end);
            Ok((published.location, record))
        });
        let (location, record) = match published.await {
            Ok(result) => result.map_err(|source| ProvingError::Blobs { batch: number, source })?,
            Err(panic) => return Err(panicked(number, &panic)),
        };
        let published_ms = clock::now_ms();
        let publication = Publication { location, record, signatures, estimate_wei, published_ms };
        let mut write = self.store.write();
        write.put(&self.store.publications, &number, &publication)?;
        write.commit()?;
        info!(batch = number, data = mode.name(), estimate_wei = %estimate_wei, "published");
        self.signals.proving.ring();
        Ok(())
    }

    /// Where the data goes, and what the commitment is expected to cost there.
    pub(super) fn mode(
        &self,
        batch: BatchNumber,
        words: Words,
    ) -> Result<(DataMode, U256), ProvingError> {
        let view = self.store.l1_view.get(&())?.unwrap_or_default();
        let prices = Prices { gas: view.base_fee, blob_gas: view.blob_base_fee };
        let cheapest = price::cheapest(self.modes, words, prices);
        cheapest.ok_or(ProvingError::TooMuchCalldata { batch, words })
    }
}

fn panicked(number: BatchNumber, panic: &JoinError) -> ProvingError {
    ProvingError::Panic { first: number, last: number, reason: panic.to_string() }
}
