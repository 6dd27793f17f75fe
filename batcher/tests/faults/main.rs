//! The fault harness: the operator as a process of its own, on a real anvil behind a front that misbehaves, under load, and
//! killed at will. Every scenario says first what must come out, and in the end L1 alone is asked whether it has.
//!
//! ```text
//! users -> [operator: a process, its proofs a stand-in's] -> proxy -> anvil <- audit
//! ```
//!
//! `cargo test --release -p cairn-batcher --test faults -- [--full] [--json FILE] [--list] [NAME..]`

mod audit;
mod chain;
mod disk;
mod engine;
mod ground;
mod intake;
mod kills;
mod l1;
mod operator;
mod program;
mod proofs;
#[path = "../proxy/mod.rs"]
#[allow(dead_code, reason = "the watcher's tests use another part of it")]
mod proxy;
mod runner;
#[path = "../service/stand_in.rs"]
#[allow(dead_code, reason = "the service's tests use another part of it")]
mod stand_in;
mod standby;
mod users;
mod wire;

use std::process::ExitCode;

use runner::{Scenario, Tier, scenario};

/// In the order in which they run.
fn scenarios() -> Vec<Scenario> {
    use Tier::{Full, Smoke};
    vec![
        scenario(
            "kill_at_each_stage",
            Smoke,
            "killed while it has work at each stage, the operator finishes the work after its next start",
            kills::at_each_stage,
        ),
        scenario(
            "kill_under_load",
            Smoke,
            "killed at random times under load, it loses and doubles no acknowledged transaction, and ends in the \
             state of an execution without kills",
            kills::under_load,
        ),
        scenario(
            "stop_under_load",
            Smoke,
            "asked to stop under load it ends with code 0 within 30 s, and goes on at its next start",
            kills::stop,
        ),
        scenario(
            "disk_full",
            Smoke,
            "when the disk is full nothing is acknowledged that is not on it; with room again, all goes on",
            disk::full,
        ),
        scenario(
            "disk_flipped",
            Full,
            "a store with a flipped byte is refused by name, or the byte did not matter; a backup restores it",
            disk::flipped,
        ),
        scenario(
            "l1_answers",
            Smoke,
            "while L1 is down, silent, slow, busy, or answers garbage, half, null, or no logs, transactions are \
             confirmed; once it is well again they are settled",
            l1::answers,
        ),
        scenario(
            "l1_lies",
            Smoke,
            "receipts that lie make nothing be done twice and nothing be left undone",
            l1::lies,
        ),
        scenario(
            "l1_failover",
            Smoke,
            "with one of two nodes down everything is settled through the other",
            l1::failover,
        ),
        scenario(
            "reorganizations",
            Smoke,
            "reorganizations of 1, 2 and 5 blocks, before and after commitment and proof, change nothing in the end",
            chain::reorganizations,
        ),
        scenario(
            "fees",
            Full,
            "above the caps of gas and of blobs it waits with an alarm and goes on below them; dear blobs make it take \
             calldata",
            chain::fees,
        ),
        scenario(
            "nonces",
            Smoke,
            "transactions that are dropped, or whose nonce another program takes, are sent again",
            chain::nonces,
        ),
        scenario(
            "clocks",
            Smoke,
            "with L1's clock 15 minutes ahead of the operator's, everything is settled",
            chain::clocks,
        ),
        scenario(
            "two_operators",
            Smoke,
            "a second operator on the same store is refused; one with the same key and its own store does no harm",
            chain::two_operators,
        ),
        scenario(
            "standby",
            Smoke,
            "killed, frozen and revived, cut off, or asked to stop under load, the operator that leads is followed by \
             its standby within 15 s; nothing is lost, doubled, or contradicts a receipt, and who was overtaken ends",
            standby::takes_over,
        ),
        scenario(
            "proofs",
            Smoke,
            "an invalid proof is never posted, a late and a double one do no harm",
            proofs::bad,
        ),
        scenario(
            "circuit_upgrade",
            Smoke,
            "a restart with another circuit set, with batches in flight, settles them and what comes after",
            proofs::upgrade,
        ),
        scenario(
            "flood",
            Smoke,
            "a flood of unsigned, unpaid, far and replaced transactions keeps nobody else out",
            intake::flood,
        ),
        scenario(
            "garbage",
            Smoke,
            "malformed, oversized and deep requests are refused, and nobody else notices",
            intake::garbage,
        ),
        scenario(
            "long_kill_under_load",
            Full,
            "the same with 200 kills",
            kills::under_load_for_long,
        ),
        scenario("long_standby", Full, "the same at 100 random times", standby::takes_over_often),
        scenario(
            "kill_while_proving",
            Full,
            "`cairn run --dev` killed at random times while it makes real proofs ends with all of it proven",
            program::killed,
        ),
        scenario(
            "long_reorganizations",
            Full,
            "40 reorganizations of random depth at random times under load change nothing in the end",
            chain::random_reorganizations,
        ),
    ]
}

fn main() -> ExitCode {
    if let Some(code) = operator::child() {
        return code;
    }
    runner::run(scenarios())
}
