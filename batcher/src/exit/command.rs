//! The commands `cairn exit ..`.

use std::{fmt::Display, path::PathBuf};

use alloy::primitives::{Address, B256};
use cairn_prover::{
    LocalProver,
    files::{Output, check_folder, print_beside},
};
use cairn_types::{Word, domain};
use clap::{Args, Subcommand};
use eyre::Result;
use serde::Serialize;

use super::{
    keys::{Keys, read_sender},
    l1::FrozenRollup,
    list::Leaves,
    prove, refund,
    request::{self, HEADER, Row},
    submit,
};
use crate::{l1::fees::MOST_GWEI, parse, progress::Bars, snapshot::Snapshot};

/// What to do about a frozen rollup.
#[derive(Debug, Subcommand)]
pub enum ExitCommand {
    /// Shows the leaves of a state, and which have left.
    List(List),
    /// Signs for leaves, so that anyone can prove and submit for them.
    Sign(Sign),
    /// Proves that leaves may leave, 44 in a proof.
    Prove(Prove),
    /// Sends proofs to L1, and has the recipients paid.
    Submit(Submit),
    /// Gives back the sender's queued operations that were never executed, and has them paid.
    Refund(Refund),
}

/// The state that the leaves are in.
#[derive(Debug, Args)]
struct StateFile {
    /// Snapshot of the last proven state, made with `cairn snapshot`.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
}

/// See [`ExitCommand::List`].
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    state: StateFile,
    /// Node to ask which leaves have left, and whether the state is the last proven one.
    #[arg(long, value_name = "URL")]
    l1: Option<String>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// See [`ExitCommand::Sign`].
#[derive(Debug, Args)]
pub struct Sign {
    #[command(flatten)]
    state: StateFile,
    /// CSV file with the columns leaf,recipient.
    #[arg(long, value_name = "FILE.csv")]
    leaves: PathBuf,
    /// File of secret seeds, one a line in hex.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Where to write leaf,recipient,signature: a file, or - for standard output.
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
}

