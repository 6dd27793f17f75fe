//! What the demo measured, as one record: a table for people, JSON for programs.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use cairn_prover::{LayerSecurity, Regime, measure::StageTime};
use cairn_types::DataMode;
use serde::Serialize;

use super::{
    committee::Validium,
    exit::ExitReport,
    upgrade::{Shown, UpgradeReport},
};
use crate::api::wire::FleetWorker;

/// What forced transactions came to; the proof says so too.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Forced {
    /// All of it held.
    pub executed: usize,
    /// Something did not.
    pub refused: usize,
}

/// Gas of the L1 transactions, as their receipts state it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Gas {
    /// The commit transactions, one a batch.
    pub commit: u64,
    /// Of it, for each transfer.
    pub commit_per_transfer: f64,
    /// Gas of the blobs, which has a price of its own; 131,072 a blob.
    pub blob: u64,
    /// The prove transactions, one a proof.
    pub prove: u64,
    /// Mean of the claims.
    pub claim: u64,
    /// Mean of the deposits.
    pub deposit: u64,
    /// Mean of the forced transactions' calls.
    pub force: u64,
}

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Transfers executed: short, long and to new keys.
    pub transfers: usize,
    /// All operations.
    pub operations: usize,
    /// Blocks that the operations were soft-confirmed in.
    pub blocks: u64,
    /// Batches that they are in.
    pub batches: u32,
    /// Proofs on L1, each of one batch or several.
    pub proofs: usize,
    /// Chunks that the batches were proven in.
    pub chunks: usize,
    /// Whether the L1 contract accepted the proof.
    pub verified: bool,
    /// Finalized state on L1 after the proof.
    pub l1_state_root: String,
    /// State that the reference transition function computed.
    pub l2_state_root: String,
    /// Transfers over (wall seconds of chunk leaves and chunk nodes, times threads): all operations share that time.
    pub leaf_transfers_per_s_per_core: f64,
    /// The same for all operations.
    pub leaf_operations_per_s_per_core: f64,
    /// Threads of the prover.
    pub threads: usize,
    /// What each worker of the fleet has done, if there was one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<FleetWorker>,
    /// Per stage, in order.
    pub stages: Vec<StageTime>,
    /// From the first input to the last claim.
    pub total_wall_s: f64,
    /// Highest resident set size of this process.
    pub peak_rss_mb: u64,
    /// Data bytes of a short transfer without padding: 15.5 in a shared word, 16 alone (slot and tag).
    pub bytes_per_short_transfer: f64,
    /// Published data bytes over all transfers: padding, long forms and new keys included.
    pub bytes_per_transfer: f64,
    /// Where the data is.
    pub data: DataMode,
    /// What the data committee is, if the data is with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validium: Option<Validium>,
    /// Forced transactions.
    pub forced: Forced,
    /// Gas.
    pub gas: Gas,
    /// How the upgrade to a new key went, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UpgradeReport>,
    /// What leaving the frozen rollup took, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitReport>,
    /// Soundness, layer by layer.
    pub security: Vec<LayerSecurity>,
    /// Which Groth16 set-up the verifier on L1 trusts.
    pub setup: &'static str,
}

