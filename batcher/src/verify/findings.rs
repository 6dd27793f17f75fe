//! What was compared, what differs, and what a user must judge.

use std::fmt;

use alloy::primitives::Bytes;
use serde::Serialize;

/// Notes of one kind that are listed: whoever deploys can make as many as they pay for.
const MOST_NOTES: usize = 100;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What.
    pub what: String,
    /// By source and manifest.
    pub expected: String,
    /// Found.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.what, self.expected, self.got)
    }
}

/// What was compared, and what differs. Text of the manifest or of a contract is quoted before it comes here.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// What was found as it should be.
    pub checked: Vec<String>,
    /// What was not.
    pub differences: Vec<Difference>,
    /// What could not be held against anything.
    pub not_checked: Vec<String>,
    /// What is so, and neither right nor wrong by source and manifest: whoever uses the deployment judges it.
    pub notes: Vec<String>,
}

impl Findings {
    /// Compares one thing.
    pub fn compare<T: PartialEq + ToString>(&mut self, what: &str, expected: &T, got: &T) {
        if expected == got {
            self.checked.push(format!("{what}: {}", got.to_string()));
        } else {
            self.differ(what, expected.to_string(), got.to_string());
        }
    }

    /// Compares code; names the first bytes that differ, and whether a constructor argument stands there.
    pub fn compare_code(
        &mut self,
        what: &str,
        expected: &Bytes,
        got: &Bytes,
        immutables: &[(usize, usize)],
    ) {
        if expected == got {
            self.checked.push(format!("{what} ({} bytes)", got.len()));
            return;
        }
        if expected.len() != got.len() {
            let length = |code: &Bytes| format!("{} bytes", code.len());
            return self.differ(what, length(expected), length(got));
        }
        let first = expected.iter().zip(got).position(|(a, b)| a != b).unwrap_or_default();
        let differing = expected.iter().zip(got).filter(|(a, b)| a != b).count();
        let inside = |&&(start, length): &&(usize, usize)| (start..start + length).contains(&first);
        let (start, length, place) = match immutables.iter().find(inside) {
            Some(&(start, length)) => {
                (start, length, "an immutable, by the constructor's arguments")
            }
            None => (first, 32, "the program itself"),
        };
        let window = |code: &Bytes| {
            let end = (start + length).min(code.len());
            Bytes::copy_from_slice(code.get(start..end).unwrap_or_default()).to_string()
        };
        let what = format!("{what}: {differing} bytes differ, the first at {first} ({place})");
        self.differ(&what, window(expected), window(got));
    }

    /// Tells a difference.
    pub fn differ(&mut self, what: &str, expected: String, got: String) {
        self.differences.push(Difference { what: what.to_owned(), expected, got });
    }

    /// Tells what was not compared, and why.
    pub fn leave_out(&mut self, what: impl Into<String>) {
        self.not_checked.push(what.into());
    }

    /// Tells what is for the user to judge.
    pub fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }

    /// Tells several things of one kind, and how many more there are than fit.
    pub fn note_all(&mut self, kind: &str, all: Vec<String>) {
        let count = all.len();
        self.notes.extend(all.into_iter().take(MOST_NOTES));
        if count > MOST_NOTES {
            self.note(format!("{kind}: {} more", count - MOST_NOTES));
        }
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.differences.is_empty()
    }
}
