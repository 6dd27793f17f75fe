//! Proofs on many workers, by discrete events.
//!
//! Workers are alike and take one task at a time. A task is ready when all that it needs is done; whenever a worker is
//! free it takes the ready task of the oldest proof that has the longest way to the SNARK (list scheduling by critical
//! path). Where no task is ready the next proof begins, if one waits. Outputs travel in no time.

use std::{cmp::Reverse, collections::BinaryHeap, rc::Rc};

use cairn_prover::{assignment::Class, graph::TaskGraph};

use crate::{error::BenchError, sample::Second, times::TaskTimes};

/// What schedules count in.
pub type Nanosecond = u64;

/// Seconds of all tasks one after the other, at the most: nanoseconds are counted in 64 bits.
pub const MOST_WORK_S: Second = 1e10;

/// Whole nanoseconds. Trust: `seconds` is from 0 to [`MOST_WORK_S`].
#[must_use]
pub fn nanoseconds(seconds: Second) -> Nanosecond {
    (seconds * 1e9).round() as Nanosecond
}

/// Seconds of nanoseconds.
#[must_use]
pub fn seconds(nanoseconds: Nanosecond) -> Second {
    nanoseconds as f64 / 1e9
}

/// The tasks of a proof with their times.
#[derive(Debug, Clone)]
pub struct Work {
    nanoseconds: Vec<Nanosecond>,
    classes: Vec<Class>,
    /// How many outputs each task takes.
    needs: Vec<usize>,
    /// The task that takes each output; none takes the SNARK.
    next: Vec<Option<usize>>,
    /// From the start of each task to the SNARK.
    to_end: Vec<Nanosecond>,
}

/// What a free worker takes: the greatest.
type Urgency = (Reverse<usize>, Nanosecond, Reverse<usize>);

impl Work {
    /// Of a graph that has tasks.
    ///
    /// # Errors
    /// [`BenchError::NoTime`].
    pub fn new(graph: &TaskGraph, times: &TaskTimes) -> Result<Self, BenchError> {
        let tasks = graph.tasks();
        let nanoseconds = tasks
            .iter()
            .map(|task| times.seconds(task.kind).map(nanoseconds))
            .collect::<Result<Vec<_>, BenchError>>()?;
        let mut next = vec![None; tasks.len()];
        for (place, task) in tasks.iter().enumerate() {
            task.needs.iter().for_each(|&need| next[need] = Some(place));
        }
        let mut to_end = nanoseconds.clone();
        for place in (0..tasks.len()).rev() {
            to_end[place] += next[place].map_or(0, |next: usize| to_end[next]);
        }
        let needs = tasks.iter().map(|task| task.needs.len()).collect();
        let classes = tasks.iter().map(|task| task.kind.class()).collect();
        Ok(Self { nanoseconds, classes, needs, next, to_end })
    }

    /// All tasks one after the other.
    #[must_use]
    pub fn total(&self) -> Nanosecond {
        self.nanoseconds.iter().sum()
    }

    /// From the start to the SNARK on as many workers as can help.
    #[must_use]
    pub fn critical_path(&self) -> Nanosecond {
        self.to_end.iter().copied().max().unwrap_or(0)
    }

    fn urgency(&self, proof: usize, place: usize) -> Urgency {
        (Reverse(proof), self.to_end[place], Reverse(place))
    }

    /// The tasks that need none.
    fn leaves(&self) -> impl Iterator<Item = usize> {
        self.needs.iter().enumerate().filter(|&(_, &needs)| needs == 0).map(|(place, _)| place)
    }
}

/// Proofs that workers are asked for, in the order in which they begin.
pub trait Queue {
    /// The next proof, if one waits now, where a worker has nothing else to do.
    ///
    /// # Errors
    /// [`BenchError::NoTime`].
    fn begin(&mut self, now: Nanosecond) -> Result<Option<Rc<Work>>, BenchError>;

    /// When the next one comes that does not wait yet; none if all have begun.
    fn next_arrival(&self) -> Option<Nanosecond>;
}

/// A proof that has begun.
struct Begun {
    work: Rc<Work>,
    /// How many outputs each task still waits for.
    missing: Vec<usize>,
    /// When its SNARK was made.
    end: Nanosecond,
}

impl Begun {
    /// Takes note that a task is done, and gives the task that is ready now because of it.
    fn finish(&mut self, place: usize, now: Nanosecond) -> Option<usize> {
        let Some(next) = self.work.next[place] else {
            // Nothing of it is left to be done.
            self.missing = Vec::new();
            self.end = now;
            return None;
        };
        self.missing[next] -= 1;
        (self.missing[next] == 0).then_some(next)
    }
}

/// What workers did.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When each SNARK was made, in the order in which the proofs began.
    pub ends: Vec<Nanosecond>,
    /// How long workers had nothing to do, together, by the first class of which something was not
    /// done then. Where all that had come was done, it counts for none.
    pub idle_s: [Second; Class::ALL.len()],
}

