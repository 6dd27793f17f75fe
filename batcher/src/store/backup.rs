//! A copy of a store in one file, made while the store is in use, and back.
//!
//! `"CAIRNBK1"`, then each table: the length of its name (one byte) and the name, its rows, and four zero bytes. A row is the
//! length of its key plus one and that of its value (4 bytes each, little-endian), the key, and the value with its checksum, as
//! stored. At the end a zero byte, the number of rows (8 bytes) and the CRC-32C of everything before it.
//!
//! Trust: none in a file that is restored. All of it is checked before anything is written.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use cairn_prover::files::check_writable;

use super::{Store, StoreError, codec, engine::Engine, records::Replicated, replica::Change};
use crate::regular_file;

const MAGIC: [u8; 8] = *b"CAIRNBK1";
/// Of a file that is to be made, and is there.
const REPLACES_NOTHING: &str = "it is there already: a backup replaces nothing";
/// Of the file that a backup is written to before it is whole.
const CUT_OFF: &str =
    "it is there already: another backup is being made, or one was cut off: then remove it";
/// No key of a table is as long.
const LONGEST_KEY: u32 = 1 << 10;
/// Rows that are restored in one write.
const ROWS_A_WRITE: usize = 10_000;
/// Bytes that are restored in one write, unless one row has more.
const BYTES_A_WRITE: usize = 1 << 24;

impl Store {
    /// Copies all tables as they are now into one new file, which is there whole or not at all. Gives the number of rows.
    ///
    /// # Errors
    /// The disk's, the file is there already, or a row is damaged: what is copied can be restored.
    pub fn backup(&self, path: &Path) -> Result<u64, StoreError> {
        // Before the long work; a file that appears meanwhile is not replaced either.
        if path.symlink_metadata().is_ok() {
            return Err(there(path, REPLACES_NOTHING));
        }
        check_writable(path)
            .map_err(|source| StoreError::File { path: path.to_path_buf(), source })?;
        let partial = beside(path, "partial");
        // Never a file that is there, nor through a link: it may be another backup's, or anybody's.
        let file = File::create_new(&partial).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => there(&partial, CUT_OFF),
            _ => StoreError::File { path: partial.clone(), source },
        })?;
        let written = self.write_out(file, &partial).and_then(|rows| {
            put_in_place(&partial, path)?;
            Ok(rows)
        });
        // In place it has its other name.
        let removed = fs::remove_file(&partial);
        let rows = written?;
        removed.map_err(|source| StoreError::File { path: partial, source })?;
        sync_folder(path)?;
        Ok(rows)
    }

    /// As [`Self::backup`], to what is no file, as a pipe. `name` is for errors.
    ///
    /// # Errors
    /// The writer's, or a row is damaged.
    pub fn backup_to(&self, out: impl io::Write, name: &Path) -> Result<u64, StoreError> {
        self.stream(&mut Summed { inner: BufWriter::new(out), sum: 0 }, name)
    }

    fn write_out(&self, file: File, path: &Path) -> Result<u64, StoreError> {
        let failed = |source| StoreError::File { path: path.to_path_buf(), source };
        let mut out = Summed { inner: BufWriter::new(file), sum: 0 };
        let rows = self.stream(&mut out, path)?;
        let file = out.inner.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(rows)
    }

    fn stream(&self, out: &mut Summed<impl io::Write>, path: &Path) -> Result<u64, StoreError> {
        let failed = |source| StoreError::File { path: path.to_path_buf(), source };
        let snapshot = self.engine.snapshot();
        let mut count = 0u64;
        out.write_all(&MAGIC).map_err(failed)?;
        for (name, keyspace) in self.engine.keyspaces()? {
            let length = u8::try_from(name.len()).map_err(|e| failed(io::Error::other(e)))?;
            out.write_all(&[length]).map_err(failed)?;
            out.write_all(name.as_bytes()).map_err(failed)?;
            for row in fjall::Readable::iter(&snapshot, &keyspace) {
                let row = row.into_inner();
                let (key, value) =
                    row.map_err(|source| StoreError::Table { table: name, source })?;
                codec::check(name, &key, &value)?;
                let lengths =
                    u32::try_from(key.len() + 1).ok().zip(u32::try_from(value.len()).ok());
                let (key_length, value_length) =
                    lengths.ok_or_else(|| failed(io::Error::other("a row is too long")))?;
                for part in [&key_length.to_le_bytes(), &value_length.to_le_bytes()] {
                    out.write_all(part).map_err(failed)?;
                }
                out.write_all(&key).map_err(failed)?;
                out.write_all(&value).map_err(failed)?;
                count += 1;
            }
            out.write_all(&[0; 4]).map_err(failed)?;
        }
        out.write_all(&[0]).map_err(failed)?;
        out.write_all(&count.to_le_bytes()).map_err(failed)?;
        let sum = out.sum.to_le_bytes();
        out.write_all(&sum).map_err(failed)?;
        out.flush().map_err(failed)?;
        Ok(count)
    }
}

