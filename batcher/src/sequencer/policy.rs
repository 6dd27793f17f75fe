//! When a batch is sealed. Pure: all that it looks at is in [`Situation`].

use super::{config::SequencerConfig, price::Price};
use crate::store::records::{Milliseconds, SealReason};

/// Seconds before the prover is free at which the next batch is sealed: it is published meanwhile.
const LEAD_S: f64 = 5.0;

/// The share of the time that finality allows at which a batch is sealed when L1 is cheap.
const CHEAP_SHARE: f64 = 0.5;

/// The same when L1 costs what it usually does. The rest is for what goes slower than was measured.
const USUAL_SHARE: f64 = 0.9;

/// The open batch, and what is around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation {
    /// Milliseconds since the batch's first block.
    pub age_ms: Milliseconds,
    /// Why something did not fit into it, if so.
    pub full: Option<SealReason>,
    /// The operator has asked for it.
    pub asked: bool,
    /// For how long a confirmed priority operation has waited that cannot join it.
    pub priority_ms: Option<Milliseconds>,
    /// Sealed batches that are not proven on L1.
    pub unproven_batches: u32,
    /// Seconds that proving it would take.
    pub proving_s: f64,
    /// Seconds that the prover is busy with batches before it.
    pub backlog_s: f64,
    /// What L1 charges.
    pub price: Price,
}

/// Why to seal the open batch now; none to go on filling it. The caller seals nothing while the sequencer is halted.
#[must_use]
pub fn decide(config: &SequencerConfig, situation: &Situation) -> Option<SealReason> {
    let Situation { age_ms, full, asked, priority_ms, unproven_batches, .. } = *situation;
    if unproven_batches >= config.max_unproven_batches {
        return None;
    }
    if full.is_some() {
        return full;
    }
    if asked {
        return Some(SealReason::Asked);
    }
    if priority_ms.is_some_and(|waited| waited >= config.priority_wait_s * 1_000) {
        return Some(SealReason::Priority);
    }
    if age_ms >= config.max_batch_age_s * 1_000 {
        return Some(SealReason::Age);
    }
    // Behind a busy prover a batch would only wait: it may as well take more.
    if situation.backlog_s > LEAD_S {
        return None;
    }
    let rest = config.max_time_to_finality_s.saturating_sub(config.settlement_s) as f64;
    let room = (rest - situation.proving_s - situation.backlog_s).max(0.0);
    let (share, reason) = match situation.price {
        Price::Cheap => (CHEAP_SHARE, SealReason::Price),
        Price::Usual => (USUAL_SHARE, SealReason::Age),
        Price::Dear => (1.0, SealReason::Age),
    };
    (age_ms as f64 / 1_000.0 >= room * share).then_some(reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config() -> SequencerConfig {
        SequencerConfig { max_time_to_finality_s: 240, settlement_s: 30, ..Default::default() }
    }

    fn young() -> Situation {
        Situation {
            age_ms: 0,
            full: None,
            asked: false,
            priority_ms: None,
            unproven_batches: 0,
            proving_s: 110.0,
            backlog_s: 0.0,
            price: Price::Usual,
        }
    }

    /// 240 s less 30 s for L1 and 110 s for the proof leave 100 s, of which 90 % are waited for.
    #[test]
    fn a_batch_is_sealed_in_time_to_be_proven() {
        let at = |age_ms| decide(&config(), &Situation { age_ms, ..young() });
        assert_eq!((at(89_999), at(90_000)), (None, Some(SealReason::Age)));
        let at = |age_ms, price| decide(&config(), &Situation { age_ms, price, ..young() });
        assert_eq!(at(49_999, Price::Cheap), None);
        assert_eq!(at(50_000, Price::Cheap), Some(SealReason::Price));
        assert_eq!(at(99_999, Price::Dear), None);
        assert_eq!(at(100_000, Price::Dear), Some(SealReason::Age));
    }

    #[test]
    fn a_batch_behind_a_busy_prover_takes_more() {
        let busy = Situation { age_ms: 150_000, backlog_s: 60.0, ..young() };
        assert_eq!(decide(&config(), &busy), None);
        let nearly_free = Situation { backlog_s: 5.0, ..busy };
        assert_eq!(decide(&config(), &nearly_free), Some(SealReason::Age));
        // But not for ever.
        let old = Situation { age_ms: config().max_batch_age_s * 1_000, ..busy };
        assert_eq!(decide(&config(), &old), Some(SealReason::Age));
    }

    #[test]
    fn priority_operations_wait_so_long() {
        let waits = |ms| decide(&config(), &Situation { priority_ms: Some(ms), ..young() });
        assert_eq!((waits(59_999), waits(60_000)), (None, Some(SealReason::Priority)));
    }

    fn situation() -> impl Strategy<Value = Situation> {
        let full =
            prop_oneof![Just(None), Just(Some(SealReason::Data)), Just(Some(SealReason::Chunks))];
        let price = prop_oneof![Just(Price::Cheap), Just(Price::Usual), Just(Price::Dear)];
        let priority = prop::option::of(0..200_000_u64);
        let times = (0..8_000_000_u64, 0.0..400.0_f64, 0.0..400.0_f64);
        (times, full, any::<bool>(), priority, 0..300_u32, price).prop_map(
            |((age_ms, proving_s, backlog_s), full, asked, priority_ms, unproven, price)| {
                let unproven_batches = unproven;
                Situation {
                    age_ms,
                    full,
                    asked,
                    priority_ms,
                    unproven_batches,
                    proving_s,
                    backlog_s,
                    price,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_could_not_be_committed_is_not_sealed(situation in situation()) {
            let limit = config().max_unproven_batches;
            let sealed = decide(&config(), &situation).is_some();
            prop_assert!(!sealed || situation.unproven_batches < limit);
        }

        #[test]
        fn full_and_old_batches_are_sealed(situation in situation()) {
            let urgent = situation.full.is_some()
                || situation.asked
                || situation.age_ms >= config().max_batch_age_s * 1_000;
            let possible = situation.unproven_batches < config().max_unproven_batches;
            prop_assert!(!(urgent && possible) || decide(&config(), &situation).is_some());
        }

        /// What is sealed now would be sealed later, and at a lower price, too.
        #[test]
        fn waiting_never_takes_a_reason_away(situation in situation(), more in 0..1_000_000_u64) {
            if decide(&config(), &situation).is_some() {
                let later = Situation { age_ms: situation.age_ms + more, ..situation };
                prop_assert!(decide(&config(), &later).is_some());
                let cheaper = Situation { price: Price::Cheap, ..situation };
                prop_assert!(decide(&config(), &cheaper).is_some());
            }
        }
    }
}
