//! What no proof may do to the state.

use super::*;
use cairn_types::{Digest, Signature};
use plonky2::{field::types::Field64, iop::witness::WitnessWrite};
use tree::{BALANCE, Leaf, NONCE, TOKEN};
use world::{FIRST_NONCE, FUNDS, TIMESTAMP, secret, sign};

const MINUS_ONE: F = F::NEG_ONE;

fn refuses(operand: OperandValues) -> bool {
    !executes(&mut World::new(), &[operand])
}

/// Without it no refusal below would mean anything.
#[test]
fn every_kind_executes() {
    for operand in every_kind() {
        assert!(executes(&mut World::new(), &[operand]), "{:?}", operand.kind);
    }
    assert!(executes(&mut World::new(), &[]));
}

#[test]
fn exactly_one_selector() {
    let with = |selectors: &[(Kind, F)]| {
        executes_forged(&mut World::new(), OperandValues::default(), |_, hints| {
            hints.selectors.fill(F::ZERO);
            for &(kind, value) in selectors {
                hints.selectors[kind as usize] = value;
            }
        })
    };
    assert!(with(&[(Kind::Noop, F::ONE)]));
    assert!(!with(&[]));
    assert!(!with(&[(Kind::Noop, F::ONE), (Kind::PairSecond, F::ONE)]));
    // A deposit backwards.
    let reversed = executes_forged(&mut World::new(), deposit(), |_, hints| {
        hints.selectors.fill(F::ZERO);
        hints.selectors[Kind::Noop as usize] = F::TWO;
        hints.selectors[Kind::Deposit as usize] = MINUS_ONE;
        hints.target_inverse = hints.target_inverse.map(|inverse| -inverse);
    });
    assert!(!reversed);
}

#[test]
fn negative_balance() {
    let spend = |amount, fee| OperandValues {
        kind: Kind::LongTransfer,
        amount: element(amount),
        fee: element(fee),
        ..transfer()
    };
    assert!(!refuses(spend(FUNDS - 2051, 2051)));
    assert!(refuses(spend(FUNDS - 2051, 2052)), "-1 after the fee");
    assert!(refuses(spend(FUNDS + 1, 0)), "-1 after the amount");
    let most = (1 << 62) - 1;
    assert!(refuses(spend(most, most)), "amount + fee - balance wraps around p");
    let poor = &mut World::new();
    poor.edit(ALICE, |leaf| leaf[BALANCE] = element(0));
    assert!(!executes(poor, &[spend(most, most)]), "amount + fee wraps around p");
}

#[test]
fn balance_of_2_63() {
    let rich = |id: u32, balance: u64| {
        let mut world = World::new();
        world.edit(id, |leaf| leaf[BALANCE] = element(balance));
        world
    };
    let limit = 1 << 63;
    assert!(executes(&mut rich(BOB, limit - 1001), &[transfer()]));
    assert!(!executes(&mut rich(BOB, limit - 1000), &[transfer()]), "payee");
    assert!(executes(&mut rich(0, limit - 21), &[transfer()]));
    assert!(!executes(&mut rich(0, limit - 20), &[transfer()]), "fee leaf");
    assert!(executes(&mut rich(CAROL, limit - 5001), &[deposit()]));
    assert!(!executes(&mut rich(CAROL, limit - 5000), &[deposit()]), "deposit");
}

#[test]
fn amount_and_fee_out_of_range() {
    let rich = |operand| {
        let mut world = World::new();
        world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
        executes(&mut world, &[operand])
    };
    let most = element((1 << 62) - 1);
    let long = OperandValues { kind: Kind::LongTransfer, ..transfer() };
    assert!(rich(OperandValues { amount: most, ..long }));
    assert!(rich(OperandValues { fee: most, ..long }));
    for value in [element(1 << 62), MINUS_ONE] {
        for operand in [long, transfer()] {
            assert!(!rich(OperandValues { amount: value, ..operand }), "amount {value}");
            assert!(!rich(OperandValues { fee: value, ..operand }), "fee {value}");
        }
        assert!(refuses(OperandValues { amount: value, ..deposit() }), "deposit of {value}");
    }
    assert!(refuses(OperandValues { amount: F::ONE, ..register() }));
    assert!(refuses(OperandValues { amount: F::ONE, ..change_key() }));
}

