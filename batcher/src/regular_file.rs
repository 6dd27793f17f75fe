//! Files that somebody else may have put where they are.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

/// Opens a file for reading. A pipe that nobody writes to would wait for ever, and a device would have no end: neither is a file.
///
/// # Errors
/// What the file system says, or that this is something else than a file.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // Without waiting for who writes to a pipe; of a file it changes nothing.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("this is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        for path in [&pipe, Path::new("/dev/zero"), folder.path()] {
            let error = open(path).unwrap_err();
            assert_eq!(error.to_string(), "this is not a regular file", "{}", path.display());
        }
        let file = folder.path().join("file");
        std::fs::write(&file, b"seven b").unwrap();
        assert_eq!(open(&file).unwrap().1.len(), 7);
    }
}
