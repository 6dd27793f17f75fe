//! The rules of the pool, one by one.

use alloy::primitives::B256;
use cairn_state::Verified;
use cairn_types::{Account, AccountId, PublicKey, SignedTransaction, Transaction};

use super::world::*;
use crate::{
    mempool::{
        Accounts, MempoolConfig, Refused,
        pool::{Admission, Pool, Waiting, hash_of},
    },
    store::records::{Dropped, Sequence},
};

/// A pool, the accounts below it, and the next place in the log. What is admitted is on disk at once.
struct Bench {
    pool: Pool,
    book: Book,
    next: Sequence,
}

impl Bench {
    fn new(change: impl FnOnce(&mut MempoolConfig)) -> Self {
        let mut config = MempoolConfig::default();
        change(&mut config);
        Self { pool: Pool::new(config, 0), book: Book::new(), next: 0 }
    }

    fn admit_at(&mut self, signed: SignedTransaction, now_ms: u64) -> Result<Admission, Refused> {
        let payer = self.book.account(signed.transaction.from());
        let admission = self.pool.admit(verified(signed), &payer, self.next, now_ms)?;
        self.next += u64::from(admission == Admission::New);
        self.pool.set_durable(self.next);
        Ok(admission)
    }

    fn admit(&mut self, signed: SignedTransaction) -> Result<Admission, Refused> {
        self.admit_at(signed, 0)
    }

    /// Admits a transfer, which must be new.
    fn add(&mut self, from: AccountId, nonce: u32) -> Sequence {
        assert_eq!(self.admit(unsigned(from, nonce, 100)), Ok(Admission::New));
        self.next - 1
    }

    fn take(&mut self, most: usize) -> Vec<Sequence> {
        self.pool.take(most, 1).0.into_iter().map(|(sequence, _)| sequence).collect()
    }
}

fn hash(signed: SignedTransaction) -> B256 {
    hash_of(&verified(signed))
}

#[test]
fn leaves_take_turns_and_nonces_keep_their_order() {
    let mut bench = Bench::new(|_| {});
    let [a1, b0, a0, b1] =
        [(ALICE, 1), (BOB, 0), (ALICE, 0), (BOB, 1)].map(|(id, n)| bench.add(id, n));
    // Alice's first came after Bob's, and frees her second, which is the oldest.
    assert_eq!(bench.take(3), [b0, a0, a1]);
    assert_eq!(bench.take(9), [b1]);
    assert!(bench.take(9).is_empty());
    assert_eq!(bench.pool.next_nonce(ALICE, &bench.book.account(ALICE)), 2);
    assert_eq!(bench.pool.counts().taken, 4);
    bench.book.set_nonce(ALICE, 2);
    bench.pool.done(&[a0, a1], &bench.book);
    assert_eq!(bench.pool.status(a0), None);
    assert_eq!(bench.pool.status(b0), Some(Waiting::Taken));
    assert_eq!(bench.pool.waiting_from(bench.next), b0);
}

#[test]
fn nonces_wait_within_the_gap() {
    let mut bench = Bench::new(|config| config.max_nonce_gap = 3);
    bench.book.set_nonce(ALICE, 5);
    let used = Refused::NonceUsed { expected: 5, got: 4 };
    assert_eq!(bench.admit(unsigned(ALICE, 4, 1)), Err(used));
    let ahead = Refused::NonceAhead { most: 8, got: 9 };
    assert_eq!(bench.admit(unsigned(ALICE, 9, 1)), Err(ahead));
    let last = bench.add(ALICE, 8);
    assert!(bench.take(9).is_empty());
    assert_eq!(bench.pool.next_nonce(ALICE, &bench.book.account(ALICE)), 5);
    let rest = [5, 7, 6].map(|nonce| bench.add(ALICE, nonce));
    assert_eq!(bench.pool.next_nonce(ALICE, &bench.book.account(ALICE)), 9);
    assert_eq!(bench.take(9), [rest[0], rest[2], rest[1], last]);

    // The last nonce of all is never used.
    bench.book.set_nonce(BOB, u32::MAX - 1);
    let end = Refused::NonceAhead { most: u32::MAX - 1, got: u32::MAX };
    assert_eq!(bench.admit(unsigned(BOB, u32::MAX, 1)), Err(end));
    bench.add(BOB, u32::MAX - 1);
}