#[test]
fn nonces() {
    let forge_nonce = |nonce: u64| {
        executes_forged(&mut World::new(), transfer(), |slot, _| {
            slot.signature =
                sign(&slot.operand, World::new().domain, element(nonce), &secret(ALICE));
        })
    };
    assert!(forge_nonce(FIRST_NONCE));
    assert!(!forge_nonce(FIRST_NONCE - 1), "replay");
    assert!(!forge_nonce(FIRST_NONCE + 1), "ahead of its turn");

    // The same signature twice.
    let mut world = World::new();
    let (environment, before) = (world.environment(), world.running());
    let first = world.execute(transfer());
    let again = world.execute_with(transfer(), first.signature);
    assert!(!proves(&environment, &before, &[first, again].map(with_hints)));
    let mut world = World::new();
    assert!(executes(&mut world, &[transfer(), transfer()]));

    for (nonce, valid) in [((1 << 32) - 2, true), ((1 << 32) - 1, false)] {
        let mut world = World::new();
        world.edit(ALICE, |leaf| leaf[NONCE] = element(nonce));
        assert_eq!(executes(&mut world, &[transfer()]), valid, "nonce {nonce}");
    }
}

#[test]
fn wrong_siblings_and_leaves() {
    let forged = |operand, forge: fn(&mut SlotValues)| {
        executes_forged(&mut World::new(), operand, |slot, hints| {
            forge(slot);
            *hints = Hints::new(slot);
        })
    };
    assert!(!forged(transfer(), |slot| slot.payer.siblings[31][3] += F::ONE));
    assert!(!forged(transfer(), |slot| slot.payee.siblings[0][0] += F::ONE));
    assert!(!forged(transfer(), |slot| slot.fee.siblings[16][1] += F::ONE));
    assert!(!forged(deposit(), |slot| slot.payer.siblings[5][2] += F::ONE));
    assert!(!forged(transfer(), |slot| slot.payer.before[7] += F::ONE));
    assert!(!forged(transfer(), |slot| slot.payee.before[7] += F::ONE));
    assert!(!forged(transfer(), |slot| slot.fee.before[7] += F::ONE));
    // Not read, so free.
    assert!(forged(withdraw(), |slot| slot.payee.siblings[0][0] += F::ONE));
}

#[test]
fn ids_of_33_bits() {
    for operand in [transfer(), transfer_to_new(), deposit(), deposit_to_new()] {
        let beyond = element(1 << 32);
        for forge in [
            |slot: &mut SlotValues, by| slot.operand.payer += by,
            |slot: &mut SlotValues, by| slot.operand.payee += by,
        ] {
            let mut world = World::new();
            assert!(!executes_forged(&mut world, operand, |slot, _| forge(slot, beyond)));
        }
    }
    let mut full = World::new();
    full.next_id = 1 << 32;
    assert!(!executes(
        &mut full,
        &[OperandValues { payee: element(1 << 32), ..transfer_to_new() }]
    ));
    let mut last = World::new();
    last.next_id = (1 << 32) - 1;
    let payee = element((1 << 32) - 1);
    assert!(executes(&mut last, &[OperandValues { payee, ..transfer_to_new() }]));
}

#[test]
fn new_leaf_out_of_turn_or_occupied() {
    let skip = element(u64::from(NEXT_ID) + 1);
    assert!(refuses(OperandValues { payee: skip, ..transfer_to_new() }));
    assert!(refuses(OperandValues { payee: skip, ..deposit_to_new() }));
    for change in [
        |leaf: &mut Leaf| *leaf = world::account(BOB, 0),
        |leaf: &mut Leaf| leaf[BALANCE] = F::ONE,
        |leaf: &mut Leaf| leaf[NONCE] = F::ONE,
        |leaf: &mut Leaf| leaf[TOKEN] = F::ONE,
    ] {
        for (id, operand) in
            [(NEXT_ID, transfer_to_new()), (NEXT_ID, deposit_to_new()), (2, register())]
        {
            let mut world = World::new();
            world.edit(id, change);
            assert!(!executes(&mut world, &[operand]), "{:?}", operand.kind);
        }
    }
}

