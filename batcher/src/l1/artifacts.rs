//! The contracts as the pinned forge builds them from source.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use alloy::primitives::{B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::tools::{self, MissingTool};
use crate::{
    console::{MAX_REASON, shortened},
    temporary::Temporary,
};

/// Why there are no artifacts.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The tools are not installed.
    #[error(transparent)]
    Tool(#[from] MissingTool),
    /// forge ended with an error.
    #[error("forge build failed ({status}): {reason}")]
    Forge {
        /// Its exit status.
        status: String,
        /// What it says, in a line.
        reason: String,
    },
    /// forge could not be run, or a file could not be read.
    #[error("{what}: {reason}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        reason: String,
    },
}

/// The compiler and what it was told: the code follows from these and the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiler {
    /// With the commit.
    pub version: String,
    /// Every setting that the compiler notes in the metadata of the contract, by its own name for it: EVM version,
    /// optimizer, `viaIR`, what is appended to the code, remappings, libraries. Not which contract it was asked
    /// for.
    pub settings: BTreeMap<String, Value>,
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "solc {}", self.version)?;
        self.settings.iter().try_for_each(|(name, value)| write!(f, ", {name} {value}"))
    }
}

/// A compiled contract.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Its name.
    pub name: String,
    /// The code that makes it, to be followed by the constructor's arguments.
    pub creation: Bytes,
    /// Where the constructor puts values into its code: start and length.
    pub immutables: Vec<(usize, usize)>,
    /// What it was compiled with.
    pub compiler: Compiler,
}

impl Artifact {
    /// Keccak-256 of [`Self::creation`].
    #[must_use]
    pub fn creation_hash(&self) -> B256 {
        keccak256(&self.creation)
    }
}

/// A folder of artifacts.
#[derive(Debug, Clone)]
pub struct Artifacts {
    folder: PathBuf,
}

/// The parts of forge's JSON that count.
#[derive(Deserialize)]
struct Json {
    bytecode: Object,
    #[serde(rename = "deployedBytecode")]
    deployed: Object,
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object: String,
    #[serde(default)]
    immutable_references: BTreeMap<String, Vec<Reference>>,
}

#[derive(Deserialize)]
struct Reference {
    start: usize,
    length: usize,
}

#[derive(Deserialize)]
struct Metadata {
    compiler: Version,
    settings: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// Lines of forge's that an error has, at most.
const MOST_ERRORS: usize = 3;

/// Of the settings, the one that differs between contracts of the same build.
const TARGET: &str = "compilationTarget";

impl Artifacts {
    /// Builds the Foundry project `contracts`, but for its tests, with the tools that are installed in it.
    /// Artifacts that are there and up to date stay.
    ///
    /// # Errors
    /// forge's, with its reason.
    pub async fn build(contracts: &Path) -> Result<Self, BuildError> {
        Self::build_with(contracts, contracts, &["--skip", "test"]).await
    }

    /// As [`Self::build`], with the tools of another project and further arguments. Nothing but the project says
    /// what is built: no variable, no file of the user's home, and no `.env` in the project.
    ///
    /// # Errors
    /// forge's, with its reason.
    pub async fn build_with(
        contracts: &Path,
        tools_of: &Path,
        arguments: &[&str],
    ) -> Result<Self, BuildError> {
        let forge = tools::find(&tools_of.join("node_modules"), "forge")?;
        let root = std::path::absolute(contracts);
        let root = root.map_err(|e| io(&contracts.display().to_string(), &e))?;
        let home = Temporary::new("cairn-forge-").map_err(|e| io("an empty home for forge", &e))?;
        let mut command = tools::command(forge, home.path());
        if let Some(path) = tools::path_with_node().await {
            command.env("PATH", path);
        }
        // Its path in foundry.toml is relative to where forge starts.
        let compiler = tools_of.join("tools/solc.mjs").canonicalize();
        let compiler = compiler.map_err(|e| io("tools/solc.mjs of the Foundry project", &e))?;
        command.arg("build").arg("--root").arg(&root).arg("--use").arg(compiler);
        command.args(arguments);
        let output = tools::output(command).await.map_err(|e| io("running forge", &e))?;
        if !output.status.success() {
            let text = [output.stdout, output.stderr].concat();
            let reason = reason(&String::from_utf8_lossy(&text));
            return Err(BuildError::Forge { status: output.status.to_string(), reason });
        }
        Ok(Self { folder: root.join("out") })
    }

