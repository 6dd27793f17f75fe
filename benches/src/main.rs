//! `cairn-bench`: measures real proofs.

use std::process::ExitCode;

use cairn_batcher::{console, tell};
use cairn_bench::cli;
use cairn_prover::allocator::{Allocator, keep_pages};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    keep_pages();
    console::run("cairn-bench", || match cli::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            tell!("cairn-bench: {error}");
            ExitCode::from(error.exit_code())
        }
    })
}