#[test]
fn tokens() {
    assert!(refuses(OperandValues {
        token: element(3),
        payer: element(3),
        payee: element(3),
        ..register()
    }));
    assert!(refuses(OperandValues { payee: element(4), ..register() }), "fee leaf elsewhere");
    assert!(refuses(OperandValues { token: F::TWO, ..deposit_to_new() }), "not registered");
    // Carol has token 1.
    let to_carol = OperandValues { payee: element(CAROL.into()), target: key(CAROL), ..transfer() };
    assert!(refuses(to_carol), "token of the payee");
    let pay_token_1 = OperandValues { token: F::ONE, ..to_carol };
    assert!(refuses(pay_token_1), "token of the payer");
    let mut world = World::new();
    world.next_token = 1 << 16;
    let beyond = element(1 << 16);
    let register = OperandValues { token: beyond, payer: beyond, payee: beyond, ..register() };
    assert!(!executes(&mut world, &[register]), "token of 17 bits");
}

#[test]
fn keys() {
    for operand in [transfer_to_new(), change_key(), deposit_to_new(), register()] {
        assert!(refuses(OperandValues { target: [F::ZERO; 5], ..operand }), "{:?}", operand.kind);
    }
    let to_nobody = OperandValues { payee: element(99), target: [F::ZERO; 5], ..transfer() };
    assert!(refuses(to_nobody), "payee that does not exist");
    let to_other = OperandValues { target: key(CAROL), ..transfer() };
    assert!(refuses(to_other), "payee's leaf has another key than the signer meant");
    let redirected = executes_forged(&mut World::new(), transfer(), |slot, hints| {
        slot.operand.target = new_key();
        *hints = Hints::new(slot);
    });
    assert!(!redirected, "key that nobody signed");
}

#[test]
fn deposit_follows_the_match() {
    // To a new leaf, although the named one matches.
    let world = World::new();
    let (environment, before) = (world.environment(), world.running());
    let mut slot = World::new().execute(deposit());
    slot.operand.payee = element(NEXT_ID.into());
    slot.payee = AccessValues { before: [F::ZERO; 8], siblings: world.tree.siblings(NEXT_ID) };
    let mut hints = Hints::new(&slot);
    hints.matches = F::ZERO;
    assert!(!proves(&environment, &before, &[(slot, hints)]), "match denied");

    // To the named leaf, although its key is another.
    let mut slot = World::new().execute(deposit());
    slot.operand.target = new_key();
    let mut hints = Hints::new(&slot);
    hints.matches = F::ONE;
    hints.difference_inverse = [F::ZERO; 6];
    assert!(!proves(&environment, &before, &[(slot, hints)]), "match claimed");

    // To another leaf of the same key and token.
    let mut world = World::new();
    let twin = 99;
    world.edit(twin, |leaf| *leaf = world::account(CAROL, 1));
    let to_twin = OperandValues { payee: element(twin.into()), ..deposit() };
    assert!(!executes(&mut world, &[to_twin]), "twin");

    // Both at once, in a state where the next leaf is taken so that twice the key seems named.
    let mut world = World::new();
    let operand = OperandValues { payer: element(NEXT_ID.into()), ..deposit_to_new() };
    let [k0, k1, k2, k3, k4] = operand.target.map(|element| element.double());
    world.edit(NEXT_ID, |leaf| *leaf = [k0, k1, k2, k3, k4, F::TWO, F::ZERO, F::ZERO]);
    let (environment, before) = (world.environment(), world.running());
    let mut slot = SlotValues { operand, ..Default::default() };
    let leaf = world.tree.get(NEXT_ID);
    slot.payer = AccessValues { before: leaf, siblings: world.tree.siblings(NEXT_ID) };
    slot.payee = slot.payer;
    let mut hints = Hints::new(&slot);
    hints.matches = F::TWO;
    hints.difference_inverse = hints.difference_inverse.map(|inverse| -inverse);
    assert!(!proves(&environment, &before, &[(slot, hints)]), "match that is no bit");
}

