//! Keys on disk, so that a million constraints' keys are made once.
//!
//! A file is `magic (8) || key id (32) || proving key || SHA-256 of all before (32)`; the proving key is arkworks'
//! uncompressed encoding. The name is the key id, which follows from circuit digest and seed: a changed
//! circuit has other keys. Files are written aside, synced and renamed, so a name that exists is whole;
//! the checksum finds damage, and after it the points are read without further checks. Whoever can
//! write to the folder can forge the checksum too: keep it as safe as the program itself.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{InsecureDevSetup, Keys, ProvingKey, SetupError, check_verifying_key};
use crate::r1cs::Builder;

const MAGIC: [u8; 8] = *b"CAIRNPK1";
const HASH_LEN: usize = 32;
const HEADER_LEN: usize = MAGIC.len() + HASH_LEN;

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
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { action: "read", path, source }),
        };
        let damaged = |reason| StoreError::Damaged { path: path.clone(), reason };
        let proving = parse(&bytes, &id).map_err(damaged)?;
        check_verifying_key(&proving.vk, circuit.num_public()).map_err(SetupError::from)?;
        if proving.a_query.len() != circuit.num_wires() {
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
    let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut out = Hashing { inner: file, hash: Sha256::new() };
    out.write_all(&MAGIC)?;
    out.write_all(id)?;
    key.serialize_uncompressed(&mut out).map_err(io::Error::other)?;
    let Hashing { mut inner, hash } = out;
    inner.write_all(&hash.finalize())?;
    inner.into_inner()?.sync_all()
}

/// Checks the frame, then reads the key without checking its points.
fn parse(bytes: &[u8], id: &[u8; HASH_LEN]) -> Result<ProvingKey, &'static str> {
    let (body, checksum) = bytes.split_last_chunk::<HASH_LEN>().ok_or("it is too short")?;
    let (magic, rest) = body.split_first_chunk::<{ MAGIC.len() }>().ok_or("it is too short")?;
    if *magic != MAGIC {
        return Err("it is no key file of this version");
    }
    if Sha256::digest(body)[..] != checksum[..] {
        return Err("its checksum is wrong");
    }
    if !rest.starts_with(id) {
        return Err("it holds the keys of another circuit");
    }
    let mut key = &body[HEADER_LEN..];
    let proving = ProvingKey::deserialize_uncompressed_unchecked(&mut key)
        .map_err(|_| "its points cannot be read")?;
    if key.is_empty() { Ok(proving) } else { Err("it has bytes after its end") }
}

/// Hashes what it passes on.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
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
