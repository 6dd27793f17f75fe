//! The command line.

use std::{ffi::OsString, process::ExitCode};

use cairn_batcher::{
    console::{answer_usage, usage_fault},
    parse,
};
use clap::{Parser, Subcommand, error::ErrorKind};

use crate::{
    cmp::Compare, cost::command::Cost, error::BenchError, fleet::FleetRun, list::List,
    plan::command::Plan, report::Report, run::Run, scale::Scale, soundness::Soundness,
};

/// Where records are kept.
pub const RECORDS: &str = "benches/records";

/// Measures real proofs: every one is verified, and no time is printed for one that is not.
#[derive(Debug, Parser)]
#[command(name = "cairn-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures a stage and prints or writes a record.
    Run(Run),
    /// Compares two records: ratios of B to A, with their spread.
    Cmp(Compare),
    /// Lists stages, traffics, chunk sizes and the records found.
    List(List),
    /// Schedules a batch's tasks on many workers, with the task times of a record.
    Scale(Scale),
    /// Proves batches on workers in processes of their own, over a local NATS server, and compares.
    Fleet(FleetRun),
    /// Workers and US dollars a day for a traffic whose transfers must be final on L1 in time.
    Plan(Box<Plan>),
    /// US dollars a transfer: compute, execution gas, data.
    Cost(Cost),
    /// Prints what every layer's parameters are worth: provable bits, term by term, in each published regime.
    Soundness(Soundness),
    /// Writes a page with charts from the records of a folder.
    Report(Report),
}

/// A number above 0 that nobody exceeds who means it.
///
/// # Errors
/// Another number, or none.
pub fn positive(text: &str) -> Result<f64, String> {
    match parse::fraction(text) {
        Ok(number) if number > 0.0 && number <= 1e6 => Ok(number),
        Ok(_) => Err("expected a number above 0 and at most 1000000".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs the command of these arguments, the program's name first.
///
/// # Errors
/// See [`BenchError`].
pub fn run(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, BenchError> {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            return match error.kind() {
                ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                    Ok(answer_usage("cairn-bench", &error))
                }
                _ => Err(BenchError::Usage(usage_fault(&error))),
            };
        }
    };
    match parsed.command {
        Command::Run(command) => command.run(),
        Command::Cmp(command) => return command.run(),
        Command::List(command) => command.run(),
        Command::Scale(command) => command.run(),
        Command::Fleet(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Cost(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Soundness(command) => command.run(),
    }
    .map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_its_errors_are_one_line() {
        Arguments::command().debug_assert();
        for line in ["run --runs 0", "run --traffic x", "cmp a.json", "fly", "run --stage x"] {
            let arguments = ["cairn-bench"].into_iter().chain(line.split(' '));
            match run(arguments.map(OsString::from)) {
                Err(BenchError::Usage(message)) => {
                    assert!(!message.is_empty() && !message.contains('\n'), "{message}");
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
