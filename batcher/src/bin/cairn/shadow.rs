//! `cairn shadow`.

use std::{path::PathBuf, process::ExitCode};

use alloy::primitives::Address;
use cairn_batcher::{
    console, parse,
    progress::Bars,
    shadow::{
        self, Options, Run,
        cost::Prices,
        events::{self, Source},
        ledger::Ledger,
        openings::{Fees, named_quantum},
        prove::Prove,
        refusal,
    },
    tell,
    temporary::Temporary,
    transfers,
};
use cairn_prover::files::{Output, print_beside};
use cairn_types::DataMode;
use eyre::Result;

const EXAMPLES: &str = "Examples:
  cairn shadow --input transfers.csv --refused refused.csv
  cairn shadow --input transfers.csv --prove 1 --eth 3000 --core-hour 0.04 --json report.json
  cairn shadow --rpc https://NODE --token 0xTOKEN --from-block 19000000 --ledger token.csv --contracts
  cairn shadow --input token.csv --balances balances.csv --quantum 0xTOKEN=6

Exit code 0 whatever is refused: the report says what. Without --balances an account starts with the
least that makes its history possible; --openings writes that.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Transfers: a CSV file with the columns timestamp,token,from,to,amount, amounts in base units. From or to address
    /// 0 is a deposit or a withdrawal.
    #[arg(long, value_name = "FILE.csv", required_unless_present = "rpc")]
    input: Option<PathBuf>,
    /// A node of L1, whose events are the transfers.
    #[arg(long, value_name = "URL", conflicts_with = "input", requires = "token")]
    rpc: Option<String>,
    /// The ERC-20 contract.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "rpc",
        conflicts_with = "input",
        value_parser = parse::address
    )]
    token: Option<Address>,
    /// The first block whose events are read.
    #[arg(
        long,
        value_name = "BLOCK",
        default_value_t = 0,
        requires = "rpc",
        conflicts_with = "input",
        value_parser = parse::decimal::<u64>
    )]
    from_block: u64,
    /// The last one [default: the last finalized].
    #[arg(
        long,
        value_name = "BLOCK",
        requires = "rpc",
        conflicts_with = "input",
        value_parser = parse::decimal::<u64>
    )]
    to_block: Option<u64>,
    /// Keeps the transfers that were read in this file; an interrupted run goes on from FILE.csv.part.
    #[arg(long, value_name = "FILE.csv", requires = "rpc", conflicts_with = "input")]
    ledger: Option<PathBuf>,
    /// Asks for the code of every payer: what contracts have paid is refused, as they cannot sign.
    #[arg(long, requires = "rpc", conflicts_with = "input")]
    contracts: bool,
    /// What accounts start with: a CSV file with the columns token,address,amount, in base units.
    #[arg(long, value_name = "FILE.csv")]
    balances: Option<PathBuf>,
    /// A quantum of a token is 10^EXPONENT base units [default: the smallest in which all of it fits].
    #[arg(long = "quantum", value_name = "TOKEN=EXPONENT", value_parser = named_quantum)]
    quanta: Vec<(String, u8)>,
    /// What a transfer pays, quanta: the operator's default.
    #[arg(
        long,
        value_name = "QUANTA",
        default_value_t = 1,
        value_parser = parse::within(0..=FEE_MOST)
    )]
    fee: u64,
    /// What a transfer pays that makes an account.
    #[arg(
        long,
        value_name = "QUANTA",
        default_value_t = 10,
        value_parser = parse::within(0..=FEE_MOST)
    )]
    new_account_fee: u64,
    /// Where the data would go.
    #[arg(long, value_parser = crate::demo::data_mode(), default_value_t)]
    data: DataMode,
    /// Proves so many batches, or all, each by a proof of its own.
    #[arg(long, value_name = "N|all")]
    prove: Option<Prove>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR", requires = "prove")]
    cache: Option<PathBuf>,
    /// Threads of the prover [default: all cores].
    #[arg(long, requires = "prove", value_parser = parse::within(1..=1_024_u16))]
    threads: Option<u16>,
    /// A unit of gas.
    #[arg(long, value_name = "GWEI", default_value = "1", value_parser = parse::fraction)]
    gas_price: f64,
    /// A unit of blob gas.
    #[arg(long, value_name = "GWEI", default_value = "0.1", value_parser = parse::fraction)]
    blob_gas_price: f64,
    /// An ether: reports US dollars.
    #[arg(long, value_name = "USD", value_parser = parse::fraction)]
    eth: Option<f64>,
    /// An hour of one core: reports US dollars for proving.
    #[arg(long, value_name = "USD", requires = "prove", value_parser = parse::fraction)]
    core_hour: Option<f64>,
    /// Writes the whole report to a file, or to standard output for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes every transfer that is refused, with the reason.
    #[arg(long, value_name = "FILE.csv")]
    refused: Option<PathBuf>,
    /// Writes what accounts start with, as --balances takes it.
    #[arg(long, value_name = "FILE.csv")]
    openings: Option<PathBuf>,
}

