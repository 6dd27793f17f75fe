//! Files that are whole or not there.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Writes a file under a temporary name in the same folder, syncs it and renames it: readers see the old file or the new one, never
/// a part. The temporary file goes with any error.
///
/// # Errors
/// What the file system or `write` says.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let temporary =
        tempfile::Builder::new().prefix(".cairn-").suffix(".part").tempfile_in(folder)?;
    let mut writer = BufWriter::new(temporary.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()
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
}
