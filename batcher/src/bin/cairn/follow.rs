//! `cairn follow`.

use std::{
    convert::Infallible,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use cairn_batcher::{
    api::{ApiConfig, Server, receipt::ReceiptDomain},
    follow::{FollowError, Follower, Setting, Standing, receipts::Receipt, serve},
    node::telemetry::{Telemetry, TelemetryConfig},
    parse,
    reconstruct::Rollup,
    signals::{Signals, shutdown},
    snapshot::Snapshot,
    tell,
};
use eyre::{Result, WrapErr};

use crate::{
    bars::RebuildBars,
    reconstruct::{L1, print},
};

/// With --once, the pause before a next block of L1 is looked for: what the operator says counts at two.
const AGAIN: Duration = Duration::from_secs(2);
/// How long that goes on without another batch that is compared: five blocks of Ethereum.
const PATIENCE: Duration = Duration::from_secs(60);

const EXAMPLES: &str = "Examples:
  cairn follow --l1 URL --rollup ADDRESS --beacon URL --data-dir follower
  cairn follow --l1 URL --rollup ADDRESS --data-dir follower --operator http://operator:8650
  cairn follow --l1 URL --rollup ADDRESS --data-dir follower --once \\
      --receipt receipt.json --receipt-signer ADDRESS

A receipt's file is {\"receipt\": what cairn_receipt answers, \"transaction\": \"0x\" and the 131 bytes}.
What contradicts L1 is a line on standard error, the gauge cairn_follow_contradictions, and with
--once exit code 1. An operator's word counts if it contradicts L1 as of two blocks; what no second
block came for within a minute is undecided, with --once exit code 1 too.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    l1: L1,
    /// Starts from a file of `cairn snapshot` instead of genesis.
    #[arg(long, value_name = "FILE")]
    from_snapshot: Option<PathBuf>,
    /// What is kept: the state, and rows for readers. A later run goes on from there.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// An operator whose batches and blocks are held against L1.
    #[arg(long, value_name = "URL")]
    operator: Option<String>,
    /// A receipt that is held against its batch. More than once for several.
    #[arg(long = "receipt", value_name = "FILE", requires = "receipt_signer")]
    receipts: Vec<PathBuf>,
    /// Who has signed the receipts, as it is known from elsewhere.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    receipt_signer: Option<Address>,
    /// Where reads are served.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "once",
        default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8_651)))]
    listen: SocketAddr,
    /// Ends when all that L1 has is executed and compared: exit code 1 if something contradicts it or is undecided.
    #[arg(long)]
    once: bool,
    /// Seconds between two looks at L1.
    #[arg(long, value_name = "SECONDS", default_value_t = 12, value_parser = parse::within(1..=3_600_u64))]
    interval: u64,
    /// Blocks of L1 after which its events are not read again.
    #[arg(long, value_name = "BLOCKS", default_value_t = 64, value_parser = parse::within(1..=100_000_u64))]
    confirmations: u64,
    /// With --once, prints JSON instead of a table.
    #[arg(long, requires = "once")]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    // A URL that is none is said before L1 is read.
    let places = arguments.l1.data.places()?;
    // Errors are lines of this command's own.
    let log = "off,cairn_batcher::follow=warn,cairn_batcher::api=warn".to_owned();
    let telemetry = TelemetryConfig { log, ..TelemetryConfig::default() };
    let telemetry = Telemetry::install(&telemetry)?;
    let mut bars = RebuildBars::blocks();
    let rollup = read(&arguments.l1, &bars).await?;
    let receipts = receipts(&arguments, &rollup)?;
    let setting = Setting {
        sources: Arc::new(places.sources(rollup.reader().provider())),
        snapshot: arguments.from_snapshot.as_deref().map(Snapshot::read).transpose()?,
        folder: arguments.data_dir.clone(),
        confirmations: arguments.confirmations,
    };
    let committed = rollup.history().committed();
    let mut follower = Follower::start(setting, rollup, receipts)?;
    if let Some(url) = &arguments.operator {
        follower.watch(url).await.wrap_err("--operator")?;
    }
    // Those that receipts alone show are known before L1 is looked at.
    follower.contradictions().iter().for_each(|contradiction| shout(contradiction));
    bars.batches(follower.states().tip(), committed, None);
    if arguments.once {
        return once(follower, &bars, arguments.json).await;
    }
    let signals = Signals::default();
    let metrics = Some(telemetry.metrics().clone());
    let sources = serve::sources(&follower, signals.clone(), metrics).await?;
    let config = ApiConfig { listen: arguments.listen, page: false, ..ApiConfig::default() };
    let server = Server::bind(config).await?;
    tell!("cairn: serves reads at http://{}", server.address());
    let (_stop, stopped) = shutdown();
    let interval = Duration::from_secs(arguments.interval);
    tokio::select! {
        served = server.run(sources, stopped) => served.map(|()| ExitCode::SUCCESS).map_err(Into::into),
        failed = follow(follower, bars, signals, interval) => match failed? {},
    }
}