impl Report {
    /// Accepted on L1, and both sides hold the same state.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.verified && self.l1_state_root == self.l2_state_root
    }

    /// Writes the report as JSON.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        writeln!(out, "{:<22}{:>10}{:>10}{:>12}", "stage", "wall s", "cpu s", "peak MiB")?;
        for stage in &self.stages {
            let StageTime { name, wall_s, cpu_s, peak_rss_mb } = stage;
            writeln!(out, "{name:<22}{wall_s:>10.2}{cpu_s:>10.2}{peak_rss_mb:>12}")?;
        }
        writeln!(out)?;
        writeln!(
            out,
            "{:<26}{:>10}{:>14}{:>10}{:>8}",
            "security, bits", "provable", "unique dec.", "Johnson", "DKT26"
        )?;
        for layer in &self.security {
            let [_, unique, johnson, young] = Regime::ALL.map(|regime| layer.at(regime).bits);
            let LayerSecurity { layer, provable_bits, .. } = layer;
            writeln!(
                out,
                "{layer:<26}{provable_bits:>10.1}{unique:>14.1}{johnson:>10.1}{young:>8.1}"
            )?;
        }
        writeln!(out)?;
        let mut line = |name: &str, value: String| writeln!(out, "{name:<40}{value}");
        line("transfers / operations", format!("{} / {}", self.transfers, self.operations))?;
        line("blocks / chunks", format!("{} / {}", self.blocks, self.chunks))?;
        line("batches / proofs", format!("{} / {}", self.batches, self.proofs))?;
        line(
            "leaf + aggregation",
            format!(
                "{:.2} transfers/s/core, {:.2} operations/s/core, {} threads",
                self.leaf_transfers_per_s_per_core,
                self.leaf_operations_per_s_per_core,
                self.threads
            ),
        )?;
        for FleetWorker { name, machine, threads, done, failures, busy_s, .. } in &self.workers {
            let what = format!("{done} assignments in {busy_s:.1} s, {failures} failed");
            line(&format!("worker {name}"), format!("{what}; {threads} threads, {machine}"))?;
        }
        line("total", format!("{:.1} s, peak memory {} MiB", self.total_wall_s, self.peak_rss_mb))?;
        line(
            "data",
            format!(
                "{:.2} bytes a short transfer (no padding), {:.2} published over all transfers",
                self.bytes_per_short_transfer, self.bytes_per_transfer
            ),
        )?;
        if let Some(Validium { warning, members, threshold, .. }) = &self.validium {
            line("data committee", format!("{threshold} of {members}; {warning}"))?;
        }
        let Gas { commit, commit_per_transfer, blob, prove, claim, deposit, force } = self.gas;
        let data = match self.data {
            DataMode::Blobs => format!("data in blobs: {blob} blob gas"),
            DataMode::Calldata => "data in calldata".to_owned(),
            DataMode::Committee => "data with the committee".to_owned(),
        };
        line("gas: commit", format!("{commit} ({commit_per_transfer:.0} a transfer), {data}"))?;
        line("gas: prove / claim", format!("{prove} / {claim}"))?;
        line("gas: deposit / forced transaction", format!("{deposit} / {force}"))?;
        let Forced { executed, refused } = self.forced;
        line("forced transactions", format!("{executed} executed, {refused} changed nothing"))?;
        if let Some(upgrade) = &self.upgrade {
            upgrade_lines(upgrade, self.batches, &mut line)?;
        }
        if let Some(exit) = &self.exit {
            let ExitReport { leaves, proofs, proof_s, exit_gas, refund_gas, collect_gas } = exit;
            line(
                "exit of everyone, custody is empty",
                format!("{leaves} leaves, {proofs} proofs, {proof_s:.1} s a proof"),
            )?;
            line(
                "gas: exit / refund / collect",
                format!("{exit_gas} / {refund_gas} / {collect_gas}"),
            )?;
        }
        line("Groth16 set-up", self.setup.to_owned())?;
        line("L1 state", self.l1_state_root.clone())?;
        line("L2 state", self.l2_state_root.clone())?;
        line(
            "verified on L1, states equal",
            format!("{} / {}", self.verified, self.l1_state_root == self.l2_state_root),
        )?;
        f.write_str(&out)
    }
}

/// The upgrade in the order of time. `last` is the batch before the one in flight.
fn upgrade_lines(
    upgrade: &UpgradeReport,
    last: u32,
    line: &mut impl FnMut(&str, String) -> fmt::Result,
) -> fmt::Result {
    let next = last + 1;
    let days = (upgrade.active_at - upgrade.registered_at) / (24 * 60 * 60);
    let keys = format!("{} -> {}", upgrade.old_key, upgrade.new_key);
    line("key upgrade", keys)?;
    let waited =
        format!("batch {next} in flight, new key counts {days} days after it was registered");
    line(&format!("  batch {last} settled with the old key"), waited)?;
    for Shown { moment, key, circuit_set, answer } in &upgrade.shown {
        let said = format!("{key} key, {circuit_set} circuit set: {answer}");
        line(&format!("  batch {next}, {moment}"), said)?;
    }
    line(&format!("  batch {next} settled with the new key"), format!("gas: {}", upgrade.prove_gas))
}
