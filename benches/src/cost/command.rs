//! `cairn-bench cost`: the ledger as a table.

use std::{fmt::Write, path::PathBuf};

use cairn_batcher::parse;
use cairn_prover::files::{Output, print_beside};
use serde::Serialize;

use super::{Gas, Ledger, Prices};
use crate::{data::Data, error::BenchError, record::write_json, scale::Source, times::TaskTimes};

/// Prints the ledger.
#[derive(Debug, Clone, clap::Args)]
pub struct Cost {
    #[command(flatten)]
    prices: PriceArguments,
    /// Transfers that are settled together, separated by commas.
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "512,2048,7740,8192,49152", value_parser = parse::within(1..=10_000_000_u32))]
    batch: Vec<u32>,
    /// Writes prices, gas and rows as JSON to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

/// Prices; the defaults are round figures, not quotes.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct PriceArguments {
    /// An hour of one core.
    #[arg(long, value_name = "USD", default_value = "0.04", value_parser = parse::fraction)]
    core_hour: f64,
    /// A unit of gas.
    #[arg(long, visible_alias = "gas-gwei", value_name = "GWEI", default_value = "1", value_parser = parse::fraction)]
    gas_price: f64,
    /// A unit of blob gas.
    #[arg(long, visible_alias = "blob-gas-gwei", value_name = "GWEI", default_value = "0.1", value_parser = parse::fraction)]
    blob_gas_price: f64,
    /// An ether.
    #[arg(long, visible_alias = "eth-usd", value_name = "USD", default_value = "3000", value_parser = parse::fraction)]
    eth: f64,
}

impl From<PriceArguments> for Prices {
    fn from(arguments: PriceArguments) -> Self {
        let PriceArguments { core_hour, gas_price, blob_gas_price, eth } = arguments;
        Self {
            core_hour_usd: core_hour,
            gas_gwei: gas_price,
            blob_gas_gwei: blob_gas_price,
            eth_usd: eth,
        }
    }
}

#[derive(Debug, Serialize)]
struct Document {
    prices: Prices,
    gas: Gas,
    rows: Vec<Ledger>,
}

/// The ledger of each size, in calldata and in blobs.
///
/// # Errors
/// A task has no time.
pub fn rows(
    sizes: &[usize],
    times: &TaskTimes,
    gas: &Gas,
    prices: &Prices,
) -> Result<Vec<Ledger>, BenchError> {
    let pairs = Data::ALL.into_iter().flat_map(|data| sizes.iter().map(move |size| (*size, data)));
    pairs.map(|(size, data)| Ledger::new(size, data, times, gas, prices)).collect()
}

impl Cost {
    /// Prints the table.
    ///
    /// # Errors
    /// No records, or none with the time of a task.
    pub fn run(&self) -> Result<(), BenchError> {
        let [json] = Output::create_all([("--json", self.json.as_deref())])?;
        let is_taken = json.as_ref().is_some_and(Output::is_standard_output);
        let records = self.source.read()?;
        let times = TaskTimes::from_records(&records)?;
        let (gas, prices) = (Gas::measured()?, Prices::from(self.prices));
        let sizes: Vec<usize> = self.batch.iter().map(|&size| size as usize).collect();
        let rows = rows(&sizes, &times, &gas, &prices)?;
        if let Some(json) = json {
            let document = Document { prices, gas, rows: rows.clone() };
            json.write(|out| write_json(out, &document))?;
        }
        let mut table = format!(
            "US dollars a short transfer; {}\n\n\
             {:<10}{:>10}{:>9}{:>14}{:>14}{:>14}{:>14}\n",
            describe(&prices),
            "data",
            "transfers",
            "batches",
            "compute",
            "execution",
            "data",
            "total"
        );
        for row in &rows {
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "{:<10}{:>10}{:>9}{:>14.8}{:>14.8}{:>14.8}{:>14.8}",
                row.data.name(),
                row.transfers,
                row.batches,
                row.compute_usd,
                row.execution_usd,
                row.data_usd,
                row.total_usd()
            );
        }
        print_beside(table, is_taken);
        Ok(())
    }
}

/// Prices in a line.
#[must_use]
pub fn describe(prices: &Prices) -> String {
    let Prices { core_hour_usd, gas_gwei, blob_gas_gwei, eth_usd } = prices;
    format!(
        "core-hour {core_hour_usd} USD, gas {gas_gwei} gwei, blob gas {blob_gas_gwei} gwei, ether {eth_usd} USD"
    )
}
