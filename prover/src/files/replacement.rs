//! A file that takes another's place at once.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile, PersistError};

use super::{folder::MadeFolders, place::folder_of};

/// A file that can be made or replaced: that was tried. Until it is written only its folder is there, so that a process
/// that is killed in its work leaves no temporary file.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    /// Dropped while nothing is in them, they go.
    _made: MadeFolders,
}

impl Target {
    /// Makes the file, with its folder if that is missing, and removes it again. `path` is no link.
    pub(super) fn check(path: PathBuf) -> io::Result<Self> {
        let replacement = Replacement::new(path)?;
        replacement.try_name()?;
        let Replacement { target, made, .. } = replacement;
        Ok(Self { path: target, _made: made })
    }

    /// The folder that the file is in, and its name there.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// An empty file in the folder of the one that it is to replace. Dropped, it leaves nothing.
#[derive(Debug)]
pub(super) struct Replacement {
    target: PathBuf,
    temporary: NamedTempFile,
    /// After the file: a folder goes when it is empty.
    made: MadeFolders,
}

impl Replacement {
    /// Makes the file, and its folder if that is missing. `target` is no link.
    pub(super) fn new(target: PathBuf) -> io::Result<Self> {
        let made = MadeFolders::make(folder_of(&target))?;
        let temporary = temporary_in(folder_of(&target))?;
        Ok(Self { target, temporary, made })
    }

    /// Whether the file may have its name: it is made for a moment, or opened if it is there.
    pub(super) fn try_name(&self) -> io::Result<()> {
        match OpenOptions::new().write(true).create_new(true).open(&self.target) {
            Ok(file) => {
                let made = file.metadata()?;
                let named = fs::symlink_metadata(&self.target)?;
                if (made.dev(), made.ino()) == (named.dev(), named.ino()) {
                    fs::remove_file(&self.target)?;
                }
                Ok(())
            }
            // A rename does not ask whether the file may be written; who made it read-only does.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                OpenOptions::new().append(true).open(&self.target).map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the content, to the disk.
    pub(super) fn fill(
        &self,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = self.temporary.as_file();
        // Before the content: it is nobody's who could not read it before.
        copy_rights(&self.target, file)?;
        let mut writer = BufWriter::new(file);
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        file.sync_all()
    }

    /// Gives the file its name, on the disk; with an error, gives it back.
    pub(super) fn put_in_place(self) -> Result<(), (io::Error, Self)> {
        let Self { target, temporary, made } = self;
        if let Err(PersistError { error, file }) = temporary.persist(&target) {
            return Err((error, Self { target, temporary: file, made }));
        }
        // It is in place. A folder that may not be read, or a file system without such a call,
        // is no reason to say otherwise.
        if let Ok(folder) = File::open(folder_of(&target)) {
            _ = folder.sync_all();
        }
        Ok(())
    }

    /// Leaves the file under its temporary name, and tells it.
    pub(super) fn keep(self) -> Option<PathBuf> {
        let (_, path) = self.temporary.keep().ok()?;
        path.exists().then_some(path)
    }
}

/// An empty file under a short name that is not its later one's: any name that the system takes is taken.
pub(super) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    // Not `tempfile_in`, whose files nobody else may read: here the umask says who may.
    let make = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    Builder::new().prefix(".cairn-").make_in(folder, make).map_err(|error| {
        let what = format!("making a file in {}: {error}", folder.display());
        io::Error::new(error.kind(), what)
    })
}

/// Gives a file the mode of the one that it replaces, and its owner where the system lets us.
fn copy_rights(target: &Path, file: &File) -> io::Result<()> {
    let old = match fs::metadata(target) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let group = Some(old.gid());
    let kept = fchown(file, Some(old.uid()), group).or_else(|_| fchown(file, None, group));
    // What one group may do is not another's.
    let mode = old.mode() & if kept.is_ok() { 0o777 } else { 0o707 };
    file.set_permissions(Permissions::from_mode(mode))
}
