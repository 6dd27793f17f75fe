//! What shells and `man` know of a program: made from the arguments that it takes, so that they cannot differ.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Subcommand;
use clap_complete::Shell;

use super::expect_written;

/// Commands that every program has.
#[derive(Debug, Subcommand)]
pub enum ShellCommand {
    /// Prints a script that completes this program's commands in a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Writes a manual page for each command to a folder.
    Man {
        /// The folder, which is made if it is missing.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

impl ShellCommand {
    /// Does it for a program that takes these commands.
    ///
    /// # Errors
    /// The folder or a page cannot be written.
    pub fn run(self, mut program: clap::Command) -> io::Result<()> {
        match self {
            Self::Completions { shell } => {
                let (name, mut script) = (program.get_name().to_owned(), Vec::new());
                clap_complete::generate(shell, &mut program, name, &mut script);
                expect_written(io::stdout().lock().write_all(&script));
                Ok(())
            }
            Self::Man { folder } => {
                let named = |error: io::Error| {
                    io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
                };
                std::fs::create_dir_all(&folder).map_err(named)?;
                clap_mangen::generate_to(program, &folder).map_err(named)
            }
        }
    }
}
