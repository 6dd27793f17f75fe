//! Sends proofs to L1 and has the credit paid.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, U256};
use eyre::{Result, WrapErr, bail, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use super::{
    file::ExitFile,
    l1::{FrozenError, FrozenRollup},
};

/// What to do about a fault of the node: what has been done is passed over.
pub(super) const AGAIN: &str = "run the same command again for the rest";

/// What L1 did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Submitted {
    /// One for each proof.
    pub exits: Vec<Sent>,
    /// One for each credit.
    pub payments: Vec<Payment>,
    /// Why it ended early: the node. What is not above was not tried.
    pub fault: Option<String>,
}

impl Submitted {
    /// Refuses what did not all go through. A credit that was not paid is none of it, see [`Payment::refused`].
    ///
    /// # Errors
    /// The node's, or how many proofs L1 did not take.
    pub fn check(&self) -> Result<()> {
        if let Some(fault) = &self.fault {
            bail!("{fault}; {AGAIN}");
        }
        let refused = self.exits.iter().filter(|sent| sent.refused.is_some()).count();
        let tried = self.exits.len();
        ensure!(refused == 0, "{refused} of {tried} proofs not taken: see their files' lines");
        Ok(())
    }
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
    /// Why none left with it: L1 or the node does not take it.
    pub refused: Option<String>,
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
/// What L1 refuses is no error here, see [`Submitted::check`]: one bad proof holds none of the others up.
///
/// # Errors
/// [`check`]'s, before anything is sent.
pub async fn submit(
    l1: &FrozenRollup,
    rollup: Address,
    files: &[(PathBuf, ExitFile)],
    bar: &ProgressBar,
) -> Result<Submitted> {
    let sets = check(l1, rollup, files).await?;
    let mut submitted = Submitted::default();
    let ended = submit_into(&l1.above(bar), files, &sets, bar, &mut submitted).await;
    submitted.fault = ended.err().map(|fault| fault.to_string());
    Ok(submitted)
}

/// Ends where nothing else would come through either.
async fn submit_into(
    l1: &FrozenRollup,
    files: &[(PathBuf, ExitFile)],
    sets: &[Vec<U256>],
    bar: &ProgressBar,
    submitted: &mut Submitted,
) -> Result<(), FrozenError> {
    let mut credits = BTreeSet::new();
    for ((path, file), sets) in files.iter().zip(sets) {
        let mut sent =
            Sent { file: path.clone(), leaves: 0, left_before: 0, gas: None, refused: None };
        let error = send(l1, file, sets, &mut sent).await.err();
        sent.refused = error.as_ref().map(ToString::to_string);
        submitted.exits.push(sent);
        bar.inc(1);
        match error {
            None => credits.extend(file.leaving().iter().map(|leaf| (leaf.recipient, leaf.token))),
            Some(error) if error.is_transient() => return Err(error),
            Some(_) => {}
        }
    }
    let mut owed = BTreeSet::new();
    for (recipient, token) in credits {
        owed.insert((recipient, l1.asset(token).await?));
    }
    collect(l1, owed, &mut submitted.payments).await
}

/// Sends a proof, unless all its leaves have left.
async fn send(
    l1: &FrozenRollup,
    file: &ExitFile,
    sets: &[U256],
    sent: &mut Sent,
) -> Result<(), FrozenError> {
    let leaving = file.leaving();
    for leaf in &leaving {
        sent.left_before += usize::from(l1.has_exited(leaf.leaf).await?);
    }
    let leaves = leaving.len() - sent.left_before;
    if leaves > 0 {
        sent.gas = Some(l1.exit(sets, file.leaves.clone(), file.words()).await?);
        sent.leaves = leaves;
    }
    Ok(())
}

/// Has credits paid, where there are any.
///
/// # Errors
/// The node's, but not a payment's refusal.
pub async fn collect(
    l1: &FrozenRollup,
    credits: impl IntoIterator<Item = (Address, Address)>,
    payments: &mut Vec<Payment>,
) -> Result<(), FrozenError> {
    for (owner, asset) in credits {
        let amount = l1.credit(owner, asset).await?;
        if amount.is_zero() {
            continue;
        }
        let (gas, error) = match l1.collect(owner, asset).await {
            Ok(gas) => (Some(gas), None),
            Err(error) => (None, Some(error)),
        };
        let refused = error.as_ref().map(ToString::to_string);
        payments.push(Payment { owner, asset, amount, gas, refused });
        // Nothing else would come through either.
        if let Some(error) = error.filter(FrozenError::is_transient) {
            return Err(error);
        }
    }
    Ok(())
}

impl fmt::Display for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Sent { file, leaves, left_before, gas, refused } in &self.exits {
            let file = file.display();
            if let Some(reason) = refused {
                writeln!(f, "{file}: NOT TAKEN: {reason}")?;
                continue;
            }
            let gas = gas.map_or("not sent".to_owned(), |gas| format!("{gas} gas"));
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
    fn a_refused_proof_is_named_and_counted() {
        let sent = |file: &str, gas, refused: Option<&str>| Sent {
            file: file.into(),
            leaves: 2,
            left_before: 1,
            gas,
            refused: refused.map(str::to_owned),
        };
        let exits = vec![
            sent("exit-0001.json", None, Some("L1, letting leaves exit: why")),
            sent("exit-0002.json", Some(5), None),
        ];
        let mut submitted = Submitted { exits, ..Submitted::default() };
        assert_eq!(
            submitted.to_string(),
            "exit-0001.json: NOT TAKEN: L1, letting leaves exit: why\n\
             exit-0002.json: 2 leaves left, 1 had left before, 5 gas\n"
        );
        let error = submitted.check().unwrap_err().to_string();
        assert!(error.starts_with("1 of 2 proofs not taken"), "{error}");
        submitted.fault = Some("no node".to_owned());
        assert!(submitted.check().unwrap_err().to_string().starts_with("no node; run the same"));
        assert!(Submitted::default().check().is_ok());
    }

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
