//! Circuits and keys on disk, outside the repository.
//!
//! ```text
//! CACHE/VERSION/NAME
//! ```
//!
//! VERSION follows from the circuits' sources, so that a changed circuit never meets an old file. Every kind of content can tell
//! whether it is whole; one that is not counts as absent. That is no protection from someone who can write to the folder:
//! keep it as safe as the program.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use cairn_circuits::{
    config::{Builder, D, F},
    serialize::{decode_circuit, encode_circuit},
    source::{Build, CircuitSource},
};
use plonky2::plonk::{circuit_data::CircuitData, config::GenericConfig};

use crate::{error::ProverError, files::write_atomically};

/// Version of the circuits that this program was built with.
pub const VERSION: &str = env!("CAIRN_CIRCUITS_VERSION");

/// The cache of this version.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    /// What went wrong in a [`CircuitSource`], which cannot say so itself.
    fault: Arc<Mutex<Option<ProverError>>>,
}

impl Cache {
    /// The cache below `folder`; it is made when something is missing there.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.join(VERSION), fault: Arc::default() }
    }

    /// The folder of this version.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The content of a file; `None` if there is none and one can be kept: nothing is made for minutes that is lost then.
    ///
    /// # Errors
    /// What the file system says.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ProverError> {
        match std::fs::read(self.folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.check_writable().map_err(|error| self.error(error))?;
                Ok(None)
            }
            Err(error) => Err(self.error(error)),
        }
    }

    /// That a new cache can be made, for who has other work before. One that is there may have all that is asked for:
    /// then nothing is written.
    ///
    /// # Errors
    /// What the file system says.
    pub fn check_folder(&self) -> Result<(), ProverError> {
        match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.check_writable(),
            found => found.map(drop),
        }
        .map_err(|error| self.error(error))
    }

    /// Makes the folder, and a file without a name in it.
    fn check_writable(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        tempfile::tempfile_in(&self.folder).map(drop)
    }

    /// Writes a file: all of it or nothing.
    ///
    /// # Errors
    /// What the file system says.
    pub fn put(&self, name: &str, content: &[u8]) -> Result<(), ProverError> {
        write_atomically(&self.folder.join(name), |file| file.write_all(content))
            .map_err(|error| self.error(error))
    }

    /// A source that keeps its circuit under this name.
    #[must_use]
    pub fn circuit<'a>(&'a self, name: &'a str) -> CachedCircuit<'a> {
        CachedCircuit { cache: self, name }
    }

    /// Fails if a circuit could not be read or kept since the last call.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub fn check(&self) -> Result<(), ProverError> {
        self.fault
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take()
            .map_or(Ok(()), Err)
    }

    fn error(&self, source: io::Error) -> ProverError {
        ProverError::Cache { folder: self.folder.clone(), source }
    }

    fn note(&self, error: ProverError) {
        self.fault.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(error);
    }
}

/// One circuit of a [`Cache`]: read from there, or built and kept there. [`Cache::check`] tells whether that worked.
#[derive(Debug, Clone, Copy)]
pub struct CachedCircuit<'a> {
    cache: &'a Cache,
    name: &'a str,
}

impl CircuitSource for CachedCircuit<'_> {
    fn finish<C: GenericConfig<D, F = F> + 'static>(
        &self,
        builder: Builder,
    ) -> CircuitData<F, C, D> {
        let kept = self.cache.get(self.name).unwrap_or_else(|error| {
            self.cache.note(error);
            None
        });
        if let Some(bytes) = kept {
            match decode_circuit(&bytes) {
                Ok(circuit) => return circuit,
                Err(error) => tracing::warn!(name = self.name, %error, "building a circuit again"),
            }
        }
        let circuit = Build.finish(builder);
        let bytes = encode_circuit(&circuit).map_err(ProverError::from);
        if let Err(error) = bytes.and_then(|bytes| self.cache.put(self.name, &bytes)) {
            self.cache.note(error);
        }
        circuit
    }
}

/// `$CAIRN_CACHE`, else `$XDG_CACHE_HOME/cairn`, else `$HOME/.cache/cairn`.
///
/// # Errors
/// None of them is set.
pub fn default_folder() -> io::Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CAIRN_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("cairn")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache").join("cairn")))
        .ok_or_else(|| {
            io::Error::other("no folder for circuits and keys: set CAIRN_CACHE or give --cache DIR")
        })
}

#[cfg(test)]
mod tests {
    use cairn_circuits::{config::LEAF, proving::prove};
    use cairn_gadgets::poseidon2::CairnConfig;
    use plonky2::iop::witness::{PartialWitness, WitnessWrite};

    use super::*;

    fn square(cache: &Cache) -> CircuitData<F, CairnConfig, D> {
        let mut builder = LEAF.builder();
        let x = builder.add_virtual_public_input();
        let square = builder.square(x);
        builder.register_public_input(square);
        let circuit = cache.circuit("square").finish(builder);
        let mut witness = PartialWitness::new();
        witness
            .set_target(x, F::from(plonky2::field::types::Field::from_canonical_u64(3)))
            .unwrap();
        prove(&circuit, witness).unwrap();
        circuit
    }

    #[test]
    fn circuits_come_back_and_damage_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let built = square(&cache);
        let path = cache.folder().join("square");
        let good = std::fs::read(&path).unwrap();
        assert_eq!(square(&cache).verifier_only, built.verifier_only);
        for damaged in [&good[..5], &good[..good.len() - 1], &[]] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(square(&cache).verifier_only, built.verifier_only);
            assert_eq!(std::fs::read(&path).unwrap(), good);
        }
        cache.check().unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = Cache::new(file.path());
        square(&cache);
        assert!(matches!(cache.check(), Err(ProverError::Cache { .. })));
    }

    /// Nobody can write there, the superuser neither; the file system says that nothing is there.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_could_not_be_kept_is_not_made_first() {
        let cache = Cache::new(Path::new("/proc/nowhere"));
        assert!(matches!(cache.get("key"), Err(ProverError::Cache { .. })));
        assert!(matches!(cache.check_folder(), Err(ProverError::Cache { .. })));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Cache::new(folder.path()).get("key").unwrap(), None);
    }
}
