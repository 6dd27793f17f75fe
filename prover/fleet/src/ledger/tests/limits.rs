//! What a worker may do without end, and what comes of it.

use super::*;

/// One that claims and gives back, or is gone again and again as a machine without memory.
#[test]
fn who_gives_back_without_end_has_failed_it_and_leaves_no_heap_of_leases() {
    let mut ledger = ledger(&["liar", "honest"], 1);
    let mut first = None;
    for n in 1..=100 {
        assert_eq!(due(&mut ledger, n), ["a-0"]);
        let lease = claim(&mut ledger, "a-0", "liar", n).unwrap();
        assert!(view(&ledger, "a-0").failures.is_empty(), "{n} times are no failure");
        ledger.returned(&lease, at(n));
        ledger.returned(&lease, at(n));
        first.get_or_insert(lease);
    }
    let failures = view(&ledger, "a-0").failures;
    assert_eq!(failures[&worker("liar")], "it came to nothing 100 times");
    assert_eq!(claim(&mut ledger, "a-0", "liar", 101), Err(Denial::Others));
    assert!(ledger.leases.len() <= 16, "{}", ledger.leases.len());
    // What is forgotten is late, and not of somebody unknown.
    assert_eq!(ledger.arrival(&first.unwrap(), &worker("liar")), Arrival::Late);
    assert_eq!(due(&mut ledger, 101), ["a-0"]);
    claim(&mut ledger, "a-0", "honest", 101).unwrap();
}

/// A spot machine that is taken away, and a coordinator that could not store the work.
#[test]
fn some_returns_are_no_failure_and_what_could_not_be_given_is_no_return() {
    let mut ledger = ledger(&["spot"], 1);
    for n in 0..1_000 {
        assert_eq!(due(&mut ledger, n), ["a-0"]);
        let lease = claim(&mut ledger, "a-0", "spot", n).unwrap();
        match n % 20 {
            0 => ledger.returned(&lease, at(n)),
            _ => ledger.withdraw(&lease),
        }
    }
    assert!(view(&ledger, "a-0").failures.is_empty());
}

/// It proves to the end what nobody wants any more, as it cannot stop.
#[test]
fn who_is_at_what_is_over_is_not_idle() {
    let mut ledger = ledger(&["slow", "fast"], 1);
    due(&mut ledger, 0);
    let lease = claim(&mut ledger, "a-0", "slow", 1).unwrap();
    let held = Held { id: id("a-0"), lease };
    ledger.beat(Beat { holds: vec![held], ..beat("slow", &Queue::ALL) }, at(2));
    assert!(ledger.remove(&id("a-0")));
    let idle = |ledger: &Ledger| ledger.idle(Queue::Recursion).cloned().collect::<Vec<_>>();
    assert_eq!(idle(&ledger), [worker("fast")]);
    ledger.beat(beat("slow", &Queue::ALL), at(3));
    assert_eq!(idle(&ledger).len(), 2);
}

/// Assignments of the recursion that took so many milliseconds each.
fn done(ledger: &mut Ledger, milliseconds: u64) {
    for n in 0..8 {
        let name = format!("done-{n}");
        ledger.add(id(&name), Queue::Recursion, priority(0, 1, n));
        ledger.due(at(0));
        let lease = Lease::random();
        ledger.claim(&id(&name), &worker("one"), lease.clone(), at(0)).unwrap();
        assert!(ledger.accepted(&lease, Time::from_millis(milliseconds)));
    }
}

fn ahead(ledger: &Ledger, name: &str) -> Vec<String> {
    let ahead = ledger.ahead(&worker(name), Queue::Recursion);
    ahead.iter().map(ToString::to_string).collect()
}

#[test]
fn who_asks_for_a_tiny_one_is_given_its_share_of_more() {
    let mut ledger = ledger(&["one", "two"], 0);
    done(&mut ledger, 10);
    for place in 0..9 {
        ledger.add(id(&format!("a-{place}")), Queue::Recursion, priority(1, 3, place));
    }
    assert_eq!(due(&mut ledger, 1), ["a-0", "a-1"]);
    claim(&mut ledger, "a-0", "one", 1).unwrap();
    assert_eq!(ahead(&ledger, "one"), ["a-2", "a-3", "a-4"], "half of seven");
    for name in ahead(&ledger, "one") {
        ledger.give(&id(&name), &worker("one"), Lease::random(), at(1));
    }
    assert_eq!(view(&ledger, "a-4").holders, [(worker("one"), at(1))]);
    assert_eq!(ahead(&ledger, "two"), ["a-5", "a-6"]);
    // Who has failed one is not given it; who is gone loses them all.
    ledger.beat(beat("two", &Queue::ALL), at(31));
    assert_eq!(ledger.tick(at(32)).len(), 4);
    assert_eq!(due(&mut ledger, 32), Vec::<String>::new(), "one message is there still");
    assert_eq!(ahead(&ledger, "two").len(), 8);
}

