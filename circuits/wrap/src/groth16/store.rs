//! Keys on disk, so that a million constraints' keys are made once.
//!
//! A file is one block of 64 bytes, the proving key's blocks ([`super::proving_key`]), and one block with the
//! checksum. The first block is `magic (8) || key id (32) || form of the points (8)`. The name is the key id,
//! which follows from circuit digest and seed: a changed circuit has other keys. Files are written aside, synced
//! and renamed, so a name that exists is whole, and none is changed afterwards.
//!
//! A file is mapped: a proof reads it in place. The checksum of all of it finds damage before that, and after it the
//! points are taken without further checks. Whoever can write to the folder can forge the checksum too, or change
//! the file later: keep it as safe as the program itself. What could come of it is a proof that does not verify, and
//! none is returned then.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::map::Map;
use super::proving_key::{Block, bytes};
use super::{InsecureDevSetup, Keys, ProvingKey, SetupError, check_verifying_key, msm};
use crate::r1cs::Builder;

const MAGIC: [u8; 8] = *b"CAIRNPK2";
const HASH_LEN: usize = 32;

/// Blocks that are hashed at once, and whose hashes are hashed.
const HASHED: usize = 1 << 16;

/// A folder of keys, outside the repository.
#[derive(Clone, Debug)]
pub struct KeyStore {
    folder: PathBuf,
}

/// Keys could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The operating system refused, for example because the disk is full.
    #[error("{action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is not what its name says: cut short, damaged or of another version.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// No keys could be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

impl KeyStore {
    /// Keys in this folder, which is made when something is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The circuit's keys: read, or made and kept. A damaged file is replaced.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Setup`].
    pub fn load_or_setup(
        &self,
        circuit: &Builder,
        setup: InsecureDevSetup,
    ) -> Result<Keys, StoreError> {
        let id = setup.key_id(circuit.digest());
        match self.load(circuit, setup) {
            Ok(Some(keys)) => return Ok(keys),
            Ok(None) => {}
            Err(error @ StoreError::Damaged { .. }) => tracing::warn!("{error}; making new keys"),
            Err(error) => return Err(error),
        }
        let keys = setup.run(circuit)?;
        let path = self.path(&id);
        self.write(&path, &id, &keys.proving).map_err(|source| StoreError::Io {
            action: "write",
            path,
            source,
        })?;
        Ok(keys)
    }

    /// The circuit's keys if the folder has them.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Damaged`].
    pub fn load(
        &self,
        circuit: &Builder,
        setup: InsecureDevSetup,
    ) -> Result<Option<Keys>, StoreError> {
        let circuit_digest = circuit.digest();
        let id = setup.key_id(circuit_digest);
        let path = self.path(&id);
        let map = match File::open(&path).and_then(|file| Map::new(&file)) {
            Ok(map) => map,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { action: "read", path, source }),
        };
        let damaged = |reason| StoreError::Damaged { path: path.clone(), reason };
        let proving = Body::new(map, &id).and_then(ProvingKey::from_blocks).map_err(damaged)?;
        check_verifying_key(proving.verifying(), circuit.num_public()).map_err(SetupError::from)?;
        let of_circuit = (circuit.num_wires(), circuit.num_public());
        if (proving.num_wires(), proving.num_public()) != of_circuit {
            return Err(damaged("it is for another number of wires"));
        }
        tracing::warn!("{}", super::INSECURE_NOTICE);
        Ok(Some(Keys { circuit_digest, proving }))
    }

    fn path(&self, id: &[u8; HASH_LEN]) -> PathBuf {
        let name: String = id[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("groth16-insecure-dev-{name}.pk"))
    }

    fn write(&self, path: &Path, id: &[u8; HASH_LEN], key: &ProvingKey) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // The process' number keeps two programs apart that make the same keys at once.
        let aside = path.with_extension(format!("{}.tmp", std::process::id()));
        let written = write_synced(&aside, id, key).and_then(|()| fs::rename(&aside, path));
        if written.is_err() {
            // The first error is the one to report.
            _ = fs::remove_file(&aside);
            return written;
        }
        File::open(&self.folder)?.sync_all()
    }
}

