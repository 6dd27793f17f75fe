//! Prometheus and its tool, where `./x tools` puts them, or as they are installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// `prometheus` or `promtool`.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let exe = std::env::current_exe().unwrap();
    let brought = exe.ancestors().map(|folder| folder.join("tools/prometheus/usr/bin"));
    let mut programs = folders.into_iter().chain(brought).map(|folder| folder.join(name));
    let found = programs.find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: `./x tools` brings it"))
}

/// Runs promtool in a folder; what it says.
pub(crate) fn promtool(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program("promtool")).args(arguments).current_dir(folder).output();
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// A server that scrapes each second; it ends with this value.
pub(crate) struct Prometheus {
    child: Child,
    url: String,
    client: reqwest::Client,
    log: PathBuf,
}

impl Prometheus {
    /// With a configuration, at a port of this machine; its data in `folder`.
    pub(crate) async fn start(folder: &Path, port: u16, config: &Value) -> Self {
        let file = folder.join("prometheus.json");
        fs::write(&file, config.to_string()).unwrap();
        let log = folder.join("prometheus.log");
        let child = Command::new(program("prometheus"))
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let server = Self { child, url: format!("http://127.0.0.1:{port}"), client, log };
        let started = Instant::now();
        while server.client.get(format!("{}/-/ready", server.url)).send().await.is_err() {
            assert!(started.elapsed() < PATIENCE, "it does not start: {}", server.said());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        server
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn ask(&self, path: &str) -> Option<Value> {
        let answer = self.client.get(format!("{}/api/v1/{path}", self.url)).send().await.ok()?;
        answer.json::<Value>().await.ok()
    }

    /// The value of a metric that there is one series of.
    pub(crate) async fn value(&self, metric: &str) -> Option<f64> {
        let answer = self.ask(&format!("query?query={metric}")).await?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// The alarm of this name, while it fires.
    pub(crate) async fn firing(&self, name: &str) -> Option<Value> {
        let answer = self.ask("alerts").await?;
        let alarms = answer["data"]["alerts"].as_array()?;
        let is_it =
            |alarm: &&Value| alarm["labels"]["alertname"] == name && alarm["state"] == "firing";
        alarms.iter().find(is_it).cloned()
    }

    /// Waits until an alarm fires, or does not any more.
    pub(crate) async fn until(&self, name: &str, fires: bool) -> Option<Value> {
        let started = Instant::now();
        loop {
            // A server that is gone answers nothing, which is no alarm either.
            let is_there = self.ask("alerts").await.is_some();
            let alarm = self.firing(name).await;
            if is_there && alarm.is_some() == fires {
                return alarm;
            }
            let waited = started.elapsed();
            assert!(waited < 2 * PATIENCE, "{name}, expected {fires}: {}", self.said());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
