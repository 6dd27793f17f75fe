//! Texts from outside, made fit to be shown.

use std::borrow::Cow;

use cairn_client::url::masked_url;
use reqwest::Url;

/// Characters of a line, at most.
const MAX_LINE: usize = 1_000;
/// Characters of one of several reasons in a line, at most.
pub const MAX_REASON: usize = 200;
/// What stands for the rest.
const CUT: &str = " .. ";
/// What stands for a secret.
pub const HIDDEN: &str = "***";
/// Hex digits of an address. More in a row may be a secret key.
pub const ADDRESS_DIGITS: usize = 40;

/// Characters that end a URL in a text, and such that may follow one.
const AFTER_URL: [char; 3] = ['"', '<', '>'];
const BEHIND_URL: [char; 9] = ['\'', '`', ':', ',', ';', '.', ')', ']', '\\'];

/// One line for people: control characters and such that change the direction of a text are escaped, URLs shown
/// without what may be a secret, and the middle of what is too long is left out.
#[must_use]
pub fn line(text: &str) -> String {
    shortened(&escaped(&without_secrets(text.trim_end())), MAX_LINE)
}

/// A text of at most so many characters. Of a longer one the start stays, and the end, where errors say what to do.
/// Each of several reasons is shortened before they are joined: else the line loses whole ones.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= most {
        return text.to_owned();
    }
    let end = most * 3 / 10;
    let start = most.saturating_sub(end + CUT.len());
    let kept = |from: usize, count: usize| characters.iter().skip(from).take(count);
    kept(0, start)
        .copied()
        .chain(CUT.chars())
        .chain(kept(characters.len() - end, end).copied())
        .collect()
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

/// The text with its URLs as [`masked_url`] has them: user, password, path and query may be a secret. Of what has no
/// scheme and may be one, `user:password@host`, nothing is shown.
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
        shown.push_str(&without_users(plain));
        shown.push_str(&shown_url(url));
        rest = scheme_on.strip_prefix(url).unwrap_or_default();
    }
    match shown.is_empty() && !rest.contains('@') {
        true => Cow::Borrowed(text),
        false => Cow::Owned(shown + &without_users(rest)),
    }
}

/// The text without its words that have a user and a password in front of a host.
fn without_users(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || c.is_control() || AFTER_URL.contains(&c);
    let shown = |part: &str| {
        let word = part.trim_end_matches(ends).trim_end_matches(BEHIND_URL);
        let is_secret = word.split_once('@').is_some_and(|(user, _)| {
            // A folder's name may have both.
            user.split('/').next().is_some_and(|first| first.contains(':'))
        });
        match is_secret {
            true => part.replacen(word.trim_start_matches(['\'', '`', '(']), HIDDEN, 1),
            false => part.to_owned(),
        }
    };
    text.split_inclusive(ends).map(shown).collect()
}

/// The text without what may be a secret key, for where one may be in the place of another argument. A hash is hidden
/// too: errors in which it counts are no place for this.
#[must_use]
pub fn without_keys(text: &str) -> String {
    let is_other = |c: char| !c.is_ascii_hexdigit();
    let shown = |part: &str| {
        let digits = part.trim_end_matches(is_other);
        match digits.len() > ADDRESS_DIGITS {
            true => part.replacen(digits, HIDDEN, 1),
            false => part.to_owned(),
        }
    };
    text.split_inclusive(is_other).map(shown).collect()
}

fn shown_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let has_more = rest.strip_suffix('/').unwrap_or(rest).contains(['@', '/', '?', '#', '\\']);
    match url.parse::<Url>() {
        _ if !has_more => url.to_owned(),
        Ok(parsed) if parsed.host_str().is_some() => masked_url(url),
        _ => format!("{scheme}://{HIDDEN}"),
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

    /// In one line of 1,000 characters, the reason of the second of three sources was lost.
    #[test]
    fn each_of_several_reasons_keeps_its_start_and_its_end() {
        let reasons = ["first", "second", "third"].map(|name| {
            let reason = format!("{name}: {}: try again", "x".repeat(5_000));
            shortened(&reason, MAX_REASON)
        });
        assert!(reasons.iter().all(|reason| reason.chars().count() == MAX_REASON));
        let shown = line(&reasons.join("; "));
        for name in ["first: x", "second: x", "third: x"] {
            assert!(shown.contains(name), "{shown}");
        }
        assert_eq!(shown.matches("try again").count(), 3, "{shown}");
        assert_eq!(shortened("ä", 1), "ä");
    }

    #[test]
    fn a_user_and_a_password_are_not_shown_without_a_scheme_either() {
        for (text, shown) in [
            ("user:secret@node/secret: refused", "***: refused"),
            ("unexpected argument 'secret:@node:1' found", "unexpected argument '***' found"),
            ("\"u:s/ecret@node\", next", "\"***\", next"),
            ("at http://node/secret by u:secret@h.", "at http://node/*** by ***."),
            ("a@b, git@host:path, /tmp/a:b@c/d", "a@b, git@host:path, /tmp/a:b@c/d"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }

    #[test]
    fn keys_are_not_shown_and_addresses_are() {
        let (key, address) = ("5eC4e7".repeat(11), "5aAeb6053F".repeat(4));
        for (text, shown) in [
            (format!("argument '0x{key}' found"), "argument '0x***' found".to_owned()),
            (format!("{key}; {key}"), "***; ***".to_owned()),
            (format!("address 0x{address}: bad"), format!("address 0x{address}: bad")),
            (String::new(), String::new()),
        ] {
            assert_eq!(without_keys(&text), shown);
        }
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
