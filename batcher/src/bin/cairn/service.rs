//! Which running service a command speaks to, and as whom.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use cairn_batcher::{
    client::Client,
    node::keys::{KeyError, read_secret},
};
use eyre::{Report, Result, eyre};

/// Where it is.
#[derive(Debug, clap::Args)]
pub(crate) struct ServiceUrl {
    /// The service.
    #[arg(
        long,
        value_name = "URL",
        env = "CAIRN_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8650"
    )]
    pub(crate) url: String,
}

/// A service that shows everyone how it is, and more to its operator.
#[derive(Debug, clap::Args)]
pub(crate) struct Watched {
    #[command(flatten)]
    service: ServiceUrl,
    /// The file with the service's token, to see the workers of its fleet one by one.
    #[arg(long, value_name = "FILE", env = "CAIRN_ADMIN_TOKEN_FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,
}

impl Watched {
    /// Connects, as the operator if there is a file with its token.
    pub(crate) async fn connect(&self) -> Result<Client> {
        match &self.token_file {
            Some(path) => Ok(Client::connect_as_operator(self.url(), &token(path)?).await?),
            None => Ok(Client::connect(self.url()).await?),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.service.url
    }

    /// Whether it is asked as its operator.
    pub(crate) fn is_operator(&self) -> bool {
        self.token_file.is_some()
    }
}

/// A running operator, for commands that are the operator's own.
#[derive(Debug, clap::Args)]
pub(crate) struct Operator {
    #[command(flatten)]
    service: ServiceUrl,
    /// The file with the service's token: `admin-token` in its data_dir, or keys.admin_token_file.
    #[arg(
        long,
        value_name = "FILE",
        env = "CAIRN_ADMIN_TOKEN_FILE",
        hide_env_values = true,
        default_value = "admin-token"
    )]
    token_file: PathBuf,
}

impl Operator {
    /// Connects as the operator.
    pub(crate) async fn connect(&self) -> Result<Client> {
        let token = token(&self.token_file)?;
        Ok(Client::connect_as_operator(&self.service.url, &token).await?)
    }
}

/// The token of a running operator.
pub(crate) fn token(path: &Path) -> Result<String> {
    read_secret("--token-file", path).map_err(|error| match &error {
        KeyError::File { source, .. } if source.kind() == ErrorKind::NotFound => eyre!(
            "{error}; it is the file admin-token in the operator's data_dir (or \
             keys.admin_token_file): give its path with --token-file"
        ),
        _ => Report::from(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_token_is_said_to_be_in_data_dir() {
        let folder = tempfile::tempdir().unwrap();
        let error = token(&folder.path().join("admin-token")).unwrap_err().to_string();
        assert!(error.contains("data_dir") && error.ends_with("with --token-file"), "{error}");
    }
}