/// Makes all proofs of a queue on so many workers.
///
/// # Errors
/// The queue's.
pub fn run(queue: &mut impl Queue, workers: usize) -> Result<Schedule, BenchError> {
    let mut proofs: Vec<Begun> = Vec::new();
    // Tasks of all that has begun which are not done, and who waits for them.
    let mut left = [0_usize; Class::ALL.len()];
    let mut idle_s = [0.0; Class::ALL.len()];
    let mut ready: BinaryHeap<Urgency> = BinaryHeap::new();
    // When each ends.
    let mut running: BinaryHeap<Reverse<(Nanosecond, usize, usize)>> = BinaryHeap::new();
    let mut now = 0;
    loop {
        while running.len() < workers {
            if let Some((Reverse(proof), _, Reverse(place))) = ready.pop() {
                let end = now + proofs[proof].work.nanoseconds[place];
                running.push(Reverse((end, proof, place)));
            } else if let Some(work) = queue.begin(now)? {
                let proof = proofs.len();
                ready.extend(work.leaves().map(|place| work.urgency(proof, place)));
                work.classes.iter().for_each(|&class| left[class as usize] += 1);
                let missing = work.needs.clone();
                proofs.push(Begun { work, missing, end: now });
            } else {
                break;
            }
        }
        // Only a worker that is free looks out for it.
        let arrival = if running.len() < workers { queue.next_arrival() } else { None };
        let end = running.peek().map(|&Reverse((end, _, _))| end);
        let arrival = arrival.filter(|arrival| end.is_none_or(|end| *arrival < end));
        let Some(next) = arrival.or(end) else { break };
        if let Some(class) = left.iter().position(|&left| left > 0) {
            idle_s[class] += (workers - running.len()) as f64 * seconds(next - now);
        }
        now = next;
        if arrival.is_some() {
            continue;
        }
        let Some(Reverse((_, proof, place))) = running.pop() else { break };
        let begun = &mut proofs[proof];
        left[begun.work.classes[place] as usize] -= 1;
        if let Some(next) = begun.finish(place, now) {
            ready.push(begun.work.urgency(proof, next));
        }
    }
    Ok(Schedule { ends: proofs.into_iter().map(|begun| begun.end).collect(), idle_s })
}

/// What came of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// From the start to the first batch's SNARK.
    pub latency_s: Second,
    /// From the start to the last SNARK.
    pub makespan_s: Second,
    /// Of the workers' time until then, the part in which they worked.
    pub efficiency: f64,
    /// The parts in which they waited, by the first class of which something was not done. With the
    /// efficiency they add up to 1.
    pub idle: [f64; Class::ALL.len()],
    /// From the start to a SNARK on as many workers as can help.
    pub critical_path_s: Second,
}

/// Proofs of one kind that all wait from the start.
struct Waiting {
    work: Rc<Work>,
    left: usize,
}

impl Queue for Waiting {
    fn begin(&mut self, _now: Nanosecond) -> Result<Option<Rc<Work>>, BenchError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        Ok(Some(Rc::clone(&self.work)))
    }

    fn next_arrival(&self) -> Option<Nanosecond> {
        None
    }
}

/// Proves so many batches of this graph, all there from the start, on so many workers, at least one of each.
///
/// # Errors
/// [`BenchError::NoTime`].
pub fn simulate(
    graph: &TaskGraph,
    times: &TaskTimes,
    workers: usize,
    batches: usize,
) -> Result<Outcome, BenchError> {
    let work = Rc::new(Work::new(graph, times)?);
    let waiting = &mut Waiting { work: Rc::clone(&work), left: batches };
    let Schedule { ends, idle_s } = run(waiting, workers)?;
    let makespan_s = seconds(ends.iter().copied().max().unwrap_or(0));
    let time_s = workers as f64 * makespan_s;
    Ok(Outcome {
        latency_s: seconds(ends.first().copied().unwrap_or(0)),
        makespan_s,
        efficiency: seconds(work.total() * batches as u64) / time_s,
        idle: idle_s.map(|idle_s| idle_s / time_s),
        critical_path_s: seconds(work.critical_path()),
    })
}

#[cfg(test)]
mod tests {
    use cairn_prover::graph::{Leaves, TaskKind};

    use super::*;

    /// Chunk leaf 4 s, stream leaf 2 s, all else 1 s.
    fn times() -> TaskTimes {
        TaskTimes::from_fn(2, 100, |task| {
            Some(match task {
                TaskKind::ChunkLeaf => 4.0,
                TaskKind::StreamLeaf => 2.0,
                _ => 1.0,
            })
        })
    }

    fn graph(chunks: usize, streams: usize) -> TaskGraph {
        TaskGraph::new(&[Leaves { chunks, streams }])
    }

    /// Two chunks, one stream leaf: `4 + 4 + 1 + 1 + 1` and `2 + 1`, then four tasks of a second.
    fn run(workers: usize, batches: usize) -> (f64, f64, f64) {
        let outcome = simulate(&graph(2, 1), &times(), workers, batches).unwrap();
        (outcome.latency_s, outcome.makespan_s, outcome.efficiency)
    }