    /// A folder of artifacts that are built already.
    #[must_use]
    pub fn built(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A contract by its name and the name of its file.
    ///
    /// # Errors
    /// It is not there, or no artifact of forge's.
    pub fn read(&self, file: &str, name: &str) -> Result<Artifact, BuildError> {
        let path = self.folder.join(file).join(format!("{name}.json"));
        let what = || format!("artifact {}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|e| io(&what(), &e))?;
        let json: Json = serde_json::from_str(&text).map_err(|e| io(&what(), &e))?;
        let creation: Bytes = json
            .bytecode
            .object
            .parse()
            .map_err(|_| io(&what(), &"its code is not hex: is a library not linked?"))?;
        let references = json.deployed.immutable_references.into_values().flatten();
        let mut immutables: Vec<_> = references.map(|r| (r.start, r.length)).collect();
        immutables.sort_unstable();
        let Metadata { compiler: Version { version }, mut settings } = json.metadata;
        settings.remove(TARGET);
        let compiler = Compiler { version, settings };
        Ok(Artifact { name: name.to_owned(), creation, immutables, compiler })
    }
}

/// Why forge, or the compiler that it has started, has failed: the first lines that begin as errors do, else one that
/// speaks of an error, else the last. Where a program of Node.js ends badly, the last line is Node's version.
fn reason(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| {
        let first = line.split([':', '(', '[', ' ']).next().unwrap_or_default();
        first.to_ascii_lowercase().ends_with("error")
    };
    let errors: Vec<_> = lines().filter(is_error).take(MOST_ERRORS).collect();
    let any = || lines().find(|line| line.to_ascii_lowercase().contains("error"));
    let last = || lines().rfind(|line| !line.starts_with("Node.js v"));
    match errors.as_slice() {
        [] => shortened(any().or_else(last).unwrap_or("no output"), MAX_REASON),
        errors => {
            let each =
                errors.iter().map(|error| shortened(error.trim_end_matches(':'), MAX_REASON));
            each.collect::<Vec<_>>().join(": ")
        }
    }
}

fn io(what: &str, reason: &dyn fmt::Display) -> BuildError {
    BuildError::Io { what: what.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_forge_is_what_it_says_of_an_error() {
        let node = "node:internal/modules/cjs/loader:1215\n  throw err;\n  ^\n\n\
                    Error: Cannot find module '/x/solc.js'\n    at Module._load\n\nNode.js v20.11.0\n";
        for (text, said) in [
            (node, "Error: Cannot find module '/x/solc.js'"),
            (
                "Compiling 3 files\nError: Compiler run failed:\nError (7576): Undeclared identifier.\n \
                 --> src/Rollup.sol:7:1\n",
                "Error: Compiler run failed: Error (7576): Undeclared identifier.",
            ),
            ("x.mjs:3\nTypeError [ERR]: none\n", "TypeError [ERR]: none"),
            ("stopped by an error of the disk\nbye\n", "stopped by an error of the disk"),
            ("no space left\n\nNode.js v20.11.0\n\n", "no space left"),
            ("Node.js v20.11.0\n", "no output"),
            ("", "no output"),
        ] {
            assert_eq!(reason(text), said);
        }
        let long = reason(&format!("Error: {}\n", "x".repeat(5_000)).repeat(9));
        assert!(long.chars().count() < 700, "{long}");
    }
}
