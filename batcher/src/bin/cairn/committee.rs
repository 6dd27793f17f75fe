//! `cairn committee`.

use std::{fmt, path::PathBuf, process::ExitCode};

use alloy::primitives::{Address, B256, Bytes, Signature};
use cairn_batcher::{
    committee::{Committee, CommitteeError, Member, Statement, Store, read},
    exit::keys::read_sender,
    l1::reader::Reader,
    parse,
};
use cairn_prover::files::check_folder;
use eyre::{Result, WrapErr};
use serde::Serialize;

use crate::reconstruct::print;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum CommitteeCommand {
    /// As a member: checks the words of a batch, keeps them, and signs that they are kept.
    Sign(Sign),
    /// As the committer: puts the members' signatures together as the contract takes them.
    Collect(Collect),
}

/// What is signed.
#[derive(Debug, clap::Args)]
struct Batch {
    /// The rollup's contract.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    rollup: Address,
    /// Number of the batch.
    #[arg(long, value_name = "NUMBER", value_parser = parse::decimal::<u32>)]
    batch: u32,
    /// Digest of its data words.
    #[arg(long, value_name = "HASH", value_parser = parse::hash)]
    digest: B256,
    /// How many words there are.
    #[arg(long, value_name = "WORDS", value_parser = parse::decimal::<u32>)]
    count: u32,
    /// Prints JSON instead of a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    batch: Batch,
    /// The rollup's chain.
    #[arg(long, value_name = "ID", value_parser = parse::decimal::<u64>)]
    chain_id: u64,
    /// The words: 31 bytes each, one after the other.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// A file with the member's private key in hex.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where the member keeps words, to give them out.
    #[arg(long, value_name = "DIR")]
    keep: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Collect {
    #[command(flatten)]
    batch: Batch,
    /// A node of L1.
    #[arg(long = "l1", value_name = "URL", env = "CAIRN_L1", hide_env_values = true)]
    url: String,
    /// The block of the deployment, or one before it.
    #[arg(long, value_name = "BLOCK", default_value_t = 0, value_parser = parse::decimal::<u64>)]
    first_block: u64,
    /// What the members have signed, 65 bytes in hex each; the order does not matter.
    #[arg(value_name = "SIGNATURE", required = true, value_parser = parse::signature)]
    signatures: Vec<Signature>,
}

pub(crate) async fn run(command: CommitteeCommand) -> Result<ExitCode> {
    match command {
        CommitteeCommand::Sign(arguments) => sign(arguments)?,
        CommitteeCommand::Collect(arguments) => collect(arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Signed {
    member: Address,
    signature: Bytes,
    kept: PathBuf,
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.signature.fmt(f)
    }
}

fn sign(arguments: Sign) -> Result<()> {
    let Sign { batch, chain_id, data, key, keep } = arguments;
    let Batch { rollup, batch: number, digest, count, json } = batch;
    check_folder("--keep", &keep)?;
    let member = Member::new(read_sender(&key)?, Store::new(keep));
    let words = read(&data, digest, count)
        .wrap_err_with(|| format!("--data {}", data.display()))?
        .map_err(|fault| CommitteeError::Words { batch: number, fault })?;
    let statement = Statement { chain_id, rollup, number, digest, count };
    let signature = member.sign(&statement, &words)?;
    let (member, kept) = (member.address(), member.store().path(digest));
    let signature = Bytes::from(signature.as_bytes());
    print(&Signed { member, signature, kept }, json)
}

#[derive(Serialize)]
struct Collected {
    members: Vec<Address>,
    threshold: usize,
    signatures: Bytes,
}

impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.signatures.fmt(f)
    }
}

async fn collect(arguments: Collect) -> Result<()> {
    let Collect { batch, url, first_block, signatures } = arguments;
    let Batch { rollup, batch: number, digest, count, json } = batch;
    let reader = Reader::connect(&url, rollup).await?;
    let committee = Committee::read(&reader, first_block).await?;
    let statement = Statement { chain_id: reader.chain_id(), rollup, number, digest, count };
    let signatures = committee.collect(&statement, signatures)?;
    let (members, threshold) = (committee.members().collect(), committee.threshold());
    print(&Collected { members, threshold, signatures }, json)
}
