//! Memory that there is, and that proofs take.

use std::path::Path;

use cairn_leaf::class::{MEDIUM, SMALL};

/// MiB that the circuits of a batch take once they are loaded. Measured, as all here: what the process of `cairn-bench`
/// grew by, rounded up. With [`crate::allocator::keep_pages`] it does not shrink, so that the next proof finds the
/// memory there.
pub const CIRCUITS_MB: u64 = 1_700;
/// MiB that the SNARK takes besides: keys, witness, proof (estimated from runs of the demo, generously).
pub const SNARK_MB: u64 = 2_500;

/// MiB that the proof of a chunk of so many operations takes besides the circuits. Large chunks took 4,400, dense ones
/// 3,000; small ones 350; for the medium the largest that was seen on another allocator.
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

/// Where control groups are, of the second version. Of the first nothing is read.
const GROUPS: &str = "/sys/fs/cgroup";

/// MiB that this process can still have without swapping: what the system has, or its control group allows if that is
/// less.
/// `None` where the system does not tell.
#[must_use]
pub fn available_mb() -> Option<u64> {
    let membership = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = group_mb(Path::new(GROUPS), &membership);
    [meminfo_mb("MemAvailable"), group].into_iter().flatten().min()
}

/// MiB that the control group of proc(5) `cgroup` and those above it leave, the least of them; `None` where none has a
/// limit.
fn group_mb(root: &Path, membership: &str) -> Option<u64> {
    let path = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    let below = path.trim_start_matches('/');
    // From the outside the path may begin above what we see: then it is not there, and what is above it is.
    let groups = Path::new(below).ancestors().map(|group| root.join(group));
    groups.filter_map(|group| left_bytes(&group)).min().map(|bytes| bytes >> 20)
}

/// Bytes that a control group leaves. Pages of files that nobody has used for a while go when memory is wanted.
fn left_bytes(group: &Path) -> Option<u64> {
    let read = |file: &str| std::fs::read_to_string(group.join(file)).ok();
    let number = |file: &str| read(file)?.trim().parse::<u64>().ok();
    // "max" is no number, and no limit.
    let limit = number("memory.max")?;
    let used = number("memory.current")?;
    let reclaimable = read("memory.stat").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("inactive_file "))?;
        line.trim().parse::<u64>().ok()
    });
    Some(limit.saturating_sub(used.saturating_sub(reclaimable.unwrap_or(0))))
}

/// A field of proc(5) meminfo in MiB.
#[must_use]
pub fn meminfo_mb(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    rest.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_control_groups_have_used_is_not_there_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let group = root.join("system.slice/cairn.service");
        std::fs::create_dir_all(&group).unwrap();
        let membership = "1:name=systemd:/x\n0::/system.slice/cairn.service\n";
        let write = |path: &Path, file: &str, text: &str| {
            std::fs::write(path.join(file), text).unwrap();
        };
        assert_eq!(group_mb(root, membership), None);
        write(&group, "memory.max", "max\n");
        write(&group, "memory.current", &format!("{}\n", 900u64 << 20));
        assert_eq!(group_mb(root, membership), None);
        write(&group, "memory.max", &format!("{}\n", 1_000u64 << 20));
        assert_eq!(group_mb(root, membership), Some(100));
        write(&group, "memory.stat", &format!("anon 1\ninactive_file {}\n", 300u64 << 20));
        assert_eq!(group_mb(root, membership), Some(400));
        // The group above allows less.
        let above = root.join("system.slice");
        write(&above, "memory.max", &format!("{}\n", 2_000u64 << 20));
        write(&above, "memory.current", &format!("{}\n", 1_950u64 << 20));
        assert_eq!(group_mb(root, membership), Some(50));
        write(&above, "memory.current", &format!("{}\n", 3_000u64 << 20));
        assert_eq!(group_mb(root, membership), Some(0));
        assert_eq!(group_mb(root, "0::/../../elsewhere\n"), None);
    }
}
