//! How a question stands that L1 is asked again and again: when it was answered last, and one line of the log for all
//! failures until the next answer.

use std::fmt::Display;

use metrics::gauge;
use tracing::{debug, info, warn};

use crate::clock::now_ms;

/// One such question.
#[derive(Debug)]
pub(super) struct Asked {
    what: &'static str,
    is_failing: bool,
}

impl Asked {
    /// Its time counts from now on: one that is never answered has a time too.
    pub(super) fn new(what: &'static str) -> Self {
        let asked = Self { what, is_failing: false };
        asked.show(now_ms());
        asked
    }

    /// L1 has answered.
    pub(super) fn answered(&mut self) {
        self.answered_at(now_ms());
    }

    fn answered_at(&mut self, now_ms: u64) {
        if std::mem::take(&mut self.is_failing) {
            info!(what = self.what, "L1 answers again");
        }
        self.show(now_ms);
    }

    /// L1 has not, or said nothing that can be used.
    pub(super) fn failed(&mut self, reason: &dyn Display) {
        let what = self.what;
        if std::mem::replace(&mut self.is_failing, true) {
            debug!(what, %reason, "L1 does not answer still");
        } else {
            warn!(what, %reason, "L1 does not answer: what is told of it is old");
        }
    }

    fn show(&self, now_ms: u64) {
        gauge!("cairn_l1_answered_timestamp_seconds", "what" => self.what)
            .set((now_ms / 1_000) as f64);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use metrics_exporter_prometheus::PrometheusBuilder;
    use tracing::{Event, Level, Subscriber, subscriber::DefaultGuard};
    use tracing_subscriber::{
        Layer,
        layer::{Context, SubscriberExt},
    };

    use super::*;

    /// Counts warnings of this module.
    struct Warnings(Arc<AtomicUsize>);

    impl<S: Subscriber> Layer<S> for Warnings {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let metadata = event.metadata();
            if *metadata.level() == Level::WARN && metadata.target().ends_with("::asked") {
                self.0.fetch_add(1, Relaxed);
            }
        }
    }

    /// How many warnings this thread is told until the guard goes.
    pub(in crate::node) fn warnings() -> (Arc<AtomicUsize>, DefaultGuard) {
        let count = Arc::<AtomicUsize>::default();
        let subscriber = tracing_subscriber::registry().with(Warnings(Arc::clone(&count)));
        (count, tracing::subscriber::set_default(subscriber))
    }

    #[test]
    fn a_run_of_failures_is_told_once_and_its_time_stands() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _metrics = metrics::set_default_local_recorder(&recorder);
        let (count, _log) = warnings();
        let tells = |seconds: u64| {
            let line = format!("cairn_l1_answered_timestamp_seconds{{what=\"x\"}} {seconds}\n");
            recorder.handle().render().contains(&line)
        };
        let mut asked = Asked::new("x");
        asked.answered_at(7_900);
        assert!(tells(7));
        asked.failed(&"no route");
        asked.failed(&"no route");
        assert_eq!(count.load(Relaxed), 1);
        assert!(tells(7));
        asked.answered_at(9_000);
        assert!(tells(9));
        asked.failed(&"no route");
        assert_eq!(count.load(Relaxed), 2);
    }
}
