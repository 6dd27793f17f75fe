//! The figures that records are made for.

use cairn_prover::ChunkShape;
use serde::{Deserialize, Serialize};

use crate::{
    record::Step,
    sample::{Second, Spread},
};

/// The figures of stage leaf.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafFigures {
    /// Transfers in the measured chunk.
    pub transfers: usize,
    /// Transfers over threads times seconds of leaf, wrapper and one node.
    pub transfers_per_s_per_core: Spread,
    /// Rows of the leaf's tables a transfer.
    pub rows_per_transfer: f64,
    /// Trace cells of the leaf a transfer.
    pub cells_per_transfer: f64,
    /// Poseidon2 permutations that the leaf proves a transfer, where a table counts them.
    pub permutations_per_transfer: Option<f64>,
}

/// The figures of stage all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchFigures {
    /// Transfers over threads times seconds of the whole batch.
    pub transfers_per_s_per_core: Spread,
    /// Seconds from witness to SNARK.
    pub latency_s: Spread,
}

impl LeafFigures {
    /// Of a chunk of so many transfers, whose steps have one sample a run; `None` without samples.
    #[must_use]
    pub fn new(
        transfers: usize,
        threads: usize,
        steps: &[Step],
        shape: ChunkShape,
    ) -> Option<Self> {
        let runs = steps.iter().map(|step| step.samples.len()).min()?;
        let seconds =
            (0..runs).map(|run| steps.iter().map(|step| step.samples[run].wall_s).sum::<Second>());
        let each = |count: u64| count as f64 / transfers as f64;
        Some(Self {
            transfers,
            transfers_per_s_per_core: per_core(transfers, threads, seconds)?,
            rows_per_transfer: each(shape.rows),
            cells_per_transfer: each(shape.cells),
            permutations_per_transfer: shape.permutations.map(each),
        })
    }
}

impl BatchFigures {
    /// Of a batch of so many transfers; `None` without samples.
    #[must_use]
    pub fn new(transfers: usize, threads: usize, whole: &Step) -> Option<Self> {
        let seconds = whole.samples.iter().map(|sample| sample.wall_s);
        Some(Self {
            transfers_per_s_per_core: per_core(transfers, threads, seconds)?,
            latency_s: whole.wall()?,
        })
    }
}

fn per_core(
    transfers: usize,
    threads: usize,
    seconds: impl Iterator<Item = Second>,
) -> Option<Spread> {
    Spread::of(seconds.map(|seconds| transfers as f64 / (threads as f64 * seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn step(name: &str, seconds: &[f64]) -> Step {
        let sample = |&wall_s: &f64| Sample { wall_s, cpu_s: 2.0 * wall_s, peak_rss_mb: 1 };
        let samples = seconds.iter().map(sample).collect();
        Step { name: name.to_owned(), per_batch: 1, proof_bytes: 1, samples }
    }

    #[test]
    fn leaf_figures_by_hand() {
        let steps = [
            step("chunk-leaf", &[6.0, 3.0, 8.0]),
            step("chunk-wrapper", &[1.0, 1.0, 1.0]),
            step("chunk-node", &[1.0, 1.0, 1.0]),
        ];
        let shape = ChunkShape { rows: 400, cells: 40_000, permutations: Some(4_000) };
        let figures = LeafFigures::new(80, 2, &steps, shape).unwrap();
        // 8, 5 and 10 seconds on two cores.
        assert_eq!(figures.transfers_per_s_per_core, Spread { median: 5.0, min: 4.0, max: 8.0 });
        assert_eq!((figures.rows_per_transfer, figures.cells_per_transfer), (5.0, 500.0));
        assert_eq!(figures.permutations_per_transfer, Some(50.0));
        assert_eq!(LeafFigures::new(80, 2, &[], shape), None);
    }

    #[test]
    fn batch_figures_by_hand() {
        let figures = BatchFigures::new(100, 2, &step("batch", &[5.0, 10.0])).unwrap();
        assert_eq!(figures.latency_s, Spread { median: 7.5, min: 5.0, max: 10.0 });
        assert_eq!(figures.transfers_per_s_per_core, Spread { median: 7.5, min: 5.0, max: 10.0 });
    }
}
