//! The stages that can be measured, in terms of cairn-prover's public API. Nothing else here knows the prover: when a proof system
//! changes, this file does.

use std::{fmt, path::Path, slice, str::FromStr};

use cairn_prover::{
    BatchJob, Cancel, ChunkShape, Engine, LocalProver, ProofTasks, ProverError, TaskOutput, cache,
    graph::{TaskGraph, TaskKind},
    memory, plan,
    progress::{Progress, Silent},
};
use serde::{Deserialize, Serialize};

use crate::{
    record::{Circuits, Step},
    sample::Sample,
};

/// Operations of the largest chunk.
pub const LARGEST_CHUNK: usize = plan::LARGEST_CHUNK;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A chunk from its operations to a proof of the common shape, and one node.
    Leaf,
    /// One node over two chunk proofs.
    Node,
    /// One stream leaf and its wrapper.
    Stream,
    /// The seal over chunk and stream proof.
    Seal,
    /// From the seal to the SNARK.
    Wrap,
    /// A whole batch from witness to SNARK, and each of its tasks.
    All,
}

impl Stage {
    /// All stages, in the order of the pipeline.
    pub const ALL: [Self; 6] =
        [Self::Leaf, Self::Node, Self::Stream, Self::Seal, Self::Wrap, Self::All];

    /// As on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Node => "node",
            Self::Stream => "stream",
            Self::Seal => "seal",
            Self::Wrap => "wrap",
            Self::All => "all",
        }
    }

    /// What its figures hold, in a line.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Leaf => {
                "one chunk: trace, proof, recursive verification, and one node of the tree"
            }
            Self::Node => "one merge of two chunk proofs",
            Self::Stream => "one leaf of the batch's words, and its recursive verification",
            Self::Seal => "header over chunk and stream proof",
            Self::Wrap => "from the seal to the Groth16 proof",
            Self::All => "a batch from witness to Groth16 proof, and each of its tasks",
        }
    }

    /// The kinds of task that are measured, one task of each.
    #[must_use]
    pub const fn tasks(self) -> &'static [TaskKind] {
        use TaskKind::*;
        match self {
            Self::Leaf => &[ChunkLeaf, ChunkWrapper, ChunkNode],
            Self::Node => &[ChunkNode],
            Self::Stream => &[StreamLeaf, StreamWrapper],
            Self::Seal => &[Seal],
            Self::Wrap => &[Shrink, Wrap, Groth16],
            Self::All => &TaskKind::ALL,
        }
    }

    /// The stage that measures this kind of task, besides [`Self::All`].
    #[must_use]
    pub const fn of_task(task: TaskKind) -> Self {
        use TaskKind::*;
        match task {
            ChunkLeaf | ChunkWrapper | ChunkNode => Self::Leaf,
            StreamLeaf | StreamWrapper => Self::Stream,
            Seal => Self::Seal,
            Shrink | Wrap | Groth16 => Self::Wrap,
            // Measured where a batch has more than one stream leaf; the others are in no proof of one batch.
            StreamNode | ChainNode | Exit => Self::All,
        }
    }

    /// Chunks that a batch must have for the stage: nodes need two.
    #[must_use]
    pub const fn least_chunks(self) -> usize {
        match self {
            Self::Leaf | Self::Node => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|stage| stage.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown stage {text:?}: expected one of {names}")
        })
    }
}

/// MiB that the proofs of a stage take at the most, circuits and keys with them.
#[must_use]
pub fn memory_mb(stage: Stage, chunk: usize) -> u64 {
    let keys = match stage {
        Stage::Wrap | Stage::All => memory::SNARK_MB,
        _ => 0,
    };
    memory::CIRCUITS_MB + keys + memory::chunk_mb(chunk)
}

/// That circuits can be kept in this folder, before long work.
///
/// # Errors
/// They cannot.
pub fn check_cache(folder: &Path) -> Result<(), ProverError> {
    cache::Cache::new(folder).check_folder()
}

/// A prover with its circuits.
#[derive(Debug)]
pub struct Prover(LocalProver);

impl Prover {
    /// Reads the circuits from the cache, or makes them.
    ///
    /// # Errors
    /// The cache cannot be used, or the threads cannot be started.
    pub fn load(
        folder: &Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Self, ProverError> {
        LocalProver::load(folder, threads, progress).map(Self)
    }

    /// What the record says about the circuits.
    #[must_use]
    pub fn circuits(&self) -> Circuits {
        let keys = self.0.circuit_digests().into_iter();
        let hex = |digest: cairn_types::Digest| {
            digest.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        Circuits {
            version: cache::VERSION.to_owned(),
            set_root: hex(self.0.circuit_set_root()),
            keys: keys.map(|(name, digest)| (name, hex(digest))).collect(),
        }
    }

    /// The batch, cut into chunks of at most so many operations.
    ///
    /// # Errors
    /// The batch lacks a part of its witness, or its circuits cannot be read.
    pub fn batch<'a>(&'a self, job: &'a BatchJob, chunk: usize) -> Result<Batch<'a>, ProverError> {
        let tasks = ProofTasks::new(&self.0, slice::from_ref(job), chunk)?;
        tasks.load_circuits()?;
        Ok(Batch { prover: &self.0, job, chunk, tasks })
    }
}

/// A batch to measure on.
#[derive(Debug)]
pub struct Batch<'a> {
    prover: &'a LocalProver,
    job: &'a BatchJob,
    chunk: usize,
    tasks: ProofTasks<'a>,
}

impl Batch<'_> {
    /// Its tasks.
    #[must_use]
    pub fn graph(&self) -> &TaskGraph {
        self.tasks.graph()
    }

