//! The rules, with hands on the clock.

mod limits;
mod pace;

use std::collections::HashMap;

use super::*;
use crate::message::{Beat, Held, Version};

fn id(name: &str) -> AssignmentId {
    serde_json::from_value(name.into()).unwrap()
}

fn worker(name: &str) -> WorkerId {
    name.parse().unwrap()
}

fn beat(name: &str, queues: &[Queue]) -> Beat {
    Beat {
        worker: worker(name),
        version: Version { circuits: String::new(), keys: String::new() },
        queues: queues.to_vec(),
        threads: 1,
        memory_mb: 4_000,
        machine: String::new(),
        is_draining: false,
        holds: Vec::new(),
    }
}

fn at(seconds: u64) -> Time {
    Time::from_secs(seconds)
}

fn priority(proof: u64, way: usize, place: usize) -> Priority {
    Priority { proof, way: Reverse(way), place }
}

/// A ledger with these workers for all queues, and the assignments `a-0`, `a-1`, .. of the recursion.
fn ledger(workers: &[&str], assignments: usize) -> Ledger {
    let mut ledger = Ledger::new(Settings::default());
    for name in workers {
        let _ = ledger.beat(beat(name, &Queue::ALL), at(0));
    }
    for place in 0..assignments {
        ledger.add(id(&format!("a-{place}")), Queue::Recursion, priority(1, 3, place));
    }
    ledger
}

fn due(ledger: &mut Ledger, seconds: u64) -> Vec<String> {
    ledger.due(at(seconds)).iter().map(|offer| offer.id.to_string()).collect()
}

fn claim(ledger: &mut Ledger, name: &str, by: &str, seconds: u64) -> Result<Lease, Denial> {
    let lease = Lease::random();
    ledger.claim(&id(name), &worker(by), lease.clone(), at(seconds)).map(|()| lease)
}

fn view(ledger: &Ledger, name: &str) -> View {
    ledger.views().find(|view| view.id == id(name)).unwrap()
}

#[test]
fn as_many_are_offered_as_there_are_workers_and_the_most_wanted_first() {
    let mut ledger = Ledger::new(Settings::default());
    ledger.add(id("young"), Queue::Recursion, priority(2, 9, 0));
    ledger.add(id("short"), Queue::Recursion, priority(1, 2, 1));
    ledger.add(id("long"), Queue::Recursion, priority(1, 3, 5));
    // Nobody is known yet: one waits for whoever comes.
    assert_eq!(due(&mut ledger, 0), ["long"]);
    assert!(due(&mut ledger, 1).is_empty());
    ledger.beat(beat("one", &[Queue::Recursion]), at(1));
    ledger.beat(beat("other", &[Queue::Wrap, Queue::LeafSmall]), at(1));
    assert!(due(&mut ledger, 1).is_empty(), "a worker of other queues takes none");
    claim(&mut ledger, "long", "one", 2).unwrap();
    assert_eq!(due(&mut ledger, 2), ["short"]);
    ledger.beat(beat("two", &[Queue::Recursion]), at(3));
    assert_eq!(due(&mut ledger, 3), ["young"]);
}

#[test]
fn what_is_done_is_owed_no_more_and_a_second_result_is_late() {
    let mut ledger = ledger(&["one", "two"], 1);
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "one", 1).unwrap();
    assert_eq!(ledger.arrival(&lease, &worker("one")), Arrival::Owed(id("a-0")));
    // Whoever has heard of a lease has not got it.
    assert_eq!(ledger.arrival(&lease, &worker("two")), Arrival::Unknown);
    assert_eq!(ledger.arrival(&Lease::random(), &worker("one")), Arrival::Unknown);
    assert!(ledger.accepted(&lease, at(4)));
    assert!(!ledger.accepted(&lease, at(4)));
    assert_eq!(ledger.arrival(&lease, &worker("one")), Arrival::Late);
    assert_eq!(claim(&mut ledger, "a-0", "two", 5), Err(Denial::Over));
    let (_, one) = ledger.workers().next().unwrap();
    assert_eq!((one.done, one.took[&Queue::Recursion]), (1, at(3)));
    assert_eq!(one.holds().count(), 0);
}

