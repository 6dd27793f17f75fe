//! Clocks that are wrong. No message says what time it is: leases, silence and lateness are counted
//! by the coordinator's own monotonic clock, and the server counts how old its messages are by its
//! own. So nothing may depend on whether any two clocks agree.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

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
/// server, a proof is made as always: each assignment once, none late, nobody blamed.
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
    operator.order(1, 12);
    assert_eq!(operator.proven(), outcomes(26));
    // A worker that joins later, and is right.
    let _third = Process::start(&world, "w2", 50);
    operator.order(2, 4);
    assert_eq!(operator.proven(), outcomes(26 + 10));
}

fn outcomes(accepted: u64) -> String {
    let outcomes = cairn_fleet::coordinator::Outcomes { accepted, ..Default::default() };
    format!("{outcomes:?}")
}
