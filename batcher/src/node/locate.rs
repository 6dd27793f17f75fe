//! Where in a TOML file something is wrong: line and field.

use toml::de::{DeTable, DeValue};

/// Line, field and reason of what the parser says.
pub(super) fn error(text: &str, error: &toml::de::Error) -> (usize, String, String) {
    let start = error.span().map_or(0, |span| span.start);
    let reason = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let field = DeTable::parse(text)
        .ok()
        .and_then(|table| path_at(table.get_ref(), start))
        .map(|path| path.join("."))
        .unwrap_or_default();
    (line(text, start), field, reason)
}

/// The line of a field; of its section, or the first, where the file does not have it.
pub(super) fn field(text: &str, field: &str) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 1 };
    let mut table = table.get_ref();
    let mut start = 0;
    for name in field.split('.') {
        let Some((key, value)) = table.get_key_value(name) else { break };
        start = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    line(text, start)
}

/// From 1.
fn line(text: &str, start: usize) -> usize {
    text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1
}

/// The innermost key whose name or value is at this place.
fn path_at(table: &DeTable<'_>, start: usize) -> Option<Vec<String>> {
    for (key, value) in table {
        let name = key.get_ref().to_string();
        if let DeValue::Table(inner) = value.get_ref()
            && let Some(mut path) = path_at(inner, start)
        {
            path.insert(0, name);
            return Some(path);
        }
        if key.span().contains(&start) || value.span().contains(&start) {
            return Some(vec![name]);
        }
    }
    None
}