#[test]
fn who_failed_it_is_not_given_it_again_and_three_end_it() {
    let mut ledger = ledger(&["a", "b", "c", "d"], 1);
    for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(due(&mut ledger, n as u64), ["a-0"]);
        for before in &["a", "b", "c"][..n] {
            assert_eq!(claim(&mut ledger, "a-0", before, 9), Err(Denial::Others));
        }
        let lease = claim(&mut ledger, "a-0", name, n as u64).unwrap();
        ledger.failed(&lease, "no such leaf", at(n as u64));
    }
    assert!(due(&mut ledger, 9).is_empty());
    assert_eq!(claim(&mut ledger, "a-0", "d", 9), Err(Denial::Over));
    let before = view(&ledger, "a-0");
    assert!(before.is_quarantined && before.failures[&worker("b")] == "no such leaf");
    // The others go on, and a person may say so of this one.
    ledger.add(id("a-1"), Queue::Recursion, priority(1, 3, 1));
    assert_eq!(due(&mut ledger, 9), ["a-1"]);
    assert!(ledger.retry("a-0") && !ledger.retry("a-0"));
    assert_eq!(due(&mut ledger, 10), ["a-0"]);
    claim(&mut ledger, "a-0", "a", 10).unwrap();
}

#[test]
fn what_all_who_are_there_have_failed_waits_a_while_for_somebody_else() {
    let mut ledger = ledger(&["a"], 1);
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "a", 1).unwrap();
    ledger.failed(&lease, "why", at(5));
    assert!(due(&mut ledger, 5).is_empty(), "it would go round");
    assert_eq!(claim(&mut ledger, "a-0", "a", 5), Err(Denial::Others));
    for (seconds, is_quarantined) in [(30, false), (65, false), (66, true)] {
        ledger.beat(beat("a", &Queue::ALL), at(seconds));
        ledger.tick(at(seconds));
        assert_eq!(view(&ledger, "a-0").is_quarantined, is_quarantined, "{seconds}");
    }
}

/// Whoever takes other queues does not count, nor does nobody.
#[test]
fn who_cannot_do_it_says_nothing_of_whether_it_can_be_done() {
    let mut ledger = ledger(&["wraps"], 1);
    ledger.add(id("next"), Queue::Recursion, priority(2, 1, 0));
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "wraps", 1).unwrap();
    ledger.failed(&lease, "no room", at(1));
    assert_eq!(due(&mut ledger, 1), ["next"], "the others go on");
    // It is gone: who comes within an hour is asked.
    assert!(ledger.tick(at(3_600)).is_empty() && !view(&ledger, "a-0").is_quarantined);
    ledger.beat(beat("wraps", &[Queue::Recursion]), at(3_600));
    ledger.beat(beat("leaves", &[Queue::LeafSmall]), at(3_600));
    ledger.tick(at(3_601));
    assert!(view(&ledger, "a-0").is_quarantined, "all who take it have failed it");
    assert!(ledger.retry("a-0"));
    ledger.recount(&HashMap::new());
    assert_eq!(due(&mut ledger, 3_602), ["a-0"]);
}

/// A stale message of what a live worker is at.
#[test]
fn a_late_claim_takes_nothing_from_who_is_heard() {
    let mut ledger = ledger(&["one", "two"], 1);
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "one", 1).unwrap();
    let holds = vec![Held { id: id("a-0"), lease }];
    ledger.beat(Beat { holds, ..beat("one", &Queue::ALL) }, at(40));
    assert_eq!(claim(&mut ledger, "a-0", "two", 45), Err(Denial::Others));
    assert_eq!(view(&ledger, "a-0").holders.len(), 1);
}

#[test]
fn who_is_not_believed_inherits_nothing_and_nobody_more_than_two() {
    let mut ledger = ledger(&["liar", "greedy"], 4);
    ledger.quarantine(&worker("liar"), at(1));
    for place in 0..4 {
        ledger.adopt(&id(&format!("a-{place}")), &worker("liar"), Lease::random(), at(2));
        ledger.adopt(&id(&format!("a-{place}")), &worker("greedy"), Lease::random(), at(2));
    }
    assert_eq!(ledger.views().filter(|view| !view.holders.is_empty()).count(), 2);
}

