//! Random operations, and kills between them, against a plain model: balances in a map.

use std::collections::{BTreeMap, BTreeSet};

use cairn_state::{BatchBuilder, Environment, State, apply};
use cairn_types::{AccountId, Operation};
use proptest::prelude::*;

use super::world::{FUNDS, Process, USERS, World, domain, id, key, transfer};
use crate::{
    sequencer::{Command, SequencerConfig, block::decode_priority, sealer::Checked},
    store::records::{BlockOperation, Dropped, Outcome, Sequence},
};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A transfer that the state takes.
    Pay {
        from: u32,
        to: u32,
        amount: u64,
    },
    /// One that costs more than all there is.
    Overdraw {
        from: u32,
    },
    /// One whose nonce is used.
    Again {
        from: u32,
    },
    /// One for whose nonce the sequencer must wait; the missing one follows.
    Ahead {
        from: u32,
        to: u32,
    },
    /// The mempool drops what it has from this leaf last.
    Evict {
        from: u32,
    },
    Deposit {
        user: u32,
        amount: u64,
    },
    /// One that names a leaf that is not there: a new leaf is made.
    DepositElsewhere {
        user: u32,
        amount: u64,
    },
    Confirm,
    Turn,
    Seal,
    Check,
    Finalize {
        batches: u32,
    },
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let user = || 0..USERS;
    prop_oneof![
        8 => (user(), user(), 1..1_000_u64).prop_map(|(from, to, amount)| Step::Pay { from, to, amount }),
        1 => user().prop_map(|from| Step::Overdraw { from }),
        1 => user().prop_map(|from| Step::Again { from }),
        1 => (user(), user()).prop_map(|(from, to)| Step::Ahead { from, to }),
        1 => user().prop_map(|from| Step::Evict { from }),
        2 => (user(), 1..1_000_u64).prop_map(|(user, amount)| Step::Deposit { user, amount }),
        1 => (user(), 1..1_000_u64)
            .prop_map(|(user, amount)| Step::DepositElsewhere { user, amount }),
        2 => Just(Step::Confirm),
        8 => Just(Step::Turn),
        2 => Just(Step::Seal),
        2 => Just(Step::Check),
        1 => (1..3_u32).prop_map(|batches| Step::Finalize { batches }),
        2 => Just(Step::Kill),
    ]
}

/// What users own when all of it is executed, whatever the order.
#[derive(Debug, Default)]
struct Model {
    balances: BTreeMap<AccountId, u64>,
    fees: u64,
    /// Leaves that deposits have made, beside the users'.
    made: u32,
    nonces: BTreeMap<u32, u32>,
    /// Of each leaf, the last transaction that would be executed, with what it pays and whom.
    last: BTreeMap<u32, (Sequence, u32, u64)>,
    executed: BTreeSet<Sequence>,
    refused: BTreeSet<Sequence>,
    evicted: BTreeSet<Sequence>,
}

impl Model {
    fn new() -> Self {
        let balances = (0..USERS).map(|user| (id(user), FUNDS)).collect();
        Self { balances, ..Default::default() }
    }

    fn nonce(&self, user: u32) -> u32 {
        self.nonces.get(&user).copied().unwrap_or(0)
    }

    fn pay(&mut self, sequence: Sequence, from: u32, to: u32, amount: u64) {
        *self.balances.get_mut(&id(from)).unwrap() -= amount + 1;
        *self.balances.get_mut(&id(to)).unwrap() += amount;
        self.fees += 1;
        *self.nonces.entry(from).or_default() += 1;
        self.executed.insert(sequence);
        self.last.insert(from, (sequence, to, amount));
    }

    /// The last transaction of a leaf is taken back.
    fn evict(&mut self, from: u32, (sequence, to, amount): (Sequence, u32, u64)) {
        *self.balances.get_mut(&id(from)).unwrap() += amount + 1;
        *self.balances.get_mut(&id(to)).unwrap() -= amount;
        self.fees -= 1;
        *self.nonces.get_mut(&from).unwrap() -= 1;
        self.executed.remove(&sequence);
        self.evicted.insert(sequence);
        self.last.remove(&from);
    }
}

