//! `cairn-bench`: measures real proofs.

use std::{error::Error, process::ExitCode};

use cairn_batcher::{console, tell};
use cairn_bench::{cli, error::BenchError};
use cairn_prover::allocator::{Allocator, keep_pages};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    keep_pages();
    console::run("cairn-bench", || match cli::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            tell!("cairn-bench: {}", line(&error));
            ExitCode::from(error.exit_code())
        }
    })
}

/// One line: the chain of causes. Errors that have their cause in their own text do not say it twice.
fn line(error: &BenchError) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use cairn_prover::ProverError;

    use super::*;

    #[test]
    fn the_cause_of_an_error_is_said_once() {
        let source = || io::Error::other("the disk is full");
        let cache = ProverError::Cache { folder: "cache".into(), source: source() };
        let text = line(&BenchError::Prover(cache));
        assert!(text.ends_with("with --cache: the disk is full"), "{text}");
        let file = BenchError::File { path: "a.json".into(), source: source() };
        assert_eq!(line(&file), "a.json: the disk is full");
    }
}
