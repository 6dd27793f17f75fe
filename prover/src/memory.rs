//! Memory that there is, and that proofs take.

use cairn_leaf::class::{MEDIUM, SMALL};

/// MiB that the circuits of a batch take once they are loaded. Measured, as all here: what the process of `cairn-bench` grew by, rounded
/// up. With [`crate::allocator::keep_pages`] it does not shrink, so that the next proof finds the memory there.
pub const CIRCUITS_MB: u64 = 1_700;
/// MiB that the SNARK takes besides: keys, witness, proof (estimated from runs of the demo, generously).
pub const SNARK_MB: u64 = 2_500;

/// MiB that the proof of a chunk of so many operations takes besides the circuits. Large chunks took 4,400, dense ones 3,000; small ones
/// 350; for the medium the largest that was seen on another allocator.
#[must_use]
pub const fn chunk_mb(operations: usize) -> u64 {
    if operations <= 1 << SMALL.operations {
        500
    } else if operations <= 1 << MEDIUM.operations {
        1_500
    } else {
        4_700
    }
}

/// MiB that this process can still have without swapping: what the system has, or the control group allows if that is less.
/// `None` where the system does not tell.
#[must_use]
pub fn available_mb() -> Option<u64> {
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|bytes| bytes.trim().parse::<u64>().ok()).map(|bytes| bytes >> 20);
    [meminfo_mb("MemAvailable"), group].into_iter().flatten().min()
}

/// A field of proc(5) meminfo in MiB.
#[must_use]
pub fn meminfo_mb(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    rest.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}