    /// Chunks that it is cut into.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.graph().tasks().iter().filter(|task| task.kind == TaskKind::ChunkLeaf).count()
    }

    /// Size of the first chunk's tables.
    #[must_use]
    pub fn first_chunk_shape(&self) -> Option<ChunkShape> {
        self.tasks.chunk_shape(0)
    }

    /// Operations of the first chunk: the one that is measured.
    #[must_use]
    pub fn first_chunk(&self) -> usize {
        self.tasks.chunk(0).len()
    }

    /// Measures one task of each kind of the stage `runs` times; of stage all, every task of the batch once. `step` is called once a
    /// task, measured or not, [`Self::steps`] times in all.
    ///
    /// # Errors
    /// A proof that cannot be made or does not verify.
    pub fn measure_tasks(
        &self,
        stage: Stage,
        runs: usize,
        step: impl Fn(),
    ) -> Result<Vec<Step>, ProverError> {
        let (measured, prepared) = self.measured_and_prepared(stage);
        if stage.tasks().contains(&TaskKind::Groth16) {
            self.prover.load_keys()?;
        }
        let tasks = self.graph().tasks();
        let mut outputs: Vec<Option<TaskOutput>> = tasks.iter().map(|_| None).collect();
        let run = |place: usize, outputs: &[Option<TaskOutput>]| {
            let needs = tasks[place].needs.iter();
            let inputs: Vec<_> = needs.filter_map(|&need| outputs[need].as_ref()).collect();
            self.tasks.run(place, &inputs)
        };
        for place in prepared {
            outputs[place] = Some(run(place, &outputs)?);
            step();
        }
        let mut steps: Vec<Step> = Vec::new();
        for _ in 0..runs_of(stage, runs) {
            for &place in &measured {
                let (output, sample) = Sample::of(|| run(place, &outputs))?;
                let kind = tasks[place].kind;
                match steps.iter_mut().find(|step| step.name == kind.name()) {
                    Some(step) => step.samples.push(sample),
                    None => steps.push(Step {
                        name: kind.name().to_owned(),
                        per_batch: tasks.iter().filter(|task| task.kind == kind).count(),
                        proof_bytes: output.proof_bytes(),
                        samples: vec![sample],
                    }),
                }
                outputs[place] = Some(output);
                step();
            }
        }
        Ok(steps)
    }

    /// Proves the whole batch with the local engine, as the batcher does.
    ///
    /// # Errors
    /// A proof that cannot be made or does not verify.
    pub fn measure_whole(&self) -> Result<(Sample, usize), ProverError> {
        self.prover.load_keys()?;
        let (jobs, never) = (slice::from_ref(self.job), Cancel::default());
        let prove = || self.prover.prove_in_chunks(jobs, self.chunk, &Silent, &never);
        let (proof, sample) = Sample::of(prove)?;
        Ok((sample, proof.proof.as_flattened().len()))
    }

    /// Tasks that [`Self::measure_tasks`] runs.
    #[must_use]
    pub fn steps(&self, stage: Stage, runs: usize) -> usize {
        let (measured, prepared) = self.measured_and_prepared(stage);
        prepared.len() + runs_of(stage, runs) * measured.len()
    }

    /// Places of the measured tasks, and of those that they rest on.
    fn measured_and_prepared(&self, stage: Stage) -> (Vec<usize>, Vec<usize>) {
        let tasks = self.graph().tasks();
        let first_only = stage != Stage::All;
        let measured: Vec<usize> = (0..tasks.len())
            .filter(|&place| stage.tasks().contains(&tasks[place].kind))
            .filter(|&place| tasks[place].index == 0 || !first_only)
            .collect();
        let mut needed = vec![false; tasks.len()];
        for place in (0..tasks.len()).rev() {
            if needed[place] || measured.contains(&place) {
                tasks[place].needs.iter().for_each(|&need| needed[need] = true);
            }
        }
        let prepared =
            (0..tasks.len()).filter(|place| needed[*place] && !measured.contains(place)).collect();
        (measured, prepared)
    }
}

/// Every task of a batch is measured once: a batch has many of the dear ones.
const fn runs_of(stage: Stage, runs: usize) -> usize {
    if matches!(stage, Stage::All) { 1 } else { runs }
}
