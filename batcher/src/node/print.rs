//! The effective configuration as a file: every field with its documentation, secrets masked.

use std::{fmt::Write, path::Path};

use cairn_client::url::masked_url;
use documented::DocumentedFields;
use toml::{Table, Value};

use super::{
    config::{Config, L1Config},
    keys::KeysConfig,
    telemetry::TelemetryConfig,
};
use crate::{
    api::ApiConfig,
    fleet::config::FleetConfig,
    l1::connection::ConnectionConfig,
    mempool::{MempoolConfig, fees::FeeConfig},
    proving::config::ProvingConfig,
    secret_file::shown_name,
    sequencer::SequencerConfig,
    settlement::SettlementConfig,
    watcher::WatcherConfig,
};

/// How wide comments are.
const WIDTH: usize = 100;

/// A section's fields: names, and what is said of them.
type Fields = (&'static [&'static str], &'static [&'static str]);

fn fields<T: DocumentedFields>() -> Fields {
    (T::FIELD_NAMES, T::FIELD_DOCS)
}

/// The fields of a section, by its name in the file.
fn section(name: &str) -> Option<Fields> {
    Some(match name {
        "l1" => fields::<L1Config>(),
        "l1.connection" => fields::<ConnectionConfig>(),
        "api" => fields::<ApiConfig>(),
        "mempool" => fields::<MempoolConfig>(),
        "mempool.fees" => fields::<FeeConfig>(),
        "keys" => fields::<KeysConfig>(),
        "sequencer" => fields::<SequencerConfig>(),
        "proving" => fields::<ProvingConfig>(),
        "fleet" => fields::<FleetConfig>(),
        "settlement" => fields::<SettlementConfig>(),
        "watcher" => fields::<WatcherConfig>(),
        "telemetry" => fields::<TelemetryConfig>(),
        _ => return None,
    })
}

impl Config {
    /// A file that says the same, with comments. URLs are cut down to their hosts: there may be credentials in the
    /// rest. A key in the place of its file is not shown.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn annotated(&self) -> Result<String, toml::ser::Error> {
        let table = Table::try_from(self)?;
        let mut text = String::new();
        list(&mut text, "", fields::<Self>(), &table);
        Ok(text)
    }
}

/// The fields of a section that are values, then those that are sections.
fn list(text: &mut String, path: &str, (names, docs): Fields, values: &Table) {
    let mut sections = String::new();
    for (&name, &docs) in names.iter().zip(docs) {
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (section(&inner), values.get(name)) {
            (Some(fields), Some(Value::Table(values))) => {
                let _ = writeln!(sections);
                comment(&mut sections, docs);
                let _ = writeln!(sections, "[{inner}]");
                list(&mut sections, &inner, fields, values);
            }
            (_, Some(Value::String(file))) if path == "keys" => {
                let shown = Value::String(shown_name(Path::new(file)));
                entry(text, name, docs, Some(&shown));
            }
            (_, value) => entry(text, name, docs, value),
        }
    }
    text.push_str(&sections);
}

fn entry(text: &mut String, name: &str, docs: &str, value: Option<&Value>) {
    comment(text, docs);
    // Writing to a string does not fail.
    let _ = match value {
        Some(value) => writeln!(text, "{name} = {}", masked(value.clone())),
        None => writeln!(text, "# {name} ="),
    };
}

fn comment(text: &mut String, docs: &str) {
    let mut line = "#".to_owned();
    for word in docs.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = "#".to_owned();
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(text, "{line}");
}

/// Without what may be a secret.
fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_url(&text)),
        Value::Array(values) => Value::Array(values.into_iter().map(masked).collect()),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(k, v)| (k, masked(v))).collect())
        }
        other => other,
    }
}
