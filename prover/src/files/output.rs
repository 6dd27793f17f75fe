//! What a command writes where its caller says.

use std::{
    ffi::OsString,
    fmt::Display,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
};
use thiserror::Error;

use super::{
    place::{Place, folder_of},
    replacement::{Replacement, Target},
};

/// How long a named pipe may wait for its reader: one that was started a moment ago.
const READER: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// An output, tried before the work and written after it. Dropped without that, it leaves nothing.
#[derive(Debug)]
pub struct Output {
    option: &'static str,
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    StandardOutput,
    /// Open for appending.
    Stream(File),
    File(Target),
}

/// An output that cannot be written.
#[derive(Debug, Error)]
#[error("{option} {}: {source}", .path.display())]
pub struct OutputError {
    /// The option that names it.
    pub option: &'static str,
    /// Its name.
    pub path: PathBuf,
    /// What stands against it.
    pub source: io::Error,
}

impl Output {
    /// Tries what `option` names: makes a file and removes it, or opens a pipe or device. `-` is standard output.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn create(option: &'static str, path: &Path) -> Result<Self, OutputError> {
        let path = path.to_owned();
        match Sink::create(&path) {
            Ok(sink) => Ok(Self { option, path, sink }),
            Err(source) => Err(OutputError { option, path, source }),
        }
    }

    /// As [`Self::create`] for each option that is given.
    ///
    /// # Errors
    /// Also if two of them are one file.
    pub fn create_all<const N: usize>(
        named: [(&'static str, Option<&Path>); N],
    ) -> Result<[Option<Self>; N], OutputError> {
        let mut outputs: [Option<Self>; N] = [const { None }; N];
        for (at, (option, path)) in named.into_iter().enumerate() {
            let Some(path) = path else { continue };
            let output = Self::create(option, path)?;
            for earlier in outputs.iter().flatten() {
                output.expect_other(earlier)?;
            }
            outputs[at] = Some(output);
        }
        Ok(outputs)
    }

    /// Refuses an output that is the file of an input, under whatever name or link: it would be lost, be it secret keys.
    ///
    /// # Errors
    /// Also what the file system says. Inputs that cannot be found are left to who reads them.
    pub fn refuse_inputs<const N: usize>(
        &self,
        inputs: [(&'static str, Option<&Path>); N],
    ) -> Result<(), OutputError> {
        for (option, path) in inputs {
            let Some(Ok(input)) = path.map(fs::metadata) else { continue };
            if self.sink.is(&input).map_err(|source| self.error(source))? {
                return Err(self.not_its_own(option));
            }
        }
        Ok(())
    }

    /// Its name, as the caller says it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is standard output, where nothing else may be printed then.
    #[must_use]
    pub fn is_standard_output(&self) -> bool {
        matches!(self.sink, Sink::StandardOutput)
    }

    /// Whether it is a file, which is whole or not there.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.sink, Sink::File(_))
    }

    /// Writes it. With any error of `write` an old file is as it was.
    ///
    /// # Errors
    /// What the system or `write` says. A file that is whole and cannot have its name stays under a temporary one, which
    /// the error tells.
    pub fn write(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let Self { option, path, sink } = self;
        sink.write(write).map_err(|source| OutputError { option, path, source })
    }

    fn expect_other(&self, earlier: &Self) -> Result<(), OutputError> {
        match self.sink.shares_with(&earlier.sink) {
            Ok(false) => Ok(()),
            Ok(true) => Err(self.not_its_own(earlier.option)),
            Err(source) => Err(self.error(source)),
        }
    }

    fn not_its_own(&self, option: &str) -> OutputError {
        let what = format!("expected a file of its own, got that of {option}");
        self.error(io::Error::new(ErrorKind::InvalidInput, what))
    }

    fn error(&self, source: io::Error) -> OutputError {
        OutputError { option: self.option, path: self.path.clone(), source }
    }
}

/// What makes two outputs one.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    StandardOutput,
    /// Device and number of a pipe or an open file.
    Open(u64, u64),
    /// Device and number of a folder, and a name in it.
    Named(u64, u64, OsString),
}

impl Sink {
    fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            expect_open_standard_output()?;
            return Ok(Self::StandardOutput);
        }
        match Place::of(path)? {
            Place::StandardOutput => Ok(Self::StandardOutput),
            Place::Stream => open_stream(path).map(Self::Stream),
            Place::File(target) => Target::check(target).map(Self::File),
        }
    }

    /// Whether two outputs are one, under whatever names.
    fn shares_with(&self, other: &Self) -> io::Result<bool> {
        match (self, other) {
            // The file would lose its name while it is still written to.
            (Self::Stream(open), Self::File(_)) => other.is(&open.metadata()?),
            (Self::File(_), Self::Stream(open)) => self.is(&open.metadata()?),
            _ => {
                let ours = self.identity()?;
                Ok(ours.is_some() && ours == other.identity()?)
            }
        }
    }

    /// None of what any number of outputs may share, as /dev/null.
    fn identity(&self) -> io::Result<Option<Identity>> {
        Ok(match self {
            Self::StandardOutput => Some(Identity::StandardOutput),
            Self::Stream(file) => {
                let open = file.metadata()?;
                let shared = open.file_type().is_char_device();
                (!shared).then(|| Identity::Open(open.dev(), open.ino()))
            }
            Self::File(target) => {
                let folder = fs::metadata(folder_of(target.path()))?;
                let name = target.path().file_name().unwrap_or_default().to_owned();
                Some(Identity::Named(folder.dev(), folder.ino(), name))
            }
        })
    }

    /// Whether what is written comes into this file, or takes its place.
    fn is(&self, file: &Metadata) -> io::Result<bool> {
        let ours = match self {
            Self::StandardOutput => {
                File::from(io::stdout().as_fd().try_clone_to_owned()?).metadata()?
            }
            Self::Stream(stream) => stream.metadata()?,
            Self::File(target) => match fs::metadata(target.path()) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                found => found?,
            },
        };
        // A terminal or a pipe that is read and written loses nothing.
        Ok(ours.is_file() && (ours.dev(), ours.ino()) == (file.dev(), file.ino()))
    }

    fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::StandardOutput => stream(&mut io::stdout().lock(), write),
            Self::Stream(mut file) => stream(&mut file, write),
            Self::File(target) => {
                let replacement = Replacement::new(target.path().to_owned())?;
                replacement.fill(|file| write(file))?;
                replacement.put_in_place().map_err(|(error, replacement)| {
                    // The work was long, and its result is whole.
                    let Some(kept) = replacement.keep() else { return error };
                    let what = format!("{error}; all of it is in {}", kept.display());
                    io::Error::new(error.kind(), what)
                })
            }
        }
    }
}

