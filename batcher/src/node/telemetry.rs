//! What the process tells: logs to stderr, metrics for Prometheus, spans for a collector.
//!
//! Spans of a batch's stages carry the field `batch`, its number, so that a collector can put them
//! together. Metrics never carry it as a label.

use std::time::Duration;

use documented::DocumentedFields;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use super::config::BadField;
use crate::{console::LogWriter, l1::http::is_loopback};

/// How long the collector may take for each lot of spans.
const SPANS_WITHIN: Duration = Duration::from_secs(5);

/// Logs, metrics and spans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// What is logged: a level (error, warn, info, debug, trace), or levels by module, as in
    /// "info,cairn_batcher::settlement=debug". $RUST_LOG goes before it. Default: "info", of the
    /// database below the store warnings only.
    pub log: String,
    /// The form of the log: "text", or "json" with an object a line. Default: "text".
    pub log_format: LogFormat,
    /// URL of an OpenTelemetry collector that takes spans by OTLP over HTTP, with its path, as in
    /// "http://127.0.0.1:4318/v1/traces". Default: none, and no spans.
    pub otlp_endpoint: Option<String>,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        let log = "info,fjall=warn,lsm_tree=warn".to_owned();
        Self { log, log_format: LogFormat::Text, otlp_endpoint: None }
    }
}

impl TelemetryConfig {
    pub(super) fn check(&self) -> Result<(), BadField> {
        let bad = |name, reason: String| Err(BadField::new("telemetry", name, reason));
        if let Err(error) = EnvFilter::try_new(&self.log) {
            return bad("log", format!("{error}, expected levels, as in \"info\""));
        }
        let is_of_http = |url: &String| {
            url.parse::<reqwest::Url>().is_ok_and(|url| ["http", "https"].contains(&url.scheme()))
        };
        if self.otlp_endpoint.as_ref().is_some_and(|url| !is_of_http(url)) {
            return bad("otlp_endpoint", "is no http:// or https:// URL".to_owned());
        }
        Ok(())
    }
}

/// Why nothing is told.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// $RUST_LOG.
    #[error("$RUST_LOG: {0}")]
    Filter(String),
    /// The collector.
    #[error("telemetry.otlp_endpoint: {0}")]
    Collector(String),
    /// There is one already.
    #[error("telemetry: {0}")]
    Twice(String),
}

/// Ends with the process; [`Telemetry::flush`] before that, or the last spans are lost.
#[derive(Debug)]
pub struct Telemetry {
    metrics: PrometheusHandle,
    spans: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logs, metrics and spans for the whole process: once.
    ///
    /// # Errors
    /// A filter or a collector's URL that cannot be used, or there is a set-up already.
    pub fn install(config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
            Ok(text) if !text.is_empty() => text,
            _ => config.log.clone(),
        };
        let filter =
            EnvFilter::try_new(filter).map_err(|e| TelemetryError::Filter(e.to_string()))?;
        let spans = config.otlp_endpoint.as_deref().map(collector).transpose()?;
        let exported =
            spans.as_ref().map(|p| tracing_opentelemetry::layer().with_tracer(p.tracer("cairn")));
        let text = tracing_subscriber::fmt::layer().with_writer(|| LogWriter);
        let log = match config.log_format {
            LogFormat::Text => text.boxed(),
            LogFormat::Json => text.json().flatten_event(true).boxed(),
        };
        let twice = |e: &dyn std::fmt::Display| TelemetryError::Twice(e.to_string());
        let registry = tracing_subscriber::registry().with(filter).with(log).with(exported);
        registry.try_init().map_err(|e| twice(&e))?;
        let metrics = PrometheusBuilder::new().install_recorder().map_err(|e| twice(&e))?;
        Ok(Self { metrics, spans })
    }

    /// What `/metrics` answers with.
    #[must_use]
    pub fn metrics(&self) -> &PrometheusHandle {
        &self.metrics
    }

    /// Sends the spans that are not sent yet. Blocks, for some seconds at most.
    pub fn flush(&self) {
        if let Some(spans) = &self.spans
            && let Err(error) = spans.shutdown()
        {
            tracing::warn!(%error, "the last spans may be lost");
        }
    }
}

fn collector(url: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(http_client(url)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .with_timeout(SPANS_WITHIN)
        .build()
        .map_err(|e| TelemetryError::Collector(e.to_string()))?;
    let resource = Resource::builder().with_service_name("cairn").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// What is on this machine is not asked through a proxy.
fn http_client(url: &str) -> Result<reqwest::blocking::Client, TelemetryError> {
    let local = url.parse().is_ok_and(|url| is_loopback(&url));
    let make = move || {
        let builder = reqwest::blocking::Client::builder().timeout(SPANS_WITHIN);
        if local { builder.no_proxy() } else { builder }.build()
    };
    // On a thread of its own: a blocking client is not made among the tasks of a runtime.
    let made = std::thread::spawn(make).join();
    let refused = |reason: String| TelemetryError::Collector(reason);
    made.map_err(|_| refused("its HTTP client was not made".to_owned()))?
        .map_err(|e| refused(e.to_string()))
}