#[test]
fn a_known_transaction_is_not_admitted_twice() {
    let mut bench = Bench::new(|_| {});
    let first = bench.add(ALICE, 0);
    assert_eq!(bench.admit(unsigned(ALICE, 0, 100)), Ok(Admission::Known(first)));
    assert_eq!(bench.take(1), [first]);
    assert_eq!(bench.admit(unsigned(ALICE, 0, 100)), Ok(Admission::Known(first)));
    // Executed, and not yet told so.
    bench.book.set_nonce(ALICE, 1);
    assert_eq!(bench.admit(unsigned(ALICE, 0, 100)), Ok(Admission::Known(first)));
    bench.pool.done(&[first], &bench.book);
    let used = Refused::NonceUsed { expected: 1, got: 0 };
    assert_eq!(bench.admit(unsigned(ALICE, 0, 100)), Err(used));
}

#[test]
fn a_replacement_pays_a_tenth_more() {
    let mut bench = Bench::new(|_| {});
    let old = bench.add(ALICE, 0);
    let low = Refused::Replacement { expected: 110, got: 109 };
    assert_eq!(bench.admit(unsigned(ALICE, 0, 109)), Err(low));
    let payer = bench.book.account(ALICE);
    let better = unsigned(ALICE, 0, 110);
    assert_eq!(bench.pool.admit(verified(better), &payer, 1, 0), Ok(Admission::New));
    // Before the replacement is on disk nothing of it is told, and neither is executed.
    assert_eq!((bench.pool.dropped(), bench.take(9)), (vec![], vec![]));
    bench.pool.set_durable(2);
    let replaced = Dropped::Replaced { by: hash(better) };
    assert_eq!(bench.pool.dropped(), [(old, replaced.clone())]);
    assert_eq!(bench.pool.status(old), Some(Waiting::Dropped(replaced)));
    assert_eq!(bench.take(9), [1]);
    // The drop is told until its outcome is on disk.
    assert_eq!(bench.pool.dropped().len(), 1);
    bench.pool.done(&[old], &bench.book);
    assert_eq!((bench.pool.dropped(), bench.pool.status(old)), (vec![], None));
    // Too late.
    assert_eq!(bench.admit(unsigned(ALICE, 0, 9_000)), Err(Refused::Executing { nonce: 0 }));
    // Of nothing a tenth is nothing: one quantum more it must be.
    bench.admit(unsigned(BOB, 0, 0)).unwrap();
    let low = Refused::Replacement { expected: 1, got: 0 };
    let other = Transaction::Transfer { from: BOB, to: BOB, amount: 2, fee: 0 };
    let same_fee = SignedTransaction { transaction: other, ..unsigned(BOB, 0, 0) };
    assert_eq!(bench.admit(same_fee), Err(low));
}

/// A kill takes the reasons that are not on disk. What the log has at one place tells which it was.
#[test]
fn after_a_start_only_a_higher_fee_replaces() {
    const NOW: u32 = 1_000;
    let expiring = |fee| {
        let mut signed = unsigned(ALICE, 0, fee);
        signed.authorization.expiry = NOW - 1;
        signed
    };
    let reason = |first: SignedTransaction, second: SignedTransaction| {
        let mut bench = Bench::new(|_| {});
        let payer = bench.book.account(ALICE);
        bench.pool.restore(verified(first), &payer, 0, 0, NOW);
        bench.pool.restore(verified(second), &payer, 1, 0, NOW);
        bench.pool.set_durable(2);
        assert_eq!(bench.take(9), [1]);
        let [(0, reason)] = &bench.pool.dropped()[..] else { panic!() };
        reason.clone()
    };
    let expired = Dropped::Expired { expiry: NOW - 1, timestamp: NOW };
    assert_eq!(reason(expiring(100), unsigned(ALICE, 0, 100)), expired);
    assert_eq!(reason(unsigned(ALICE, 0, 100), unsigned(ALICE, 0, 99)), Dropped::Evicted);
    let better = unsigned(ALICE, 0, 101);
    assert_eq!(reason(expiring(100), better), Dropped::Replaced { by: hash(better) });
}

