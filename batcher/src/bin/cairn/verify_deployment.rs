//! `cairn verify-deployment`.

use std::{fmt, path::PathBuf, process::ExitCode};

use cairn_batcher::{
    deploy::manifest::{Circuits, Manifest},
    verify::{Findings, rebuild, verify},
};
use eyre::Result;
use serde::Serialize;

use crate::{deploy::Prover, reconstruct::print};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A node of L1.
    #[arg(long = "l1", value_name = "URL", env = "CAIRN_L1")]
    url: String,
    /// The manifest that `cairn deploy` has written.
    #[arg(long, value_name = "FILE.json")]
    manifest: PathBuf,
    #[command(flatten)]
    prover: Prover,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict(Findings);

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let manifest = Manifest::read(&arguments.manifest)?;
    let contracts = arguments.prover.contracts()?;
    let prover = arguments.prover.load().await?;
    let folder = tempfile::Builder::new().prefix("cairn-verify-").tempdir()?;
    let source = prover.keys().solidity_verifier()?;
    eprintln!("cairn: building the contracts from source");
    let rebuilt = rebuild(&contracts, &source, &manifest, folder.path()).await?;
    let findings = verify(&arguments.url, &manifest, &Circuits::of(&prover), &rebuilt).await?;
    let agree = findings.agree();
    print(&Verdict(findings), arguments.json)?;
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(findings) = self;
        for what in &findings.checked {
            writeln!(f, "ok       {what}")?;
        }
        for difference in &findings.differences {
            writeln!(f, "DIFFERS  {difference}")?;
        }
        match findings.differences.len() {
            0 => write!(
                f,
                "the deployment is what the source makes: {} checks",
                findings.checked.len()
            ),
            count => write!(f, "{count} of {} checks differ", count + findings.checked.len()),
        }
    }
}
