//! Settings of publication and proving: the `[proving]` section.

use cairn_types::DataMode;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::l1::data_modes::DataModes;

/// Where batches have their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataChoice {
    /// In calldata or blobs, whichever deployment and chain take and costs less when the batch is published.
    #[default]
    Auto,
    /// Always in calldata: at most 3,870 words a batch, and less beside other streams.
    Calldata,
    /// Always in blobs.
    Blobs,
    /// Always with the data committee: a validium. Not for files: see [`NO_COMMITTEE`].
    Committee,
}

impl DataChoice {
    /// The modes that it chooses from.
    #[must_use]
    pub const fn modes(self) -> DataModes {
        match self {
            Self::Auto => DataModes::ON_L1,
            Self::Calldata => DataModes::only(DataMode::Calldata),
            Self::Blobs => DataModes::only(DataMode::Blobs),
            Self::Committee => DataModes::only(DataMode::Committee),
        }
    }
}

/// Members sign where they are, and a file names nobody who would bring their signatures: only a program that does
/// starts a service so.
pub const NO_COMMITTEE: &str = "this service has no data committee whose signatures it could collect: expected auto, calldata or blobs";

/// The `[proving]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct ProvingConfig {
    /// Where batches have their data: auto, calldata or blobs.
    pub data: DataChoice,
    /// Threads of the prover; 0 takes all cores.
    pub threads: usize,
    /// Batches that share a proof, at the most. Those that wait when the prover is free are proven together: the last
    /// layers cost the same for one and for many.
    pub max_batches_a_proof: u32,
    /// Operations of the batches that share a proof, at the most: bounds the memory of their witnesses.
    pub max_operations_a_proof: u32,
    /// How often a proof that fails is tried again before the stage ends.
    pub retries: u32,
    /// Seconds between tries.
    pub retry_after_s: u64,
}

impl Default for ProvingConfig {
    fn default() -> Self {
        Self {
            data: DataChoice::Auto,
            threads: 0,
            max_batches_a_proof: 8,
            max_operations_a_proof: 65_536,
            retries: 3,
            retry_after_s: 10,
        }
    }
}

impl ProvingConfig {
    /// Refuses settings of a file under which nothing would be published or proven.
    ///
    /// # Errors
    /// The field, what it must be, and what it is.
    pub fn check(&self) -> Result<(), String> {
        if self.data == DataChoice::Committee {
            return Err(format!("proving.data: {NO_COMMITTEE}"));
        }
        let positive = [
            ("max_batches_a_proof", self.max_batches_a_proof),
            ("max_operations_a_proof", self.max_operations_a_proof),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(format!("proving.{field}: expected at least 1, got 0")),
            None => Ok(()),
        }
    }

    /// Threads of the prover on this machine.
    #[must_use]
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => cairn_prover::cores(),
            threads => threads,
        }
    }
}