/// While the sequencer does not write down what was dropped, only so much is: a replacement drops, too.
#[test]
fn replacements_do_not_drop_without_end() {
    let mut bench = Bench::new(|config| config.max_transactions = 4);
    bench.add(ALICE, 0);
    for times in 1..=4 {
        bench.admit(unsigned(ALICE, 0, 100 + 100 * times)).unwrap();
    }
    let refused = bench.admit(unsigned(ALICE, 0, 9_000)).unwrap_err();
    assert!(matches!(refused, Refused::Busy { .. }), "{refused}");
    assert_eq!(bench.pool.counts().dropped, 4);
    let dropped: Vec<_> = bench.pool.dropped().into_iter().map(|(sequence, _)| sequence).collect();
    bench.pool.done(&dropped, &bench.book);
    bench.admit(unsigned(ALICE, 0, 9_000)).unwrap();
}

#[test]
fn the_balance_covers_what_waits_before() {
    let mut bench = Bench::new(|_| {});
    bench.book.set(ALICE, Account { balance: 250, ..bench.book.account(ALICE) });
    bench.add(ALICE, 0); // 101
    bench.add(ALICE, 2);
    let poor = Refused::Balance { expected: 303, got: 250 };
    assert_eq!(bench.admit(unsigned(ALICE, 3, 100)), Err(poor));
    // Before the last there is room for it. Whether the last can then be paid is seen when its turn comes.
    bench.add(ALICE, 1);
}

#[test]
fn a_leaf_has_a_bound_of_its_own() {
    let mut bench = Bench::new(|config| config.max_per_leaf = 2);
    bench.add(ALICE, 0);
    bench.add(ALICE, 1);
    let full = Refused::LeafFull { id: ALICE, most: 2 };
    assert_eq!(bench.admit(unsigned(ALICE, 2, 100)), Err(full));
    // A replacement needs no place.
    bench.admit(unsigned(ALICE, 1, 200)).unwrap();
    bench.add(BOB, 0);
}

#[test]
fn when_it_is_full_the_leaf_with_most_waiting_loses_its_last() {
    let mut bench = Bench::new(|config| config.max_transactions = 4);
    let alice = [0, 1, 2].map(|nonce| bench.add(ALICE, nonce));
    bench.add(BOB, 0);
    let busy = |refused: Result<_, Refused>| matches!(refused, Err(Refused::Busy { .. }));
    assert!(busy(bench.admit(unsigned(ALICE, 3, 9_000))), "the crowd drives out nobody");
    let carol = bench.add(CAROL, 0);
    assert_eq!(bench.pool.dropped(), [(alice[2], Dropped::Evicted)]);
    assert!(busy(bench.admit(unsigned(BOB, 1, 9_000))), "Bob would have as many as Alice");
    assert_eq!(bench.pool.counts().waiting, 4);
    // Dave would pay in another token; to the pool he is one leaf more.
    let dave = bench.add(DAVE, 0);
    assert_eq!(bench.pool.status(alice[1]), Some(Waiting::Dropped(Dropped::Evicted)));
    assert_eq!(bench.take(9), [alice[0], alice[0] + 3, carol, dave]);
    assert!(busy(bench.admit(unsigned(BOB, 1, 100))), "what is given out cannot be driven out");
}

