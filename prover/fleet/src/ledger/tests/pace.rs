//! What is kept for the faster, and what that gains.

use super::*;

/// Has a worker do one of a queue in so many seconds, at a time when nobody else is asked.
fn took(ledger: &mut Ledger, name: &str, queue: Queue, seconds: u64) {
    let done = id(&format!("{name}-{queue}-{seconds}"));
    ledger.add(done.clone(), queue, priority(0, 1, 0));
    let lease = Lease::random();
    ledger.give(&done, &worker(name), lease.clone(), at(0));
    assert!(ledger.accepted(&lease, at(seconds)));
}

/// `fast` takes 10 seconds for an assignment of the recursion, `slow` 40.
fn two_paces(assignments: usize) -> Ledger {
    let mut ledger = ledger(&["fast", "slow"], assignments);
    took(&mut ledger, "fast", Queue::Recursion, 10);
    took(&mut ledger, "slow", Queue::Recursion, 40);
    due(&mut ledger, 100);
    ledger
}

#[test]
fn what_is_left_is_kept_for_who_ends_it_first() {
    let mut ledger = two_paces(1);
    assert_eq!(claim(&mut ledger, "a-0", "slow", 100), Err(Denial::Later));
    assert_eq!(ledger.kept_for(&id("a-0")), Some(&worker("fast")));
    assert!(due(&mut ledger, 101).is_empty(), "its message is there");
    claim(&mut ledger, "a-0", "fast", 101).unwrap();
    assert_eq!(ledger.kept_for(&id("a-0")), None);
    // Busy, it still ends the next one after 9 + 10 of 40 seconds.
    ledger.add(id("next"), Queue::Recursion, priority(1, 1, 0));
    assert_eq!(due(&mut ledger, 102), ["next"]);
    assert_eq!(claim(&mut ledger, "next", "slow", 102), Err(Denial::Later));
}

/// Whoever was told longest ago first; but not who is too slow, nor who is slower still.
#[test]
fn the_first_idle_one_that_is_fast_enough_is_told() {
    let mut ledger = two_paces(1);
    for (name, seconds) in [("slower", 50), ("usual", 15)] {
        ledger.beat(beat(name, &Queue::ALL), at(0));
        took(&mut ledger, name, Queue::Recursion, seconds);
    }
    let names = ["slow", "slower", "usual", "fast"].map(worker);
    let told = |names: &[&WorkerId]| {
        ledger.first_to_have(&id("a-0"), names, at(100)).map(|worker| worker.as_str().to_owned())
    };
    let [slow, slower, usual, fast] = names.each_ref();
    assert_eq!(told(&[slow, slower, usual, fast]).as_deref(), Some("usual"));
    assert_eq!(told(&[slower, fast, usual]).as_deref(), Some("fast"));
    assert_eq!(told(&[slow, slower]), None);
}

/// Within the 40 seconds of its first, the other ends four.
#[test]
fn where_much_waits_all_take_part() {
    let mut ledger = two_paces(5);
    claim(&mut ledger, "a-0", "slow", 100).unwrap();
    let mut ledger = two_paces(4);
    assert_eq!(claim(&mut ledger, "a-0", "slow", 100), Err(Denial::Later));
}

/// No longer than the slow one takes for two, and 5 seconds for one that is idle and does not come.
#[test]
fn nothing_is_kept_for_long() {
    let mut ledger = two_paces(1);
    for seconds in [100, 140, 179] {
        assert_eq!(claim(&mut ledger, "a-0", "slow", seconds), Err(Denial::Later), "{seconds}");
    }
    assert_eq!(ledger.sooner(&id("a-0"), &worker("slow"), at(180)), None);
    claim(&mut ledger, "a-0", "slow", 180).unwrap();

    let mut ledger = two_paces(1);
    for name in ["fast", "slow"] {
        ledger.beat(beat(name, &Queue::ALL), at(100));
    }
    ledger.tick(at(101));
    assert_eq!(claim(&mut ledger, "a-0", "slow", 110), Err(Denial::Later));
    assert_eq!(claim(&mut ledger, "a-0", "slow", 114), Err(Denial::Later));
    claim(&mut ledger, "a-0", "slow", 115).unwrap();
}

