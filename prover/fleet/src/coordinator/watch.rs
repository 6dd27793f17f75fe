//! What nobody tells: that the server has lost messages. And what is measured.

use cairn_prover::assignment::Class;
use tracing::warn;

use super::{Outcomes, run::Run};
use crate::{layout, ledger::Standing, queue::Queue};

impl Run {
    /// Compares the queues with what should be in them. Twice: a message may be on its way.
    pub(super) async fn compare(&mut self) {
        if let Err(error) =
            layout::make(&self.jetstream, &self.config.names, self.config.replicas).await
        {
            return warn!(%error, "the server does not answer");
        }
        for (class, is_missing) in Class::ALL.into_iter().zip(self.missing) {
            let name = self.config.names.tasks(class);
            // It comes with what the server says of it now.
            let Ok(stream) = self.jetstream.get_stream(name).await else { return };
            let info = stream.cached_info();
            let (found, made) = (info.state.messages, info.created.unix_timestamp_nanos());
            let should = self.messages.of_class(class);
            let lacks = (found as usize) < should;
            // Places of a stream that was made again begin anew: what is remembered of the old ones names others.
            let is_new = match self.made.get_mut(class as usize) {
                Some(before) => before.replace(made).is_some_and(|before| before != made),
                None => false,
            };
            if is_new || (lacks && is_missing) {
                warn!(%class, found, should, "the server has lost messages: they are offered again");
                self.messages.lost(class);
            }
            if let Some(missing) = self.missing.get_mut(class as usize) {
                *missing = lacks && !is_missing && !is_new;
            }
        }
        self.ledger.recount(&self.messages.unclaimed());
    }

    pub(super) fn measure(&self) {
        use metrics::{counter, gauge};
        let Outcomes { accepted, late, duplicate, unheld, refused, quarantined, .. } =
            self.outcomes;
        let Outcomes { returned, failed, kept, dropped, muted, .. } = self.outcomes();
        for (outcome, count) in [
            ("accepted", accepted),
            ("late", late),
            ("duplicate", duplicate),
            ("unheld", unheld),
            ("refused", refused),
            ("quarantined", quarantined),
            ("returned", returned),
            ("failed", failed),
            ("kept", kept),
        ] {
            counter!("cairn_fleet_results_total", "outcome" => outcome).absolute(count);
        }
        counter!("cairn_fleet_dropped_total").absolute(dropped);
        counter!("cairn_fleet_muted_total").absolute(muted);
        let workers = |standing| {
            let those = self.ledger.workers().filter(|(_, w)| w.is_there && w.standing == standing);
            those.count() as f64
        };
        gauge!("cairn_fleet_workers").set(workers(Standing::Good));
        gauge!("cairn_fleet_workers_quarantined").set(workers(Standing::Quarantined));
        for queue in Queue::ALL {
            let of = || self.ledger.views().filter(move |view| view.queue == queue);
            gauge!("cairn_fleet_owed", "queue" => queue.name()).set(of().count() as f64);
            let held: usize = of().map(|view| view.holders.len()).sum();
            gauge!("cairn_fleet_held", "queue" => queue.name()).set(held as f64);
            let stuck = of().filter(|view| view.is_quarantined).count();
            gauge!("cairn_fleet_quarantined", "queue" => queue.name()).set(stuck as f64);
        }
    }
}
