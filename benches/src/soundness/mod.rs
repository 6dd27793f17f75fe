//! `cairn-bench soundness`: what the parameters of every layer are worth, proven.

mod layers;
mod soundcalc;
mod table;

use std::{fs, path::PathBuf};

use cairn_circuits::{config::PROVABLE_BITS_TARGET, soundness::LayerSecurity};
use cairn_prover::files::{Output, print_beside};
use serde::Serialize;

pub use layers::layers;
pub use soundcalc::{parameters, weighted_openings};

use crate::{error::BenchError, record::write_json};

/// The file that `--soundcalc` writes.
pub const PARAMETERS_FILE: &str = "cairn.toml";

/// Prints every term of every layer in every published regime. Builds the layers' shapes, not their
/// keys.
#[derive(Debug, Clone, clap::Args)]
pub struct Soundness {
    /// Writes all terms, and the figures that they follow from, as JSON to a file, or to stdout for
    /// -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the parameters to cairn.toml in this folder, in the form that the Ethereum
    /// Foundation's soundcalc reads.
    #[arg(long, value_name = "DIR")]
    soundcalc: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    /// Provable bits that every layer must have.
    target: usize,
    layers: &'a [LayerSecurity],
}

impl Soundness {
    /// Prints the report.
    ///
    /// # Errors
    /// An output cannot be written, or a chunk is too weak to be built.
    pub fn run(&self) -> Result<(), BenchError> {
        let [json] = Output::create_all([("--json", self.json.as_deref())])?;
        let is_taken = json.as_ref().is_some_and(Output::is_standard_output);
        let layers = layers()?;
        if let Some(folder) = &self.soundcalc {
            let path = folder.join(PARAMETERS_FILE);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, parameters(&layers)))
                .map_err(|source| BenchError::File { path, source })?;
        }
        if let Some(json) = json {
            let document = Document { target: PROVABLE_BITS_TARGET, layers: &layers };
            json.write(|out| write_json(out, &document))?;
        }
        print_beside(table::of(&layers), is_taken);
        Ok(())
    }
}
