//! A file as memory.

use std::fs::File;
use std::io;
use std::ptr::{self, NonNull};
use std::slice;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::proving_key::Block;

/// A file, mapped to be read.
pub(super) struct Map {
    start: NonNull<Block>,
    /// In bytes.
    len: usize,
}

// SAFETY: nothing writes to the memory, and nothing but `Drop` takes it away.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Maps a whole file. Whoever changes it afterwards changes what is read, and whoever truncates it ends the
    /// process that reads it.
    pub(super) fn new(file: &File) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if len == 0 {
            return Ok(Self { start: NonNull::dangling(), len });
        }
        // SAFETY: a new mapping at an address of the kernel's choice takes no memory from anyone.
        let start =
            unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::PRIVATE, file, 0) }?;
        let start = NonNull::new(start.cast()).expect("no mapping is at address zero");
        Ok(Self { start, len })
    }

    /// Whether the file consists of blocks.
    pub(super) fn is_whole(&self) -> bool {
        self.len % size_of::<Block>() == 0
    }

    /// Its blocks; what is after the last whole one is left out.
    pub(super) fn blocks(&self) -> &[Block] {
        // SAFETY: a mapping begins at a page, which is aligned to a block, and lives as long as this does. Any
        // bytes are integers. That nobody writes to the file is what the store promises.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len / size_of::<Block>()) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: the mapping is this one's, and no slice of it outlives this. If it fails, it stays mapped.
            _ = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
        }
    }
}
