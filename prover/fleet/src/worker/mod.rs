//! A worker: takes messages of the queues that it fits, claims what they name, proves it, and sends the result.
//!
//! All that it says goes from the thread that calls [`run`], which never proves: a busy machine delays a sign of life by the
//! time that the system takes to wake a thread, and no more.

mod jobs;
mod join;
mod link;
mod run;

use std::{num::NonZero, sync::Arc, time::Duration};

use cairn_prover::{LocalProver, assignment::Class, claim::AssignmentId, work::Work};
use tokio::sync::watch;

use self::run::Run;
use crate::{
    bus::Target,
    engine::version,
    error::FleetError,
    message::{Version, WorkerId},
    names::Names,
    queue::Queue,
};

/// What a worker is given.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server.
    pub target: Target,
    /// The fleet.
    pub names: Names,
    /// Its name.
    pub worker: WorkerId,
    /// The queues that it takes from, the most wanted first: see [`queues`].
    pub queues: Vec<Queue>,
    /// MiB that it may take.
    pub memory_mb: u64,
    /// Threads that prove.
    pub threads: usize,
    /// Its processor, for people.
    pub machine: String,
    /// How long it goes on with what it holds when it is told to stop.
    pub grace: Duration,
}

/// What does the work.
pub trait Perform: Send + Sync + 'static {
    /// What it proves with.
    fn version(&self) -> Version;

    /// The result of an assignment, from what it starts from.
    ///
    /// # Errors
    /// Why there is none.
    fn perform(&self, work: &[u8]) -> Result<Vec<u8>, String>;
}

impl Perform for LocalProver {
    fn version(&self) -> Version {
        version(self)
    }

    fn perform(&self, work: &[u8]) -> Result<Vec<u8>, String> {
        let work = Work::from_bytes(work).map_err(|error| error.to_string())?;
        LocalProver::perform(self, &work).map_err(|error| error.to_string())
    }
}

/// What a worker has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nobody answers yet: why.
    Waits(String),
    /// The coordinator takes it.
    Joined,
    /// It has begun.
    Began(Queue, AssignmentId),
    /// It has sent the result, after so long.
    Done(Queue, AssignmentId, Duration),
    /// It could not: why.
    Failed(AssignmentId, String),
    /// It has given it back: why.
    Returned(AssignmentId, String),
    /// It takes nothing more.
    Drains,
}

/// Works until it is told to stop: blocks.
///
/// # Errors
/// What no waiting mends: other circuits, refused credentials, or it is not believed any more.
pub fn run(
    config: Config,
    perform: Arc<dyn Perform>,
    stop: watch::Receiver<bool>,
    tell: &mut dyn FnMut(Event),
) -> Result<(), FleetError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(FleetError::Thread)?;
    runtime.block_on(async {
        match Run::join(config, perform, stop, tell).await? {
            Some(run) => run.run(tell).await,
            None => Ok(()),
        }
    })
}

/// The queues of these classes whose work fits so many MiB, the end of the pipeline first: what is there already goes
/// before what is new.
///
/// # Errors
/// A class that has none.
pub fn queues(classes: &[Class], memory_mb: u64) -> Result<Vec<Queue>, FleetError> {
    let mut queues = Vec::new();
    for class in Class::ALL.into_iter().rev().filter(|class| classes.contains(class)) {
        let of = || Queue::ALL.into_iter().rev().filter(move |queue| queue.class() == class);
        let before = queues.len();
        queues.extend(of().filter(|queue| queue.memory_mb() <= memory_mb));
        if queues.len() == before {
            let expected = of().map(Queue::memory_mb).min().unwrap_or_default();
            return Err(FleetError::Memory { class: class.name(), expected, got: memory_mb });
        }
    }
    Ok(queues)
}

/// The processor, and what the prover uses of it.
#[must_use]
pub fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = field("model name").unwrap_or_else(|| "unknown processor".to_owned());
    let flags = field("flags").unwrap_or_default();
    let has = |flag: &str| flags.split(' ').any(|other| other == flag);
    let used = if has("avx512f") {
        "AVX-512"
    } else if has("avx2") {
        "AVX2"
    } else {
        "no AVX2"
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    format!("{model}, {used}, {cores} cores")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_what_fits_it_and_a_class_that_does_not_fit_is_named() {
        let all = queues(&Class::ALL, u64::MAX).unwrap();
        assert_eq!(all.first(), Some(&Queue::Wrap));
        assert_eq!(all.last(), Some(&Queue::LeafSmall));
        assert_eq!(all.len(), Queue::ALL.len());
        let small = queues(&[Class::Leaf], Queue::LeafMedium.memory_mb()).unwrap();
        assert_eq!(small, [Queue::LeafMedium, Queue::LeafSmall]);
        let error = queues(&[Class::Wrap, Class::Leaf], 100).unwrap_err();
        assert!(error.to_string().starts_with("--memory: class wrap takes at least"), "{error}");
        assert!(!error.is_transient());
    }
}
