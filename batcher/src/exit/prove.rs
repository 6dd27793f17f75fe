//! Proves leaves in groups, a file each; what is there already is not proven again.

use std::path::{Path, PathBuf};

use alloy::primitives::B256;
use cairn_prover::{EXIT_CAPACITY, Engine, ExitJob, ExitRequest, LocalProver};
use cairn_types::{ExitEntry, domain};
use eyre::{Result, WrapErr, bail};
use serde::Serialize;

use super::file::{ExitFile, ExitFileError};
use crate::{progress::Bars, snapshot::Snapshot};

/// A file of the folder.
#[derive(Debug, Clone, Serialize)]
pub struct Proven {
    /// Where it is.
    pub file: PathBuf,
    /// Leaves that it lets go.
    pub leaves: usize,
    /// It was there before.
    pub kept: bool,
    /// What the proof took.
    pub wall_s: f64,
}

/// Name of a group's file, from 1.
fn file_name(group: usize) -> String {
    format!("exit-{group:04}.json")
}

/// Checks, before the long work, the files in `folder` that have the names of so many requests' proofs.
///
/// # Errors
/// One of them holds something else than a proof.
pub fn check_files(folder: &Path, requests: usize) -> Result<(), ExitFileError> {
    let paths = (1..=requests.div_ceil(EXIT_CAPACITY)).map(|group| folder.join(file_name(group)));
    for path in paths {
        // Also a link to nothing: the proof would go there.
        if path.symlink_metadata().is_ok() {
            ExitFile::read(&path)?;
        }
    }
    Ok(())
}

/// Proves the requests in groups of [`EXIT_CAPACITY`] and writes each to a file of `folder`, at once. A file that holds the proof
/// of this very group stays.
///
/// # Errors
/// A leaf may not leave, or a file holds something else.
pub fn prove(
    prover: &LocalProver,
    snapshot: &mut Snapshot,
    requests: &[ExitRequest],
    folder: &Path,
    bars: &Bars,
) -> Result<Vec<Proven>> {
    let groups = requests.chunks(EXIT_CAPACITY);
    let bar = bars.bar("exit proofs", groups.len());
    let mut written = Vec::with_capacity(groups.len());
    for (number, group) in (1..).zip(groups) {
        let path = folder.join(file_name(number));
        written.push(prove_group(prover, snapshot, group, path, bars)?);
        bar.inc(1);
    }
    bars.finish(&bar);
    Ok(written)
}

fn prove_group(
    prover: &LocalProver,
    snapshot: &mut Snapshot,
    group: &[ExitRequest],
    path: PathBuf,
    bars: &Bars,
) -> Result<Proven> {
    let Snapshot { chain_id, rollup, .. } = *snapshot;
    let domain = domain(chain_id, &rollup.into_array());
    let job = ExitJob::new(&mut snapshot.state, domain, group);
    let entries = job.entries();
    let root = prover.circuit_set_root();
    let statement = job.statement(root);
    let wanted = ExitFile {
        chain_id,
        rollup,
        circuit_set_root: B256::from(root.to_bytes()),
        state: B256::from(statement.from),
        leaves: entries.iter().flat_map(ExitEntry::to_bytes).collect(),
        proof: [B256::ZERO; 8],
    };
    let proven = |kept, wall_s| Proven { file: path.clone(), leaves: group.len(), kept, wall_s };
    if path.exists() {
        let found = ExitFile::read(&path)?;
        let same = found == ExitFile { proof: found.proof, ..wanted };
        if !same || !prover.verifies(&statement, &found.proof.map(|word| word.0)) {
            bail!(
                "{} holds another proof, of other leaves, another state or other circuits: remove it, or choose another folder with --out",
                path.display()
            );
        }
        return Ok(proven(true, 0.0));
    }
    let proof =
        prover.prove_exit(&job, bars).wrap_err_with(|| format!("proving {}", path.display()))?;
    ExitFile { proof: proof.proof.map(B256::from), ..wanted }.write(&path)?;
    Ok(proven(false, proof.stages.iter().map(|stage| stage.wall_s).sum()))
}
