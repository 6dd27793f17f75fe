//! Texts from outside, made fit to be shown.

use std::borrow::Cow;

use reqwest::Url;

use crate::node::print::masked_url;

/// Characters of a line, at most. Its end stays, where errors say what to do.
const MAX_LINE: usize = 1_000;
/// Of these, the last ones.
const MAX_END: usize = 300;
/// What stands for the rest.
const CUT: &str = " .. ";

/// Characters that end a URL in a text, and such that may follow one.
const AFTER_URL: [char; 3] = ['"', '<', '>'];
const BEHIND_URL: [char; 9] = ['\'', '`', ':', ',', ';', '.', ')', ']', '\\'];

/// One line for people: control characters and such that change the direction of a text are escaped, URLs shown
/// without what may be a secret, and the middle of what is too long is left out.
#[must_use]
pub fn line(text: &str) -> String {
    let shown: Vec<char> = escaped(&without_secrets(text.trim_end())).chars().collect();
    match shown.split_at_checked(MAX_LINE - MAX_END - CUT.len()) {
        Some((start, rest)) if shown.len() > MAX_LINE => {
            let end = rest.split_at(rest.len() - MAX_END).1;
            start.iter().copied().chain(CUT.chars()).chain(end.iter().copied()).collect()
        }
        _ => shown.into_iter().collect(),
    }
}

/// A text of several lines, as a table with words of a server: each as [`line`] has it, but of any length.
#[must_use]
pub fn lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            // They are printable, and an error that quotes has escaped its quotation itself.
            '\\' | '"' | '\'' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// The text with its URLs as [`masked_url`] has them: user, password, path and query may be a secret.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, _)) = rest.split_once("://") {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || ['+', '-', '.'].contains(&c);
        let (plain, scheme_on) = rest.split_at(before.trim_end_matches(is_scheme).len());
        let ends = |c: char| c.is_whitespace() || c.is_control() || AFTER_URL.contains(&c);
        let (url, _) = scheme_on.split_once(ends).unwrap_or((scheme_on, ""));
        let url = url.trim_end_matches(BEHIND_URL);
        shown.push_str(plain);
        shown.push_str(&shown_url(url));
        rest = scheme_on.strip_prefix(url).unwrap_or_default();
    }
    match shown.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(shown + rest),
    }
}

fn shown_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let has_more = rest.strip_suffix('/').unwrap_or(rest).contains(['@', '/', '?', '#', '\\']);
    match url.parse::<Url>() {
        _ if !has_more => url.to_owned(),
        Ok(parsed) if parsed.host_str().is_some() => masked_url(url),
        _ => format!("{scheme}://***"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_without_anything_that_a_terminal_does() {
        for (text, shown) in [
            ("a\nb\r\n\tc\n", "a\\nb\\r\\n\\tc"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            (
                "\u{9b}31m \u{202e}txt.exe \u{2028}\u{feff}",
                "\\u{9b}31m \\u{202e}txt.exe \\u{2028}\\u{feff}",
            ),
            ("it's \"Käse\" \\ 資料", "it's \"Käse\" \\ 資料"),
        ] {
            assert_eq!(line(text), shown);
        }
        assert_eq!(lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }

    #[test]
    fn a_long_line_keeps_its_start_and_what_to_do() {
        let long = line(&format!("file {}: do this", "x".repeat(100_000)));
        assert_eq!(long.chars().count(), MAX_LINE);
        assert!(long.starts_with("file x") && long.ends_with("x: do this"), "{long}");
        assert!(long.contains("x .. x"), "{long}");
        let fits = "ä".repeat(MAX_LINE);
        assert_eq!(line(&fits), fits);
        assert_eq!(line(""), "");
    }

    #[test]
    fn urls_show_their_host_alone() {
        for (text, shown) in [
            (
                "at https://user:secret@node/v3/secret?k=secret: refused",
                "at https://***@node/***: refused",
            ),
            ("(http://node:8545/secret), next", "(http://node:8545/***), next"),
            ("'htt p://x/?k=secret' is none", "'htt p://x/***' is none"),
            ("http://a b://secret@c:port/x", "http://a b://***"),
            ("{\"url\":\"wss://node/secret\",\"n\":1}", "{\"url\":\"wss://node/***\",\"n\":1}"),
            (
                "expected http://HOST:PORT or https://HOST",
                "expected http://HOST:PORT or https://HOST",
            ),
            (
                "as http://127.0.0.1:8650/ or ws://[::1]:8650",
                "as http://127.0.0.1:8650/ or ws://[::1]:8650",
            ),
            ("://", "://"),
            ("no URL: a//b", "no URL: a//b"),
        ] {
            assert_eq!(without_secrets(text), shown);
            assert!(!line(text).contains("secret"), "{}", line(text));
        }
    }
}
