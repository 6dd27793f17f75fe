//! The fleet as an engine of the operator: plans a proof, has its assignments done by workers, and holds each result against what
//! it must prove.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, LocalProver, ProverError,
    claim::AssignmentId,
    measure::StageTime,
    progress::{Progress, Stage},
};
use cairn_types::{Digest, SealStatement};

use crate::{
    coordinator::{Arrived, Coordinator, Owed, Waiter},
    ledger::Priority,
    message::Version,
    plan::{BatchesPlan, Plan},
};

/// How often it is looked at whether the proof is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// Proves on the workers of a fleet.
#[derive(Debug)]
pub struct FleetEngine {
    /// Knows circuits and keys; proves nothing here.
    prover: Arc<LocalProver>,
    coordinator: Coordinator,
    /// At the same time.
    at_a_time: usize,
    /// Operations of a chunk, at the most.
    operations: usize,
}

impl FleetEngine {
    /// An engine over a running coordinator: so many proofs at the same time, with chunks of at most so many operations.
    #[must_use]
    pub fn new(
        prover: Arc<LocalProver>,
        coordinator: Coordinator,
        at_a_time: usize,
        operations: usize,
    ) -> Self {
        Self { prover, coordinator, at_a_time, operations }
    }
}

/// What a prover proves with.
#[must_use]
pub fn version(prover: &LocalProver) -> Version {
    Version {
        circuits: hex::encode(prover.circuit_set_root().to_bytes()),
        keys: hex::encode(prover.keys().verifying_key_hash()),
    }
}

impl Engine for FleetEngine {
    fn circuit_set_root(&self) -> Digest {
        self.prover.circuit_set_root()
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let plan = BatchesPlan::new(&self.prover, jobs, self.operations)?;
        // L1 takes proofs in order.
        let order = jobs.first().map_or(0, |job| job.number.into());
        let (last, stages) = run(&plan, &self.coordinator, order, progress, cancel)?;
        plan.proof(&last, stages)
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        self.prover.verifies(statement, proof)
    }

    fn threads(&self) -> usize {
        self.prover.threads()
    }

    fn proofs_at_a_time(&self) -> usize {
        self.at_a_time
    }

    fn security(&self) -> Vec<LayerSecurity> {
        self.prover.security()
    }
}

/// Has a plan's assignments done, and gives the output of the last one, with the time from the first step of each stage to its
/// last. `order` says which of several proofs comes first.
///
/// # Errors
/// [`ProverError::Cancelled`], or the plan's.
pub fn run<P: Plan>(
    plan: &P,
    coordinator: &Coordinator,
    order: u64,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<(P::Output, Vec<StageTime>), ProverError> {
    let mut proof = Proof::new(plan, coordinator, order, progress);
    let ended = proof.run(cancel);
    proof.end();
    ended
}

/// A proof on its way.
struct Proof<'p, P: Plan> {
    plan: &'p P,
    coordinator: &'p Coordinator,
    waiter: Waiter,
    order: u64,
    progress: &'p dyn Progress,
    events: (mpsc::Sender<Arrived>, mpsc::Receiver<Arrived>),
    places: HashMap<AssignmentId, usize>,
    /// The longest way from each to the end, in assignments.
    ways: Vec<usize>,
    is_owed: Vec<bool>,
    outputs: Vec<Option<P::Output>>,
    stages: Vec<Steps>,
}

/// A stage of which a step has begun.
struct Steps {
    stage: Stage,
    left: usize,
    started: Instant,
    ended: Option<Instant>,
}

impl<'p, P: Plan> Proof<'p, P> {
    fn new(
        plan: &'p P,
        coordinator: &'p Coordinator,
        order: u64,
        progress: &'p dyn Progress,
    ) -> Self {
        let assignments = plan.assignments();
        let mut ways = vec![1; assignments.len()];
        for (place, assignment) in assignments.iter().enumerate().rev() {
            for &need in &assignment.needs {
                ways[need] = ways[need].max(ways[place] + 1);
            }
        }
        Self {
            plan,
            coordinator,
            waiter: Waiter::unique(),
            order,
            progress,
            events: mpsc::channel(),
            places: (0..assignments.len()).map(|place| (plan.id(place).clone(), place)).collect(),
            ways,
            is_owed: vec![false; assignments.len()],
            outputs: assignments.iter().map(|_| None).collect(),
            stages: Vec::new(),
        }
    }

