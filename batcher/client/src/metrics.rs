//! What a service measures, as its monitor reads it.

use std::time::Duration;

use reqwest::Url;

use crate::{
    Client,
    l1::http::{Http, Limits},
    url::http,
};

const LIMITS: Limits = Limits { time: Duration::from_secs(5), bytes: 16 << 20 };

impl Client {
    /// The service's metrics, as Prometheus reads them; none where it does not show them, as
    /// behind a proxy that lets the API through alone.
    pub async fn metrics(&self) -> Option<String> {
        let mut url: Url = http(&self.url).parse().ok()?;
        url.set_path("/metrics");
        url.set_query(None);
        let answer = Http::new(&url).get(url, LIMITS).await.ok()?;
        String::from_utf8(answer).ok()
    }
}
