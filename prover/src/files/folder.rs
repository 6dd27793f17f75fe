//! Folders of outputs.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{output::OutputError, replacement::temporary_in};

/// Checks that files can be made in a folder, before long work: by making it, if it is missing, and a file in it. Both
/// are removed again.
///
/// # Errors
/// What stands against it, with the option that names the folder.
pub fn check_folder(option: &'static str, path: &Path) -> Result<(), OutputError> {
    let check = || {
        if path == Path::new("-") {
            let what = "expected a folder, got standard output: ./- is a folder of that name";
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        if path.as_os_str().is_empty() {
            let what = "expected the name of a folder, got none";
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let _made = MadeFolders::make(path)?;
        temporary_in(path).map(drop)
    };
    check().map_err(|source| OutputError { option, path: path.to_owned(), source })
}

/// Folders that were missing. Those that are still empty when this is dropped go again.
#[derive(Debug)]
pub(super) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those that it is in.
    pub(super) fn make(folder: &Path) -> io::Result<Self> {
        let missing: Vec<_> = folder.ancestors().take_while(|folder| is_missing(folder)).collect();
        let mut made = Self(Vec::new());
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => made.0.push(folder.to_owned()),
                // Somebody else was faster, or it is `made/..`.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let what = format!("making the folder {}: {error}", folder.display());
                    return Err(io::Error::new(error.kind(), what));
                }
            }
        }
        Ok(made)
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        // One that has something in it stays.
        self.0.iter().rev().for_each(|folder| _ = fs::remove_dir(folder));
    }
}

fn is_missing(folder: &Path) -> bool {
    // The empty name is the working folder's.
    !folder.as_os_str().is_empty()
        && fs::metadata(folder).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
