//! Where in a TOML file something is wrong: line and field.

use toml::de::{DeTable, DeValue};

/// Line, field and reason of what the parser says. Texts of the file are not shown: a URL or a line in the wrong place
/// may be a secret.
pub(super) fn error(text: &str, error: &toml::de::Error) -> (usize, String, String) {
    let start = error.span().map_or(0, |span| span.start);
    let reason = without_texts(error.message());
    let field = DeTable::parse(text)
        .ok()
        .and_then(|table| path_at(table.get_ref(), start))
        .map(|path| path.join("."))
        .unwrap_or_default();
    (line(text, start), field, reason)
}

/// What serde says, in one line, without the text that it found: numbers and names of fields stay.
fn without_texts(message: &str) -> String {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, after) = message.rsplit_once(", expected ").unwrap_or((&message, ""));
    let kinds = ["invalid type: string", "invalid value: string", "unknown variant"];
    let kind = kinds.into_iter().find(|kind| before.starts_with(kind));
    let shown = match kind {
        Some(kind) if after.is_empty() => kind.to_owned(),
        Some(kind) => format!("{kind}, expected {after}"),
        None => message,
    };
    // Nothing that is expected is a URL.
    let words = shown.split(' ').map(|word| if word.contains("://") { "***" } else { word });
    words.collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::without_texts;

    #[test]
    fn texts_of_the_file_are_not_shown() {
        for (message, shown) in [
            (
                "invalid type: string \"https://user:key@host, expected x\", expected a sequence",
                "invalid type: string, expected a sequence",
            ),
            (
                "unknown variant `https://key`, expected `a` or `b`",
                "unknown variant, expected `a` or `b`",
            ),
            (
                "invalid value: integer `-1`, expected u64",
                "invalid value: integer `-1`, expected u64",
            ),
            ("unknown field `prot`, expected `port`", "unknown field `prot`, expected `port`"),
            ("unexpected\n  key https://user:key@host here", "unexpected key *** here"),
        ] {
            assert_eq!(without_texts(message), shown);
        }
    }
}