/// See [`ExitCommand::Prove`].
#[derive(Debug, Args)]
pub struct Prove {
    #[command(flatten)]
    state: StateFile,
    /// CSV file with the columns leaf,recipient and, where --keys has not the leaf's key, signature.
    #[arg(long, value_name = "FILE.csv")]
    leaves: PathBuf,
    /// File of secret seeds, one a line in hex.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Folder of the proofs; those that are there already are not made again.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Threads of the prover [default: all cores].
    #[arg(long, value_parser = parse::within(1..=1_024_u16))]
    threads: Option<u16>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Where to send transactions, and as whom.
#[derive(Debug, Args)]
struct Target {
    /// A node of the chain.
    #[arg(long, value_name = "URL")]
    l1: String,
    /// The rollup.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    rollup: Address,
    /// File with the L1 key that pays the gas, 32 bytes in hex.
    #[arg(long, value_name = "FILE")]
    sender: PathBuf,
    /// Gwei to pay for a gas at the most.
    #[arg(long, value_name = "GWEI", default_value_t = MOST_GWEI, value_parser = parse::within(1..=1_000_000_u64))]
    max_fee_gwei: u64,
    /// Prints JSON instead of lines.
    #[arg(long)]
    json: bool,
}

impl Target {
    async fn connect(&self) -> Result<FrozenRollup> {
        let signer = read_sender(&self.sender)?;
        let l1 = FrozenRollup::connect(&self.l1, self.rollup, Some(signer)).await?;
        Ok(l1.paying(self.max_fee_gwei))
    }
}

/// See [`ExitCommand::Submit`].
#[derive(Debug, Args)]
pub struct Submit {
    #[command(flatten)]
    target: Target,
    /// Folder of the proofs.
    #[arg(long, value_name = "DIR")]
    proofs: PathBuf,
}

/// See [`ExitCommand::Refund`].
#[derive(Debug, Args)]
pub struct Refund {
    #[command(flatten)]
    target: Target,
    /// Gives back everyone's operations, not the sender's alone; the sender pays the gas of all.
    #[arg(long)]
    all: bool,
}

/// Runs a command; prints progress to stderr and the result to stdout.
///
/// # Errors
/// Bad input or a refusal of L1, with what to do.
pub async fn run(command: ExitCommand) -> Result<()> {
    match command {
        ExitCommand::List(arguments) => list(arguments).await,
        ExitCommand::Sign(arguments) => sign(arguments),
        ExitCommand::Prove(arguments) => tokio::task::spawn_blocking(|| prove(arguments)).await?,
        ExitCommand::Submit(arguments) => submit(arguments).await,
        ExitCommand::Refund(arguments) => refund(arguments).await,
    }
}

async fn list(arguments: List) -> Result<()> {
    let mut snapshot = Snapshot::read(&arguments.state.state)?;
    let left = match &arguments.l1 {
        Some(url) => {
            let l1 = FrozenRollup::connect(url, snapshot.rollup, None).await?;
            l1.check_chain(snapshot.chain_id)?;
            l1.check_state(B256::from(snapshot.commitment().to_bytes())).await?;
            Some(l1.exited().await?)
        }
        None => None,
    };
    print(&Leaves::new(&snapshot.state, left.as_ref()), arguments.json)
}

fn sign(arguments: Sign) -> Result<()> {
    let out = Output::create("--out", &arguments.out)?;
    out.refuse_inputs([
        ("--keys", Some(arguments.keys.as_path())),
        ("--state", Some(arguments.state.state.as_path())),
        ("--leaves", Some(arguments.leaves.as_path())),
    ])?;
    let snapshot = Snapshot::read(&arguments.state.state)?;
    let rows = request::read(&arguments.leaves)?;
    let keys = Keys::read(&arguments.keys)?;
    let requests = request::sign_and_check(&rows, &snapshot.state, &domain_of(&snapshot), &keys)?;
    let text: String =
        std::iter::once(HEADER.to_owned()).chain(requests.iter().map(Row::line)).collect();
    let (is_taken, path) = (out.is_standard_output(), arguments.out.display());
    out.write(|file| file.write_all(text.as_bytes()))?;
    print_beside(format_args!("{} leaves signed, in {path}\n", requests.len()), is_taken);
    Ok(())
}

fn prove(arguments: Prove) -> Result<()> {
    let mut snapshot = Snapshot::read(&arguments.state.state)?;
    let rows = request::read(&arguments.leaves)?;
    let keys = arguments.keys.map_or(Ok(Keys::default()), |path| Keys::read(&path))?;
    let requests = request::sign_and_check(&rows, &snapshot.state, &domain_of(&snapshot), &keys)?;
    check_folder("--out", &arguments.out)?;
    prove::check_files(&arguments.out, requests.len())?;
    let threads = arguments.threads.map_or_else(cairn_prover::cores, usize::from);
    let cache = arguments.cache.map_or_else(cairn_prover::default_cache_folder, Ok)?;
    let bars = Bars::default();
    let prover = LocalProver::load(&cache, threads, &bars)?;
    let proven = prove::prove(&prover, &mut snapshot, &requests, &arguments.out, &bars)?;
    print(&Proofs { proofs: proven }, arguments.json)
}

async fn submit(arguments: Submit) -> Result<()> {
    let Submit { target, proofs } = arguments;
    let files = submit::read_folder(&proofs)?;
    let l1 = target.connect().await?;
    let bars = Bars::default();
    let bar = bars.bar("exits", files.len());
    let submitted = submit::submit(&l1, target.rollup, &files, &bar).await?;
    bars.finish(&bar);
    print(&submitted, target.json)?;
    submitted.check()
}

async fn refund(arguments: Refund) -> Result<()> {
    let Refund { target, all } = arguments;
    let l1 = target.connect().await?;
    let refunded = match all {
        true => refund::refund(&l1).await?,
        false => refund::refund_of(&l1, l1.sender()).await?,
    };
    print(&refunded, target.json)?;
    refunded.check()
}

fn domain_of(snapshot: &Snapshot) -> Word {
    domain(snapshot.chain_id, &snapshot.rollup.into_array())
}

#[derive(Serialize)]
struct Proofs {
    proofs: Vec<prove::Proven>,
}

impl Display for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for prove::Proven { file, leaves, kept, wall_s } in &self.proofs {
            let how = if *kept { "was there".to_owned() } else { format!("{wall_s:.1} s") };
            writeln!(f, "{}: {leaves} leaves, {how}", file.display())?;
        }
        Ok(())
    }
}

fn print(result: &(impl Display + Serialize), json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(result)?);
    } else {
        print!("{result}");
    }
    Ok(())
}
