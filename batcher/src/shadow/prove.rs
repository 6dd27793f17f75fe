//! The first batches proven by the real engine, each by a proof of its own.

use std::{fmt, path::Path, str::FromStr};

use cairn_prover::{BatchJob, Cancel, Engine, LocalProver, measure::Stopwatch, progress::Progress};
use cairn_types::DataMode;
use serde::Serialize;

use super::{error::ShadowError, play::Sealed};
use crate::{parse::decimal, publication::Published};

/// Which batches are proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prove {
    /// So many, from the first.
    First(u32),
    /// All.
    All,
}

impl FromStr for Prove {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            _ => decimal(text).map(Self::First).map_err(|_| "expected a number of batches, or all"),
        }
    }
}

impl fmt::Display for Prove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First(batches) => write!(f, "{batches}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl Prove {
    /// Whether this batch is among them.
    #[must_use]
    pub fn has(self, batch: u32) -> bool {
        match self {
            Self::First(batches) => batch <= batches,
            Self::All => true,
        }
    }
}

/// What a proof took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofTime {
    /// The batch.
    pub batch: u32,
    /// Transfers of the ledger in it.
    pub transfers: u32,
    /// Chunk proofs.
    pub chunks: usize,
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds of all threads.
    pub cpu_s: f64,
}

/// The engine, and where the chain of batches stands.
#[derive(Debug)]
pub struct Proving {
    engine: LocalProver,
    which: Prove,
    mode: DataMode,
    chain_hash: [u8; 32],
    /// The proofs so far. Each has been verified as L1 does.
    pub proofs: Vec<ProofTime>,
}

impl Proving {
    /// Takes circuits and keys from the cache, or makes them.
    ///
    /// # Errors
    /// The cache cannot be used.
    pub fn load(
        which: Prove,
        mode: DataMode,
        cache: &Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Self, ShadowError> {
        let engine = LocalProver::load(cache, threads, progress)?;
        // Else the first proof would be the one that reads them.
        engine.load_keys()?;
        Ok(Self { engine, which, mode, chain_hash: [0; 32], proofs: Vec::new() })
    }

    /// Threads that prove.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.engine.threads()
    }

    /// Proves a batch, if it is among those that are to be.
    ///
    /// # Errors
    /// There is no proof, or it does not hold.
    pub fn prove(&mut self, sealed: Sealed, progress: &dyn Progress) -> Result<(), ShadowError> {
        let Sealed { number: batch, witness, transfers } = sealed;
        if !self.which.has(batch) {
            return Ok(());
        }
        let published = Published::new(self.mode, &witness, batch);
        let published = published.map_err(|source| ShadowError::Blob { batch, source })?;
        let previous_chain_hash = self.chain_hash;
        self.chain_hash = published.header.chain_hash(&previous_chain_hash);
        let job =
            BatchJob { witness, data: published.location, number: batch, previous_chain_hash };
        let watch = Stopwatch::start();
        // The engine verifies what it returns, in the contract's form.
        let proof = self.engine.prove(&[job], progress, &Cancel::default());
        let proof = proof.map_err(|source| ShadowError::Prover { batch, source })?;
        let time = watch.stop("");
        if !self.engine.verifies(&proof.seal, &proof.proof) || proof.seal.to != self.chain_hash {
            let reason = "the proof is of another batch".to_owned();
            return Err(ShadowError::Differs { batch, reason });
        }
        let (chunks, wall_s, cpu_s) = (proof.chunks, time.wall_s, time.cpu_s);
        self.proofs.push(ProofTime { batch, transfers, chunks, wall_s, cpu_s });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_batches_are_proven() {
        assert_eq!("all".parse(), Ok(Prove::All));
        assert_eq!("3".parse(), Ok(Prove::First(3)));
        assert_eq!([0, 3, 4].map(|batch| Prove::First(3).has(batch)), [true, true, false]);
        assert!(Prove::All.has(u32::MAX));
        for text in ["", "+1", "ALL", "1.5", "4294967296"] {
            assert!(text.parse::<Prove>().is_err(), "{text}");
        }
    }
}