#[test]
fn among_equals_goes_who_waits_in_vain() {
    let mut bench = Bench::new(|config| config.max_transactions = 2);
    let parked = bench.add(ALICE, 1);
    let ready = bench.add(CAROL, 0);
    let refused = bench.admit(unsigned(BOB, 1, 100)).unwrap_err();
    assert!(matches!(refused, Refused::Busy { .. }), "no better than Alice: {refused}");
    let bob = bench.add(BOB, 0);
    assert_eq!(bench.pool.dropped(), [(parked, Dropped::Evicted)]);
    assert_eq!(bench.take(9), [ready, bob]);
}

/// A crowd of transactions that may never pay must not drive out one that will: however few they are.
#[test]
fn who_waits_in_vain_makes_room_first() {
    let mut bench = Bench::new(|config| config.max_transactions = 4);
    let [a, b, c] = [0, 1, 2].map(|nonce| bench.add(ALICE, nonce));
    let parked = bench.add(BOB, 5);
    let busy = |refused: Result<_, Refused>| matches!(refused, Err(Refused::Busy { .. }));
    assert!(busy(bench.admit(unsigned(CAROL, 5, 9_000))), "in vain itself, it drives out nobody");
    let carol = bench.add(CAROL, 0);
    assert_eq!(bench.pool.dropped(), [(parked, Dropped::Evicted)]);
    assert!(busy(bench.admit(unsigned(BOB, 5, 9_000))), "the rest can be executed");
    let mut taken = bench.take(9);
    taken.sort_unstable();
    assert_eq!(taken, [a, b, c, carol]);
}

/// However many expire at once, a call drops a bounded number of them, and gives out none.
#[test]
fn mass_expiry_comes_in_parts() {
    const MANY: u32 = 3_000;
    let mut bench = Bench::new(|config| config.max_per_leaf = 1);
    for i in 0..MANY {
        let id = DAVE + 1 + i;
        bench.book.set(id, Account { key: key(BOB), token: 0, nonce: 0, balance: 1_000 });
        let mut until = unsigned(id, 0, 100);
        until.authorization.expiry = 50;
        let payer = bench.book.account(id);
        let known = Verified::trusted(until, key(BOB));
        bench.pool.admit(known, &payer, bench.next, 0).unwrap();
        bench.next += 1;
    }
    bench.pool.set_durable(bench.next);
    let in_time = bench.add(ALICE, 0);
    bench.pool.expire(51);
    let left = MANY as usize + 1 - 1_024;
    assert_eq!(bench.pool.counts().waiting, left);
    // Some are dropped on the way to what is in time; the last of them only in the next call.
    let (taken, more) = bench.pool.take(9, 51);
    assert!(taken.iter().all(|(sequence, _)| *sequence == in_time));
    assert!(!taken.is_empty() || more, "there is more to look for");
    let taken: Vec<_> = taken.into_iter().chain(bench.pool.take(9, 51).0).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(bench.pool.counts().dropped, MANY as usize);
    // So many outcomes fit a block.
    bench.pool.done(&bench.pool.dropped().iter().map(|(s, _)| *s).collect::<Vec<_>>(), &bench.book);
    assert_eq!(bench.pool.counts().dropped, 0);
}

#[test]
fn late_ones_are_dropped() {
    let mut bench = Bench::new(|_| {});
    let mut until = unsigned(ALICE, 0, 100);
    until.authorization.expiry = 50;
    bench.admit(until).unwrap();
    let next = bench.add(ALICE, 1);
    // The last second counts. Given out, it is the sequencer's.
    assert_eq!(bench.pool.take(1, 50).0.len(), 1);
    bench.pool.expire(51);
    assert_eq!(bench.pool.status(0), Some(Waiting::Taken));
    bench.pool.give_back(&[0], &bench.book);
    assert!(bench.pool.take(9, 51).0.is_empty(), "the next waits for another with nonce 0");
    let expired = Dropped::Expired { expiry: 50, timestamp: 51 };
    assert_eq!(bench.pool.dropped(), [(0, expired)]);
    let again = bench.add(ALICE, 0);
    assert_eq!(bench.take(9), [again, next]);
}

