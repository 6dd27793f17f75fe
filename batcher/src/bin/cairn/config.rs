//! `cairn config check` and `cairn config print`.

use std::{path::PathBuf, process::ExitCode};

use cairn_batcher::{node::config::Config, tell};
use clap::Subcommand;
use eyre::Result;

/// What bad input ends with.
pub(crate) const BAD_INPUT: u8 = 2;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Says whether a file is a configuration, and what is wrong: file, line, field, what is expected (exit code 2).
    Check {
        /// The configuration, in TOML.
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
    },
    /// Prints the whole configuration: every field with its value or default and what it means. URLs are cut down to
    /// their hosts, since there may be credentials in the rest.
    Print {
        /// The configuration, in TOML [default: one to start from].
        #[arg(value_name = "FILE.toml")]
        file: Option<PathBuf>,
    },
}

pub(crate) fn run(command: ConfigCommand) -> Result<ExitCode> {
    let read = |file: &PathBuf| {
        Config::read(file).map_err(|error| {
            tell!("cairn: {error}");
            ExitCode::from(BAD_INPUT)
        })
    };
    match command {
        ConfigCommand::Check { file } => match read(&file) {
            Ok(_) => println!("{}: good", file.display()),
            Err(code) => return Ok(code),
        },
        ConfigCommand::Print { file } => {
            let config = match file.as_ref().map(read).transpose() {
                Ok(config) => config.unwrap_or_else(Config::template),
                Err(code) => return Ok(code),
            };
            print!("{}", config.annotated()?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
