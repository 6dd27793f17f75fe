//! `cairn run --dev`.

use std::path::PathBuf;

use cairn_batcher::{
    deploy::{manifest::Circuits, project::check_project, write_verifier},
    fleet::local::{self, LocalFleet},
    l1::{artifacts::Artifacts, tools},
    node::{
        Checked, Extras, Node,
        checks::{is_writable, port_is_free},
        config::loopback,
        dev::{self, DevChain, Place, deployment::Plan, summary::Summary},
        telemetry::{LogFormat, TelemetryConfig},
    },
    parse,
    proving::config::{DataChoice, ProvingConfig},
    tell,
    temporary::Temporary,
};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use eyre::{Result, WrapErr};

use super::Service;

/// Accounts that L1 deposits for, where no number is given.
const DEPOSITED: u32 = 4;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Development (--dev)")]
pub(crate) struct Arguments {
    /// Folder of the rollup; a second start goes on from there [default: a temporary one, removed at the end].
    #[arg(long, value_name = "DIR", requires = "dev")]
    data_dir: Option<PathBuf>,
    /// Port of the API.
    #[arg(long, default_value_t = 8_650, requires = "dev", value_parser = parse::decimal::<u16>)]
    port: u16,
    /// Port of the local L1.
    #[arg(long, default_value_t = 8_545, requires = "dev", value_parser = parse::decimal::<u16>)]
    l1_port: u16,
    /// Seconds between two blocks of the local L1.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 2,
        requires = "dev",
        value_parser = parse::within(1..=3_600_u64)
    )]
    block_time: u64,
    /// Where batches have their data.
    #[arg(long, value_name = "MODE", value_parser = data_choice(), default_value = "auto", requires = "dev")]
    data: DataChoice,
    /// So many accounts with money in the state that the rollup starts with, for load tests
    /// [default: L1 deposits for 4 accounts].
    #[arg(
        long,
        value_name = "N",
        requires = "dev",
        value_parser = parse::within(1..=20_000_000_u32)
    )]
    accounts: Option<u32>,
    /// Proves on so many workers in processes of their own, over a local NATS server [default: in this process].
    #[arg(long, value_name = "N", requires = "dev", value_parser = parse::within(1..=64_u16))]
    workers: Option<u16>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR", requires = "dev")]
    cache: Option<PathBuf>,
    /// The Foundry project with its tools installed.
    #[arg(long, value_name = "DIR", env = "CAIRN_CONTRACTS", default_value = "verifier-contracts")]
    contracts: PathBuf,
    /// Prints URLs, addresses and keys as JSON.
    #[arg(long, requires = "dev")]
    json: bool,
}

/// Those that a development rollup takes: it has no committee.
fn data_choice() -> impl TypedValueParser<Value = DataChoice> {
    let named = [
        ("auto", DataChoice::Auto, "Calldata or blobs, whichever costs less"),
        ("calldata", DataChoice::Calldata, "Calldata only: small batches"),
        ("blobs", DataChoice::Blobs, "Blobs only"),
    ];
    let values = named.map(|(name, _, help)| PossibleValue::new(name).help(help));
    // The parser lets no other names through.
    PossibleValuesParser::new(values).map(move |name| {
        let found = named.iter().find(|(known, ..)| *known == name);
        found.map_or(DataChoice::Auto, |(_, choice, _)| *choice)
    })
}

/// `temporary` is given the folder that must be removed in the end, if no other is named.
pub(super) async fn start(
    arguments: Arguments,
    log: Option<LogFormat>,
    temporary: &mut Option<Temporary>,
) -> Result<Service> {
    let telemetry = super::telemetry(&TelemetryConfig::default(), log)?;
    let contracts = &arguments.contracts;
    let contracts = contracts
        .canonicalize()
        .wrap_err_with(|| format!("--contracts: no Foundry project at {}", contracts.display()))?;
    for tool in ["anvil", "forge"] {
        tools::find(&contracts.join("node_modules"), tool)?;
    }
    check_project(&contracts)?;
    if let Some(workers) = arguments.workers {
        local::check(workers)?;
    }
    port_is_free("--port", loopback(arguments.port))?;
    // Also where it is not used: others are made where it is.
    let made = Temporary::new("cairn-dev-")?;
    let folder = match arguments.data_dir {
        Some(folder) => {
            is_writable(&folder)?;
            dev::check_l1_port(&folder, arguments.l1_port)?;
            folder
        }
        None => {
            port_is_free("--l1-port", loopback(arguments.l1_port))?;
            temporary.insert(made).path().to_owned()
        }
    };
    // Circuits first: what L1 verifies follows from them.
    let threads = ProvingConfig::default().threads();
    let prover = super::load_prover(arguments.cache.clone(), threads).await?;
    let source = prover.keys().solidity_verifier()?;
    if write_verifier(&contracts, &source).wrap_err("writing the verifier's source")? {
        tell!("cairn: the circuits have changed: the verifier's source was written again");
    }
    let plan = Plan {
        artifacts: Artifacts::build(&contracts).await?,
        circuits: Circuits::of(&prover),
        prepared: arguments.accounts,
        deposited: DEPOSITED,
    };
    let (l1_port, block_time) = (arguments.l1_port, arguments.block_time);
    let place = Place { folder, contracts, l1_port, block_time };
    let chain = DevChain::start(&place, &plan).await?;

    let api = loopback(arguments.port);
    let mut config = chain.config(&place.folder, api);
    config.proving.data = arguments.data;
    let workers = match arguments.workers {
        Some(workers) => {
            let threads = (threads / usize::from(workers)).max(1);
            let plan = local::Plan { workers, threads, cache: arguments.cache };
            Some(LocalFleet::start(&place.folder.join("nats"), &plan)?)
        }
        None => None,
    };
    config.fleet = workers.as_ref().map(LocalFleet::config).unwrap_or_default();
    let checked = Checked::check(config.clone(), dev::keys()).await?;
    let fleet = super::start_fleet(&checked, &prover).await?;
    let (engine, fleet) = super::proving_with(prover, fleet);
    let metrics = Some(telemetry.metrics().clone());
    let extras = Extras { metrics, fleet, ..Extras::default() };
    let mut node = Node::start(checked, engine, extras).await?;
    if let Some(workers) = workers {
        node.supervise("local fleet", |shutdown| workers.run(shutdown));
    }
    // The port is the system's choice where 0 was asked for.
    let summary = Summary::new(&chain.deployment, &config, chain.l1_url(), node.address());
    node.supervise("local L1", |shutdown| chain.run(shutdown));
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        println!("{summary}");
    }
    Ok(Service { node, telemetry })
}
