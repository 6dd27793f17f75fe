//! Reads transfers from a CSV file with the columns `timestamp,token,from,to,amount`.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// The header that the file must have, in this order.
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

/// Why a file was refused: always with file, line and reason.
#[derive(Debug, Error)]
pub enum CsvError {
    /// The file cannot be opened or read.
    #[error("{file}: {reason}")]
    Unreadable {
        /// The file as given.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A line does not parse.
    #[error("{file}, line {line}: {reason}")]
    Line {
        /// The file as given.
        file: PathBuf,
        /// Line number, the header is line 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a header and nothing else.
    #[error("{0}: holds no transfers")]
    Empty(PathBuf),
}

/// Reads and checks the whole file.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read(path: &Path) -> Result<Vec<TransferRecord>, CsvError> {
    let unreadable = |reason: String| CsvError::Unreadable { file: path.to_path_buf(), reason };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_path(path)
        .map_err(|e| unreadable(e.to_string()))?;
    let at = |line: u64, reason: String| CsvError::Line { file: path.to_path_buf(), line, reason };
    let header = reader.headers().map_err(|e| unreadable(e.to_string()))?.clone();
    if !header.iter().eq(COLUMNS) {
        let got = header.iter().collect::<Vec<_>>().join(",");
        return Err(at(1, format!("expected the columns {}, got {got}", COLUMNS.join(","))));
    }
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            at(line, e.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        records.push(parse(&record).map_err(|reason| at(line, reason))?);
    }
    if records.is_empty() {
        return Err(CsvError::Empty(path.to_path_buf()));
    }
    Ok(records)
}

fn parse(record: &csv::StringRecord) -> Result<TransferRecord, String> {
    let fields: [&str; 5] = record
        .iter()
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|got: Vec<&str>| format!("expected 5 fields, got {}", got.len()))?;
    let [timestamp, token, from, to, amount] = fields;
    for (column, field) in [("token", token), ("from", from), ("to", to)] {
        if field.is_empty() {
            return Err(format!("{column} is empty"));
        }
    }
    Ok(TransferRecord {
        timestamp: timestamp
            .parse()
            .map_err(|_| format!("timestamp is not a number of seconds: {timestamp:?}"))?,
        token: token.to_lowercase(),
        from: from.to_lowercase(),
        to: to.to_lowercase(),
        amount: amount
            .parse()
            .map_err(|_| format!("amount is not a decimal number below 2^128: {amount:?}"))?,
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
            ("7,ETH,a,b,5\n8,ETH,a,b,-1\n", 3, "amount"),
            ("7,ETH,a,b,5.5\n", 2, "amount"),
            ("x,ETH,a,b,5\n", 2, "timestamp"),
            ("7,ETH,a,b\n", 2, "expected 5 fields, got 4"),
            ("7,ETH,,b,1\n", 2, "from is empty"),
            ("7,ETH,a,b,340282366920938463463374607431768211456\n", 2, "amount"),
        ] {
            let text = format!("timestamp,token,from,to,amount\n{body}");
            match read_text(&text).unwrap_err() {
                CsvError::Line { line: got, reason, .. } => {
                    assert_eq!(got, line, "{body}");
                    assert!(reason.contains(needle), "{reason}");
                }
                other => panic!("{other}"),
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
