//! Files that somebody else may have put where they are.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
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

/// The text of a file that the user has named, of at most so many bytes. It may be a pipe, as a shell makes one; a device
/// without an end is not read to the end of memory.
///
/// # Errors
/// What the file system says, more bytes, or bytes that are no text.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other(format!("expected at most {most} bytes, got more")));
    }
    Ok(text)
}

/// As [`text`], of bytes in a regular file.
///
/// # Errors
/// As [`text`] and [`open`].
pub(crate) fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.0.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("expected at most {most} bytes, got more")));
    }
    Ok(bytes)
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
        assert_eq!(
            (text(&file, 7).unwrap().as_str(), bytes(&file, 7).unwrap().len()),
            ("seven b", 7)
        );
    }

    #[test]
    fn what_has_no_end_is_not_read_to_the_end_of_memory() {
        for error in [text(Path::new("/dev/zero"), 9).unwrap_err(), {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), "ten bytes.").unwrap();
            bytes(file.path(), 9).unwrap_err()
        }] {
            assert_eq!(error.to_string(), "expected at most 9 bytes, got more");
        }
    }
}
