//! Clocks that are wrong. No message says what time it is: leases, silence and lateness are counted
//! by the coordinator's own monotonic clock, and the server counts how old its messages are by its
//! own. So nothing may depend on whether any two clocks agree.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use serde_json::Value;

use crate::{
    process::{Operator, Process},
    world::World,
};

/// How wrong the clock of a process is, in seconds, and what the right one showed at its start.
const SKEW: &str = "CAIRN_TEST_SKEW";

/// Moves what the system says of the time of day, and of nothing else.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (!failed && clock == CLOCK_REALTIME) time->tv_sec += atol(getenv("CAIRN_TEST_SKEW"));
    return failed;
}
"#;

/// Compiles it, with what links Rust programs as well.
fn shim(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, SHIM).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]);
    assert!(compiler.status().unwrap().success());
    library
}

fn unix() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// In a process that was told how wrong its clock is: that it is.
pub(crate) fn check() {
    let Ok(told) = std::env::var(SKEW) else { return };
    let (skew, right) = told.split_once(' ').unwrap();
    let off = unix() - right.parse::<i64>().unwrap();
    assert!((off - skew.parse::<i64>().unwrap()).abs() < 60, "the clock is off by {off} s");
}

fn skewed(shim: &Path, seconds: i64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("LD_PRELOAD", shim).env(SKEW, format!("{seconds} {}", unix()));
    command
}

/// Expected: with one worker an hour ahead, one an hour behind, and the operator a day ahead of the
/// server, proofs are made as always: each assignment counts once, nobody is blamed, and both work.
#[test]
fn clocks_that_disagree_change_nothing() {
    let world = World::new();
    let shim = shim(world.kept());
    let mut operator = Operator::by(skewed(&shim, 24 * 3_600), &world);
    let worker = |name: &str, skew: i64| {
        let url = world.target(&world.names, name).url;
        Process::worker(skewed(&shim, skew), &url, name, [0, 50])
    };
    let _workers = [worker("w0", 3_600), worker("w1", -3_600)];
    // On a busy machine one may begin when the first batches are proven.
    let (mut batch, mut assignments) = (0, 0);
    loop {
        (batch, assignments) = (batch + 1, assignments + 26);
        operator.order(batch, 12);
        let told = operator.proven();
        assert_well(&told, assignments);
        let works = |name: &&str| told["done"][*name].as_u64().is_some_and(|done| done > 0);
        if ["w0", "w1"].iter().all(works) {
            break;
        }
        assert!(batch < 20, "somebody has nothing to do: {told}");
    }
    // A worker that joins later, and is right.
    let _third = Process::start(&world, "w2", 50);
    operator.order(batch + 1, 4);
    assert_well(&operator.proven(), assignments + 10);
}

/// So many assignments were done, each once, and nobody is blamed. A machine that is busy may keep a
/// worker silent for so long that another is given what it has; where clocks are the reason, all are
/// given out again and again.
fn assert_well(told: &Value, assignments: u64) {
    let count = |name: &&str| told["outcomes"][*name].as_u64().unwrap();
    assert_eq!(count(&"accepted"), assignments, "{told}");
    let blamed: u64 = ["refused", "unheld", "quarantined", "failed"].iter().map(count).sum();
    assert_eq!(blamed, 0, "{told}");
    let again: u64 = ["late", "duplicate", "returned", "kept"].iter().map(count).sum();
    assert!(again < assignments, "{told}");
}
