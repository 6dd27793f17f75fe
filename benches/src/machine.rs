//! The machine that measures, and the program's own build.

use cairn_prover::memory;
use serde::{Deserialize, Serialize};

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Model name of the processor.
    pub cpu: String,
    /// Logical cores that this process may use.
    pub cores: usize,
    /// Vector and multiplication instructions that the processor has, of those that the provers know.
    pub features: Vec<String>,
    /// Memory in MiB.
    pub memory_mb: u64,
    /// Operating system and architecture.
    pub system: String,
}

/// The build of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Commit of the sources; with a `+` where they were changed since.
    pub commit: String,
    /// The same instructions, as far as the program was compiled for them.
    pub features: Vec<String>,
}

/// Instructions that change what a proof costs.
const FEATURES: [&str; 6] = ["adx", "avx2", "avx512f", "avx512ifma", "bmi2", "neon"];

impl Machine {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let flags = field("flags").unwrap_or_default();
        let has = |feature: &&str| flags.split_whitespace().any(|flag| flag == *feature);
        Self {
            cpu: field("model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: cores(),
            features: FEATURES.iter().filter(|f| has(f)).map(|&f| f.to_owned()).collect(),
            memory_mb: memory::meminfo_mb("MemTotal").unwrap_or(0),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

impl Build {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        let compiled = [
            cfg!(target_feature = "adx"),
            cfg!(target_feature = "avx2"),
            cfg!(target_feature = "avx512f"),
            cfg!(target_feature = "avx512ifma"),
            cfg!(target_feature = "bmi2"),
            cfg!(target_feature = "neon"),
        ];
        let features = FEATURES.iter().zip(compiled).filter(|(_, is)| *is);
        Self {
            commit: env!("CAIRN_COMMIT").to_owned(),
            features: features.map(|(&feature, _)| feature.to_owned()).collect(),
        }
    }
}

/// Logical cores that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_runs_was_compiled_for_this_machine() {
        let (machine, build) = (Machine::this(), Build::this());
        assert!(machine.cores >= 1);
        if cfg!(target_os = "linux") {
            assert!(build.features.iter().all(|feature| machine.features.contains(feature)));
            assert!(memory::available_mb().is_some_and(|available| available <= machine.memory_mb));
        }
        assert!(!build.commit.is_empty());
    }
}
