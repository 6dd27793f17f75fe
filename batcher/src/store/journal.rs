//! What fjall's journals must look like before fjall replays them.
//!
//! fjall cuts a journal off at the first entry that it cannot read, without an error: right for the torn end that a crash
//! leaves, and a silent loss where a byte has flipped. Its checksums do not cover a batch's sequence number either, which
//! decides which of two values of a row is the later. So this reads the journals first, and changes nothing: sequence numbers
//! must grow, and a journal that is not the last must be whole. Whether the last one's end is missing is for
//! [`super::commits`] to say, as a crash may leave it so.
//!
//! Source: `journal/entry.rs` and `journal/writer.rs` of fjall 3.1, whose files carry the version 3.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use super::error::StoreError;

/// What ends each batch.
const MAGIC: [u8; 4] = *b"FJL\x03";

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;

/// How a journal ends.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// With whole batches, and zeros that were set aside for more.
    Whole,
    /// With something else, from this byte on.
    Broken(u64),
}

/// Checks the journals of the database in `folder`, if there are any.
pub(super) fn check(folder: &Path) -> Result<(), StoreError> {
    let mut journals = journals(folder).map_err(|e| failed(folder, e))?;
    journals.sort_unstable();
    let newest = journals.last().map(|(number, _)| *number);
    let mut last = None;
    for (number, path) in journals {
        let file = File::open(&path).map_err(|e| failed(&path, e))?;
        let ending = scan(&file, &mut last).map_err(|e| failed(&path, e))?;
        match ending {
            Ending::Whole => {}
            Ending::Broken(at) if Some(number) == newest => {
                tracing::info!(
                    at,
                    "the store's journal ends within a write; it will be cut off there"
                );
            }
            Ending::Broken(at) => return Err(damaged(path, at)),
        }
    }
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> StoreError {
    match source.get_ref().and_then(|inner| inner.downcast_ref::<NotGrowing>()) {
        Some(NotGrowing(at)) => damaged(path.to_path_buf(), *at),
        None => StoreError::File { path: path.to_path_buf(), source },
    }
}

fn damaged(path: PathBuf, at: u64) -> StoreError {
    StoreError::DamagedFile { path, at }
}

fn journals(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    if !folder.try_exists()? {
        return Ok(journals);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl")?.parse().ok());
        journals.extend(number.map(|number| (number, path)));
    }
    Ok(journals)
}

/// A batch whose sequence number is not above that of the one before it; where it begins.
#[derive(Debug, thiserror::Error)]
#[error("the batch at byte {0} has a sequence number that was used before")]
struct NotGrowing(u64);

struct Scanner<'a> {
    file: BufReader<&'a File>,
    at: u64,
    length: u64,
}

impl Scanner<'_> {
    /// The next bytes; `None` at the end of the file.
    fn take<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        if self.length - self.at < N as u64 {
            return Ok(None);
        }
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(Some(bytes))
    }

    fn skip(&mut self, count: u64) -> io::Result<Option<()>> {
        let Ok(offset) = i64::try_from(count) else { return Ok(None) };
        if self.length - self.at < count {
            return Ok(None);
        }
        self.file.seek_relative(offset)?;
        self.at += count;
        Ok(Some(()))
    }

    /// A whole batch: its sequence number. `None` for anything else.
    fn batch(&mut self) -> io::Result<Option<u64>> {
        let Some([START]) = self.take()? else { return Ok(None) };
        let (Some(count), Some(number)) = (self.take()?, self.take()?) else { return Ok(None) };
        for _ in 0..u32::from_le_bytes(count) {
            if self.entry()?.is_none() {
                return Ok(None);
            }
        }
        let Some([END]) = self.take()? else { return Ok(None) };
        let (Some(_checksum), Some(magic)) = (self.take::<8>()?, self.take::<4>()?) else {
            return Ok(None);
        };
        Ok((magic == MAGIC).then(|| u64::from_le_bytes(number)))
    }

    fn entry(&mut self) -> io::Result<Option<()>> {
        match self.take()? {
            Some([ITEM]) => {
                // Kind of value, compression, table.
                if self.take::<10>()?.is_none() {
                    return Ok(None);
                }
                let (Some(key), Some(_value), Some(stored)) =
                    (self.take()?, self.take::<4>()?, self.take()?)
                else {
                    return Ok(None);
                };
                self.skip(
                    u64::from(u16::from_le_bytes(key)) + u64::from(u32::from_le_bytes(stored)),
                )
            }
            Some([CLEAR]) => Ok(self.take::<8>()?.map(drop)),
            _ => Ok(None),
        }
    }

    /// Whether there is nothing but zeros from here on.
    fn is_blank(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 1 << 13];
        loop {
            let read = self.file.read(&mut buffer)?;
            match buffer.get(..read) {
                None | Some([]) => return Ok(true),
                Some(bytes) if bytes.iter().any(|&byte| byte != 0) => return Ok(false),
                Some(_) => {}
            }
        }
    }
}

fn scan(file: &File, last: &mut Option<u64>) -> io::Result<Ending> {
    let length = file.metadata()?.len();
    let mut scanner = Scanner { file: BufReader::with_capacity(1 << 16, file), at: 0, length };
    loop {
        let start = scanner.at;
        let Some(number) = scanner.batch()? else {
            scanner.file.seek(io::SeekFrom::Start(start))?;
            return Ok(if scanner.is_blank()? { Ending::Whole } else { Ending::Broken(start) });
        };
        if last.replace(number) >= Some(number) {
            return Err(io::Error::other(NotGrowing(start)));
        }
    }
}
