//! What the coordinator's rules go by.

use std::time::Duration;

/// The rules' numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Workers that must fail an assignment until nobody is given it any more.
    pub failures: usize,
    /// Assignments that a worker may hold at the same time: one that it is at, and one that it was
    /// too late for. Who holds more keeps them from others.
    pub leases: usize,
    /// So many tiny ones count as one, and are given to who asks for one.
    pub ahead: usize,
    /// A queue's assignments are tiny where half of the last ones took no longer, from the claim to
    /// the result.
    pub tiny: Duration,
    /// Who has had an assignment so often, and nothing came of it, has failed it.
    pub returns: u32,
    /// After a coordinator's start nothing is offered for so long, as somebody may be at it: two signs of life are heard
    /// meanwhile.
    pub quiet: Duration,
    /// An offer that nobody has claimed for so long is told to who is idle.
    pub unclaimed: Duration,
    /// How long an assignment that all who are there have failed waits for somebody else.
    pub patience: Duration,
    /// A worker that was not heard for so long is gone.
    pub silence: Duration,
    /// A worker that has not mentioned a lease for so long, though it was heard, does not have it.
    pub mention: Duration,
    /// A holder is late once this part of the queue's last assignments took less time..
    pub percentile: f64,
    /// ..by so much.
    pub lateness: f64,
    /// ..and never before it has had it for so long: what takes less is late by the network's
    /// noise.
    pub soonest: Duration,
    /// A holder is late after so long, where too few were done to know better.
    pub unknown: Duration,
    /// Assignments of a queue that must have been done before anybody is called late.
    pub samples: usize,
    /// Who takes so many times as long is not given what others, who are faster, end sooner; one
    /// that would take less than [`Self::soonest`] is.
    pub slower: f64,
    /// What is kept for somebody faster who is idle and does not claim it for so long is not kept for
    /// that one any more.
    pub kept: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failures: 3,
            leases: 2,
            ahead: 16,
            tiny: Duration::from_millis(250),
            returns: 100,
            quiet: Duration::from_secs(3),
            unclaimed: Duration::from_secs(5),
            patience: Duration::from_secs(60),
            silence: Duration::from_secs(30),
            mention: Duration::from_secs(10),
            percentile: 0.95,
            lateness: 1.5,
            soonest: Duration::from_secs(1),
            unknown: Duration::from_secs(600),
            samples: 8,
            slower: 2.0,
            kept: Duration::from_secs(5),
        }
    }
}