#[test]
fn a_worker_whose_proof_does_not_hold_is_not_believed_and_what_it_holds_goes_to_others() {
    let mut ledger = ledger(&["liar", "honest"], 2);
    assert_eq!(due(&mut ledger, 0), ["a-0", "a-1"]);
    let false_one = claim(&mut ledger, "a-0", "liar", 1).unwrap();
    let held = claim(&mut ledger, "a-1", "liar", 1).unwrap();
    ledger.refused(&false_one, "does not hold", at(2));
    for lease in [&false_one, &held] {
        assert_eq!(ledger.arrival(lease, &worker("liar")), Arrival::Quarantined);
    }
    assert_eq!(due(&mut ledger, 3), ["a-0"], "one worker is left");
    assert_eq!(claim(&mut ledger, "a-0", "liar", 3), Err(Denial::Quarantined));
    let lease = claim(&mut ledger, "a-0", "honest", 3).unwrap();
    assert_eq!(due(&mut ledger, 3), ["a-1"]);
    assert!(ledger.retry("liar"));
    assert_eq!(ledger.arrival(&lease, &worker("liar")), Arrival::Unknown);
    assert_eq!(ledger.arrival(&held, &worker("liar")), Arrival::Owed(id("a-1")));
}

/// As where the answer to its claim has not come: it has nothing, and says so.
#[test]
fn a_lease_that_its_worker_does_not_know_of_goes_to_another() {
    let mut ledger = ledger(&["one", "two"], 1);
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "one", 1).unwrap();
    let held = Held { id: id("a-0"), lease: lease.clone() };
    let says = |ledger: &mut Ledger, holds: Option<&Held>, seconds| {
        let holds = holds.cloned().into_iter().collect();
        ledger.beat(Beat { holds, ..beat("one", &Queue::ALL) }, at(seconds))
    };
    assert!(says(&mut ledger, None, 10).is_empty(), "it may be fetching its work");
    assert!(says(&mut ledger, Some(&held), 20).is_empty());
    assert!(says(&mut ledger, None, 29).is_empty(), "its result may be on its way");
    assert_eq!(says(&mut ledger, None, 31), [lease]);
    assert_eq!(due(&mut ledger, 31), ["a-0"]);
}

#[test]
fn whom_nobody_could_hear_is_not_gone() {
    let mut ledger = ledger(&["one"], 1);
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "one", 1).unwrap();
    ledger.listen_anew(at(100));
    assert!(ledger.tick(at(110)).is_empty());
    assert_eq!(ledger.tick(at(131)), [lease]);
}

/// One that pulls and claims, and never ends anything.
#[test]
fn a_worker_that_hoards_is_given_two_and_no_more() {
    let mut ledger = ledger(&["hoarder", "other", "third"], 3);
    assert_eq!(due(&mut ledger, 0).len(), 3);
    claim(&mut ledger, "a-0", "hoarder", 1).unwrap();
    let second = claim(&mut ledger, "a-1", "hoarder", 1).unwrap();
    assert_eq!(claim(&mut ledger, "a-2", "hoarder", 1), Err(Denial::Others));
    claim(&mut ledger, "a-2", "other", 1).unwrap();
    ledger.returned(&second, at(2));
    assert_eq!(due(&mut ledger, 2), ["a-1"]);
    claim(&mut ledger, "a-1", "hoarder", 2).unwrap();
}

#[test]
fn what_is_given_back_or_lost_is_no_failure() {
    let mut ledger = ledger(&["one", "two"], 2);
    due(&mut ledger, 0);
    let returned = claim(&mut ledger, "a-0", "one", 1).unwrap();
    ledger.returned(&returned, at(2));
    assert_eq!(due(&mut ledger, 2), ["a-0"]);
    claim(&mut ledger, "a-0", "one", 2).unwrap();
    ledger.recount(&HashMap::new());
    // Who holds one goes on.
    assert_eq!(due(&mut ledger, 3), ["a-1"]);
    assert!(ledger.workers().all(|(_, worker)| worker.failures == 0));
}