    #[test]
    fn one_worker_does_all_in_turn() {
        assert_eq!(times().work(&graph(2, 1)).unwrap(), 18.0);
        assert_eq!(run(1, 1), (18.0, 18.0, 1.0));
        assert_eq!(run(1, 3), (18.0, 54.0, 1.0));
    }

    /// 0 to 4 both chunk leaves; 4 to 6 the stream leaf beside both wrappers; 6 to 7 node and stream wrapper; 7 to 11
    /// the rest.
    #[test]
    fn two_workers_by_hand() {
        assert_eq!(run(2, 1), (11.0, 11.0, 18.0 / 22.0));
    }

    /// The critical path: 4 + 1 + 1 + 4.
    #[test]
    fn more_workers_than_tasks_take_the_critical_path() {
        let work = Work::new(&graph(2, 1), &times()).unwrap();
        assert_eq!((seconds(work.critical_path()), seconds(work.total())), (10.0, 18.0));
        assert_eq!(run(3, 1), (10.0, 10.0, 18.0 / 30.0));
        assert_eq!(run(1_000, 1), (10.0, 10.0, 18.0 / 10_000.0));
        assert_eq!(run(1_000, 7).1, 10.0);
    }

    /// As `two_workers_by_hand`: one waits for the seal, and for the last three tasks. Whatever the
    /// fleet, a worker works or waits.
    #[test]
    fn workers_work_or_wait_for_a_class() {
        let outcome = simulate(&graph(2, 1), &times(), 2, 1).unwrap();
        assert_eq!(outcome.idle, [0.0, 1.0 / 22.0, 3.0 / 22.0]);
        assert_eq!(outcome.critical_path_s, 10.0);
        for (workers, batches) in [(1, 1), (3, 2), (7, 3), (1_000, 5)] {
            let outcome = simulate(&graph(5, 2), &times(), workers, batches).unwrap();
            let parts = outcome.efficiency + outcome.idle.iter().sum::<f64>();
            assert!((parts - 1.0).abs() < 1e-9, "{outcome:?}");
        }
    }

    /// Batch 0 is not delayed. Batch 1: its first leaf 3-7 where the stream tasks of batch 0 were, its second 5-9 where
    /// a wrapper of batch 0 was, its stream leaf 7-9 after the first leaf, wrappers 9-10, node beside stream wrapper
    /// 10-11, the rest 11-15.
    #[test]
    fn a_second_batch_fills_the_gaps() {
        assert_eq!(run(3, 2), (10.0, 15.0, 36.0 / 45.0));
    }

    #[test]
    fn a_missing_time_is_named() {
        let times = TaskTimes::from_fn(1, 2, |task| (task == TaskKind::ChunkNode).then_some(3.0));
        let error = simulate(&graph(1, 1), &times, 1, 1).unwrap_err();
        assert!(error.to_string().contains("chunk-leaf"), "{error}");
    }

    /// Proofs of one kind that come at these seconds.
    struct Coming(Rc<Work>, Vec<u64>);

    impl Queue for Coming {
        fn begin(&mut self, now: Nanosecond) -> Result<Option<Rc<Work>>, BenchError> {
            let waits = self.next_arrival().is_some_and(|arrival| arrival <= now);
            Ok(waits.then(|| {
                self.1.remove(0);
                Rc::clone(&self.0)
            }))
        }

        fn next_arrival(&self) -> Option<Nanosecond> {
            self.1.first().map(|&second| second * 1_000_000_000)
        }
    }

    fn come(workers: usize, arrivals: &[u64]) -> Vec<f64> {
        let work = Rc::new(Work::new(&graph(2, 1), &times()).unwrap());
        let made = super::run(&mut Coming(work, arrivals.to_vec()), workers).unwrap();
        made.ends.into_iter().map(seconds).collect()
    }

    #[test]
    fn a_proof_begins_when_it_comes_and_a_worker_is_free() {
        assert_eq!(come(1, &[0, 5, 100]), [18.0, 36.0, 118.0]);
        assert_eq!(come(3, &[7, 100]), [17.0, 110.0]);
        // As `a_second_batch_fills_the_gaps`: the gap at 3 is there for who came before.
        assert_eq!(come(3, &[0, 3]), [10.0, 15.0]);
        assert_eq!(come(3, &[0, 20]), [10.0, 30.0]);
        assert!(come(3, &[]).is_empty());
    }

    /// Graham's bound of list scheduling: at most the work over the workers and a critical path beside it.
    #[test]
    fn a_schedule_is_within_the_bounds_of_list_scheduling() {
        for (chunks, streams) in [(1, 1), (5, 2), (17, 3), (64, 8)] {
            let work = Work::new(&graph(chunks, streams), &times()).unwrap();
            let (total, path) = (seconds(work.total()), seconds(work.critical_path()));
            for workers in 1..40 {
                let outcome = simulate(&graph(chunks, streams), &times(), workers, 1).unwrap();
                let least = path.max(total / workers as f64);
                assert!(outcome.makespan_s >= least - 1e-6);
                assert!(outcome.makespan_s <= total / workers as f64 + path + 1e-6);
            }
        }
    }
}