/// Idle is idle, also in parts: who ends something short between is not waited for anew.
#[test]
fn short_work_between_does_not_keep_an_assignment() {
    let mut ledger = two_paces(1);
    for name in ["fast", "slow"] {
        ledger.beat(beat(name, &Queue::ALL), at(100));
    }
    ledger.tick(at(101));
    assert_eq!(claim(&mut ledger, "a-0", "slow", 110), Err(Denial::Later));
    ledger.add(id("short"), Queue::Wrap, priority(0, 1, 0));
    let lease = Lease::random();
    ledger.give(&id("short"), &worker("fast"), lease.clone(), at(112));
    ledger.tick(at(112));
    assert!(ledger.accepted(&lease, at(113)));
    ledger.tick(at(113));
    // Two seconds before it, and two after it.
    assert_eq!(claim(&mut ledger, "a-0", "slow", 115), Err(Denial::Later));
    claim(&mut ledger, "a-0", "slow", 116).unwrap();
}

/// One that is late with what it holds, that has failed it, is gone, drains, or is not believed.
#[test]
fn nothing_is_kept_for_who_will_not_come() {
    let expects = |ledger: &Ledger, seconds| {
        ledger.sooner(&id("a-0"), &worker("slow"), at(seconds)).is_some()
    };
    let mut late = two_paces(1);
    late.add(id("first"), Queue::Recursion, priority(0, 9, 0));
    late.give(&id("first"), &worker("fast"), Lease::random(), at(100));
    assert!(expects(&late, 115) && !expects(&late, 116));
    let mut failed = two_paces(1);
    let lease = claim(&mut failed, "a-0", "fast", 100).unwrap();
    failed.failed(&lease, "why", at(100));
    assert!(!expects(&failed, 100));
    let mut drains = two_paces(1);
    drains.beat(Beat { is_draining: true, ..beat("fast", &Queue::ALL) }, at(100));
    assert!(!expects(&drains, 100));
    let mut gone = two_paces(1);
    gone.tick(at(100));
    assert!(!expects(&gone, 100));
    let mut liar = two_paces(1);
    liar.quarantine(&worker("fast"), at(100));
    assert!(!expects(&liar, 100));
}

#[test]
fn whose_time_for_a_queue_is_not_known_has_the_pace_of_its_others() {
    let mut ledger = ledger(&["fast", "usual", "slow"], 0);
    for (name, seconds) in [("fast", 10), ("usual", 10), ("slow", 40)] {
        took(&mut ledger, name, Queue::LeafSmall, seconds);
    }
    took(&mut ledger, "usual", Queue::Wrap, 20);
    ledger.add(id("end"), Queue::Wrap, priority(1, 1, 0));
    due(&mut ledger, 100);
    // Of the one who has done it, and the one whose pace is the same.
    ledger.give(&id("end"), &worker("usual"), Lease::random(), at(100));
    ledger.add(id("last"), Queue::Wrap, priority(2, 1, 0));
    due(&mut ledger, 100);
    assert_eq!(claim(&mut ledger, "last", "slow", 100), Err(Denial::Later));
    assert_eq!(ledger.kept_for(&id("last")), Some(&worker("fast")));
}

#[test]
fn where_nobody_is_faster_or_it_takes_no_time_nothing_is_kept() {
    for (one, other) in [(30, 40), (40, 40)] {
        let mut ledger = ledger(&["one", "other"], 1);
        took(&mut ledger, "one", Queue::Recursion, one);
        took(&mut ledger, "other", Queue::Recursion, other);
        due(&mut ledger, 100);
        claim(&mut ledger, "a-0", "other", 100).unwrap();
    }
    let mut ledger = ledger(&["new", "other"], 1);
    due(&mut ledger, 100);
    claim(&mut ledger, "a-0", "new", 100).unwrap();
}