fn stream(
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write(&mut out)?;
    out.flush()
}

/// Refuses a standard output that was closed when this program began. Rust's library has then opened /dev/null in its
/// place, to be read and written; a shell's `> /dev/null`, which somebody may mean, is only written.
fn expect_open_standard_output() -> io::Result<()> {
    let stdout = io::stdout();
    let open = File::from(stdout.as_fd().try_clone_to_owned()?).metadata()?;
    let is_null = open.file_type().is_char_device()
        && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == open.rdev());
    if is_null && fcntl_getfl(&stdout)?.contains(OFlags::RDWR) {
        let what = "standard output is closed: what is written there would be lost";
        return Err(io::Error::new(ErrorKind::InvalidInput, what));
    }
    Ok(())
}

/// Opens a pipe, a device, or again what this process has open. A file that is open is written after what is in it.
fn open_stream(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Else a pipe that nobody reads would be waited for, without an end and deaf to signals.
    options.append(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let (started, is_pipe) = (Instant::now(), fs::metadata(path)?.file_type().is_fifo());
    let file = loop {
        match options.open(path) {
            Err(error) if is_pipe && error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                if started.elapsed() > READER {
                    let what = "nobody reads this pipe: start its reader first";
                    return Err(io::Error::new(error.kind(), what));
                }
                sleep(POLL);
            }
            result => break result?,
        }
    };
    fcntl_setfl(&file, OFlags::APPEND)?;
    Ok(file)
}

/// Prints what a command tells beside its outputs: on standard error where one of them has standard output.
pub fn print_beside(text: impl Display, standard_output_is_taken: bool) {
    if standard_output_is_taken {
        // What was asked for is written: it has not failed where nobody hears of it.
        let _ = write!(io::stderr().lock(), "{text}");
    } else {
        print!("{text}");
    }
}