    fn run(&mut self, cancel: &Cancel) -> Result<(P::Output, Vec<StageTime>), ProverError> {
        let last = self.outputs.len() - 1;
        self.owe_ready()?;
        loop {
            cancel.check()?;
            if !self.coordinator.is_running() {
                return Err(ProverError::Unavailable(
                    "the fleet's coordinator has ended".to_owned(),
                ));
            }
            let arrived = match self.events.1.recv_timeout(LOOK) {
                Ok(arrived) => arrived,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => continue,
            };
            let Some(&place) = self.places.get(&arrived.id) else { continue };
            match self.plan.check(place, &arrived.bytes) {
                Ok(output) => {
                    self.coordinator.answer(arrived, Ok(()));
                    if self.outputs[place].is_none() {
                        self.outputs[place] = Some(output);
                        self.step(place);
                    }
                }
                Err(reason) => self.coordinator.answer(arrived, Err(reason)),
            }
            if let Some(output) = self.outputs[last].take() {
                return Ok((output, self.times()));
            }
            self.owe_ready()?;
        }
    }

    /// Owes those whose inputs are there.
    fn owe_ready(&mut self) -> Result<(), ProverError> {
        for (place, assignment) in self.plan.assignments().iter().enumerate() {
            if self.is_owed[place] {
                continue;
            }
            let needs = assignment.needs.iter().map(|&need| self.outputs[need].as_ref());
            let inputs: Option<Vec<_>> = needs.collect();
            let Some(inputs) = inputs else { continue };
            let work = self.plan.work(place, &inputs)?;
            let priority = Priority { proof: self.order, way: Reverse(self.ways[place]), place };
            let (id, queue) = (self.plan.id(place).clone(), self.plan.queue(place));
            let (waiter, events) = (self.waiter, self.events.0.clone());
            self.coordinator.owe(Owed { waiter, id, queue, priority, work, events });
            self.is_owed[place] = true;
            self.begin(place);
        }
        Ok(())
    }

    fn begin(&mut self, place: usize) {
        let stage = self.plan.stage(place);
        if self.stages.iter().all(|steps| steps.stage != stage) {
            let places = 0..self.outputs.len();
            let left = places.filter(|&place| self.plan.stage(place) == stage).count();
            self.progress.begin(stage, left);
            self.stages.push(Steps { stage, left, started: Instant::now(), ended: None });
        }
    }

    fn step(&mut self, place: usize) {
        let stage = self.plan.stage(place);
        self.progress.step(stage);
        if let Some(steps) = self.stages.iter_mut().find(|steps| steps.stage == stage) {
            steps.left -= 1;
            if steps.left == 0 {
                steps.ended = Some(Instant::now());
                self.progress.end(stage);
            }
        }
    }

    /// Stages overlap: the workers' CPU time and memory are theirs.
    fn times(&self) -> Vec<StageTime> {
        let time = |steps: &Steps| StageTime {
            name: steps.stage.row().to_owned(),
            wall_s: (steps.ended.unwrap_or_else(Instant::now) - steps.started).as_secs_f64(),
            cpu_s: 0.0,
            peak_rss_mb: 0,
        };
        let mut times: Vec<StageTime> = Vec::new();
        for time in self.stages.iter().map(time) {
            match times.iter_mut().find(|other| other.name == time.name) {
                Some(other) => other.wall_s += time.wall_s,
                None => times.push(time),
            }
        }
        times
    }

    /// Nobody waits for what is left.
    fn end(&mut self) {
        let owed = self.is_owed.iter().enumerate().filter(|(_, is_owed)| **is_owed);
        let left = owed.filter(|(place, _)| self.outputs[*place].is_none());
        let left: Vec<_> = left.map(|(place, _)| self.plan.id(place).clone()).collect();
        self.coordinator.forget(self.waiter, left);
        for steps in self.stages.iter().filter(|steps| steps.ended.is_none()) {
            self.progress.end(steps.stage);
        }
    }
}
