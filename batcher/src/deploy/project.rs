//! The Foundry project with another verifier than the checked-in one, in a folder of its own.

use std::{io, path::Path};

use thiserror::Error;

use crate::l1::artifacts::{Artifacts, BuildError};

/// The project was not copied or does not build.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// A file of the source.
    #[error("copying the contracts' source: {0}")]
    Copy(#[from] io::Error),
    /// The contracts do not build.
    #[error(transparent)]
    Build(#[from] BuildError),
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
    for folder in ["src", "script", "tools"] {
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