#[test]
fn signatures_are_held_against_the_key_of_their_turn() {
    let mut bench = Bench::new(|_| {});
    let mut change = unsigned(ALICE, 1, 100);
    change.transaction = Transaction::ChangeKey { from: ALICE, key: key(77), fee: 100 };
    change.authorization.recipient = PublicKey::ZERO;
    bench.admit(change).unwrap();
    let payer = bench.book.account(ALICE);
    let keys = [0, 1, 2, 9].map(|nonce| bench.pool.key_for(&unsigned(ALICE, nonce, 1), &payer));
    assert_eq!(keys, [key(ALICE), key(ALICE), key(77), key(77)]);
    assert_eq!(bench.pool.key_for(&unsigned(BOB, 2, 1), &bench.book.account(BOB)), key(BOB));
}

#[test]
fn after_a_refusal_the_rest_waits_for_its_nonce() {
    let mut bench = Bench::new(|_| {});
    let [a, b, c] = [0, 1, 2].map(|nonce| bench.add(ALICE, nonce));
    assert_eq!(bench.take(9), [a, b, c]);
    // The state refuses the first: the others are ahead of their turn.
    bench.pool.give_back(&[b, c], &bench.book);
    bench.pool.done(&[a], &bench.book);
    assert!(bench.take(9).is_empty());
    let again = bench.add(ALICE, 0);
    assert_eq!(bench.take(9), [again, b, c]);
    // A block that was not made: all of it comes again, in the same order.
    bench.pool.give_back(&[c, again, b], &bench.book);
    assert_eq!(bench.take(9), [again, b, c]);
}

#[test]
fn nonces_that_l1_uses_free_and_bury() {
    let mut bench = Bench::new(|_| {});
    let [first, second] = [1, 2].map(|nonce| bench.add(ALICE, nonce));
    assert!(bench.take(9).is_empty());
    // A forced transaction fills the gap.
    bench.book.set_nonce(ALICE, 1);
    bench.pool.refresh(&bench.book, 0, 10);
    assert_eq!(bench.take(1), [first]);
    bench.pool.give_back(&[first], &bench.book);
    let far = bench.add(BOB, 3);
    bench.book.set_nonce(BOB, 4);
    bench.pool.refresh(&bench.book, 0, 10);
    let reason = "nonce 3 was used by another transaction".to_owned();
    assert_eq!(bench.pool.dropped(), [(far, Dropped::Refused(reason))]);
    assert_eq!(bench.take(9), [first, second]);
}

#[test]
fn who_waits_in_vain_goes_in_the_end() {
    let mut bench = Bench::new(|config| config.max_gap_wait_s = 60);
    bench.admit_at(unsigned(ALICE, 1, 100), 1_000).unwrap();
    bench.admit_at(unsigned(ALICE, 3, 100), 30_000).unwrap();
    bench.admit_at(unsigned(BOB, 0, 100), 1_000).unwrap();
    bench.pool.refresh(&bench.book, 61_000, 10);
    assert_eq!(bench.pool.dropped(), []);
    bench.pool.refresh(&bench.book, 61_001, 10);
    let reason = "no transaction with the nonce before came in 60 s".to_owned();
    assert_eq!(bench.pool.dropped(), [(0, Dropped::Refused(reason))]);
    assert_eq!(bench.pool.status(1), Some(Waiting::InPool));
    // Bob waits for the sequencer, not in vain.
    bench.pool.refresh(&bench.book, u64::MAX, 10);
    assert_eq!(bench.pool.status(2), Some(Waiting::InPool));
    assert_eq!(bench.pool.dropped().len(), 2);
}
