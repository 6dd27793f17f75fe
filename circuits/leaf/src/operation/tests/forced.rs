//! Forced transactions: of every condition there is either a proof that it holds or one that it fails, and of nothing
//! else.

use cairn_primitives::ecgfp5::{Affine, Point, generator};
use cairn_primitives::schnorr::{PublicKey as Key, Signature, start, verify};
use cairn_state::{Fault, message_digest, sign};
use cairn_types::{Authorization, ForcedTransaction, PublicKey, Transaction, Word};
use p3_field::PrimeField64;

use super::judge::judge;
use super::mutate::{columns, free_columns};
use super::world::{FIRST_NONCE, FUNDS, NONCE, TIMESTAMP, TOKEN, domain, secret};
use super::*;

/// All that can be claimed.
const CLAIMS: [Option<Fault>; 12] = [
    None,
    Some(Fault::Late),
    Some(Fault::Token),
    Some(Fault::Nonce),
    Some(Fault::NonceExhausted),
    Some(Fault::Amount),
    Some(Fault::Fee),
    Some(Fault::Payee),
    Some(Fault::Ids),
    Some(Fault::Key),
    Some(Fault::Signature),
    Some(Fault::Overflow),
];

/// A transaction in the world in which its turn comes.
struct Case {
    name: &'static str,
    world: World,
    forced: ForcedTransaction,
}

fn public(id: u64) -> PublicKey {
    secret(id).public().into()
}

fn transfer_of(from: u64, to: u64, amount: u64, fee: u64) -> Transaction {
    Transaction::Transfer { from: from as u32, to: to as u32, amount, fee }
}

/// Signed by the key that the payer's leaf has at the start, for what that leaf then is.
fn forced(transaction: Transaction, change: impl FnOnce(&mut Authorization)) -> ForcedTransaction {
    let payer = World::new().leaf(transaction.from().into());
    let recipient = match transaction {
        Transaction::Transfer { to, .. } => public(to.into()),
        _ => PublicKey::ZERO,
    };
    let mut authorization = Authorization {
        domain: domain(),
        token: payer[TOKEN].as_canonical_u64() as u16,
        nonce: FIRST_NONCE as u32,
        expiry: 0,
        recipient,
    };
    change(&mut authorization);
    let signed = sign(&secret(transaction.from().into()), transaction, authorization);
    ForcedTransaction::new(&signed, TIMESTAMP)
}

impl Case {
    fn new(name: &'static str, forced: ForcedTransaction) -> Self {
        Self { name, world: World::new(), forced }
    }

    fn in_world(mut self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self.world);
        self
    }

    /// Whether the condition fails.
    fn fails(&self, fault: Fault) -> bool {
        let forced = &self.forced;
        let transaction = &forced.transaction;
        let payer = self.world.leaf(transaction.from().into());
        let key = Key(std::array::from_fn(|i| payer[i]));
        let [token, nonce, balance] = [5, 6, 7].map(|i| payer[i].as_canonical_u64());
        let decodes = Affine::decode(&key.0).is_some();
        match fault {
            Fault::Late => forced.expiry != 0 && forced.expiry < forced.enqueued,
            Fault::Token => token != u64::from(forced.token),
            Fault::Nonce => nonce != u64::from(forced.nonce),
            Fault::NonceExhausted => nonce == u64::from(u32::MAX),
            Fault::Amount => balance < transaction.amount(),
            Fault::Fee => balance
                .checked_sub(transaction.amount())
                .is_some_and(|rest| rest < transaction.fee()),
            Fault::Payee => match *transaction {
                Transaction::Transfer { to, .. } => {
                    let payee = self.world.leaf(to.into());
                    let key: Key = forced.recipient.into();
                    payee[..5] != key.0 || payee[TOKEN] != F::from_u16(forced.token)
                }
                _ => false,
            },
            Fault::Ids => {
                let exhausted = self.world.context.running.next_id == element(1 << 32);
                exhausted && matches!(transaction, Transaction::TransferToNew { .. })
            }
            Fault::Key => !decodes,
            // Claimed for the nonce of the leaf only.
            Fault::Signature => {
                let signed = forced.signed(domain());
                let message = message_digest(&signed.transaction, &signed.authorization);
                let signature: Signature = signed.signature.into();
                decodes && !self.fails(Fault::Nonce) && !verify(&key, &message, &signature)
            }
            Fault::Overflow => false,
        }
    }

    /// Whether there is a proof of this claim.
    fn proves(&self, claim: Option<Fault>) -> bool {
        let mut world = self.world.clone();
        world.force(&self.forced, claim);
        world.proves()
    }
}

