//! Files with secrets, which only their owner can read; and what is read of them.

use std::{
    io::{self, Write},
    path::Path,
};

use super::error::{KeyError, file_error};
use crate::secret_file::{self, is_everyones, shown_name};

/// Bytes of the longest keystore, password or token that is read.
const MAX_BYTES: u64 = 1 << 16;

/// The first line of a file that only its owner and group can read.
///
/// # Errors
/// It is not there, or others can read it.
pub fn read_secret(what: &str, path: &Path) -> Result<String, KeyError> {
    let text = read_private(what, path)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The password in the first line of a file.
///
/// # Errors
/// As [`read_secret`], or the line is empty.
pub fn read_password(what: &str, path: &Path) -> Result<String, KeyError> {
    check_password(read_secret(what, path)?, &format!("{what}, {}", shown_name(path)))
}

/// Gives a password back that is one; `from` says where it came from.
///
/// # Errors
/// It is empty: the keystore would be as good as the bare key.
pub fn check_password(password: String, from: &str) -> Result<String, KeyError> {
    match password.trim() {
        "" => Err(KeyError::EmptyPassword { from: from.to_owned() }),
        _ => Ok(password),
    }
}

/// The text of a file that only its owner and group can read.
pub(super) fn read_private(what: &str, path: &Path) -> Result<String, KeyError> {
    let file = |source| file_error(what, path, source);
    // A file that is not there is told by who reads it.
    if is_everyones(path).unwrap_or(false) {
        return Err(KeyError::Readable { what: what.to_owned(), path: path.to_owned() });
    }
    secret_file::read(path, MAX_BYTES).map_err(file)
}

/// Writes a new file that only its owner can read, whole or not at all.
///
/// # Errors
/// What the file system says; a file that is there stays.
pub fn write_private(what: &str, path: &Path, content: &[u8]) -> Result<(), KeyError> {
    let file = |source| file_error(what, path, source);
    let new = new_beside(path, content).map_err(file)?;
    new.persist_noclobber(path).map_err(|e| file(e.error))?;
    Ok(())
}

/// As [`write_private`], in place of the file that is there: at any time it is the old one or the new one.
///
/// # Errors
/// What the file system says; there is no file.
pub fn replace_private(what: &str, path: &Path, content: &[u8]) -> Result<(), KeyError> {
    let file = |source| file_error(what, path, source);
    // Not a link to it.
    let target = path.canonicalize().map_err(file)?;
    let new = new_beside(&target, content).map_err(file)?;
    new.persist(&target).map_err(|e| file(e.error))?;
    Ok(())
}

/// A file of another name in the folder of `path`, whole and on disk; it goes unless it gets that name.
fn new_beside(path: &Path, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let mut new = tempfile::NamedTempFile::new_in(parent)?;
    new.write_all(content)?;
    new.as_file().sync_all()?;
    Ok(new)
}