async fn read(l1: &L1, bars: &RebuildBars) -> Result<Rollup> {
    let ledger = l1.genesis.as_deref().map(Snapshot::read).transpose()?;
    let rollup = Rollup::read(&l1.url, l1.rollup, l1.first_block, ledger, bars).await?;
    if let Some(expected) = l1.chain_id {
        rollup.reader().expect_chain(expected)?;
    }
    Ok(rollup)
}

fn receipts(arguments: &Arguments, rollup: &Rollup) -> Result<Vec<Receipt>> {
    // The command line has the signer where it has a receipt.
    let Some(signer) = arguments.receipt_signer else { return Ok(Vec::new()) };
    let reader = rollup.reader();
    let domain = ReceiptDomain { chain_id: reader.chain_id(), rollup: reader.address() };
    let read = |file: &PathBuf| Receipt::read(file, &domain, signer);
    Ok(arguments.receipts.iter().map(read).collect::<Result<_, _>>()?)
}

/// A contradiction, a line on standard error.
fn shout(contradiction: &str) {
    tell!("cairn: CONTRADICTION: {contradiction}");
}

async fn once(mut follower: Follower, bars: &RebuildBars, json: bool) -> Result<ExitCode> {
    // What L1 gets meanwhile is another run's.
    let to = follower.rollup().history().committed();
    let (mut compared, mut end) = (0, None);
    loop {
        follower.round(bars, shout).await?;
        follower.check(shout).await.wrap_err("--operator")?;
        if follower.is_compared(to) {
            break;
        }
        let now = follower.standing().compared;
        if now > compared && now < u64::from(to) {
            (compared, end) = (now, None);
            continue;
        }
        if *end.get_or_insert_with(|| Instant::now() + PATIENCE) <= Instant::now() {
            break;
        }
        tokio::time::sleep(AGAIN).await;
    }
    bars.finish();
    follower.keep_now()?;
    let standing = follower.standing();
    let is_well = standing.contradictions.is_empty() && follower.is_compared(to);
    print(&Report(standing), json)?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Round after round. What may pass by itself is said once, until it has passed. The operator's trouble is no trouble of
/// the readers, who get L1.
async fn follow(
    mut follower: Follower,
    bars: RebuildBars,
    signals: Signals,
    interval: Duration,
) -> Result<Infallible, FollowError> {
    let states = follower.states().clone();
    let mut bars = Some(bars);
    let mut operator = None;
    loop {
        let round = match &bars {
            Some(bars) => follower.round(bars, shout).await,
            None => follower.round(&(), shout).await,
        };
        match round {
            Ok(()) => {
                if let Some(bars) = bars.take() {
                    bars.finish();
                }
                if states.trouble().is_some() {
                    tell!("cairn: goes on");
                }
                states.set_trouble(None);
                signals.l1.ring();
                signals.sealed.ring();
            }
            Err(error) if error.may_pass() => {
                let trouble = crate::line(&error.into());
                if states.trouble().as_ref() != Some(&trouble) {
                    tell!("cairn: {trouble}; trying again");
                }
                states.set_trouble(Some(trouble));
            }
            Err(error) => return Err(error),
        }
        let trouble = follower.check(shout).await.err().map(|error| crate::line(&error.into()));
        match &trouble {
            Some(trouble) if operator.as_ref() != Some(trouble) => {
                tell!("cairn: --operator: {trouble}; trying again");
            }
            None if operator.is_some() => tell!("cairn: the operator answers again"),
            _ => {}
        }
        operator = trouble;
        tokio::time::sleep(interval).await;
    }
}

/// Each on a line of its own, after what is there.
fn lines(f: &mut fmt::Formatter<'_>, lines: &[String]) -> fmt::Result {
    lines.iter().try_for_each(|line| write!(f, "\n  {}", cairn_batcher::console::line(line)))
}

/// What is printed.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
struct Report(Standing);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Standing { l1_block, batch, committed, proven, state, compared, .. } = &self.0;
        let Standing { receipts_hold, receipts_open, undecided, contradictions, .. } = &self.0;
        writeln!(
            f,
            "L1             block {l1_block}: {committed} batches committed, {proven} proven"
        )?;
        writeln!(f, "state          {state} after batch {batch}")?;
        writeln!(f, "operator       {compared} of {committed} batches compared")?;
        writeln!(
            f,
            "receipts       {receipts_hold} hold, {receipts_open} cannot be told: their batch is not on L1, or \
             before the state that was started from"
        )?;
        write!(f, "undecided      {}", undecided.len())?;
        lines(f, undecided)?;
        write!(f, "\ncontradictions {}", contradictions.len())?;
        lines(f, contradictions)
    }
}
