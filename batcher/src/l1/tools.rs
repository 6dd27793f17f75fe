//! Finds the Foundry programs that `./x` installs.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// A program is not where `./x` puts it.
#[derive(Debug, Error)]
#[error("{name} is not installed below {}: run `./x demo` once, it installs the pinned tools", .folder.display())]
pub struct MissingTool {
    name: String,
    folder: PathBuf,
}

/// The native program `name` (`anvil`, `forge`) of the npm package `@foundry-rs/NAME`.
///
/// The package's own entry is a Node script that starts the native program as a child of its own; started directly it ends when
/// we end it.
///
/// # Errors
/// The package is not installed for this platform.
pub fn find(modules: &Path, name: &str) -> Result<PathBuf, MissingTool> {
    let missing = || MissingTool { name: name.to_owned(), folder: modules.to_path_buf() };
    let packages = std::fs::read_dir(modules.join("@foundry-rs")).map_err(|_| missing())?;
    packages
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&format!("{name}-")))
        .map(|entry| entry.path().join("bin").join(name))
        .find(|program| program.is_file())
        .ok_or_else(missing)
}
