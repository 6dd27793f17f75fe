//! What the user's variables and files say changes nothing of what is built and started.

use std::{
    ffi::OsStr,
    io::Read,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cairn_batcher::{
    deploy::{project::build_with_verifier, source_commit},
    l1::artifacts::Artifacts,
    node::telemetry::{Telemetry, TelemetryConfig},
};

use crate::world::{artifacts, contracts, start_anvil};

/// What the child does, and where.
const VARIABLE: &str = "CAIRN_TEST_ENVIRONMENT";
/// What its answer begins with.
const ANSWER: &str = "answer: ";

/// Does something under a user's environment, when this program is started again by a test below; nothing otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let Ok(task) = std::env::var(VARIABLE) else { return };
    let (task, place) = task.split_once('|').unwrap();
    let folder = Path::new(place);
    let paths = ["src/generated"];
    let answer = match task {
        "build" => {
            let source = contracts().join("src/generated/Groth16Verifier.sol");
            let source = std::fs::read_to_string(source).unwrap();
            let built = build_with_verifier(&contracts(), &source, folder, &paths).await;
            verifier(&built.unwrap())
        }
        "build again" => {
            verifier(&Artifacts::build_with(folder, &contracts(), &paths).await.unwrap())
        }
        "commit" => source_commit(folder).await,
        "spans" => {
            let otlp_endpoint = Some(format!("{place}/v1/traces"));
            let config = TelemetryConfig { otlp_endpoint, ..TelemetryConfig::default() };
            let telemetry = Telemetry::install(&config).unwrap();
            tracing::info_span!("prove").in_scope(|| tracing::info!("proving"));
            telemetry.flush();
            String::new()
        }
        other => panic!("{other}"),
    };
    println!("{ANSWER}{answer}");
}

/// The verifier's code, and what it was compiled with.
fn verifier(artifacts: &Artifacts) -> String {
    let artifact = artifacts.read("Groth16Verifier.sol", "Groth16Verifier").unwrap();
    format!("{} {}", artifact.creation_hash(), artifact.compiler)
}

fn child(task: &str, place: &str, user: &[(&str, &OsStr)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::child_process", "--nocapture"])
        .env(VARIABLE, format!("{task}|{place}"))
        .envs(user.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let answer = text.lines().find_map(|line| line.split_once(ANSWER));
    answer.unwrap_or_else(|| panic!("{output:?}")).1.to_owned()
}

/// A user whose settings are for other projects.
struct User {
    home: tempfile::TempDir,
    elsewhere: PathBuf,
}

const SETTINGS: &str = "[profile.default]\nvia_ir = true\noptimizer_runs = 1\n";

impl User {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".foundry")).unwrap();
        std::fs::write(home.path().join(".foundry/foundry.toml"), SETTINGS).unwrap();
        let elsewhere = home.path().join("elsewhere");
        Self { home, elsewhere }
    }

    fn variables(&self) -> Vec<(&str, &OsStr)> {
        vec![
            ("HOME", self.home.path().as_os_str()),
            ("FOUNDRY_OUT", self.elsewhere.as_os_str()),
            ("FOUNDRY_OPTIMIZER_RUNS", OsStr::new("2")),
            ("DAPP_EVM_VERSION", OsStr::new("london")),
            ("NODE_OPTIONS", OsStr::new("--require=/nowhere/code.js")),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_settings_change_no_code() {
    let expected = verifier(&artifacts().await);
    assert!(expected.contains("optimizer {\"enabled\":true,\"runs\":1000}"), "{expected}");
    assert!(!expected.contains("compilationTarget"), "{expected}");
    let (user, folder) = (User::new(), tempfile::tempdir().unwrap());
    let project = folder.path().join("project");
    let place = project.to_str().unwrap();
    let tried = tokio::task::block_in_place(|| child("build", place, &user.variables()));
    assert_eq!(tried, expected);
    assert!(!user.elsewhere.exists(), "something was built where FOUNDRY_OUT says");

    // What forge loads from the project's own folder, and an artifact that somebody has left there.
    let env = "FOUNDRY_OUT=elsewhere\nFOUNDRY_VIA_IR=true\nFOUNDRY_OPTIMIZER_RUNS=3\n";
    std::fs::write(project.join(".env"), env).unwrap();
    std::fs::remove_dir_all(project.join("cache")).unwrap();
    let artifact = project.join("out/Groth16Verifier.sol/Groth16Verifier.json");
    let stale = std::fs::read_to_string(&artifact).unwrap().replacen("0x60", "0x61", 1);
    std::fs::write(&artifact, stale).unwrap();
    let tried = tokio::task::block_in_place(|| child("build again", place, &user.variables()));
    assert_eq!(tried, expected);
    assert!(!project.join("elsewhere").exists(), "something was built where .env says");
}

/// Also the script's forge.
#[test]
fn the_users_settings_change_nothing_of_x() {
    let user = User::new();
    let output = Command::new(contracts().join("../x"))
        .args(["forge", "config", "--json"])
        .envs(user.variables())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let config: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = ["out", "via_ir", "optimizer_runs", "evm_version"];
    let got = names.map(|name| config[name].to_string());
    assert_eq!(got, ["\"out\"", "false", "1000", "\"prague\""]);
}

#[test]
fn another_repository_is_not_taken_for_the_sources() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(folder.path()).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = git.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    git(&[&author[..], &["commit", "--quiet", "--allow-empty", "--message=first"]].concat());
    let commit = git(&["rev-parse", "HEAD"]);

    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".gitconfig"), "[status]\nshowUntrackedFiles = no\n").unwrap();
    let user = [("HOME", home.path().as_os_str()), ("GIT_DIR", OsStr::new("/nowhere"))];
    let place = folder.path().to_str().unwrap();
    assert_eq!(child("commit", place, &user), commit);
    std::fs::write(folder.path().join("new.sol"), "").unwrap();
    assert_eq!(child("commit", place, &user), commit + "+");
}

