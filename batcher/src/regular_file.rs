//! Files that somebody else may have put where they are, and such as a user has named: nobody waits for what never comes.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
};

/// How long who reads from a pipe waits for the next byte.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a file for reading. A pipe that nobody writes to would wait for ever, and a device would have no end: neither is a file.
///
/// # Errors
/// What the file system says, or that this is something else than a file.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = open_at_once(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("this is not a regular file"))
    }
}

/// Opens without waiting for who writes to a pipe; of a regular file it changes nothing.
fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// What a user has named to be read: a file, or a pipe as a shell makes one. Whoever reads bounds how much: a device may
/// have no end.
#[derive(Debug)]
pub struct Input {
    file: File,
    patience: Duration,
}

impl Input {
    /// Opens it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: open_at_once(path)?, patience: PATIENCE })
    }
}

impl Read for Input {
    /// # Errors
    /// What the file system says, or [`io::ErrorKind::TimedOut`] where nothing has come for [`PATIENCE`].
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut waits = [PollFd::new(&self.file, PollFlags::IN)];
        let patience = Timespec::try_from(self.patience).map_err(io::Error::other)?;
        if poll(&mut waits, Some(&patience))? == 0 {
            let waited = self.patience.as_secs();
            let reason = format!("nothing was written to this pipe for {waited} s");
            return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
        }
        self.file.read(bytes)
    }
}

/// The text of an [`Input`], of at most so many bytes.
///
/// # Errors
/// As [`Input`]'s, more bytes, or bytes that are no text.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    Input::open(path)?.take(most.saturating_add(1)).read_to_string(&mut text)?;
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
    fn a_pipe_is_read_as_it_is_filled_and_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let mut input =
            Input { patience: Duration::from_millis(50), ..Input::open(&pipe).unwrap() };
        let error = input.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::write(pipe, "x".repeat(200_000)).unwrap()
        });
        assert_eq!(text(&pipe, 200_000).unwrap().len(), 200_000);
        writer.join().unwrap();
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
