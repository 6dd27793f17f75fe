//! Stages and times in words.

use std::time::Duration;

use cairn_batcher::{
    api::wire::{Life, Stage},
    client::pace::Pace,
    clock::now_ms,
    console::line,
};
use clap::ValueEnum;

/// A stage to wait for, by the API's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "camelCase")]
pub(super) enum WaitFor {
    /// The operator has it on disk.
    Accepted,
    /// It is executed, by the operator's word.
    InBlock,
    /// Its batch is sealed.
    Batched,
    /// L1 has its batch.
    Committed,
    /// L1 has verified a proof of it.
    Proven,
    /// That proof has enough confirmations.
    Finalized,
}

impl WaitFor {
    /// As the API has it.
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::Accepted => Stage::Accepted,
            Self::InBlock => Stage::InBlock,
            Self::Batched => Stage::Batched,
            Self::Committed => Stage::Committed,
            Self::Proven => Stage::Proven,
            Self::Finalized => Stage::Finalized,
        }
    }
}

/// What a stage means to who has signed the transaction. `proven` is the last batch that L1 has a proof of, by the user's
/// own node; none where that was not asked.
///
/// Trust: none in `life`.
pub(super) fn stage(life: &Life, proven: Option<u32>) -> String {
    let batch = life.in_block.map_or_else(String::new, |place| format!(" {}", place.batch));
    if let (Stage::Proven | Stage::Finalized, false) = (life.stage, is_proven(life, proven)) {
        return match proven {
            Some(proven) => format!(
                "proven by the operator's word alone: L1 has proofs up to batch {proven}, not of \
                 its batch{batch}"
            ),
            None => format!(
                "proven with its batch{batch}, by the operator's word: give --l1 to ask L1 itself"
            ),
        };
    }
    match life.stage {
        Stage::Accepted => "accepted: the operator has it on disk and will execute it".to_owned(),
        Stage::InBlock => {
            let block = life.in_block.map_or(0, |place| place.block);
            format!("executed in block {block}, by the operator's word; its batch{batch} is open")
        }
        Stage::Batched => {
            format!("executed, by the operator's word; its batch{batch} is sealed and waits for L1")
        }
        Stage::Committed => {
            format!("its batch{batch} is on L1 and is being proven, by the operator's word")
        }
        Stage::Proven => {
            format!("L1 has verified a proof of its batch{batch}; it waits for confirmations")
        }
        Stage::Finalized => format!("final: L1 has verified a proof of its batch{batch}"),
        Stage::Dropped => match &life.dropped {
            Some(dropped) => {
                format!("dropped, and never will be executed: {}", line(&dropped.message))
            }
            None => "dropped, and never will be executed".to_owned(),
        },
    }
}

/// Whether L1 has a proof of the batch that the operator says the transaction is in.
pub(super) fn is_proven(life: &Life, proven: Option<u32>) -> bool {
    life.in_block.zip(proven).is_some_and(|(place, proven)| place.batch <= proven)
}

/// What is expected next, where the last final batch tells how long that takes.
pub(super) fn expected(life: &Life, pace: Option<&Pace>) -> Option<String> {
    let left = |stage| pace.and_then(|pace| pace.left(life, stage, now_ms()));
    let steps = [(Stage::Proven, "proven"), (Stage::Finalized, "final")];
    let times: Vec<_> = steps
        .into_iter()
        .filter_map(|(stage, word)| {
            let left = left(stage)?;
            let soon = left < Duration::from_secs(1);
            Some(if soon { format!("{word} soon") } else { format!("{word} in {}", time(left)) })
        })
        .collect();
    (!times.is_empty())
        .then(|| format!("{}, if its batch takes as long as the last", times.join(", ")))
}

/// How long ago a time of the operator's clock is.
pub(super) fn ago(at_ms: u64) -> String {
    format!("{} ago", time(Duration::from_millis(now_ms().saturating_sub(at_ms))))
}

/// A time in the largest unit that it has two of.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "days"), (3_600, "h"), (60, "min"), (1, "s")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= 2 * size).unwrap_or((1, "s"));
    format!("{} {unit}", seconds / size)
}

#[cfg(test)]
mod tests {
    use cairn_batcher::api::wire::{DroppedAt, InBlockAt};

    use super::*;

    fn life(stage: Stage) -> Life {
        Life { stage, ..Life::accepted(now_ms()) }
    }

    fn in_batch(stage: Stage, batch: u32) -> Life {
        let place = InBlockAt { at_ms: 0, block: 9, position: 0, batch };
        Life { in_block: Some(place), ..life(stage) }
    }

    #[test]
    fn what_l1_has_not_proven_is_the_operators_word() {
        for stage in [Stage::Proven, Stage::Finalized] {
            let word = super::stage(&in_batch(stage, 5), Some(5));
            assert!(word.contains("L1 has verified a proof of its batch 5"), "{word}");
            for (life, proven) in
                [(in_batch(stage, 5), Some(4)), (in_batch(stage, 5), None), (life(stage), Some(9))]
            {
                let word = super::stage(&life, proven);
                assert!(word.contains("by the operator's word"), "{word}");
                assert!(!word.contains("L1 has verified"), "{word}");
            }
        }
    }

    #[test]
    fn what_the_operator_says_makes_no_lines_of_its_own() {
        let (reason, message) = ("refused".to_owned(), "no\nstage  final\u{1b}[2J".to_owned());
        let dropped = DroppedAt { at_ms: 0, reason, message, replaced_by: None };
        let life = Life { dropped: Some(dropped), ..life(Stage::Dropped) };
        let word = super::stage(&life, None);
        assert!(word.ends_with("no\\nstage  final\\u{1b}[2J"), "{word}");
    }

    #[test]
    fn times_have_two_of_their_unit_at_least() {
        for (seconds, words) in [
            (0, "0 s"),
            (1, "1 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_200, "2 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(time(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn what_is_expected_is_what_the_last_batch_took() {
        let pace = Pace {
            sealing: Duration::from_secs(20),
            committing: Duration::from_secs(40),
            proving: Duration::from_secs(630),
            finalizing: Duration::from_secs(1_800),
        };
        let words = expected(&life(Stage::Accepted), Some(&pace)).unwrap();
        assert!(words.starts_with("proven in 11 min, final in 41 min, if "), "{words}");
        assert_eq!(expected(&life(Stage::Accepted), None), None);
        assert_eq!(expected(&life(Stage::Finalized), Some(&pace)), None);
        assert_eq!(expected(&life(Stage::Dropped), Some(&pace)), None);
        let late = Life { accepted_ms: 0, ..life(Stage::Accepted) };
        assert!(expected(&late, Some(&pace)).unwrap().starts_with("proven soon, final soon, "));
    }
}