fn perform(world: &mut World, model: &mut Model, step: Step) {
    match step {
        Step::Pay { from, to, amount } => pay(world, model, from, to, amount),
        Step::Overdraw { from } => {
            let signed = transfer(from, 0, model.nonce(from), 1 << 61);
            let sequence = world.submit(signed, key(from));
            model.refused.insert(sequence);
        }
        // Another transaction than the first with this nonce, which is executed.
        Step::Again { from }
            if model.nonce(from) > 0 && world.process().pool.waiting().is_empty() =>
        {
            let signed = transfer(from, 0, model.nonce(from) - 1, 5_000);
            let sequence = world.submit(signed, key(from));
            model.refused.insert(sequence);
        }
        Step::Again { .. } => {}
        Step::Ahead { from, to } => {
            let ahead = world.submit(transfer(from, to, model.nonce(from) + 1, 7), key(from));
            world.turn();
            assert!(world.process().pool.waiting().contains(&ahead), "it waits");
            pay(world, model, from, to, 3);
            model.pay(ahead, from, to, 7);
        }
        Step::Evict { from } => {
            let Some(last) = model.last.get(&from).copied() else { return };
            if world.process().pool.waiting().contains(&last.0) {
                world.process().pool.evict(last.0);
                model.evict(from, last);
                // Else a kill would bring it back: the outcome is written with the next block.
                world.turn();
            }
        }
        Step::Deposit { user, amount } => {
            world.deposit(user, id(user), amount);
            *model.balances.get_mut(&id(user)).unwrap() += amount;
        }
        Step::DepositElsewhere { user, amount } => {
            world.deposit(user, 500, amount);
            model.balances.insert(id(USERS + model.made), amount);
            model.made += 1;
        }
        Step::Confirm => world.confirm(),
        Step::Turn => world.turn(),
        Step::Seal => world.command(Some(Command::Seal)).unwrap(),
        Step::Check => assert!(!matches!(world.check(), Checked::Wrong(_))),
        Step::Finalize { batches } => {
            let process = world.process();
            let from = process.store.l1_view.get(&()).unwrap().unwrap().finalized;
            let checked = (from + 1..=from + batches)
                .take_while(|batch| process.store.jobs.contains(batch).unwrap());
            if let Some(batch) = checked.last() {
                assert_eq!(world.finalize(batch), None);
                let checkpoint = world.store().checkpoint.get(&()).unwrap().unwrap();
                assert_eq!(checkpoint.batch, batch);
            }
        }
        Step::Kill => {
            let head = world.process().ledger.head();
            world.kill();
            world.start().unwrap();
            assert_eq!(world.process().ledger.head().state, head.state);
            assert_eq!(world.process().ledger.head().block, head.block);
        }
    }
}

fn pay(world: &mut World, model: &mut Model, from: u32, to: u32, amount: u64) {
    let sequence = world.submit(transfer(from, to, model.nonce(from), amount), key(from));
    model.pay(sequence, from, to, amount);
}

