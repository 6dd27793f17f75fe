//! Progress bars: stage, count and time left.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use cairn_prover::progress::{Progress, Stage};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::tell;

/// One bar a stage; on a terminal only, elsewhere a line when a stage ends.
#[derive(Debug, Default)]
pub struct Bars {
    screen: MultiProgress,
    bars: Mutex<BTreeMap<Stage, ProgressBar>>,
}

impl Bars {
    /// A bar of its own for work outside the prover.
    #[must_use]
    pub fn bar(&self, name: &str, total: usize) -> ProgressBar {
        let bar = self.screen.add(ProgressBar::new(total as u64));
        bar.set_style(
            ProgressStyle::with_template(
                "{prefix:<14} [{bar:30}] {pos:>4}/{len:<4} {elapsed_precise}, left {eta}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// Ends a bar and leaves one line of it.
    pub fn finish(&self, bar: &ProgressBar) {
        bar.finish();
        if !console_is_terminal() {
            let seconds = bar.elapsed().as_secs_f64();
            tell!(
                "{:<14} {}/{} {seconds:.1} s",
                bar.prefix(),
                bar.position(),
                bar.length().unwrap_or(0)
            );
        }
    }

    fn get(&self, stage: Stage) -> Option<ProgressBar> {
        self.bars.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(&stage).cloned()
    }
}

fn console_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, total: usize) {
        let bar = self.bar(stage.name(), total);
        self.bars.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(stage, bar);
    }

    fn step(&self, stage: Stage) {
        if let Some(bar) = self.get(stage) {
            bar.inc(1);
        }
    }

    fn end(&self, stage: Stage) {
        match self.get(stage) {
            Some(bar) if bar.length().is_some_and(|steps| bar.position() >= steps) => {
                self.finish(&bar);
            }
            // The error says what there is to say.
            Some(bar) => bar.abandon(),
            None => {}
        }
    }
}
