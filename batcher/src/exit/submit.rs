//! Sends proofs to L1 and has the credit paid.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, U256};
use eyre::{Result, WrapErr, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use super::{
    file::ExitFile,
    l1::{FrozenError, FrozenRollup},
};

/// What L1 did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Submitted {
    /// One for each proof.
    pub exits: Vec<Sent>,
    /// One for each credit.
    pub payments: Vec<Payment>,
}

/// A proof that L1 has seen.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// The file.
    pub file: PathBuf,
    /// Leaves that left with it.
    pub leaves: usize,
    /// Leaves that had left before.
    pub left_before: usize,
    /// Of the transaction; none where all had left before.
    pub gas: Option<u64>,
}

/// A credit.
#[derive(Debug, Clone, Serialize)]
pub struct Payment {
    /// Whose.
    pub owner: Address,
    /// In what; zero is ether.
    pub asset: Address,
    /// Base units.
    pub amount: U256,
    /// Of the transaction.
    pub gas: Option<u64>,
    /// Why it was not paid: the owner or the token does not take part. The credit stays.
    pub refused: Option<String>,
}

/// The proofs in a folder, in the order of their names.
///
/// # Errors
/// There are none, or a file holds something else.
pub fn read_folder(folder: &Path) -> Result<Vec<(PathBuf, ExitFile)>> {
    let entries = std::fs::read_dir(folder)
        .wrap_err_with(|| format!("reading the proofs in {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| is_proof(path))
        .collect();
    paths.sort();
    ensure!(
        !paths.is_empty(),
        "{} holds no files exit-*.json: make them with `cairn exit prove`",
        folder.display()
    );
    paths.into_iter().map(|path| Ok((path.clone(), ExitFile::read(&path)?))).collect()
}

fn is_proof(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("exit-") && name.ends_with(".json")
}

/// Refuses proofs that L1 would not take, before anything is sent; returns the places of the circuit sets that may take each.
///
/// # Errors
/// Another chain or rollup, not frozen, another state, circuits that L1 does not take.
pub async fn check(
    l1: &FrozenRollup,
    rollup: Address,
    files: &[(PathBuf, ExitFile)],
) -> Result<Vec<Vec<U256>>> {
    let mut sets = Vec::with_capacity(files.len());
    let frozen_at = l1.check_frozen().await?;
    for (path, file) in files {
        let place = || path.display().to_string();
        ensure!(
            file.rollup == rollup,
            "{}: the proof is for rollup {}, not {rollup}: give it as --rollup",
            path.display(),
            file.rollup
        );
        l1.check_chain(file.chain_id).wrap_err_with(place)?;
        l1.check_state(file.state).await.wrap_err_with(place)?;
        sets.push(l1.circuit_sets(file.circuit_set_root, frozen_at).await.wrap_err_with(place)?);
    }
    Ok(sets)
}

/// Sends every proof some of whose leaves have not left, and then has all credits of their recipients paid.
///
/// # Errors
/// [`check`]'s, the node's, or a proof that L1 refuses. A credit that cannot be paid is no error, see [`Payment::refused`].
pub async fn submit(
    l1: &FrozenRollup,
    rollup: Address,
    files: &[(PathBuf, ExitFile)],
    bar: &ProgressBar,
) -> Result<Submitted> {
    let sets = check(l1, rollup, files).await?;
    let mut submitted = Submitted::default();
    let mut credits = BTreeSet::new();
    for ((path, file), sets) in files.iter().zip(sets) {
        let leaving = file.leaving();
        let mut left_before = 0;
        for leaf in &leaving {
            left_before += usize::from(l1.has_exited(leaf.leaf).await?);
            credits.insert((leaf.recipient, leaf.token));
        }
        let gas = if left_before < leaving.len() {
            Some(l1.exit(&sets, file.leaves.clone(), file.words()).await?)
        } else {
            None
        };
        let leaves = leaving.len() - left_before;
        submitted.exits.push(Sent { file: path.clone(), leaves, left_before, gas });
        bar.inc(1);
    }
    let mut owed = BTreeSet::new();
    for (recipient, token) in credits {
        owed.insert((recipient, l1.asset(token).await?));
    }
    submitted.payments = collect(l1, owed).await?;
    Ok(submitted)
}

/// Has credits paid, where there are any.
///
/// # Errors
/// The node's, but not a payment's.
pub async fn collect(
    l1: &FrozenRollup,
    credits: impl IntoIterator<Item = (Address, Address)>,
) -> Result<Vec<Payment>, FrozenError> {
    let mut payments = Vec::new();
    for (owner, asset) in credits {
        let amount = l1.credit(owner, asset).await?;
        if amount.is_zero() {
            continue;
        }
        let (gas, refused) = match l1.collect(owner, asset).await {
            Ok(gas) => (Some(gas), None),
            Err(error) => (None, Some(error.to_string())),
        };
        payments.push(Payment { owner, asset, amount, gas, refused });
    }
    Ok(payments)
}

impl fmt::Display for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Sent { file, leaves, left_before, gas } in &self.exits {
            let gas = gas.map_or("not sent".to_owned(), |gas| format!("{gas} gas"));
            let file = file.display();
            writeln!(f, "{file}: {leaves} leaves left, {left_before} had left before, {gas}")?;
        }
        write_payments(&self.payments, f)
    }
}

/// One line for each payment.
pub(super) fn write_payments(payments: &[Payment], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for Payment { owner, asset, amount, gas, refused } in payments {
        let asset = if asset.is_zero() { "wei".to_owned() } else { format!("of {asset}") };
        match (gas, refused) {
            (_, Some(reason)) => writeln!(f, "{owner}: {amount} {asset} NOT PAID: {reason}")?,
            (gas, None) => writeln!(f, "{owner}: {amount} {asset}, {} gas", gas.unwrap_or(0))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_proofs_says_how_to_make_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("other.json"), "{}").unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("holds no files exit-*.json") && error.contains("cairn exit prove"));
        std::fs::write(folder.path().join("exit-0001.json"), "{}").unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("exit-0001.json is no exit proof"), "{error}");
        let error = read_folder(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("reading the proofs in"), "{error}");
    }
}
