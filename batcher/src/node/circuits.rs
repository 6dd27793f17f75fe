//! Whether L1 takes proofs of this program's circuits, and how long they still are the latest.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, U256},
    providers::DynProvider,
};
use metrics::gauge;
use tracing::{error, info, warn};

use super::asked::Asked;
use crate::{
    l1::{circuit_sets::circuit_sets, contracts::CircuitSet},
    signals::Shutdown,
    store::{Store, StoreError},
};

/// How often L1 is asked. Sets of the governor count after days, but the council may retire one at once.
const INTERVAL: Duration = Duration::from_secs(60);
/// How often the store is looked at until L1 was read once: its clock is needed.
const SOON: Duration = Duration::from_secs(1);

/// How the circuits stand that proofs are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// L1 takes proofs of them.
    is_accepted: bool,
    /// Seconds until the next set counts, where one was registered after theirs: the council may retire theirs then.
    successor_s: Option<u64>,
}

impl Standing {
    /// Of the circuits with this root, at a time of L1's clock, in seconds. `sets` with their indices, in any order.
    fn of(root: B256, sets: &[(U256, CircuitSet)], now: u64) -> Self {
        let lives = |set: &CircuitSet| !set.retired;
        let ours = sets.iter().filter(|(_, set)| set.root == root && lives(set));
        let is_accepted = ours.clone().any(|(_, set)| set.activeAt <= now);
        let last = ours.map(|(index, _)| index).max();
        let later = sets.iter().filter(|(index, set)| {
            last.is_some_and(|last| index > last) && set.root != root && lives(set)
        });
        let counts = later.map(|(_, set)| set.activeAt.saturating_sub(now)).min();
        Self { is_accepted, successor_s: counts }
    }

    fn show(self) {
        gauge!("cairn_circuit_set_accepted").set(u8::from(self.is_accepted));
        gauge!("cairn_circuit_set_replaced").set(u8::from(self.successor_s.is_some()));
        gauge!("cairn_circuit_set_successor_seconds").set(self.successor_s.unwrap_or(0) as f64);
    }

    /// Says what has changed since `before`.
    fn tell(self, before: Option<Self>) {
        let was_accepted = before.is_none_or(|before| before.is_accepted);
        if was_accepted && !self.is_accepted {
            error!(
                "L1 takes no proofs of this program's circuits: use a version whose circuits count"
            );
        } else if self.is_accepted && !was_accepted {
            info!("L1 takes proofs of this program's circuits again");
        }
        let was_replaced = before.is_some_and(|before| before.successor_s.is_some());
        if let Some(seconds) = self.successor_s.filter(|_| !was_replaced) {
            warn!(seconds, "L1 has a later circuit set, which counts then: go to its version");
        }
    }
}

/// Watches the circuits with this root until shutdown. A node that does not answer is asked again.
///
/// # Errors
/// The store's.
pub(super) async fn run(
    provider: DynProvider,
    rollup: Address,
    root: B256,
    store: Store,
    mut shutdown: Shutdown,
) -> Result<(), StoreError> {
    let (mut before, mut asked) = (None, Asked::new("circuit sets"));
    loop {
        let pause = match store.l1_view.get(&())? {
            Some(view) => {
                let sets = tokio::select! {
                    () = shutdown.stopped() => return Ok(()),
                    sets = circuit_sets(&provider, rollup) => sets,
                };
                match sets {
                    Ok(sets) => {
                        asked.answered();
                        let standing = Standing::of(root, &sets, view.timestamp);
                        standing.show();
                        standing.tell(before.replace(standing));
                    }
                    Err(error) => asked.failed(&error),
                }
                INTERVAL
            }
            None => SOON,
        };
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::{
        l1::{
            connection::connect_with,
            node::{Answer, Node},
        },
        node::asked::tests::warnings,
        signals::shutdown,
        store::{records::L1View, tests::open},
    };

    const NOW: u64 = 1_000;

    fn standing(sets: &[(u8, u64, bool)]) -> Standing {
        let set = |(index, &(root, active_at, retired)): (usize, &(u8, u64, bool))| {
            let set = CircuitSet {
                root: B256::repeat_byte(root),
                verifier: Address::ZERO,
                activeAt: active_at,
                installed: false,
                retired,
            };
            (U256::from(index), set)
        };
        let sets: Vec<_> = sets.iter().enumerate().map(set).collect();
        Standing::of(B256::repeat_byte(1), &sets, NOW)
    }

    #[test]
    fn a_set_counts_from_its_time_until_it_is_retired() {
        let is_accepted = |sets: &[(u8, u64, bool)]| standing(sets).is_accepted;
        assert!(is_accepted(&[(1, NOW, false)]));
        assert!(!is_accepted(&[(1, NOW + 1, false)]), "not yet");
        assert!(!is_accepted(&[(1, 0, true)]), "retired");
        assert!(!is_accepted(&[(2, 0, false)]), "another");
        assert!(is_accepted(&[(1, 0, true), (1, 5, false)]), "one of two is enough");
    }

    #[test]
    fn only_a_later_set_that_may_come_is_a_successor() {
        let successor_s = |sets: &[(u8, u64, bool)]| standing(sets).successor_s;
        let ours = (1, 0, false);
        assert_eq!(successor_s(&[ours]), None);
        assert_eq!(successor_s(&[(2, 0, false), ours]), None, "it came before");
        assert_eq!(successor_s(&[ours, (2, NOW + 50, false)]), Some(50));
        assert_eq!(successor_s(&[ours, (2, NOW - 1, false)]), Some(0), "it counts already");
        assert_eq!(successor_s(&[ours, (2, NOW, true)]), None, "it was retired itself");
        assert_eq!(successor_s(&[ours, (2, NOW, false), (1, NOW, false)]), None, "back again");
        assert_eq!(successor_s(&[ours, (3, NOW + 9, false), (2, NOW + 7, false)]), Some(7));
    }

    /// Else nobody knows that what is told of them is old.
    #[tokio::test]
    async fn a_node_that_refuses_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).unwrap();
        let mut write = store.write();
        write.put(&store.l1_view, &(), &L1View::default()).unwrap();
        write.commit().unwrap();
        let (warnings, _log) = warnings();
        let node = Node::always(Answer::Error(-32_601, "there is no eth_call")).await;
        let provider = connect_with(node.url.as_str()).unwrap();
        let (stop, stopped) = shutdown();
        let told = async {
            while warnings.load(Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.stop();
        };
        let watched = run(provider, Address::ZERO, B256::ZERO, store, stopped);
        let watched = async { tokio::join!(watched, told).0 };
        tokio::time::timeout(Duration::from_secs(10), watched).await.unwrap().unwrap();
    }
}
