//! The connection to NATS.

use std::{path::PathBuf, time::Duration};

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use url::Url;

use crate::{error::FleetError, message::WorkerId};

/// Between two signs of life of the connection; two missing ones end it.
const PING: Duration = Duration::from_secs(2);
/// How long a request may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait until the next try to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Bytes of the longest file with a seed.
const SEED: u64 = 1 << 10;

/// How to reach a server, and as whom.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The server; a user and a password may be in it.
    pub url: String,
    /// The file with the seed of this program's nkey.
    pub nkey: Option<PathBuf>,
    /// The certificate of who vouches for the server, where the system does not.
    pub ca: Option<PathBuf>,
}

/// A connection that is made again whenever it is lost.
#[derive(Debug, Clone)]
pub struct Bus {
    /// The connection.
    pub client: Client,
    /// How often it was lost and made again.
    pub connections: watch::Receiver<u64>,
    /// Set once the server refuses the credentials.
    pub refusal: watch::Receiver<Option<String>>,
}

impl Target {
    /// The address as it may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        let parsed = self.url.parse::<Url>().ok();
        let host =
            parsed.as_ref().and_then(|url| Some((url.scheme(), url.host_str()?, url.port())));
        match host {
            Some((scheme, host, Some(port))) => format!("{scheme}://{host}:{port}"),
            Some((scheme, host, None)) => format!("{scheme}://{host}"),
            None => "***".to_owned(),
        }
    }

    /// Connects; the inbox of a worker is its own.
    ///
    /// # Errors
    /// The address, the files, nobody there, or the server refuses.
    pub async fn connect(&self, worker: Option<&WorkerId>) -> Result<Bus, FleetError> {
        let url = || FleetError::Url { got: self.shown() };
        let parsed: Url = self.url.parse().map_err(|_| url())?;
        if !["nats", "tls"].contains(&parsed.scheme()) || parsed.host_str().is_none() {
            return Err(url());
        }
        let address = ServerAddr::from_url(parsed.clone()).map_err(|_| url())?;
        let (connected, connections) = watch::channel(0);
        let (refused, refusal) = watch::channel(None);
        let mut options = self.options(&parsed)?;
        if let Some(worker) = worker {
            options = options.custom_inbox_prefix(format!("_INBOX.{worker}"));
        }
        options = options.event_callback(move |event| {
            match event {
                Event::Connected => connected.send_modify(|count| *count += 1),
                Event::Disconnected => tracing::warn!("the connection to NATS is lost"),
                Event::ClientError(error) => {
                    let error = error.to_string();
                    tracing::warn!(error, "NATS");
                    if error.contains("authorization violation") {
                        refused.send_replace(Some(error));
                    }
                }
                other => tracing::debug!(event = %other, "NATS"),
            }
            std::future::ready(())
        });
        let client = options.connect(address).await.map_err(|error| {
            use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation};
            let (url, reason) = (self.shown(), error.to_string());
            match error.kind() {
                AuthorizationViolation | Authentication => FleetError::Credentials { url, reason },
                _ => FleetError::Unreachable { url, reason },
            }
        })?;
        Ok(Bus { client, connections, refusal })
    }

    fn options(&self, url: &Url) -> Result<ConnectOptions, FleetError> {
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut options = match (&self.nkey, url.password()) {
            (Some(path), _) => ConnectOptions::with_nkey(seed(path)?),
            (None, Some(password)) => {
                ConnectOptions::with_user_and_password(plain(url.username()), plain(password))
            }
            (None, None) => ConnectOptions::new(),
        };
        if let Some(ca) = &self.ca {
            options = options.add_root_certificates(ca.clone());
        }
        Ok(options
            .require_tls(url.scheme() == "tls" || self.ca.is_some())
            .ping_interval(PING)
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .reconnect_delay_callback(|tries| {
                let exponent = u32::try_from(tries.min(6)).unwrap_or(6);
                Duration::from_millis(50 << exponent).min(LONGEST_WAIT)
            }))
    }
}

fn seed(path: &std::path::Path) -> Result<String, FleetError> {
    use std::io::Read;
    let file = |source| FleetError::File { what: "nkey", path: path.to_owned(), source };
    let mut text = String::new();
    let opened = std::fs::File::open(path).map_err(file)?;
    opened.take(SEED).read_to_string(&mut text).map_err(file)?;
    let line = text.lines().map(str::trim).find(|line| line.starts_with("SU"));
    line.map(str::to_owned).ok_or_else(|| FleetError::Seed { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let shown = |url: &str| Target { url: url.to_owned(), ..Target::default() }.shown();
        assert_eq!(shown("nats://me:secret@host:4222"), "nats://host:4222");
        assert_eq!(shown("tls://host"), "tls://host");
        assert_eq!(shown("secret"), "***");
    }

    #[tokio::test]
    async fn what_is_no_address_and_nobody_there_are_told_apart() {
        let error = async |url: &str| {
            let target = Target { url: url.to_owned(), ..Target::default() };
            target.connect(None).await.unwrap_err()
        };
        for url in ["http://127.0.0.1:4222", "127.0.0.1:4222", "", "nats://"] {
            let error = error(url).await;
            assert!(matches!(error, FleetError::Url { .. }), "{url}: {error}");
            assert!(!error.is_transient());
        }
        let nobody = error("nats://127.0.0.1:9").await;
        assert!(nobody.is_transient(), "{nobody}");
        let text = nobody.to_string();
        assert!(text.starts_with("NATS at nats://127.0.0.1:9: "), "{text}");
    }

    #[test]
    fn a_seed_is_read_from_its_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# the coordinator\nSUAB\n").unwrap();
        assert_eq!(seed(file.path()).unwrap(), "SUAB");
        std::fs::write(file.path(), "nothing").unwrap();
        assert!(matches!(seed(file.path()), Err(FleetError::Seed { .. })));
    }
}