/// Quanta: what transactions pay is small, and amount and fee must not leave their bits.
const FEE_MOST: u64 = 1 << 40;

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let [json, refused, openings] = Output::create_all([
        ("--json", arguments.json.as_deref()),
        ("--refused", arguments.refused.as_deref()),
        ("--openings", arguments.openings.as_deref()),
    ])?;
    for output in [&json, &refused, &openings].into_iter().flatten() {
        output.refuse_inputs([
            ("--input", arguments.input.as_deref()),
            ("--ledger", arguments.ledger.as_deref()),
            ("--balances", arguments.balances.as_deref()),
        ])?;
    }
    let outputs = [&json, &refused, &openings];
    let is_taken = outputs.into_iter().flatten().any(Output::is_standard_output);

    let bars = Bars::default();
    let (input, ledger) = read(&arguments, &bars).await?;
    let options = options(&arguments, input);
    // Cores for minutes: not on the threads that hear signals.
    let played = tokio::task::spawn_blocking(move || shadow::run(ledger, &options, &bars));
    let Run { ledger, tokens, openings: balances, refused: list, report } = played.await??;

    if let Some(out) = refused {
        out.write(|file| refusal::write(&ledger, &list, file))?;
    }
    if let Some(out) = openings {
        out.write(|file| balances.write(&ledger, &tokens, file))?;
    }
    let written = json.map(|out| {
        out.write(|file| {
            serde_json::to_writer_pretty(&mut *file, &report)?;
            writeln!(file)
        })
    });
    print_beside(format_args!("{}\n", console::lines(&report.to_string())), is_taken);
    written.transpose()?;
    if !list.is_empty() && arguments.refused.is_none() {
        tell!("cairn: {} transfers are refused; --refused FILE.csv lists them", list.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// The ledger, and what it is called.
async fn read(arguments: &Arguments, bars: &Bars) -> Result<(String, Ledger)> {
    if let Some(path) = &arguments.input {
        let ledger = Ledger::new(transfers::read(path)?)?;
        return Ok((path.display().to_string(), ledger));
    }
    // The command line has one of the two, and the token with this one.
    let (Some(url), Some(token)) = (arguments.rpc.clone(), arguments.token) else {
        eyre::bail!("expected --input FILE.csv, or --rpc URL and --token ADDRESS");
    };
    let (first, last) = (arguments.from_block, arguments.to_block);
    let source = Source { url, token, first, last };
    let folder = Temporary::new("cairn-shadow-")?;
    let file = arguments.ledger.clone().unwrap_or_else(|| folder.path().join("ledger.csv"));
    let bar = bars.bar("L1 blocks", 0);
    let seen = |block, of| {
        bar.set_length(of);
        bar.set_position(block);
    };
    events::collect(&source, &file, seen).await?;
    bars.finish(&bar);
    let mut ledger = Ledger::new(transfers::read(&file)?)?;
    if arguments.contracts {
        let bar = bars.bar("payers", ledger.payers().len());
        ledger.contracts = events::contracts(&source.url, &ledger, || bar.inc(1)).await?;
        bars.finish(&bar);
    }
    Ok((format!("token {token}"), ledger))
}

fn options(arguments: &Arguments, input: String) -> Options {
    Options {
        input,
        balances: arguments.balances.clone(),
        quanta: arguments.quanta.clone(),
        fees: Fees { transfer: arguments.fee, new_account: arguments.new_account_fee },
        data: arguments.data,
        prove: arguments.prove,
        cache: arguments.cache.clone(),
        threads: arguments.threads.map(usize::from),
        prices: Prices {
            gas_gwei: arguments.gas_price,
            blob_gas_gwei: arguments.blob_gas_price,
            eth_usd: arguments.eth,
            core_hour_usd: arguments.core_hour,
        },
    }
}
