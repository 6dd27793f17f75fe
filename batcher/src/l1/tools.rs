//! Finds the programs that `./x` installs, and starts programs in an environment of ours.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

use thiserror::Error;

/// What a program is given of the user's environment. All else could change what it does: `FOUNDRY_*`, `DAPP_*` and
/// `ETH_RPC_URL` are settings of forge and anvil, `NODE_OPTIONS` loads code into the compiler, `GIT_DIR` names another
/// repository.
const PASSED: [&str; 2] = ["PATH", "TMPDIR"];

/// A home for programs that need none: nothing can be below it.
pub(crate) const NO_HOME: &str = "/dev/null";

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

/// Where a program starts: in its home, as the root of an empty project of Foundry's; in the root folder without one.
fn folder(home: &Path) -> &Path {
    let project = home.join("foundry.toml");
    let is_project = project.exists() || std::fs::write(project, "").is_ok();
    if is_project { home } else { Path::new("/") }
}

/// The search path with the folder of Node.js in front. What `PATH` calls `node` may be a version manager's script,
/// which finds the real program by the user's home only.
pub(crate) async fn path_with_node() -> Option<OsString> {
    let mut node = tokio::process::Command::new("node");
    node.env_remove("NODE_OPTIONS").args(["-p", "process.execPath"]).kill_on_drop(true);
    let output = node.output().await.ok().filter(|output| output.status.success())?;
    let program = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
    let folder = program.parent().filter(|folder| folder.is_absolute())?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).ok()
}

#[cfg(test)]
mod tests {
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
}