#[test]
fn a_hoarder_of_tiny_ones_has_a_bound_and_is_helped() {
    let mut ledger = ledger(&["one"], 200);
    assert!(ahead(&ledger, "one").is_empty(), "nobody knows yet that they are tiny");
    done(&mut ledger, 10);
    let mut held = 0;
    while let [next] = &due(&mut ledger, 1)[..] {
        if claim(&mut ledger, next, "one", 1).is_err() {
            break;
        }
        let more = ahead(&ledger, "one");
        held += 1 + more.len();
        for name in more {
            ledger.give(&id(&name), &worker("one"), Lease::random(), at(1));
        }
    }
    assert_eq!(held, 32);
    ledger.beat(beat("two", &Queue::ALL), at(2));
    // The rest is waiting: that goes first.
    assert_eq!(due(&mut ledger, 3), ["a-33"]);
    for place in 32..200 {
        ledger.remove(&id(&format!("a-{place}")));
    }
    assert_eq!(due(&mut ledger, 3).len(), 2, "late after a second, and not after 15 ms");
}

#[test]
fn what_takes_seconds_is_given_one_by_one() {
    let mut ledger = ledger(&["one"], 9);
    done(&mut ledger, 2_000);
    due(&mut ledger, 3);
    claim(&mut ledger, "a-0", "one", 3).unwrap();
    assert!(ahead(&ledger, "one").is_empty());
}

#[test]
fn of_two_who_want_the_same_the_more_urgent_counts() {
    let mut ledger = ledger(&["one"], 0);
    ledger.add(id("both"), Queue::Recursion, priority(3, 1, 0));
    ledger.add(id("other"), Queue::Recursion, priority(2, 1, 0));
    ledger.add(id("both"), Queue::Recursion, priority(1, 1, 0));
    assert_eq!(due(&mut ledger, 0), ["both"]);
    assert!(ledger.remove(&id("both")));
    assert_eq!(due(&mut ledger, 0), ["other"]);
}

/// As a coordinator has it that is started again.
fn again(ledger: &Ledger) -> Ledger {
    let mut again = Ledger::new(Settings::default());
    let text = serde_json::to_string(&ledger.quarantined()).unwrap();
    again.restore(serde_json::from_str(&text).unwrap());
    again
}

#[test]
fn what_is_quarantined_stays_so_until_somebody_says_otherwise() {
    let mut ledger = ledger(&["a", "b", "c", "liar"], 1);
    let before = ledger.quarantine_changes();
    for name in ["a", "b", "c"] {
        due(&mut ledger, 1);
        let lease = claim(&mut ledger, "a-0", name, 1).unwrap();
        ledger.failed(&lease, "no such leaf", at(1));
    }
    ledger.quarantine(&worker("liar"), at(1));
    assert_eq!(ledger.quarantine_changes(), before + 2);
    let mut second = again(&again(&ledger));
    assert!(second.is_quarantined(&worker("liar")) && !second.is_quarantined(&worker("a")));
    // It is not there until it is heard, however young the coordinator is.
    second.tick(at(1));
    assert!(second.workers().all(|(_, worker)| !worker.is_there));
    second.beat(beat("liar", &Queue::ALL), at(1));
    assert_eq!(second.idle(Queue::Recursion).count(), 0);
    second.add(id("a-0"), Queue::Recursion, priority(1, 3, 0));
    second.add(id("a-1"), Queue::Recursion, priority(1, 3, 1));
    assert_eq!(due(&mut second, 2), ["a-1"]);
    assert_eq!(view(&second, "a-0").failures[&worker("b")], "no such leaf");
    // Nobody waits for it for a while, as where a proof is begun anew.
    second.remove(&id("a-0"));
    second.add(id("a-0"), Queue::Recursion, priority(1, 3, 0));
    assert!(view(&second, "a-0").is_quarantined);
    assert!(second.retry("a-0") && second.retry("liar") && !second.retry("a-0"));
    second.remove(&id("a-1"));
    assert_eq!(due(&mut second, 3), ["a-0"]);
    assert!(again(&second).quarantined() == Quarantine::default());
}

#[test]
fn who_is_quarantined_without_end_fills_no_memory() {
    let mut ledger = ledger(&["a", "b", "c"], 300);
    for place in 0..300 {
        let name = format!("a-{place}");
        for by in ["a", "b", "c"] {
            let lease = Lease::random();
            ledger.give(&id(&name), &worker(by), lease.clone(), at(1));
            ledger.failed(&lease, "why", at(1));
        }
        assert!(ledger.quarantined().assignments.contains_key(&id(&name)));
    }
    assert_eq!(ledger.quarantined().assignments.len(), 256);
    // A result of one who was thought lost.
    let mut other = again(&ledger);
    other.beat(beat("a", &Queue::ALL), at(1));
    other.add(id("a-299"), Queue::Recursion, priority(1, 3, 0));
    let lease = Lease::random();
    other.give(&id("a-299"), &worker("a"), lease.clone(), at(1));
    assert!(other.accepted(&lease, at(2)));
    assert!(!other.quarantined().assignments.contains_key(&id("a-299")));
}
