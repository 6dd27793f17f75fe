//! What a name stands for.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, IsTerminal},
    os::{
        fd::AsFd,
        unix::{
            ffi::OsStrExt,
            fs::{FileTypeExt, MetadataExt},
        },
    },
    path::{Path, PathBuf},
};

/// Links that are followed, one after the other; as many as Linux does.
const MAX_LINKS: usize = 40;

/// Where an output of this name goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Standard output, under whatever name: its bytes follow what is there already.
    StandardOutput,
    /// A pipe, a device, or an open file of this process: written directly, since a rename would replace its name.
    Stream,
    /// A file to be replaced, or made: the end of all links.
    File(PathBuf),
}

impl Place {
    /// What has this name, or could have it.
    ///
    /// # Errors
    /// The name is a folder's, or that of something that holds no output; else the file system's.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        check_name(path)?;
        // The system follows the links here, and refuses those that it does not trust.
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::end_of_links(path),
            Err(error) => return Err(error),
        };
        let kind = found.file_type();
        if kind.is_dir() {
            return Err(names_folder());
        }
        if is_standard_output(&found)? {
            return Ok(Self::StandardOutput);
        }
        if kind.is_file() {
            return Self::end_of_links(path);
        }
        if kind.is_fifo() || kind.is_char_device() {
            return Ok(Self::Stream);
        }
        Err(io::Error::other("expected a file, a pipe or a character device, got something else"))
    }

    /// Where the links from a regular file, or from nothing, end.
    fn end_of_links(path: &Path) -> io::Result<Self> {
        let mut target = path.to_owned();
        for _ in 0..=MAX_LINKS {
            let folder = folder_of(&target);
            // A name there is an open file; what its link says is for people.
            if fs::canonicalize(folder).is_ok_and(|folder| folder.starts_with("/proc")) {
                return Ok(Self::Stream);
            }
            match fs::read_link(&target) {
                Ok(next) => target = folder.join(next),
                // Not there, or no link.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) =>
                {
                    check_name(&target)?;
                    return Ok(Self::File(target));
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!("more than {MAX_LINKS} links, one after the other")))
    }
}

/// The folder that a name is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// [`Path`] takes `new/` and `new/.` for `new`, the system does not.
fn check_name(path: &Path) -> io::Result<()> {
    let bytes = path.as_os_str().as_bytes();
    match bytes.rsplit(|byte| *byte == b'/').next() {
        _ if bytes.is_empty() => {
            Err(io::Error::new(ErrorKind::InvalidInput, "expected the name of a file, got none"))
        }
        Some(b"" | b"." | b"..") => Err(names_folder()),
        _ => Ok(()),
    }
}

fn names_folder() -> io::Error {
    let what = "expected the name of a file, got that of a folder: name a file in it";
    io::Error::new(ErrorKind::IsADirectory, what)
}

/// Whether this is what standard output is, be it as /dev/stdout or by a redirection to this very file.
fn is_standard_output(found: &Metadata) -> io::Result<bool> {
    let stdout = io::stdout();
    let open = File::from(stdout.as_fd().try_clone_to_owned()?).metadata()?;
    let same = (open.dev(), open.ino()) == (found.dev(), found.ino());
    // Two outputs do not mix in /dev/null.
    Ok(same && (!found.file_type().is_char_device() || stdout.is_terminal()))
}
