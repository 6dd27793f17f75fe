//! CSV files with a header (RFC 4180), read whole and within bounds.
//!
//! UTF-8, with or without a byte order mark. Lines end with LF, CRLF or CR; blank ones are passed over. A field in
//! quotation marks may hold commas and line ends. Fields lose the spaces around them. Columns are found by their names.
//!
//! The library that the benches write with is not used: it has no bounds, takes marks that are not closed, and counts
//! lines by LF, from where the record before has ended.

use std::{
    borrow::Cow,
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::shown;
use crate::regular_file::Input;

/// Bytes of the largest file: its rows take as much memory again, and some hundred bytes each.
const MAX_BYTES: u64 = 128 << 20;
/// Rows of the longest file.
pub const MAX_ROWS: usize = 1_000_000;
/// Bytes of the longest field. None that is expected has a tenth of that.
const MAX_FIELD: usize = 1_024;
/// Columns of the longest header that is looked at.
const MAX_HEADER: usize = 64;

/// Why a file was refused.
#[derive(Debug, Error)]
pub enum CsvError {
    /// The file cannot be opened or read.
    #[error("{}: {source}", .file.display())]
    Unreadable {
        /// The file as given.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It would take too much memory.
    #[error("{}: expected at most {MAX_BYTES} bytes and {MAX_ROWS} rows, got more: split it", .0.display())]
    TooLong(PathBuf),
    /// Something is wrong in a line.
    #[error("{}, line {line}: {reason}", .file.display())]
    Line {
        /// The file as given.
        file: PathBuf,
        /// Where the row begins, as an editor counts; the first is line 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a header and nothing else.
    #[error("{}: holds no rows below its header", .0.display())]
    Empty(PathBuf),
}

/// Reads the whole file. The last `optional` columns need not be there: their fields are empty then. `row` is given the
/// fields in the order of `columns`, and says what is wrong with them.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read<const N: usize, T>(
    path: &Path,
    columns: [&str; N],
    optional: usize,
    mut row: impl FnMut([&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, CsvError> {
    let text = text(path)?;
    let mut records = Records::new(&text);
    let at = |line, reason| CsvError::Line { file: path.to_owned(), line, reason };
    let unread = |(line, reason): (u64, &str)| at(line, reason.to_owned());

    let header = records.next(MAX_HEADER).map_err(unread)?;
    let Record { line, fields: header } = header.unwrap_or(Record { line: 1, fields: vec![] });
    let places = places(&header, columns, optional).map_err(|reason| at(line, reason))?;
    let mut rows = Vec::new();
    while let Some(Record { line, fields }) = records.next(header.len()).map_err(unread)? {
        if rows.len() == MAX_ROWS {
            return Err(CsvError::TooLong(path.to_owned()));
        }
        let read = check(&fields, &header, columns, places)
            .and_then(|()| row(places.map(|place| field(&fields, place))));
        rows.push(read.map_err(|reason| at(line, reason))?);
    }
    if rows.is_empty() {
        return Err(CsvError::Empty(path.to_owned()));
    }
    Ok(rows)
}

/// That a row has what the header promises, and is no second header.
fn check<const N: usize>(
    fields: &[Cow<'_, str>],
    header: &[Cow<'_, str>],
    columns: [&str; N],
    places: [Option<usize>; N],
) -> Result<(), String> {
    let (expected, got) = (header.len(), fields.len());
    if got != expected {
        return Err(format!("expected {expected} fields, got {got}"));
    }
    if fields == header {
        return Err("the header stands here again: remove the line".to_owned());
    }
    for (column, place) in columns.iter().zip(places) {
        let got = field(fields, place).len();
        if got > MAX_FIELD {
            return Err(format!("{column}: expected at most {MAX_FIELD} bytes, got {got}"));
        }
    }
    Ok(())
}

fn field<'a>(fields: &'a [Cow<'_, str>], place: Option<usize>) -> &'a str {
    place.and_then(|place| fields.get(place)).map_or("", |field| field)
}

/// Where each column stands.
fn places<const N: usize>(
    header: &[Cow<'_, str>],
    columns: [&str; N],
    optional: usize,
) -> Result<[Option<usize>; N], String> {
    let places = columns.map(|column| header.iter().position(|name| name == column));
    let found = places.iter().flatten().count();
    let required = places.iter().take(N - optional);
    // Each is found once: another name, or one twice, is one too many.
    if required.clone().flatten().count() == required.len() && found == header.len() {
        return Ok(places);
    }
    let (required, optional) = columns.split_at(N - optional);
    let with = if optional.is_empty() { "" } else { " and at most " };
    let (required, optional) = (required.join(","), optional.join(","));
    let got = shown(&header.join(","));
    Err(format!("expected the columns {required}{with}{optional}, each once, got {got}"))
}

/// The text of a file, without a byte order mark.
fn text(path: &Path) -> Result<String, CsvError> {
    let unreadable = |source| CsvError::Unreadable { file: path.to_owned(), source };
    let at = |line, reason: &str| {
        let reason = format!("{reason}: save the file as plain text in UTF-8");
        CsvError::Line { file: path.to_owned(), line, reason }
    };
    let mut bytes = Vec::new();
    let file = Input::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(CsvError::TooLong(path.to_owned()));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(at(1, "this is UTF-16"));
    }
    let line = |bytes: &[u8], end| 1 + line_ends(bytes.get(..end).unwrap_or_default());
    if let Some(place) = bytes.iter().position(|&byte| byte == 0) {
        return Err(at(line(&bytes, place), "there is a NUL byte"));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        at(line(error.as_bytes(), place), "this is not UTF-8")
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// How many lines end in a text: CRLF is one end. Trust: it does not begin with the LF of one.
fn line_ends(text: &[u8]) -> u64 {
    let ends = text.iter().scan(0, |before, &byte| {
        let is_end = byte == b'\r' || (byte == b'\n' && *before != b'\r');
        *before = byte;
        Some(u64::from(is_end))
    });
    ends.sum()
}

/// A row or the header.
#[derive(Debug)]
struct Record<'a> {
    /// Where it begins.
    line: u64,
    fields: Vec<Cow<'a, str>>,
}

/// The records of a text, one after the other.
#[derive(Debug)]
struct Records<'a> {
    rest: &'a str,
    /// Of the rest's first character.
    line: u64,
}

const NOT_CLOSED: &str = "a quotation mark is not closed";
const NOT_WHOLE: &str =
    "quotation marks must be around a whole field; inside of one each is written twice";

impl<'a> Records<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The next record, which has at most `most` fields; or what is wrong, and in which line.
    fn next(&mut self, most: usize) -> Result<Option<Record<'a>>, (u64, &'static str)> {
        self.skip(|c| c.is_whitespace());
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let mut fields = Vec::new();
        loop {
            if fields.len() > most {
                return Err((line, "there are more fields than columns"));
            }
            fields.push(self.field().map_err(|reason| (line, reason))?);
            match self.rest.chars().next() {
                Some(',') => self.skip_bytes(1),
                // A line end, or the text's.
                _ => return Ok(Some(Record { line, fields })),
            }
        }
    }

    /// The next field, without the comma or line end after it.
    fn field(&mut self) -> Result<Cow<'a, str>, &'static str> {
        self.skip(is_space);
        let Some(inside) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\r', '\n', '"']).unwrap_or(self.rest.len());
            let (field, after) = self.rest.split_at(end);
            self.skip_bytes(end);
            return if after.starts_with('"') { Err(NOT_WHOLE) } else { Ok(field.trim().into()) };
        };
        let mut end = 0;
        loop {
            let rest = inside.get(end..).unwrap_or_default();
            end += rest.find('"').ok_or(NOT_CLOSED)?;
            if !inside.get(end..).is_some_and(|mark| mark.starts_with("\"\"")) {
                break;
            }
            end += 2;
        }
        let field = inside.get(..end).unwrap_or_default().trim();
        self.skip_bytes(1 + end + 1);
        self.skip(is_space);
        if !(self.rest.is_empty() || self.rest.starts_with([',', '\r', '\n'])) {
            return Err(NOT_WHOLE);
        }
        Ok(if field.contains('"') { field.replace("\"\"", "\"").into() } else { field.into() })
    }

    fn skip(&mut self, is_skipped: impl Fn(char) -> bool) {
        let rest = self.rest.trim_start_matches(is_skipped);
        self.skip_bytes(self.rest.len() - rest.len());
    }

    fn skip_bytes(&mut self, count: usize) {
        let (skipped, rest) = self.rest.split_at(count);
        self.line += line_ends(skipped.as_bytes());
        self.rest = rest;
    }
}

/// In a line, so no end of one.
fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\r' && c != '\n'
}

#[cfg(test)]
mod tests;