fn cases() -> Vec<Case> {
    let pay = |to| transfer_of(ALICE, to, 1_000, 20);
    let key = public(NEXT_ID);
    let from = ALICE as u32;
    let to_new = Transaction::TransferToNew { from, key, amount: 1_000, fee: 20 };
    let withdraw = Transaction::Withdraw { from, recipient: [0xff; 20], amount: FUNDS, fee: 0 };
    let change = Transaction::ChangeKey { from, key, fee: FUNDS };
    let plain = |transaction| forced(transaction, |_| {});
    let most = (1 << 62) - 1;
    let bob = |authorization: &mut Authorization| authorization.recipient = public(BOB);
    let foreign = |a: &mut Authorization| a.domain = Word::new([1; 31]);
    let mut cases = vec![
        Case::new("transfer", plain(pay(BOB))),
        Case::new("unpackable", plain(transfer_of(ALICE, BOB, 123_456_789, 2_049))),
        Case::new("to oneself", plain(transfer_of(ALICE, ALICE, FUNDS - 5, 5))),
        Case::new("to the fee leaf", plain(pay(0))),
        Case::new("from the fee leaf", plain(transfer_of(0, 0, 50, 3))),
        Case::new("to new", plain(to_new)),
        Case::new("withdraw", plain(withdraw)),
        Case::new("change key", plain(change)),
        Case::new("in time", forced(pay(BOB), |a| a.expiry = TIMESTAMP)),
        Case::new("late", forced(pay(BOB), |a| a.expiry = TIMESTAMP - 1)),
        Case::new("long ago", forced(to_new, |a| a.expiry = 1)),
        Case::new("token", forced(withdraw, |a| a.token = 1)),
        Case::new("nonce", forced(pay(BOB), |a| a.nonce += 1)),
        Case::new("replay", forced(change, |a| a.nonce -= 1)),
        Case::new("amount", plain(transfer_of(ALICE, BOB, FUNDS + 1, 0))),
        Case::new("most", plain(transfer_of(ALICE, BOB, most, most))),
        Case::new("fee", plain(transfer_of(ALICE, BOB, FUNDS, 1))),
        Case::new("largest fee", plain(transfer_of(ALICE, BOB, 0, most))),
        Case::new("recipient", forced(pay(ALICE), bob)),
        Case::new("no recipient", forced(pay(NEXT_ID), bob)),
        Case::new("recipient's token", plain(pay(CAROL))),
        Case::new("last id", forced(pay(u64::from(u32::MAX)), bob)),
        Case::new("no payer", plain(transfer_of(NEXT_ID, BOB, 0, 0))),
        Case::new("neither", plain(transfer_of(77, 78, 0, 0))),
        Case::new("foreign", forced(pay(BOB), foreign)),
        Case::new(
            "all at once",
            forced(transfer_of(CAROL, NEXT_ID, most, 1), |a| {
                *a = Authorization {
                    token: 0,
                    nonce: 0,
                    expiry: 1,
                    domain: a.domain,
                    recipient: key,
                };
            }),
        ),
    ];
    let last = |world: &mut World| world.edit(ALICE, |leaf| leaf[NONCE] = element(u32::MAX.into()));
    cases.push(Case::new("spent", forced(pay(BOB), |a| a.nonce = u32::MAX)).in_world(last));
    let full = |world: &mut World| {
        world.edit_start(|context| context.running.next_id = element(1 << 32));
    };
    cases.push(Case::new("no id", plain(to_new)).in_world(full));
    cases.push(Case::new("no id needed", plain(pay(BOB))).in_world(full));
    // The balance near its end: nothing wraps around.
    let rich = |world: &mut World| {
        world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
    };
    cases.push(Case::new("rich", plain(transfer_of(ALICE, BOB, 1, 1))).in_world(rich));
    cases.push(Case::new("rich and most", plain(transfer_of(ALICE, BOB, most, 0))).in_world(rich));

    let mut broken = plain(pay(BOB));
    for limb in 0..5 {
        let mut s = broken.signature.s();
        s[limb] ^= 1 << 7;
        broken.signature = cairn_types::Signature::new(broken.signature.e(), s).unwrap();
        cases.push(Case::new("response", broken));
    }
    let mut broken = plain(pay(BOB));
    let [e0, e1] = broken.signature.e();
    broken.signature = cairn_types::Signature::new([e0, e1 ^ 1], broken.signature.s()).unwrap();
    cases.push(Case::new("challenge", broken));

    // Keys that anyone can put into a leaf.
    let undecodable = [
        135036726621282077,
        17283229938160287622,
        13113167081889323961,
        1653240450380825271,
        520025869628727862,
    ];
    let quadruple = Point::from(*start()).double().double().to_affine().unwrap();
    let points = [quadruple, quadruple.neg(), generator(), generator().neg()];
    let keys = points.map(|point| point.encode()).into_iter().chain([undecodable.map(F::new)]);
    for key in keys {
        let mut claim = plain(pay(BOB));
        claim.signature = cairn_types::Signature::new([0, 1 << 62], [3, 0, 0, 0, 0]).unwrap();
        let edit = |world: &mut World| {
            world.edit(ALICE, |leaf| leaf[..5].copy_from_slice(&key));
        };
        cases.push(Case::new("adversarial key", claim).in_world(edit));
    }
    cases
}