/// The variables of this test's own process are the user's here: cargo has set many.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn anvil_is_given_nothing_of_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = start_anvil(&folder).await;
    let port = anvil.url().rsplit_once(':').unwrap().1.to_owned();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let mut environments = processes.filter_map(|process| {
        let command = std::fs::read_to_string(process.join("cmdline")).ok()?;
        command.split('\0').any(|argument| argument == port).then_some(())?;
        let folder = std::fs::read_link(process.join("cwd")).ok()?;
        Some((std::fs::read_to_string(process.join("environ")).ok()?, folder))
    });
    let (environment, cwd) = environments.next().unwrap();
    let variables = environment.split('\0').filter_map(|variable| variable.split_once('='));
    let others = variables.filter(|(name, _)| !["PATH", "TMPDIR"].contains(name));
    // Of what should not be there, the names only.
    let place = folder.path().join("home");
    let home = place.display().to_string();
    let got: Vec<_> = others.map(|(name, value)| (name, value == home)).collect();
    assert_eq!((got, cwd.as_path()), (vec![("HOME", true)], place.as_path()));
}

/// Answers nothing, and counts who comes.
struct Server {
    url: String,
    seen: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = connection.read(&mut [0; 1_024]);
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Every kind of client: of L1, of the API over HTTP and WebSocket, and of a collector of spans.
#[test]
fn what_is_on_this_machine_is_not_asked_through_a_proxy() {
    let proxy = Server::start();
    let variables = PROXIES.map(|name| (name, OsStr::new(&proxy.url)));
    let server = Server::start();
    let websocket = server.url.replace("http", "ws");
    let zero = "0x0000000000000000000000000000000000000001";
    let commands: [&[&str]; 4] = [
        &["reconstruct", "--l1", &server.url, "--rollup", zero],
        &["status", "--url", &server.url],
        &["status", "--url", &websocket],
        &["load", "--url", &server.url, "--rate", "1", "--seconds", "1"],
    ];
    for arguments in commands {
        let before = server.seen();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(arguments)
            .envs(variables)
            .spawn()
            .unwrap();
        let started = std::time::Instant::now();
        while server.seen() == before && started.elapsed().as_secs() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        assert!(server.seen() > before, "{arguments:?} did not ask the server");
    }
    let before = server.seen();
    child("spans", &server.url, &variables);
    assert!(server.seen() > before, "the spans did not reach their collector");
    assert_eq!(proxy.seen(), 0);
}