fn write_synced(path: &Path, id: &[u8; HASH_LEN], key: &ProvingKey) -> io::Result<()> {
    let (header, body) = (header(id), key.blocks());
    let mut file = File::create(path)?;
    file.write_all(bytes(&[header]))?;
    file.write_all(bytes(body))?;
    file.write_all(bytes(&[checksum(&header, body)]))?;
    file.sync_all()
}

/// The first block of a file.
fn header(id: &[u8; HASH_LEN]) -> Block {
    let mut header = Block::default();
    let words = MAGIC.iter().chain(id).copied().collect::<Vec<u8>>();
    for (word, bytes) in header.iter_mut().zip(words.as_chunks().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    header[5] = msm::FORM;
    header
}

/// The last block of a file: SHA-256 of the first one and of the SHA-256 of all others, many at a time.
fn checksum(header: &Block, body: &[Block]) -> Block {
    let hashes: Vec<_> =
        body.par_chunks(HASHED).map(|blocks| Sha256::digest(bytes(blocks))).collect();
    let mut hash = Sha256::new_with_prefix(bytes(&[*header]));
    hashes.iter().for_each(|part| hash.update(part));
    let mut checksum = Block::default();
    let hash: [u8; HASH_LEN] = hash.finalize().into();
    for (word, bytes) in checksum.iter_mut().zip(hash.as_chunks().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    checksum
}

/// A key's blocks in a file.
struct Body(Map);

impl Body {
    /// Checks everything that is around them.
    fn new(map: Map, id: &[u8; HASH_LEN]) -> Result<Self, &'static str> {
        let [first, body @ .., last] = map.blocks() else { return Err("it is too short") };
        let expected = header(id);
        if first[0] != expected[0] {
            return Err("it is no key file of this version");
        }
        if *last != checksum(first, body) || !map.is_whole() {
            return Err("its checksum is wrong");
        }
        if first[5] != expected[5] {
            return Err("its points are in the form of another kind of processor");
        }
        if *first != expected {
            return Err("it holds the keys of another circuit");
        }
        Ok(Self(map))
    }
}

impl Deref for Body {
    type Target = [Block];
    fn deref(&self) -> &[Block] {
        let blocks = self.0.blocks();
        &blocks[1..blocks.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::testing::{KEYS, cube};

    const SETUP: fn() -> InsecureDevSetup = || InsecureDevSetup::new(7);

    fn stored() -> (tempfile::TempDir, KeyStore, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::new(folder.path().join("keys"));
        assert!(store.load(&cube(2), SETUP()).unwrap().is_none());
        let keys = store.load_or_setup(&cube(2), SETUP()).unwrap();
        assert_eq!(keys.proving, KEYS.proving);
        let path = store.path(&SETUP().key_id(cube(2).digest()));
        (folder, store, path)
    }

    #[test]
    fn keeps_keys_and_nothing_else() {
        let (_folder, store, _) = stored();
        let keys = store.load(&cube(3), SETUP()).unwrap().unwrap();
        assert_eq!(keys.proving, KEYS.proving);
        assert_eq!(keys.circuit_digest, cube(2).digest());
        assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 1);
        assert!(store.load(&cube(2), InsecureDevSetup::new(8)).unwrap().is_none());
    }

    #[test]
    fn finds_any_damage_and_replaces_the_file() {
        let (_folder, store, path) = stored();
        let good = fs::read(&path).unwrap();
        let mut cases = vec![good[..good.len() - 1].to_vec(), vec![], good[..50].to_vec()];
        for at in [0, 20, 60, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            cases.push(bad);
        }
        for bad in cases {
            fs::write(&path, bad).unwrap();
            let error = store.load(&cube(2), SETUP()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            store.load_or_setup(&cube(2), SETUP()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), good);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = KeyStore::new(file.join("keys")).load_or_setup(&cube(2), SETUP()).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
    }
}