/// The worlds in which a claim is proven, one a claim and kind, by name.
pub(super) fn proven() -> Vec<(String, World)> {
    let mut proven = std::collections::BTreeMap::new();
    for case in cases() {
        for claim in CLAIMS.into_iter().filter(|&claim| case.proves(claim)) {
            let mut world = case.world.clone();
            world.force(&case.forced, claim);
            let name = format!("{}, {claim:?}", case.name);
            let head = world.rows[0].kind.0.iter().position(|&selector| selector == F::ONE);
            proven.entry((head, format!("{claim:?}"))).or_insert((name, world));
        }
    }
    proven.into_values().collect()
}

#[test]
fn exactly_the_true_claims_are_proven() {
    for case in cases() {
        let faults = CLAIMS.into_iter().flatten();
        let holds = faults.clone().all(|fault| !case.fails(fault));
        for claim in CLAIMS {
            let expected = claim.map_or(holds, |fault| case.fails(fault));
            assert_eq!(case.proves(claim), expected, "{}: {claim:?}", case.name);
        }
        // Whatever it is, there is a proof.
        assert!(holds || faults.into_iter().any(|fault| case.fails(fault)), "{}", case.name);
    }
}

/// A head stands before its tail, and neither stands alone.
#[test]
fn heads_and_tails_go_together() {
    let first = forced(transfer_of(ALICE, BOB, 1, 0), |_| {});
    let second = forced(transfer_of(CAROL, CAROL, 2, 0), |_| {});
    let rows = |rows: &[(&ForcedTransaction, usize)]| {
        let mut world = World::new();
        for &(forced, row) in rows {
            let operand = OperandValues::forced(forced, None)[row];
            let values = super::super::values::ForcedValues::new(forced, None);
            world.push(operand, |row| row.forced = values, |_| {});
        }
        world.proves()
    };
    assert!(rows(&[(&first, 0), (&first, 1), (&second, 0), (&second, 1)]));
    assert!(!rows(&[(&first, 0)]));
    assert!(!rows(&[(&first, 1)]));
    assert!(!rows(&[(&first, 0), (&second, 1)]));
    assert!(!rows(&[(&first, 1), (&first, 0)]));
    assert!(!rows(&[(&first, 0), (&second, 0), (&first, 1), (&second, 1)]));
    assert!(!rows(&[(&first, 0), (&first, 1), (&first, 1)]));
}