/// A fleet with a clock of its own: each worker takes so many times as long as the machine of the
/// tables in docs/fleet.md.
struct Simulation {
    ledger: Ledger,
    now: Time,
    workers: Vec<Simulated>,
    /// Messages in the queues.
    messages: Vec<Offer>,
    /// Messages that were kept from who had them.
    kept: Vec<AssignmentId>,
}

struct Simulated {
    name: WorkerId,
    times: f64,
    works: Option<(Lease, AssignmentId, Time)>,
    told: Option<AssignmentId>,
}

const fn seconds(queue: Queue) -> f64 {
    match queue {
        Queue::LeafSmall => 5.9,
        Queue::LeafMedium => 10.0,
        Queue::LeafLarge => 21.0,
        Queue::Recursion => 2.0,
        Queue::Wrap => 27.0,
    }
}

impl Simulation {
    fn new(paces: &[f64], settings: Settings) -> Self {
        let mut ledger = Ledger::new(settings);
        let worker = |(place, times): (usize, &f64)| Simulated {
            name: worker(&format!("w{place}")),
            times: *times,
            works: None,
            told: None,
        };
        let workers: Vec<_> = paces.iter().enumerate().map(worker).collect();
        for worker in &workers {
            let _ = ledger.beat(beat(worker.name.as_str(), &Queue::ALL), at(0));
        }
        Self { ledger, now: at(0), workers, messages: Vec::new(), kept: Vec::new() }
    }

    /// Seconds until a batch of so many chunks is proven.
    fn batch(&mut self, number: u64, leaves: usize) -> f64 {
        let started = self.now;
        // Leaves, a tree of nodes, the seal, the end: each waits for two of the row before.
        let mut rows = vec![(Queue::LeafLarge, leaves)];
        while let Some((_, count)) = rows.last().filter(|(_, count)| *count > 1) {
            rows.push((Queue::Recursion, count.div_ceil(2)));
        }
        rows.extend([(Queue::Recursion, 1), (Queue::Wrap, 1)]);
        let mut later = Vec::new();
        for (row, (queue, count)) in rows.iter().enumerate() {
            for place in 0..*count {
                let before = row.checked_sub(1).map_or(0, |row| rows[row].1);
                let needs = 2 * place..(2 * place + 2).min(before);
                let needs = needs.map(|place| id(&format!("{number}-{}-{place}", row - 1)));
                let priority = priority(number, rows.len() - row, place);
                let id = id(&format!("{number}-{row}-{place}"));
                later.push((id, *queue, priority, needs.collect::<Vec<_>>()));
            }
        }
        let mut owed = 0;
        loop {
            if self.ledger.views().count() != owed || owed == 0 {
                let (ledger, left) = (&mut self.ledger, later.clone());
                let is_done = |need: &AssignmentId, ledger: &Ledger| {
                    !ledger.is_owed(need) && left.iter().all(|(id, ..)| id != need)
                };
                later.retain(|(id, queue, priority, needs)| {
                    let is_ready = needs.iter().all(|need| is_done(need, ledger));
                    if is_ready {
                        ledger.add(id.clone(), *queue, *priority);
                    }
                    !is_ready
                });
                owed = self.ledger.views().count();
            }
            if owed == 0 {
                return (self.now - started).as_secs_f64();
            }
            self.step();
        }
    }

    /// Half a second.
    fn step(&mut self) {
        self.now += Time::from_millis(500);
        for worker in &mut self.workers {
            if let Some((lease, ..)) = worker.works.take_if(|(.., until)| *until <= self.now) {
                // Of two who have it, the second is late.
                self.ledger.accepted(&lease, self.now);
            }
            let held = |(lease, id, _): &(Lease, AssignmentId, Time)| Held {
                id: id.clone(),
                lease: lease.clone(),
            };
            let holds = worker.works.iter().map(held).collect();
            let beat = Beat { holds, ..beat(worker.name.as_str(), &Queue::ALL) };
            assert!(self.ledger.beat(beat, self.now).is_empty());
        }
        assert!(self.ledger.tick(self.now).is_empty());
        self.messages.extend(self.ledger.due(self.now));
        for place in 0..self.workers.len() {
            self.work(place);
        }
    }

