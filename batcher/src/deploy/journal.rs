//! What an unfinished deployment has done so far, in the file that its manifest will have. Each transaction is
//! noted before it is sent: whoever is cut short goes on from here, and nothing is deployed twice.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256, Bytes};
use cairn_prover::files::{check_writable, write_atomically};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    DeployError,
    config::{Roles, Terms},
    manifest::{self, Circuits, Contract, FORMAT, Manifest, ManifestError},
};
use crate::l1::{artifacts::Compiler, http::quote};

/// What is deployed, by whom and where: all of it must be the same when a deployment goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) chain_id: u64,
    pub(super) deployer: Address,
    pub(super) genesis_state: B256,
    pub(super) roles: Roles,
    pub(super) terms: Terms,
    pub(super) circuits: Circuits,
    pub(super) compiler: Compiler,
    /// Keccak-256 of the code that makes each contract, by its name, without the constructor's arguments.
    pub(super) creations: BTreeMap<String, B256>,
    /// Not compared: another commit may have the same contracts.
    pub(super) commit: String,
}

/// A transaction that may be on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    /// Of the contract.
    pub(super) name: String,
    pub(super) nonce: u64,
    /// Its hash, and before it those that it replaces. One of them can be mined, since they have the same nonce.
    pub(super) transactions: Vec<B256>,
    /// The last one, signed.
    pub(super) raw: Bytes,
    /// By what the node said none of them can be mined any more. They are asked for once more before another one is
    /// sent.
    #[serde(default)]
    pub(super) is_given_up: bool,
}

/// How far a deployment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    pub(super) plan: Plan,
    /// Block of the first contract.
    pub(super) first_block: Option<u64>,
    /// Those that are on the chain.
    pub(super) contracts: Vec<Contract>,
    pub(super) sent: Option<Sent>,
}

/// The file of an unfinished deployment; its second field is what readers of manifests refuse.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unfinished<P> {
    format: u32,
    unfinished: P,
}

/// The only writer of a deployment's progress.
#[derive(Debug, Default)]
pub struct Journal {
    file: Option<Place>,
    progress: Option<Progress>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Of the folder, since the file itself is replaced with each write.
    lock: Option<File>,
}

impl Drop for Place {
    /// Not left to the file's end: a child that is just being started has it too.
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            let _ = lock.unlock();
        }
    }
}

impl Journal {
    /// Of a deployment that starts over when it is cut short.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Of the deployment whose manifest this file will be. It is made once, to see whether it can be, and removed
    /// again.
    ///
    /// # Errors
    /// The file cannot be made, is a finished deployment's or no manifest, or another process is at work on it.
    pub fn open(path: &Path) -> Result<Self, DeployError> {
        let file = |source| ManifestError::File { path: path.to_owned(), source };
        if path.as_os_str() == "-" {
            return Err(DeployError::NoFile);
        }
        let text = path.as_os_str().as_encoded_bytes();
        if path.is_dir() || text.ends_with(b"/") || text.ends_with(b"/.") || text.is_empty() {
            return Err(DeployError::Folder { path: path.to_owned() });
        }
        check_writable(path).map_err(file)?;
        let folder = folder(path);
        std::fs::create_dir_all(folder).map_err(file)?;
        let place = Place { path: path.to_owned(), lock: lock(folder)? };
        let mut journal = Self { file: Some(place), progress: None };
        if path.exists() {
            journal.progress = Some(read(path)?);
        }
        Ok(journal)
    }

    /// Whether a transaction has been signed before: what remains costs less than all of it.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.progress.as_ref().is_some_and(Progress::is_begun)
    }

    /// Goes on with this plan, or begins with it.
    pub(super) fn begin(&mut self, plan: Plan) -> Result<Working<'_>, DeployError> {
        let Self { file, progress } = self;
        if let Some(begun) = progress.take().filter(Progress::is_begun) {
            let path = file.as_ref().map(|place| place.path.clone()).unwrap_or_default();
            match begun.plan.expect(&plan, path) {
                Ok(()) => *progress = Some(begun),
                // Nothing has come of it.
                Err(_) if begun.is_given_up() => {}
                Err(other) => return Err(other),
            }
        }
        let fresh = || Progress { plan, first_block: None, contracts: Vec::new(), sent: None };
        Ok(Working { file: file.as_ref(), progress: progress.get_or_insert_with(fresh) })
    }
}