/// Executes all stored blocks on a state of its own, signatures and all.
fn read_again(world: &World) -> (State, BTreeMap<Sequence, (u64, u32)>) {
    let store = world.store();
    let mut state = State::genesis();
    let mut places = BTreeMap::new();
    let mut next_priority = 0;
    let mut batches = store.batches.iter().map(Result::unwrap).peekable();
    let mut open: Option<BatchBuilder> = None;
    let (mut timestamp, mut number) = (0, 0);
    for row in store.blocks.iter() {
        let (key, block) = row.unwrap();
        number += 1;
        assert_eq!((key, block.number), (number, number));
        assert!(!block.operations.is_empty() && block.timestamp >= timestamp);
        timestamp = block.timestamp;
        let environment = Environment { domain: domain(), timestamp };
        let batch = open.get_or_insert_with(|| BatchBuilder::new(state.clone(), environment));
        for (position, operation) in block.operations.iter().enumerate() {
            let operation = match operation {
                BlockOperation::Priority(queued) => {
                    assert_eq!(queued.index, next_priority);
                    next_priority += 1;
                    Operation::Priority(decode_priority(queued).unwrap())
                }
                BlockOperation::Transaction(sequence) => {
                    let place = (number, position as u32);
                    assert_eq!(places.insert(*sequence, place), None, "executed twice");
                    Operation::Signed(store.log.get(sequence).unwrap().unwrap().transaction)
                }
            };
            apply(&mut state, &operation, &environment).unwrap();
            batch.push(operation).unwrap();
        }
        assert_eq!(block.state, state.summary().commitment());
        if let Some((number, row)) = batches.next_if(|(_, row)| row.last_block == number) {
            let witness = open.take().unwrap().finish().1;
            assert_eq!((row.number, row.timestamp), (block.batch, timestamp));
            assert_eq!((row.before, row.after), (witness.before.state, witness.after.state));
            assert_eq!(row.data_words as usize, witness.data.len());
            assert_eq!(
                (row.operations as usize, row.priority_end),
                (witness.slots.len(), next_priority)
            );
            if let Some(job) = store.jobs.get(&number).unwrap() {
                assert_eq!(job, witness);
                let kept = store.withdrawals.get(&number).unwrap().unwrap_or_default();
                assert_eq!(kept, witness.withdrawals);
            }
        }
    }
    assert!(next_priority <= store.l1_view.get(&()).unwrap().unwrap().confirmed_queue);
    (state, places)
}

fn end(world: &mut World, model: &Model) {
    // All that is left is confirmed, executed and sealed.
    world.confirm();
    let behind = |world: &mut World| {
        let queue = world.store().l1_view.get(&()).unwrap().unwrap().confirmed_queue;
        let Process { pool, producer, .. } = world.process();
        !pool.waiting().is_empty() || producer.position.priority_end < queue
    };
    for _ in 0..60 {
        if !behind(world) {
            break;
        }
        world.command(Some(Command::Seal)).unwrap();
    }
    world.command(Some(Command::Seal)).unwrap();
    assert_eq!(world.process().pool.waiting(), Vec::<Sequence>::new());
    let (mut state, places) = read_again(world);
    let ledger = world.process().ledger.clone();
    for (&id, &balance) in &model.balances {
        assert_eq!(state.account(id).balance, balance, "of {id}");
        assert_eq!(ledger.account(id), state.account(id));
    }
    assert_eq!(ledger.account(0).balance, model.fees);
    assert_eq!(ledger.head().state, state.summary().commitment());
    let outcomes: BTreeMap<_, _> = world.store().outcomes.iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.len() as u64, world.logged);
    for (sequence, outcome) in outcomes {
        match outcome {
            Outcome::InBlock { block, position } => {
                assert!(model.executed.contains(&sequence));
                assert_eq!(places.get(&sequence), Some(&(block, position)));
            }
            Outcome::Dropped { reason, .. } => {
                assert!(!places.contains_key(&sequence));
                match reason {
                    Dropped::Evicted => assert!(model.evicted.contains(&sequence)),
                    _ => assert!(model.refused.contains(&sequence), "{sequence}: {reason}"),
                }
            }
        }
    }
    while let Checked::Right(_) = world.check() {}
    assert_eq!(world.check(), Checked::Nothing);
}

/// Small batches, so that some fill up.
fn config() -> SequencerConfig {
    SequencerConfig {
        max_data_words: 4,
        max_priority_words: 6,
        max_block_operations: 5,
        max_unproven_batches: 256,
        ..Default::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn state_and_outcomes_are_the_models(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new(config());
        // Token and users are there before they pay.
        (0..4).for_each(|_| { world.turn(); world.command(Some(Command::Seal)).unwrap(); });
        let mut model = Model::new();
        for step in steps {
            perform(&mut world, &mut model, step);
        }
        end(&mut world, &model);
        // A start from the first block gives the same as all the kills on the way.
        let head = world.process().ledger.head();
        world.kill();
        world.start().unwrap();
        prop_assert_eq!(world.process().ledger.head().state, head.state);
    }
}
