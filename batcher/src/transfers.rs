//! Reads transfers from a CSV file with the columns `timestamp,token,from,to,amount`.

use std::path::Path;

pub use crate::parse::table::CsvError;
use crate::parse::{decimal, shown, table};

/// The columns that the file must have.
pub const COLUMNS: [&str; 5] = ["timestamp", "token", "from", "to", "amount"];

/// One line of the file: a transfer in the token's base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRecord {
    /// Unix seconds.
    pub timestamp: u64,
    /// `ETH` or a contract address; any name that identifies the token.
    pub token: String,
    /// Payer, any name.
    pub from: String,
    /// Payee, any name.
    pub to: String,
    /// Base units of the token.
    pub amount: u128,
}

/// Reads and checks the whole file.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read(path: &Path) -> Result<Vec<TransferRecord>, CsvError> {
    table::read(path, COLUMNS, 0, parse)
}

fn parse([timestamp, token, from, to, amount]: [&str; 5]) -> Result<TransferRecord, String> {
    for (column, field) in [("token", token), ("from", from), ("to", to)] {
        if field.is_empty() {
            return Err(format!("{column} is empty"));
        }
    }
    let not = |column, field, error| format!("{column}: {error}, got {}", shown(field));
    Ok(TransferRecord {
        timestamp: decimal(timestamp).map_err(|error| not("timestamp", timestamp, error))?,
        token: token.to_lowercase(),
        from: from.to_lowercase(),
        to: to.to_lowercase(),
        amount: decimal(amount).map_err(|error| not("amount", amount, error))?,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read_text(text: &str) -> Result<Vec<TransferRecord>, CsvError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path())
    }

    #[test]
    fn good_lines_are_read_in_order() {
        let records =
            read_text("timestamp,token,from,to,amount\n7,ETH,0xA,0xb,5\n8,0xC,x,y,6\n").unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].token, "eth");
        assert_eq!(records[0].from, "0xa");
        assert_eq!(records[1].amount, 6);
    }

    #[test]
    fn a_bad_line_is_named_with_its_reason() {
        for (body, line, needle) in [
            ("7,ETH,a,b,5\n8,ETH,a,b,-1\n", 3, "amount: expected a decimal number below 2^128"),
            ("7,ETH,a,b,5.5\n", 2, "got \"5.5\""),
            ("7,ETH,a,b,+5\n", 2, "got \"+5\""),
            ("7,ETH,a,b,\n", 2, "got \"\""),
            ("7,ETH,a,b,1_000\n", 2, "amount"),
            ("7,ETH,a,b,0x10\n", 2, "amount"),
            ("7,ETH,a,b,007\n", 2, "amount"),
            ("x,ETH,a,b,5\n", 2, "timestamp: expected a decimal number below 2^64"),
            ("+7,ETH,a,b,5\n", 2, "timestamp"),
            ("7,ETH,a,b\n", 2, "expected 5 fields, got 4"),
            ("7,ETH,,b,1\n", 2, "from is empty"),
            ("7,ETH,a,b,340282366920938463463374607431768211456\n", 2, "amount"),
        ] {
            let text = format!("timestamp,token,from,to,amount\n{body}");
            for text in [text.clone(), text.replace('\n', "\r\n")] {
                match read_text(&text).unwrap_err() {
                    CsvError::Line { line: got, reason, .. } => {
                        assert_eq!(got, line, "{body}");
                        assert!(reason.contains(needle), "{reason}");
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }

    #[test]
    fn a_wrong_header_an_empty_and_a_missing_file_are_refused() {
        assert!(matches!(read_text("a,b\n1,2\n"), Err(CsvError::Line { line: 1, .. })));
        assert!(matches!(read_text("timestamp,token,from,to,amount\n"), Err(CsvError::Empty(_))));
        assert!(matches!(read(Path::new("/nowhere.csv")), Err(CsvError::Unreadable { .. })));
    }
}