/// A journal with its plan.
#[derive(Debug)]
pub(super) struct Working<'a> {
    file: Option<&'a Place>,
    progress: &'a mut Progress,
}

impl Working<'_> {
    pub(super) fn progress(&self) -> &Progress {
        self.progress
    }

    /// Notes a transaction, before it is sent; or that there is none, since it can never be mined.
    pub(super) fn note_sent(&mut self, sent: Option<Sent>) -> Result<(), ManifestError> {
        self.progress.sent = sent;
        self.write()
    }

    /// Notes a contract that is on the chain.
    pub(super) fn note_made(
        &mut self,
        contract: Contract,
        block: Option<u64>,
    ) -> Result<(), ManifestError> {
        self.progress.sent = None;
        self.progress.first_block = self.progress.first_block.or(block);
        self.progress.contracts.push(contract);
        self.write()
    }

    /// Puts the manifest in the place of the progress.
    pub(super) fn finish(self, manifest: &Manifest) -> Result<(), ManifestError> {
        self.file.map_or(Ok(()), |place| manifest.write(&place.path))
    }

    fn write(&self) -> Result<(), ManifestError> {
        let Some(Place { path, .. }) = self.file else { return Ok(()) };
        let unfinished = Unfinished { format: FORMAT, unfinished: &*self.progress };
        write_atomically(path, |file| {
            serde_json::to_writer_pretty(&mut *file, &unfinished)?;
            writeln!(file)
        })
        .map_err(|source| ManifestError::File { path: path.clone(), source })
    }
}

impl Progress {
    /// Whether there is but a transaction that can never be mined, by what the node has said.
    fn is_given_up(&self) -> bool {
        self.contracts.is_empty() && self.sent.as_ref().is_some_and(|sent| sent.is_given_up)
    }

    fn is_begun(&self) -> bool {
        self.sent.is_some() || !self.contracts.is_empty()
    }
}

impl Plan {
    fn expect(&self, now: &Self, path: PathBuf) -> Result<(), DeployError> {
        let now = Self { commit: self.commit.clone(), ..now.clone() };
        let value = |plan: &Self| serde_json::to_value(plan).unwrap_or_default();
        let Some((what, begun, now)) = difference(&value(self), &value(&now)) else {
            return Ok(());
        };
        Err(DeployError::OtherPlan { path, what, begun: quote(&begun), now: quote(&now) })
    }
}

/// The first field that differs, and its values.
fn difference(a: &Value, b: &Value) -> Option<(String, String, String)> {
    if a == b {
        return None;
    }
    let inner = a.as_object().zip(b.as_object()).and_then(|(a, b)| {
        let differs = |name: &&String| a.get(*name) != b.get(*name);
        let name = a.keys().chain(b.keys()).find(differs)?;
        let value = |fields: &serde_json::Map<_, _>| fields.get(name).cloned().unwrap_or_default();
        let (below, a, b) = difference(&value(a), &value(b))?;
        let dot = if below.is_empty() { "" } else { "." };
        Some((format!("{name}{dot}{below}"), a, b))
    });
    inner.or_else(|| Some((String::new(), a.to_string(), b.to_string())))
}

fn read(path: &Path) -> Result<Progress, DeployError> {
    let value = manifest::read_value(path)?;
    if value.get("unfinished").is_none() {
        manifest::from_value::<Manifest>(path, value)?;
        return Err(DeployError::Finished { path: path.to_owned() });
    }
    Ok(manifest::from_value::<Unfinished<Progress>>(path, value)?.unfinished)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Two processes would both go on from the same file, and deploy the next contract twice.
fn lock(folder: &Path) -> Result<Option<File>, DeployError> {
    let file = |source| ManifestError::File { path: folder.to_owned(), source };
    let lock = File::open(folder).map_err(file)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(DeployError::InUse { folder: folder.to_owned() }),
        // Some file systems lock no folders.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}
