//! `cairn-bench list`: what can be measured, and what has been.

use std::path::PathBuf;

use cairn_batcher::console::line;

use crate::{
    cli::RECORDS,
    error::BenchError,
    record::Record,
    stages::{self, LARGEST_CHUNK, Stage},
    traffic::FORMS,
};

/// Lists stages, traffics, chunk sizes and records.
#[derive(Debug, Clone, clap::Args)]
pub struct List {
    /// The folder of records.
    #[arg(long = "records", value_name = "DIR", default_value = RECORDS)]
    folder: PathBuf,
}

impl List {
    /// Prints the lists.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn run(&self) -> Result<(), BenchError> {
        println!("stages");
        for stage in Stage::ALL {
            println!("  {:<12}{}", stage.name(), stage.about());
        }
        println!("\ntraffics");
        for (form, about) in FORMS {
            println!("  {form:<12}{about}");
        }
        let memory = stages::memory_mb(Stage::Leaf, LARGEST_CHUNK);
        println!("\nchunks\n  at most {LARGEST_CHUNK} operations, about {memory} MiB");
        println!("\nrecords in {}", self.folder.display());
        if !self.folder.exists() {
            println!("  none");
            return Ok(());
        }
        for (path, record) in Record::read_folder(&self.folder)? {
            let work = &record.workload;
            let rate = record
                .transfers_per_s_per_core()
                .map_or_else(String::new, |rate| format!(", {:.2} transfers/s/core", rate.median));
            let name = path.file_name().unwrap_or_default().display().to_string();
            println!(
                "  {:<24}{:<7}{}, batch {}, chunk {}, {} threads, commit {}{rate}",
                line(&name),
                work.stage,
                line(&work.traffic),
                work.batch,
                work.chunk,
                work.threads,
                line(&record.build.commit)
            );
        }
        Ok(())
    }
}
