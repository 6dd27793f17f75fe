//! Finds the programs that `./x` installs, and starts programs in an environment of ours.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use thiserror::Error;

/// What a program is given of the user's environment. All else could change what it does: `FOUNDRY_*`, `DAPP_*` and
/// `ETH_RPC_URL` are settings of forge and anvil, `NODE_OPTIONS` loads code into the compiler, `GIT_DIR` names another
/// repository.
const PASSED: [&str; 2] = ["PATH", "TMPDIR"];

/// A home for programs that need none: nothing can be below it.
pub(crate) const NO_HOME: &str = "/dev/null";

/// How long Node.js may take to say where it is: a version manager's script may ask a server first, which never
/// answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program is not where `./x` puts it.
#[derive(Debug, Error)]
#[error("{name} is not installed below {}: run `./x demo` once, it installs the pinned tools", .folder.display())]
pub struct MissingTool {
    name: String,
    folder: PathBuf,
}

/// The native program `name` (`anvil`, `forge`) of the npm package `@foundry-rs/NAME`, by its whole path.
///
/// The package's own entry is a Node script that starts the native program as a child of its own; started directly
/// it ends when we end it.
///
/// # Errors
/// The package is not installed for this platform.
pub fn find(modules: &Path, name: &str) -> Result<PathBuf, MissingTool> {
    let missing = || MissingTool { name: name.to_owned(), folder: modules.to_path_buf() };
    let modules = std::path::absolute(modules).map_err(|_| missing())?;
    let packages = std::fs::read_dir(modules.join("@foundry-rs")).map_err(|_| missing())?;
    packages
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&format!("{name}-")))
        .map(|entry| entry.path().join("bin").join(name))
        .find(|program| program.is_file())
        .ok_or_else(missing)
}

/// A program whose environment is [`PASSED`] and a home of its own, so that neither variables nor files of the
/// user, such as `~/.foundry/foundry.toml` and `~/.gitconfig`, change what it does. It starts in that home:
/// Foundry's programs take variables from the `.env` of the folder they start in, and of the project around it, so the
/// home is made a project.
#[must_use]
pub fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).current_dir(folder(home));
    for name in PASSED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs a program to its end and gives what it has printed. Where this is dropped before, the program is killed, and
/// all that it has started, as forge starts the compiler.
///
/// # Errors
/// What the system says.
pub(crate) async fn output(mut command: Command) -> io::Result<Output> {
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = tokio::process::Command::from(command).spawn()?;
    let group = Group(child.id());
    let output = child.wait_with_output().await;
    // The number may be another's from here on.
    std::mem::forget(group);
    output
}

/// A group of processes, by the first one's number: killed when this is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Where a program starts: in its home, as the root of an empty project of Foundry's; in the root folder without one.
fn folder(home: &Path) -> &Path {
    let project = home.join("foundry.toml");
    let is_project = project.exists() || std::fs::write(project, "").is_ok();
    if is_project { home } else { Path::new("/") }
}

/// The search path with the folder of Node.js in front. What `PATH` calls `node` may be a version manager's script,
/// which finds the real program by the user's home only.
pub(crate) async fn path_with_node() -> Option<OsString> {
    let mut node = Command::new("node");
    node.env_remove("NODE_OPTIONS").args(["-p", "process.execPath"]);
    let program = printed_path(node, PATIENCE).await?;
    let folder = program.parent().filter(|folder| folder.is_absolute())?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).ok()
}

/// The path that a program prints, if it does so in time.
async fn printed_path(program: Command, within: Duration) -> Option<PathBuf> {
    let output = tokio::time::timeout(within, output(program)).await.ok()?;
    let output = output.ok().filter(|output| output.status.success())?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// The variables of the test's own process are the user's here: cargo has set many.
    #[test]
    fn a_program_is_given_what_is_named_and_a_home() {
        assert!(std::env::vars_os().count() > 5, "nothing that could leak");
        let output = command("env", Path::new("/somewhere")).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let names: Vec<_> = text.lines().filter_map(|line| line.split('=').next()).collect();
        assert!(text.contains("HOME=/somewhere\n") && names.contains(&"PATH"), "{text}");
        let others = |name: &&&str| **name != "HOME" && !PASSED.contains(*name);
        assert_eq!(names.iter().find(others), None, "{text}");
        let output = command("pwd", Path::new(NO_HOME)).output().unwrap();
        assert_eq!(output.stdout, b"/\n");
    }

    #[tokio::test]
    async fn a_program_that_does_not_say_where_it_is_is_not_waited_for() {
        let script = |text: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", text]);
            shell
        };
        let long = Duration::from_secs(60);
        let found = printed_path(script("echo /usr/bin/node"), long).await;
        assert_eq!(found, Some(PathBuf::from("/usr/bin/node")));
        assert_eq!(printed_path(script("echo /node; exit 1"), long).await, None);
        let started = Instant::now();
        let short = Duration::from_millis(100);
        assert_eq!(printed_path(script("sleep 300; echo /node"), short).await, None);
        assert!(started.elapsed() < long, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_program_that_is_not_waited_for_ends_with_all_that_it_has_started() {
        let script = |text: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", text]);
            shell
        };
        let done = output(script("echo out; echo err >&2; exit 3")).await.unwrap();
        assert_eq!((done.stdout, done.stderr), (b"out\n".into(), b"err\n".into()));
        assert_eq!(done.status.code(), Some(3));

        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("id");
        let text = format!("sleep 300 & echo $! > {0}.new; mv {0}.new {0}; wait", note.display());
        let id = tokio::select! {
            ended = output(script(&text)) => panic!("{ended:?}"),
            id = async {
                loop {
                    match std::fs::read_to_string(&note) {
                        Ok(id) => break id,
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                }
            } => id,
        };
        // Whoever adopts it may not have buried it yet.
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        let started = Instant::now();
        while lives() {
            assert!(started.elapsed() < Duration::from_secs(10), "{id} is still there");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
