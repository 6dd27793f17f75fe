//! What may happen.

use proptest::prelude::*;

use crate::sequencer::tests::world::USERS;

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Pay {
        from: u32,
        to: u32,
        amount: u64,
        life: Option<u64>,
    },
    PayNew {
        from: u32,
        amount: u64,
    },
    Withdraw {
        from: u32,
        amount: u64,
    },
    ChangeKey {
        from: u32,
    },
    /// The last that waits of a leaf is sent again with a higher fee, as a payment to somebody.
    Replace {
        from: u32,
        to: u32,
    },
    /// Something that was acknowledged is sent once more.
    Again {
        which: usize,
    },
    /// To a user, or to a leaf that is not there.
    Deposit {
        user: u32,
        is_elsewhere: bool,
        amount: u64,
    },
    Confirm,
    Wait {
        seconds: u64,
    },
    Turn,
    Seal,
    Check,
    Finalize,
    Kill,
}

/// Any of them, each about as often as it tells something.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let user = || 0..USERS;
    let amount = || 1..1_000_u64;
    let life = prop::option::weighted(0.3, 0..20_u64);
    prop_oneof![
        10 => (user(), 0..2 * USERS, amount(), life)
            .prop_map(|(from, to, amount, life)| Step::Pay { from, to, amount, life }),
        2 => (user(), amount()).prop_map(|(from, amount)| Step::PayNew { from, amount }),
        2 => (user(), amount()).prop_map(|(from, amount)| Step::Withdraw { from, amount }),
        1 => user().prop_map(|from| Step::ChangeKey { from }),
        3 => (user(), user()).prop_map(|(from, to)| Step::Replace { from, to }),
        1 => any::<usize>().prop_map(|which| Step::Again { which }),
        2 => (user(), any::<bool>(), amount())
            .prop_map(|(user, is_elsewhere, amount)| Step::Deposit { user, is_elsewhere, amount }),
        2 => Just(Step::Confirm),
        2 => (1..15_u64).prop_map(|seconds| Step::Wait { seconds }),
        8 => Just(Step::Turn),
        2 => Just(Step::Seal),
        2 => Just(Step::Check),
        1 => Just(Step::Finalize),
        2 => Just(Step::Kill),
    ]
}
