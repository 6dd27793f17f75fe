//! What no proof may do to the state.

use super::super::access::Leaf;
use super::super::fill::limbs;
use super::super::values::Found;
use super::world::{FIRST_NONCE, FUNDS, NONCE, TIMESTAMP, TOKEN, account};
use super::*;
use p3_field::{Field, PrimeField64};

const MINUS_ONE: F = F::NEG_ONE;

/// Without it no refusal below would mean anything.
#[test]
fn every_kind_executes() {
    for operand in every_kind() {
        assert!(!refuses(operand), "{:?}", operand.kind);
    }
    assert!(executes(&mut World::new(), &[]));
    assert!(executes(&mut World::new(), &[deposit(), register(), transfer(), withdraw()]));
}

#[test]
fn exactly_one_selector() {
    let with = |selectors: &[(Kind, F)]| {
        executes_forged(OperandValues::default(), |row| {
            row.kind.0.fill(F::ZERO);
            for &(kind, value) in selectors {
                row.kind.0[kind as usize] = value;
            }
        })
    };
    assert!(with(&[(Kind::Noop, F::ONE)]));
    assert!(!with(&[]));
    assert!(!with(&[(Kind::Noop, F::ONE), (Kind::PairSecond, F::ONE)]));
    // A deposit backwards.
    let reversed = executes_forged(deposit(), |row| {
        row.kind.0.fill(F::ZERO);
        row.kind.0[Kind::Noop as usize] = F::TWO;
        row.kind.0[Kind::Deposit as usize] = MINUS_ONE;
        row.operand.target_inverse = -row.operand.target_inverse;
        row.payer.top_up = MINUS_ONE;
    });
    assert!(!reversed);
}

/// Words that are half a pair and half a transfer alone: 1/2 is no bit.
#[test]
fn half_a_pair() {
    let pair = |share: F| {
        let mut world = World::new();
        for kind in [Kind::PairFirst, Kind::PairSecond, Kind::PairFirst, Kind::PairSecond] {
            world.sign(&transfer());
            world.push(
                transfer(),
                |_| {},
                |row| {
                    row.kind.0[kind as usize] = share;
                    row.kind.0[Kind::Single as usize] = F::ONE - share;
                },
            );
        }
        world.proves()
    };
    assert!(pair(F::ONE));
    assert!(pair(F::ZERO));
    assert!(!pair(F::TWO.inverse()));
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
    let all = OperandValues { amount: element(FUNDS), fee: F::ZERO, ..transfer() };
    assert!(!refuses(all));
    assert!(refuses(OperandValues { amount: element(FUNDS + 1), ..all }), "-1 after the amount");
    let most = (1 << 62) - 1;
    assert!(refuses(spend(most, most)), "amount + fee - balance wraps around p");
    let poor = &mut World::new();
    poor.edit(ALICE, |leaf| leaf[BALANCE] = element(0));
    assert!(!executes(poor, &[spend(most, most)]), "amount + fee wraps around p");
}

/// Amount and fee taken at once, so that the balance seems in range: 2^63 - 2^32 + 3 after all.
#[test]
fn amount_goes_first() {
    let most = element((1 << 62) - 1);
    let operand = OperandValues { kind: Kind::LongTransfer, amount: most, fee: most, ..transfer() };
    let mut world = World::new();
    world.edit(ALICE, |leaf| leaf[BALANCE] = F::ZERO);
    world.sign(&operand);
    world.push(operand, |_| {}, |row| row.payer.without_amount = row.payer.balance_after);
    let after = -most - most;
    assert!(after.as_canonical_u64() < 1 << 63);
    assert!(!world.proves());
}

