//! Where a command finds the data of batches.

use std::path::PathBuf;

use alloy::providers::DynProvider;
use cairn_batcher::reconstruct::{
    beacon::Beacon,
    blobs::{Blobs, Folder, LocalNode},
    committee::Members,
    source::Sources,
};
use eyre::{Result, WrapErr};

/// Places that have data, each option as often as there are such places.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DataArguments {
    /// Blobs as files named by versioned hash. More than once for several folders.
    #[arg(long, value_name = "DIR")]
    blobs: Vec<PathBuf>,
    /// A beacon node, or an archive of blobs that answers as one. More than once for several.
    #[arg(long, value_name = "URL")]
    beacon: Vec<String>,
    /// What a member of the data committee keeps: a folder, or a server of one. More than once for several members.
    #[arg(long, value_name = "DIR|URL")]
    committee: Vec<String>,
}

/// The places, before L1 is known.
#[derive(Debug)]
pub(crate) struct DataPlaces {
    blobs: Blobs,
    members: Members,
}

impl DataArguments {
    /// Refuses what is no URL.
    pub(crate) fn places(&self) -> Result<DataPlaces> {
        let (mut blobs, mut members) = (Blobs::default(), Members::default());
        self.blobs.iter().for_each(|folder| blobs.push(Folder(folder.clone())));
        for url in &self.beacon {
            blobs.push(Beacon::new(url).wrap_err("--beacon")?);
        }
        for place in &self.committee {
            members.push(place).wrap_err("--committee")?;
        }
        Ok(DataPlaces { blobs, members })
    }
}

impl DataPlaces {
    /// All places, and L1's node after them: only anvil has blobs itself.
    pub(crate) fn sources(mut self, node: &DynProvider) -> Sources {
        self.blobs.push(LocalNode(node.clone()));
        let mut sources = Sources::default();
        sources.push(self.blobs);
        sources.push(self.members);
        sources
    }
}
