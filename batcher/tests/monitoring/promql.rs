//! What a PromQL expression asks for. Whether it is one says `promtool`.

use std::collections::BTreeSet;

/// Words that are neither metrics nor functions.
const WORDS: [&str; 10] =
    ["and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool", "inf"];

/// Names in an expression.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) metrics: BTreeSet<String>,
    /// Label and value, or values with `|` between.
    pub(crate) matchers: Vec<(String, String)>,
    /// Labels of `by` and `on`.
    pub(crate) grouped: BTreeSet<String>,
}

impl Use {
    pub(crate) fn of(expression: &str) -> Self {
        let mut found = Self::default();
        let mut rest = expression;
        let mut before = String::new();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '{' => {
                    let end = rest.find('}').unwrap_or_else(|| panic!("{expression}: no }}"));
                    found.read_matchers(&rest[1..end]);
                    end + 1
                }
                '[' => rest.find(']').unwrap_or_else(|| panic!("{expression}: no ]")) + 1,
                '(' if ["by", "without", "on", "ignoring"].contains(&before.as_str()) => {
                    let end = rest.find(')').unwrap_or_else(|| panic!("{expression}: no )"));
                    let labels = rest[1..end].split(',').map(str::trim);
                    found.grouped.extend(labels.map(str::to_owned));
                    before.clear();
                    end + 1
                }
                first if first.is_ascii_alphanumeric() || "_:.".contains(first) => {
                    let is_part = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
                    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                    let word = &rest[..end];
                    let is_call = rest[end..].trim_start().starts_with('(');
                    let is_number = first.is_ascii_digit() || first == '.';
                    if !is_number && !is_call && !WORDS.contains(&word) && !is_aggregation(word) {
                        found.metrics.insert(word.to_owned());
                    }
                    word.clone_into(&mut before);
                    end
                }
                first => first.len_utf8(),
            };
            rest = &rest[length..];
        }
        found
    }

    fn read_matchers(&mut self, text: &str) {
        for matcher in text.split("\",").filter(|matcher| !matcher.trim().is_empty()) {
            let (label, value) = matcher.split_once('"').unwrap_or_else(|| panic!("{text}"));
            let label = label.trim().trim_end_matches(['=', '~', '!']);
            self.matchers.push((label.to_owned(), value.trim_end_matches('"').to_owned()));
        }
    }
}

/// What may stand before `by`.
fn is_aggregation(word: &str) -> bool {
    ["sum", "min", "max", "avg", "count"].contains(&word)
}

#[test]
fn names_are_found() {
    let found = Use::of(
        "60 * sum by (a, b) (rate(x_total{c=\"1\",d=~\"2|3\"}[10m])) > 1e9 unless on(q) (y:z == .5)",
    );
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(found.metrics, texts(&["x_total", "y:z"]));
    assert_eq!(found.grouped, texts(&["a", "b", "q"]));
    let pair = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
    assert_eq!(found.matchers, [("c", "1"), ("d", "2|3")].map(pair));
}
