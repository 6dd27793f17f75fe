//! What of a URL may be a secret, and must not be shown because its server says it back: providers' keys are in paths
//! and queries, and many servers put the path that they were asked for in their refusals.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Url;

/// Characters of the shortest part of a path or query that is taken for a secret: `v3` and `mainnet` may be shown, but
/// nobody knows which of the longer ones are keys.
const SHORTEST: usize = 6;

/// Parts of one URL, the longest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Those of a URL.
    pub(crate) fn of(url: &Url) -> Self {
        let mut secrets: Vec<String> = Vec::new();
        let mut long = |text: &str| {
            if text.len() >= SHORTEST {
                secrets.push(text.to_owned());
            }
        };
        long(url.path().trim_matches('/'));
        url.path_segments().into_iter().flatten().for_each(&mut long);
        long(url.query().unwrap_or_default());
        url.query_pairs().for_each(|(name, value)| {
            long(&name);
            long(&value);
        });
        // However short these are.
        if let (user, Some(password)) = (url.username(), url.password()) {
            secrets.extend([password.to_owned(), STANDARD.encode(format!("{user}:{password}"))]);
        }
        if !url.username().is_empty() {
            secrets.push(url.username().to_owned());
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// A server's words without them.
    pub(crate) fn cut(&self, said: &str) -> String {
        self.0.iter().fold(said.to_owned(), |said, secret| said.replace(secret.as_str(), ".."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_back_of_its_url_is_cut() {
        let url = "http://me:pw@node.example/v3/hunter2?key=s3cret-7&x=1".parse().unwrap();
        let secrets = Secrets::of(&url);
        for (said, shown) in [
            ("Cannot POST /v3/hunter2?key=s3cret-7&x=1", "Cannot POST /..?.."),
            ("invalid key hunter2", "invalid key .."),
            ("s3cret-7 is over its limit", ".. is over its limit"),
            ("Basic bWU6cHc= refused", "Basic .. refused"),
            ("rate limit of v3", "rate limit of v3"),
        ] {
            assert_eq!(secrets.cut(said), shown);
        }
        let plain = Secrets::of(&"http://127.0.0.1:8545".parse().unwrap());
        assert_eq!(plain.cut("127.0.0.1 says no"), "127.0.0.1 says no");
    }
}