/// After data there is no forced transaction either.
#[test]
fn forced_transactions_come_first() {
    let mut world = World::new();
    world.execute(transfer());
    let late = forced(transfer_of(CAROL, CAROL, 2, 0), |_| {});
    world.force(&late, None);
    assert!(!world.proves());
}

/// What is said in words, done to the state or proven by other tables is bound in both rows, whatever the claim.
#[test]
fn columns_of_both_rows_are_bound() {
    let c = columns();
    for case in cases() {
        for claim in CLAIMS.into_iter().filter(|&claim| case.proves(claim)) {
            let mut world = case.world.clone();
            world.force(&case.forced, claim);
            let executed = claim.is_none();
            let hashed = matches!(claim, None | Some(Fault::Signature));

            let target = c.operand.target.map(|e| [&e.low.0[..], &e.high].concat()).concat();
            let payee = &c.operand.payee;
            let content = [
                &[c.clock][..],
                &c.kind.0,
                &target,
                &c.operand.token.0,
                &c.operand.amount.0,
                &c.operand.fee.0,
                &[payee.from_16.0[0], payee.from_10.0[0], payee.from_6.0[0], payee.from_0.0[0]],
                &c.authorization.expiry.0,
                &c.payer.key,
                &c.payer.nonce.0,
                &c.words.after_one,
                &c.words.after_two,
            ]
            .concat();
            let mut head = [&content[..], &[c.operand.forced_type]].concat();
            head.extend(
                [&[c.operand.payer, c.payer.token, c.payer.balance][..], &c.payer.gap.0].concat(),
            );
            if hashed {
                head.extend(c.authorization.capacities.as_flattened());
            }
            head.extend(c.authorization.digest);
            if executed {
                head.extend([&c.fee_leaf.gap.0[..], &c.fee_leaf.key].concat());
                head.extend(c.fee_leaf.balance_after.0);
            } else {
                head.push(c.words.after_third[2]);
                // The nonce's difference is part of what is relayed, but for a signature.
                if claim != Some(Fault::Signature) {
                    head.push(c.payee.nonce);
                }
                if matches!(claim, Some(Fault::Amount | Fault::Fee)) {
                    head.extend(c.payee.balance_after.0);
                }
                if claim == Some(Fault::Key) {
                    head.extend(c.fee_leaf.key);
                    head.extend(&c.authorization.capacities.as_flattened()[..5]);
                }
            }
            let mut tail = [&content[..], &c.words.after_third, &c.authorization.digest].concat();
            tail.extend([&c.payee.balance_after.0[..], &c.fee_leaf.key[..4]].concat());
            tail.extend([c.fee_leaf.token, c.fee_leaf.nonce, c.fee_leaf.key[4]]);
            for (row, bound) in [(0, head), (1, tail)] {
                let free = free_columns(&world, row);
                let loose: Vec<_> = bound.iter().filter(|column| free.contains(column)).collect();
                assert!(loose.is_empty(), "{}, {claim:?}, row {row}: {loose:?}", case.name);
            }
        }
    }
}

/// Nothing but the transaction's own leaves is touched, and the words are those of L1.
#[test]
fn outcomes_are_those_of_the_reference() {
    for case in cases() {
        for claim in CLAIMS.into_iter().filter(|&claim| case.proves(claim)) {
            let mut world = case.world.clone();
            world.force(&case.forced, claim);
            let after = judge(&world.table(), &world.leaves_before, &[]).unwrap();
            let words = case.forced.words().unwrap();
            let stream = words.iter().fold(cairn_types::Stream::default(), |stream, word| {
                cairn_state::absorb(&stream, word)
            });
            let priority = world.context.running.priority;
            assert_eq!(priority.digest, stream.digest.elements().map(F::from_u64), "{}", case.name);
            assert_eq!(priority.count, F::from_u8(5));
            if claim.is_some() {
                let before = &world.leaves_before;
                let changed = after
                    .iter()
                    .filter(|(id, leaf)| before.get(id).copied().unwrap_or_default() != **leaf);
                assert_eq!(changed.count(), 0, "{}, {claim:?}", case.name);
                assert_eq!(world.context.running.next_id, world.start.running.next_id);
                assert_eq!(world.context.running.withdrawal.count, F::ZERO);
            }
        }
    }
}