/// Makes the store of a backup in `folder`, which must be empty or not there. The folder is there whole or not at all.
/// Gives the number of rows.
///
/// # Errors
/// The disk's, the folder is not empty, or the file is not a whole backup.
pub fn restore(path: &Path, folder: &Path) -> Result<u64, StoreError> {
    let failed = |source| StoreError::File { path: folder.to_path_buf(), source };
    if folder.try_exists().map_err(failed)?
        && fs::read_dir(folder).map_err(failed)?.next().is_some()
    {
        return Err(StoreError::NotEmpty { folder: folder.to_path_buf() });
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    // Under a name that nobody else has; with any error it goes.
    let partial = tempfile::Builder::new()
        .prefix(".cairn-")
        .permissions(fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(failed)?;
    // Before anything is written.
    read(path, |_, _, _| Ok(()))?;
    let engine = Engine::open(partial.path())?;
    let (mut rows, mut bytes, mut write) = (0, 0, engine.write());
    // A store without a row opens as a new one, so the tables are made even where nothing is in them.
    engine.keyspaces()?;
    let count = read(path, |table, key, value| {
        (rows, bytes) = (rows + 1, bytes + key.len() + value.len());
        // A copy has not led.
        let value = if table == "replica" { followed(&key, &value)? } else { value };
        write.push(Change::new(table, &engine.keyspace(table)?, key, Some(value)));
        if rows >= ROWS_A_WRITE || bytes >= BYTES_A_WRITE {
            (rows, bytes) = (0, 0);
            std::mem::replace(&mut write, engine.write()).commit()?;
        }
        Ok(())
    })?;
    write.commit()?;
    drop(engine);
    if folder.try_exists().map_err(failed)? {
        fs::remove_dir(folder).map_err(failed)?;
    }
    fs::rename(partial.path(), folder).map_err(failed)?;
    // It has its own name now.
    let _ = partial.keep();
    sync_folder(folder)?;
    Ok(count)
}

/// The standing of a store whose operator only follows.
fn followed(key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
    let standing: Replicated = codec::decode("replica", key, value)?;
    codec::encode("replica", key, &Replicated { leads: false, ..standing })
}

/// Reads a backup to its end and gives each row; what is given before the end may still turn out to be damaged.
fn read(
    path: &Path,
    mut row: impl FnMut(&'static str, Vec<u8>, Vec<u8>) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => bad(path, "it ends too early"),
        _ => StoreError::File { path: path.to_path_buf(), source },
    };
    let (file, metadata) = regular_file::open(path).map_err(failed)?;
    let length = metadata.len();
    let mut input = Summed { inner: BufReader::new(file), sum: 0 };
    if input.take::<8>().map_err(failed)? != MAGIC {
        return Err(bad(path, "it does not begin as one"));
    }
    let mut count = 0u64;
    loop {
        let [name_length] = input.take().map_err(failed)?;
        if name_length == 0 {
            break;
        }
        let name = input.bytes(name_length.into()).map_err(failed)?;
        let known = Store::TABLES.iter().copied().find(|table| table.as_bytes() == name);
        let table =
            known.ok_or_else(|| bad(path, "it has a table that this program does not know"))?;
        loop {
            let key_length = u32::from_le_bytes(input.take().map_err(failed)?);
            if key_length == 0 {
                break;
            }
            let value_length = u32::from_le_bytes(input.take().map_err(failed)?);
            if key_length > LONGEST_KEY || u64::from(value_length) > length {
                return Err(bad(path, "a row is longer than can be"));
            }
            let key = input.bytes(key_length as usize - 1).map_err(failed)?;
            let value = input.bytes(value_length as usize).map_err(failed)?;
            codec::check(table, &key, &value)?;
            row(table, key, value)?;
            count += 1;
        }
    }
    let rows = u64::from_le_bytes(input.take().map_err(failed)?);
    let expected = input.sum;
    let sum = u32::from_le_bytes(input.take().map_err(failed)?);
    if rows != count || sum != expected {
        return Err(bad(path, "its checksum is another"));
    }
    match input.inner.read(&mut [0]).map_err(failed)? {
        0 => Ok(count),
        _ => Err(bad(path, "something follows its end")),
    }
}

/// Gives a whole file its name, unless something has that meanwhile: a rename would replace it.
pub(super) fn put_in_place(partial: &Path, path: &Path) -> Result<(), StoreError> {
    fs::hard_link(partial, path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => there(path, REPLACES_NOTHING),
        kind => {
            let reason = format!(
                "a new file cannot be put there without replacing one, which takes a hard link: \
                 choose another file system: {source}"
            );
            let source = io::Error::new(kind, reason);
            StoreError::File { path: path.to_path_buf(), source }
        }
    })
}

fn there(path: &Path, what: &str) -> StoreError {
    let source = io::Error::new(io::ErrorKind::AlreadyExists, what);
    StoreError::File { path: path.to_path_buf(), source }
}

fn bad(path: &Path, what: &'static str) -> StoreError {
    StoreError::BadBackup { path: path.to_path_buf(), what }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes a rename last.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let synced = File::open(parent).and_then(|folder| folder.sync_all());
    synced.map_err(|source| StoreError::File { path: parent.to_path_buf(), source })
}

/// Reads or writes, with a checksum over everything so far.
struct Summed<T> {
    inner: T,
    sum: u32,
}

impl<W: io::Write> Summed<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum = crc32c::crc32c_append(self.sum, bytes);
        self.inner.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Summed<R> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.sum = crc32c::crc32c_append(self.sum, &bytes);
        Ok(bytes)
    }

    fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.inner.read_exact(&mut bytes)?;
        self.sum = crc32c::crc32c_append(self.sum, &bytes);
        Ok(bytes)
    }
}