    /// Claims what it is told, what is kept and it ends first, or else the first message of the
    /// queues, the end of the pipeline first.
    fn work(&mut self, place: usize) {
        let mut passed = Vec::new();
        while self.workers[place].works.is_none() {
            let name = self.workers[place].name.clone();
            let (ledger, now) = (&self.ledger, self.now);
            let ends_first = |id: &&AssignmentId| ledger.sooner(id, &name, now).is_none();
            let told = self.workers[place].told.take().filter(|told| self.kept.contains(told));
            let next = told.or_else(|| self.kept.iter().find(ends_first).cloned()).or_else(|| {
                let of = |queue| self.messages.iter().position(|offer| offer.queue == queue);
                let first = Queue::ALL.into_iter().rev().find_map(of)?;
                Some(self.messages.remove(first).id)
            });
            let Some(id) = next else { break };
            let lease = Lease::random();
            self.kept.retain(|kept| *kept != id);
            match self.ledger.claim(&id, &name, lease.clone(), self.now) {
                Ok(()) => {
                    let queue = view(&self.ledger, id.as_str()).queue;
                    let takes = Time::from_secs_f64(seconds(queue) * self.workers[place].times);
                    self.workers[place].works = Some((lease, id, self.now + takes));
                }
                Err(Denial::Later) => {
                    let sooner = self.ledger.kept_for(&id).cloned().unwrap();
                    let sooner = self.workers.iter_mut().find(|worker| worker.name == sooner);
                    sooner.unwrap().told = Some(id.clone());
                    self.kept.push(id);
                }
                Err(Denial::Over) => {}
                // Its own: it stays where it was.
                Err(_) => passed.push(Offer { queue: view(&self.ledger, id.as_str()).queue, id }),
            }
        }
        self.messages.extend(passed);
    }
}

/// Seconds for five batches of so many chunks, one after the other, once each worker's times are
/// known: with the rule, and without.
fn simulate(paces: &[f64], leaves: usize) -> [f64; 2] {
    [Settings::default().slower, f64::INFINITY].map(|slower| {
        let settings = Settings { slower, ..Settings::default() };
        let mut fleet = Simulation::new(paces, settings);
        for _ in 0..3 {
            let number = fleet.now.as_millis() as u64;
            fleet.batch(number, 4 * paces.len());
        }
        (0..5).map(|batch| fleet.batch(u64::MAX - batch, leaves)).sum()
    })
}

/// Expected: batches are proven sooner with the rule where one machine is four times slower, more so
/// the fewer chunks there are for each; and never later by more than a seventh, whatever the
/// fleet.
#[test]
fn a_fleet_with_a_slow_machine_proves_sooner() {
    let mixed: &[&[f64]] = &[
        &[1.0, 4.0],
        &[1.0, 1.0, 4.0],
        &[1.0, 1.0, 1.0, 4.0],
        &[1.0, 2.3, 4.0],
        &[1.0, 4.0, 4.0, 4.0],
    ];
    let even: &[&[f64]] = &[&[1.0], &[1.0; 4], &[4.0; 3], &[1.0, 1.2, 1.4]];
    for paces in mixed {
        for leaves in [1, 2, 3, 5, 8, 13, 32] {
            let [with, without] = simulate(paces, leaves);
            println!(
                "{paces:?}, {leaves} chunks: {with:.0} of {without:.0} s, {:.2}",
                with / without
            );
            assert!(with <= without * 1.15, "{paces:?}, {leaves} chunks: {with} of {without} s");
        }
        let few = [2, 3, 5].map(|leaves| simulate(paces, leaves));
        let [with, without] = [0, 1].map(|place| few.iter().map(|pair| pair[place]).sum::<f64>());
        assert!(with < without * 0.95, "{paces:?}: {with} of {without} s");
    }
    for paces in even {
        for leaves in [1, 5, 13] {
            let [with, without] = simulate(paces, leaves);
            assert!((with - without).abs() < 1e-6, "{paces:?}, {leaves} chunks: {with}, {without}");
        }
    }
}
