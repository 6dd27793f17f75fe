//! `cairn-bench report`: one page with charts and tables, without anything from elsewhere.

mod sections;
pub mod svg;

use std::{fmt::Write, path::PathBuf};

use cairn_prover::files::{Output, print_beside};

use crate::{cost::command::PriceArguments, error::BenchError, record::Record, scale::newest};
use svg::escape;

/// Writes a page with charts.
#[derive(Debug, Clone, clap::Args)]
pub struct Report {
    /// The folder of records.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The page, or - for standard output [default: report.html in the folder].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    prices: PriceArguments,
}

/// A chart with the table of what it shows.
#[derive(Debug, Clone, PartialEq)]
struct Section {
    title: &'static str,
    about: String,
    chart: String,
    table: Table,
}

/// Rows of cells below a head.
#[derive(Debug, Clone, Default, PartialEq)]
struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Report {
    /// Writes the page and says where.
    ///
    /// # Errors
    /// There are no records, or the page cannot be written.
    pub fn run(&self) -> Result<(), BenchError> {
        let records = Record::read_folder(&self.folder)?;
        if records.is_empty() {
            let folder = self.folder.display();
            return Err(BenchError::usage(format!("{folder}: no records")));
        }
        let path = self.out.clone().unwrap_or_else(|| self.folder.join("report.html"));
        let out = Output::create("--out", &path)?;
        let is_taken = out.is_standard_output();
        let page = page(&records, self.prices)?;
        out.write(|out| out.write_all(page.as_bytes()))?;
        print_beside(format_args!("{}\n", path.display()), is_taken);
        Ok(())
    }
}

/// The page of these records, with their files.
///
/// # Errors
/// The gas snapshots lack a figure.
pub fn page(records: &[(PathBuf, Record)], prices: PriceArguments) -> Result<String, BenchError> {
    let all: Vec<&Record> = records.iter().map(|(_, record)| record).collect();
    let together = newest(all.iter().map(|&record| record.clone()).collect());
    let sections = [
        sections::throughput(&all),
        sections::shares(&together),
        sections::scaling(&together),
        sections::cost(&together, prices.into())?,
    ];
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Cairn: measured proofs</title>\n<style>\n",
    );
    out.push_str(include_str!("style.css"));
    out.push_str(
        "</style></head><body>\n<h1>Cairn: measured proofs</h1>\n\
         <p>Every proof behind these figures was verified. What they hold, and their biases: benches/METHODOLOGY.md.</p>\n",
    );
    for section in sections {
        let Section { title, about, chart, table } = section;
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<section><h2>{}</h2><p>{}</p>\n<div class=\"both\"><div>{chart}</div>{}</div></section>\n",
            escape(title),
            escape(&about),
            table.html()
        );
    }
    let table = sections::records(records).html();
    let _ = write!(out, "<section><h2>Records</h2>\n{table}</section>\n</body></html>\n");
    Ok(out)
}

impl Table {
    fn html(&self) -> String {
        let row = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
            let cells: String =
                cells.map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
            format!("<tr>{cells}</tr>\n")
        };
        let head = row("th", &mut self.head.iter().copied());
        let rows = self.rows.iter().map(|cells| row("td", &mut cells.iter().map(String::as_str)));
        format!("<div class=\"wide\"><table>\n{head}{}</table></div>", rows.collect::<String>())
    }
}