/// The message is given out again once its holder has been silent for too long, and that one comes back all the same.
#[test]
fn a_result_of_who_was_thought_lost_is_as_good_as_another() {
    let mut ledger = ledger(&["frozen", "second"], 1);
    due(&mut ledger, 0);
    let first = claim(&mut ledger, "a-0", "frozen", 1).unwrap();
    assert_eq!(claim(&mut ledger, "a-0", "frozen", 2), Err(Denial::Others), "it has it");
    let second = claim(&mut ledger, "a-0", "second", 40).unwrap();
    assert_eq!(view(&ledger, "a-0").holders, [(worker("second"), at(40))]);
    assert_eq!(ledger.arrival(&first, &worker("frozen")), Arrival::Owed(id("a-0")));
    assert!(ledger.accepted(&first, at(41)));
    assert_eq!(ledger.arrival(&second, &worker("second")), Arrival::Late);
    assert!(due(&mut ledger, 42).is_empty());
}

#[test]
fn a_straggler_s_assignment_is_given_to_who_is_idle_and_the_first_result_counts() {
    let mut ledger = ledger(&["slow", "fast"], 8);
    for second in 0..8 {
        due(&mut ledger, second);
        let lease = claim(&mut ledger, &format!("a-{second}"), "fast", second).unwrap();
        assert!(ledger.accepted(&lease, at(second + 2)));
    }
    ledger.add(id("late"), Queue::Recursion, priority(1, 1, 0));
    due(&mut ledger, 20);
    let first = claim(&mut ledger, "late", "slow", 20).unwrap();
    assert!(due(&mut ledger, 23).is_empty(), "two seconds, and half of that");
    assert_eq!(due(&mut ledger, 24), ["late"]);
    assert_eq!(claim(&mut ledger, "late", "slow", 24), Err(Denial::Others));
    let second = claim(&mut ledger, "late", "fast", 24).unwrap();
    assert!(due(&mut ledger, 30).is_empty(), "two are enough");
    assert_eq!(view(&ledger, "late").holders.len(), 2);
    assert!(ledger.accepted(&second, at(26)));
    assert_eq!(ledger.arrival(&first, &worker("slow")), Arrival::Late);
}

#[test]
fn who_is_silent_or_drains_is_not_counted_on() {
    let mut ledger = ledger(&["one", "two", "three"], 3);
    assert_eq!(due(&mut ledger, 0).len(), 3);
    claim(&mut ledger, "a-0", "one", 1).unwrap();
    ledger.beat(Beat { is_draining: true, ..beat("two", &Queue::ALL) }, at(20));
    ledger.beat(beat("three", &Queue::ALL), at(20));
    ledger.tick(at(31));
    let there = ledger.workers().filter(|(_, worker)| worker.is_there).count();
    assert_eq!(there, 2);
    assert!(view(&ledger, "a-0").holders.is_empty(), "its holder is gone");
    assert!(due(&mut ledger, 31).is_empty(), "two messages wait for the one who is left");
    ledger.recount(&HashMap::new());
    assert_eq!(due(&mut ledger, 31), ["a-0"]);
}

/// A coordinator that was started again knows no lease; workers say what they hold.
#[test]
fn what_a_worker_holds_is_not_offered_again_after_a_restart() {
    let mut ledger = ledger(&["one", "two"], 2);
    let lease = Lease::random();
    ledger.adopt(&id("a-0"), &worker("one"), lease.clone(), at(1));
    assert_eq!(due(&mut ledger, 1), ["a-1"]);
    assert_eq!(ledger.arrival(&lease, &worker("one")), Arrival::Owed(id("a-0")));
    assert!(ledger.accepted(&lease, at(2)));
    // Neither what is done nor what nobody wants comes back by a late word.
    ledger.adopt(&id("a-0"), &worker("one"), lease.clone(), at(3));
    assert_eq!(ledger.arrival(&lease, &worker("one")), Arrival::Late);
}
