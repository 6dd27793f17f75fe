//! `cairn-bench`: measures real proofs.

use std::process::ExitCode;

use cairn_bench::cli;

fn main() -> ExitCode {
    match cli::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cairn-bench: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