#[test]
fn balance_of_2_63() {
    let rich = |id: u64, balance: u64| {
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
    assert!(rich(OperandValues { amount: most, ..long_transfer() }));
    assert!(rich(OperandValues { fee: most, ..long_transfer() }));
    for value in [element(1 << 62), MINUS_ONE] {
        for operand in [long_transfer(), transfer()] {
            assert!(!rich(OperandValues { amount: value, ..operand }), "amount {value}");
            assert!(!rich(OperandValues { fee: value, ..operand }), "fee {value}");
        }
        assert!(refuses(OperandValues { amount: value, ..deposit() }), "deposit of {value}");
    }
    // Packable, but for their range.
    let (packable, too_much) = (4_000_000_000_000_000_000, 5_000_000_000_000_000_000);
    for (value, valid) in [(packable, true), (too_much, false)] {
        let value = element(value);
        assert_eq!(rich(OperandValues { amount: value, ..transfer() }), valid, "amount {value}");
        assert_eq!(rich(OperandValues { fee: value, ..transfer() }), valid, "fee {value}");
    }
    assert!(refuses(OperandValues { amount: F::ONE, ..register() }));
    assert!(refuses(OperandValues { amount: F::ONE, ..change_key() }));
}

#[test]
fn nonces() {
    let signed_for = |nonce: u64| {
        let mut world = World::new();
        world.sign_as(&transfer(), element(nonce), ALICE);
        world.push(transfer(), |_| {}, |_| {});
        world.proves()
    };
    assert!(signed_for(FIRST_NONCE));
    assert!(!signed_for(FIRST_NONCE - 1), "replay");
    assert!(!signed_for(FIRST_NONCE + 1), "ahead of its turn");

    // The same signature twice.
    let mut world = World::new();
    world.execute(transfer());
    world.push(transfer(), |_| {}, |_| {});
    assert!(!world.proves());
    assert!(executes(&mut World::new(), &[transfer(), transfer()]));

    for (nonce, valid) in [((1 << 32) - 2, true), ((1 << 32) - 1, false)] {
        let mut world = World::new();
        world.edit(ALICE, |leaf| leaf[NONCE] = element(nonce));
        assert_eq!(executes(&mut world, &[transfer()]), valid, "nonce {nonce}");
    }
}

#[test]
fn ids_of_33_bits() {
    let beyond = element(1 << 32);
    for operand in [transfer(), transfer_to_new(), deposit()] {
        let payer = operand.payer + beyond;
        assert!(refuses(OperandValues { payer, ..operand }), "{:?}", operand.kind);
    }
    assert!(refuses(OperandValues { payee: element(BOB) + beyond, ..transfer() }));
    for (next_id, valid) in [((1 << 32) - 1, true), (1 << 32, false)] {
        for operand in [transfer_to_new(), deposit_to_new()] {
            let mut world = World::new();
            world.edit_start(|start| start.running.next_id = element(next_id));
            assert_eq!(executes(&mut world, &[operand]), valid, "next id {next_id}");
        }
    }
}

#[test]
fn occupied_new_leaf() {
    for change in [
        |leaf: &mut Leaf<F>| *leaf = account(BOB, 0),
        |leaf: &mut Leaf<F>| leaf[BALANCE] = F::ONE,
        |leaf: &mut Leaf<F>| leaf[NONCE] = F::ONE,
        |leaf: &mut Leaf<F>| leaf[TOKEN] = F::ONE,
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

/// A transfer to a new leaf that names an id: neither message nor access may say it.
#[test]
fn payee_only_of_transfers() {
    for operand in [transfer_to_new(), withdraw(), change_key()] {
        assert!(refuses(OperandValues { payee: element(BOB), ..operand }), "{:?}", operand.kind);
    }
}

#[test]
fn tokens() {
    assert!(refuses(OperandValues { token: element(3), ..register() }));
    assert!(refuses(OperandValues { token: F::ONE, ..register() }));
    assert!(refuses(OperandValues { token: F::TWO, ..deposit_to_new() }), "not registered");
    // Carol has token 1.
    let to_carol = OperandValues { payee: element(CAROL), target: key(CAROL), ..transfer() };
    assert!(refuses(to_carol), "token of the payee");
    let pay_token_1 = OperandValues { token: F::ONE, ..to_carol };
    assert!(refuses(pay_token_1), "token of the payer");
    // The leaf whose id is the token is empty.
    for (token, valid) in [((1 << 16) - 1, true), (1 << 16, false)] {
        let mut world = World::new();
        world.edit(ALICE, |leaf| *leaf = Default::default());
        world.edit_start(|start| start.running.next_token = element(token));
        let register = OperandValues { token: element(token), ..register() };
        assert_eq!(executes(&mut world, &[register]), valid, "token {token}");
    }
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
    let redirected = executes_with(transfer(), |values| values.operand.target = new_key());
    assert!(!redirected, "key that nobody signed");
}

#[test]
fn deposit_follows_the_match() {
    // To a new leaf, although the named one matches.
    let denied = executes_forged(deposit(), |row| {
        row.payer.top_up = F::ZERO;
        row.payee.balance_after = limbs(row.operand.amount.value());
        row.payee.nonce = F::ZERO;
        row.payee.gap.0 = [F::ONE];
    });
    assert!(!denied, "match denied");

    // To the named leaf, although its key is another.
    let mut world = World::new();
    let found = world.leaf(CAROL);
    world.push(
        deposit_to_new(),
        |values| values.found[1] = Found { leaf: found, gap: F::ZERO },
        |row| {
            row.payer.top_up = F::ONE;
            row.payer.difference_inverse = [F::ZERO; 6];
        },
    );
    assert!(!world.proves(), "match claimed");

    // A top-up that is none of a deposit, of a leaf with the key and token of the operation.
    let own_key = OperandValues { target: key(ALICE), ..transfer_to_new() };
    assert!(!refuses(own_key));
    let claimed = executes_forged(own_key, |row| row.payer.top_up = F::ONE);
    assert!(!claimed, "match of another kind");
}

/// Two top-ups less one new leaf: the payee is the leaf `2 named - next`, with twice the key.
#[test]
fn match_that_is_no_bit() {
    let payee = 2 * CAROL - NEXT_ID;
    let forged = |difference: usize, top_up: F| {
        let named = account(CAROL, 1);
        let [k0, k1, k2, k3, k4, token, ..] =
            std::array::from_fn::<F, 8, _>(|i| named[i] - F::from_bool(i == difference));
        let operand = OperandValues { target: [k0, k1, k2, k3, k4], token, ..deposit() };
        let mut world = World::new();
        let found = [k0, k1, k2, k3, k4, token, F::ZERO, F::ZERO];
        world.edit(payee, |leaf| *leaf = found.map(|element| element.double()));
        let twice = Found { leaf: world.leaf(payee), gap: F::ONE };
        let forge = |values: &mut RowValues| {
            if top_up == F::TWO {
                values.found[1] = twice;
            }
        };
        world.push(operand, forge, |row| {
            row.payer.top_up = top_up;
            row.payer.difference_inverse[difference] = F::ONE - top_up;
        });
        world.proves()
    };
    for difference in 0..6 {
        assert!(forged(difference, F::ZERO));
        assert!(!forged(difference, F::TWO), "difference {difference}");
    }
}

#[test]
fn signatures() {
    let signed_as = |operand: OperandValues, forge: fn(&mut OperandValues)| {
        let mut world = World::new();
        let mut other = operand;
        forge(&mut other);
        world.sign_as(&other, element(FIRST_NONCE), ALICE);
        world.push(operand, |_| {}, |_| {});
        world.proves()
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
    for (operand, other) in [
        (transfer(), Kind::TransferToNew),
        (transfer_to_new(), Kind::ChangeKey),
        (withdraw(), Kind::TransferToNew),
        (change_key(), Kind::TransferToNew),
    ] {
        let mut world = World::new();
        world.sign_as(&OperandValues { kind: other, ..operand }, element(FIRST_NONCE), ALICE);
        world.push(operand, |_| {}, |_| {});
        assert!(!world.proves(), "{:?} signed as {other:?}", operand.kind);
    }

    for operand in [transfer(), long_transfer(), transfer_to_new(), withdraw(), change_key()] {
        let mut unsigned = World::new();
        unsigned.push(operand, |_| {}, |_| {});
        assert!(!unsigned.proves(), "{:?}", operand.kind);
        let mut by_other = World::new();
        by_other.sign_as(&operand, element(FIRST_NONCE), BOB);
        by_other.push(operand, |_| {}, |_| {});
        assert!(!by_other.proves(), "{:?}", operand.kind);
    }
}

#[test]
fn other_rollup() {
    let mut world = World::new();
    world.edit_start(|start| start.domain[3] += F::ONE);
    assert!(!executes(&mut world, &[transfer()]));
}

#[test]
fn expiry() {
    for (expiry, valid) in [
        (0, true),
        (u64::from(TIMESTAMP), true),
        (u64::from(TIMESTAMP) - 1, false),
        (u64::from(u32::MAX), true),
        (1 << 32, false),
        (F::ORDER_U64 - 1, false),
    ] {
        for operand in [transfer(), withdraw()] {
            let operand = OperandValues { expiry: element(expiry), ..operand };
            assert_eq!(!refuses(operand), valid, "expiry {expiry}");
        }
    }
    let expired = OperandValues { expiry: element(u64::from(TIMESTAMP) - 1), ..transfer() };
    for left in [F::ZERO, F::ONE, F::NEG_ONE, element(1 << 32) - F::ONE] {
        let claimed = executes_forged(expired, |row| row.authorization.time_left = limbs(left));
        assert!(!claimed, "left {left}");
    }
}
