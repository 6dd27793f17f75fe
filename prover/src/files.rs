//! Files that are whole or not there.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use tempfile::NamedTempFile;

/// Writes a file under a temporary name in the same folder, syncs it and renames it: readers see the old file or the new one, never
/// a part. The temporary file goes with any error.
///
/// # Errors
/// What the file system or `write` says.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let (folder, temporary) = temporary_beside(path)?;
    let mut writer = BufWriter::new(temporary.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()
}

/// Whether [`write_atomically`] could start to write this file: to be asked before long work.
///
/// # Errors
/// What the file system says, or that something else than a file has this name.
pub fn check_writable(path: &Path) -> io::Result<()> {
    temporary_beside(path).map(drop)
}

/// An empty file in the folder of `path`, which is made if it is missing, and that folder.
fn temporary_beside(path: &Path) -> io::Result<(&Path, NamedTempFile)> {
    // The rename would replace a device or a link to one, such as /dev/stdout.
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("this is not a regular file"));
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let temporary =
        tempfile::Builder::new().prefix(".cairn-").suffix(".part").tempfile_in(folder)?;
    Ok((folder, temporary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub").join("key");
        write_atomically(&path, |file| file.write_all(b"old")).unwrap();
        let refused = write_atomically(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other("disk full"))
        });
        assert!(refused.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn devices_are_not_replaced() {
        assert!(check_writable(Path::new("/dev/null")).is_err());
        assert!(write_atomically(Path::new("/dev/null"), |_| Ok(())).is_err());
        assert!(!Path::new("/dev/null").is_file());
    }
}
