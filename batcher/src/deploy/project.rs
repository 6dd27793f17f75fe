//! The Foundry project with another verifier than the checked-in one, in a folder of its own.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::l1::artifacts::{Artifacts, BuildError};

/// The project was not copied or does not build.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// The folder is no such project, or one without its source.
    #[error("{}: {source}; expected the Foundry project of Cairn's contracts", .path.display())]
    Missing {
        /// What is missing.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the source.
    #[error("copying the contracts' source: {0}")]
    Copy(#[from] io::Error),
    /// The contracts do not build.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Folders of sources, and what else is read of the project.
const FOLDERS: [&str; 3] = ["src", "script", "tools"];
const FILES: [&str; 2] = ["foundry.toml", "tools/solc.mjs"];

/// That the project `contracts` has what [`build_with_verifier`] takes, before long work.
///
/// # Errors
/// Something is missing, and what.
pub fn check_project(contracts: &Path) -> Result<(), ProjectError> {
    let check = |name: &str, read: fn(&Path) -> io::Result<()>| {
        let path = contracts.join(name);
        read(&path).map_err(|source| ProjectError::Missing { path, source })
    };
    FOLDERS.iter().try_for_each(|name| check(name, |path| path.read_dir().map(drop)))?;
    FILES.iter().try_for_each(|name| check(name, |path| File::open(path).map(drop)))
}

/// Copies the project `contracts` to `folder`, puts this verifier in its place, and builds the contracts below these paths from
/// nothing.
///
/// # Errors
/// The file system's, or forge's.
pub async fn build_with_verifier(
    contracts: &Path,
    verifier_source: &str,
    folder: &Path,
    paths: &[&str],
) -> Result<Artifacts, ProjectError> {
    copy(contracts, folder, verifier_source)?;
    Ok(Artifacts::build_with(folder, contracts, paths).await?)
}

/// Sources and settings, but nothing that was built; the tools are linked.
fn copy(from: &Path, to: &Path, verifier_source: &str) -> io::Result<()> {
    for folder in FOLDERS {
        copy_folder(&from.join(folder), &to.join(folder))?;
    }
    std::fs::copy(from.join("foundry.toml"), to.join("foundry.toml"))?;
    // Anything that the compiler's wrapper imports is found from where it is.
    std::os::unix::fs::symlink(from.canonicalize()?.join("node_modules"), to.join("node_modules"))?;
    std::fs::write(to.join("src/generated/Groth16Verifier.sol"), verifier_source)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_lacks_is_named_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let said = || check_project(folder.path()).unwrap_err().to_string();
        for name in FOLDERS {
            assert!(said().contains(&format!("{name}: No such file")), "{}", said());
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in FILES {
            let path = folder.path().join(name);
            let expected = format!("{}: No such file", path.display());
            assert!(said().starts_with(&expected), "{}", said());
            std::fs::write(path, "").unwrap();
        }
        check_project(folder.path()).unwrap();
    }
}
