//! `cairn verify-deployment`.

use std::{fmt, path::PathBuf, process::ExitCode};

use cairn_batcher::{
    deploy::{
        manifest::{Circuits, Manifest},
        project::check_project,
    },
    l1::tools,
    tell,
    temporary::Temporary,
    verify::{Findings, Genesis, Source, check_manifest, verify},
};
use eyre::{Result, WrapErr};
use serde::Serialize;

use crate::{deploy::Prover, reconstruct::print};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A node of L1, which must have the deployment's transactions.
    #[arg(long = "l1", value_name = "URL", env = "CAIRN_L1", hide_env_values = true)]
    url: String,
    /// The manifest that `cairn deploy` has written.
    #[arg(long, value_name = "FILE.json")]
    manifest: PathBuf,
    /// The published ledger that the rollup starts with, a snapshot of batch 0 [default: it must start empty].
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
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
    let genesis = match &arguments.genesis {
        Some(path) => {
            Genesis::published(path).wrap_err_with(|| format!("--genesis {}", path.display()))?
        }
        None => Genesis::empty(),
    };
    // A manifest that contradicts itself is not worth the long work.
    let findings = check_manifest(&arguments.url, &manifest).await?;
    if !findings.agree() {
        return show(findings, arguments.json);
    }
    // What the work after the circuits needs is asked for before them.
    for tool in ["anvil", "forge"] {
        tools::find(&contracts.join("node_modules"), tool)?;
    }
    check_project(&contracts)?;
    let folder = Temporary::new("cairn-verify-")?;
    let prover = arguments.prover.load().await?;
    let verifier = prover.keys().solidity_verifier()?;
    tell!("cairn: building the contracts from source");
    let circuits = Circuits::of(&prover);
    let source = Source::build(&contracts, &verifier, circuits, genesis, folder.path()).await?;
    let findings = verify(&arguments.url, &manifest, &source, folder.path()).await?;
    show(findings, arguments.json)
}

fn show(findings: Findings, json: bool) -> Result<ExitCode> {
    let agree = findings.agree();
    print(&Verdict(findings), json)?;
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(findings) = self;
        for what in &findings.checked {
            writeln!(f, "ok           {what}")?;
        }
        for what in &findings.notes {
            writeln!(f, "so it is     {what}")?;
        }
        for what in &findings.not_checked {
            writeln!(f, "NOT CHECKED  {what}")?;
        }
        for difference in &findings.differences {
            writeln!(f, "DIFFERS      {difference}")?;
        }
        match findings.differences.len() {
            0 => write!(
                f,
                "the deployment is what the source makes: {} checks; whether to use it is in the lines `so it is`",
                findings.checked.len()
            ),
            count => write!(f, "{count} of {} checks differ", count + findings.checked.len()),
        }
    }
}