#[test]
fn signatures() {
    let signed_as = |operand: OperandValues, forge: fn(&mut OperandValues)| {
        executes_forged(&mut World::new(), operand, |slot, _| {
            let mut other = slot.operand;
            forge(&mut other);
            slot.signature =
                sign(&other, World::new().domain, element(FIRST_NONCE), &secret(ALICE));
        })
    };
    assert!(signed_as(transfer(), |_| ()));
    let forgeries: [fn(&mut OperandValues); 7] = [
        |operand| operand.payer += F::ONE,
        |operand| operand.payee += F::ONE,
        |operand| operand.token += F::ONE,
        |operand| operand.amount += F::ONE,
        |operand| operand.fee += F::ONE,
        |operand| operand.expiry = element(u32::MAX.into()),
        |operand| operand.target[4] += F::ONE,
    ];
    for (i, forge) in forgeries.into_iter().enumerate() {
        assert!(!signed_as(transfer(), forge), "field {i}");
    }
    assert!(!signed_as(change_key(), |operand| operand.kind = Kind::TransferToNew), "type");

    for operand in [transfer(), transfer_to_new(), withdraw(), change_key()] {
        let unsigned = executes_forged(&mut World::new(), operand, |slot, _| {
            slot.signature = Signature::default();
        });
        assert!(!unsigned, "{:?}", operand.kind);
        let by_other = executes_forged(&mut World::new(), operand, |slot, _| {
            slot.signature =
                sign(&slot.operand, World::new().domain, element(FIRST_NONCE), &secret(BOB));
        });
        assert!(!by_other, "{:?}", operand.kind);
    }
}

#[test]
fn other_rollup() {
    let mut world = World::new();
    let (mut environment, before) = (world.environment(), world.running());
    environment.domain = cairn_types::Word::new([0xd1; 31]);
    let slot = with_hints(world.execute(transfer()));
    assert!(!proves(&environment, &before, &[slot]));
}

#[test]
fn expiry() {
    for (expiry, valid) in [
        (0, true),
        (u64::from(TIMESTAMP), true),
        (u64::from(TIMESTAMP) - 1, false),
        (u64::from(u32::MAX), true),
        (1 << 32, false),
        (F::ORDER - 1, false),
    ] {
        let operand = OperandValues { expiry: element(expiry), ..transfer() };
        assert_eq!(!refuses(operand), valid, "expiry {expiry}");
    }
}

/// A timestamp of -1 would be before any expiry.
#[test]
fn timestamp_of_33_bits() {
    let with_timestamp = |timestamp: F| {
        let mut world = World::new();
        let (mut environment, before) = (world.environment(), world.running());
        let values = world.execute(OperandValues { expiry: element(5), ..transfer() });
        // The type has no such timestamp: assign another target in its place.
        environment.circuit_set_root = Digest::new([u64::from(TIMESTAMP), 0, 0, 0]).unwrap();
        let mut target = circuit().target.clone();
        let timestamp_target = target.environment.timestamp;
        target.environment.timestamp = target.environment.circuit_set_root[0];
        let mut inputs = PartialWitness::new();
        target.assign_start(&mut inputs, &environment, &before).unwrap();
        inputs.set_target(timestamp_target, timestamp).unwrap();
        let empty = SlotValues::default();
        for (slot, values) in target.slots.iter().zip([values, empty, empty]) {
            slot.assign(&mut inputs, &values, &Hints::new(&values)).unwrap();
        }
        prove(&circuit().circuit, inputs).is_ok()
    };
    assert!(with_timestamp(F::ONE));
    assert!(!with_timestamp(MINUS_ONE));
}

#[test]
fn order_matters() {
    let mut world = World::new();
    let (environment, before) = (world.environment(), world.running());
    let (first, second) = (world.execute(transfer()), world.execute(withdraw()));
    assert!(proves(&environment, &before, &[first, second].map(with_hints)));
    // Even with the paths that belong to the other order.
    let mut world = World::new();
    let second = world.execute_with(withdraw(), second.signature);
    let first = world.execute_with(transfer(), first.signature);
    assert!(!proves(&environment, &before, &[second, first].map(with_hints)));
}
