//! What is written to files: whole or not there, and checked before long work by making it.
//!
//! ```text
//! name -> place: standard output | stream (pipe, device) | file -> replacement: a temporary file beside it, renamed
//! ```
//!
//! A file is tried before the work by making it; while the work lasts, nothing of it is there.
//!
//! A replacement keeps the mode of the file it replaces, the owner where the system lets it, and a symbolic link to it; a
//! new file's mode follows from the umask. Other hard links of the file keep what was in it: no rename can do both, and
//! whole or not there comes first. Access lists and extended attributes are not kept.

mod folder;
mod output;
mod place;
mod replacement;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, BufWriter},
    path::Path,
};

pub use self::{
    folder::check_folder,
    output::{Output, OutputError, print_beside},
};
use self::{place::Place, replacement::Replacement};

/// Writes a file under a temporary name in the same folder, syncs it and renames it: readers see the old file or the new
/// one, never a part. The temporary file goes with any error.
///
/// # Errors
/// What the file system or `write` says.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let replacement = replacement(path)?;
    replacement.fill(write)?;
    replacement.put_in_place().map_err(|(error, _)| error)
}

/// Whether [`write_atomically`] could write this file: to be asked before long work. For what a user has named, an
/// [`Output`] is better: it also takes pipes and devices.
///
/// # Errors
/// What the file system says, or that something else than a file has this name.
pub fn check_writable(path: &Path) -> io::Result<()> {
    replacement(path)?.try_name()
}

fn replacement(path: &Path) -> io::Result<Replacement> {
    match Place::of(path)? {
        Place::File(target) => Replacement::new(target),
        // The rename would replace a device or a link to one, such as /dev/stdout.
        Place::StandardOutput | Place::Stream => {
            Err(io::Error::other("this is not a regular file"))
        }
    }
}
