//! No combination of cells of signatures is free: see [`crate::rank`].

use super::*;
use crate::bus::{ABSORB, COMBINATION, FIXED_BASE, MULTIPLE, RANGE, SIGNED, SQUEEZE};
use crate::rank::{Binds, Case, Message, Model, Program, names, not_needed};
use crate::signature::steps::RESULT;

/// What others say of what a signature's row says.
fn binds_signature(message: &Message) -> Vec<Binds> {
    let is = |name: &str| message.bus == name;
    if is(RANGE.name()) {
        vec![Binds::Bounded(0)]
    } else if is(ABSORB.name()) || is(SQUEEZE.name()) {
        vec![Binds::Hash { key: 0..12, value: 12..16 }]
    } else if is(SIGNED.name()) {
        // Who signs what, and of a judgement the signature: all but the verdict.
        vec![Binds::Given(0..24)]
    } else if is(MULTIPLE.name()) {
        vec![Binds::Counted]
    } else {
        assert!(is(COMBINATION.name()), "{}", message.bus);
        // Where the loop of this number has come; or the limbs that it has read, of which it says only that they
        // are below 2^32.
        let is_result = message.fields[1].value == RESULT;
        vec![if is_result { Binds::Given(2..13) } else { Binds::Bounded(2) }]
    }
}

/// What others say of what a step says: of each number there are few entries, so that none moves.
fn binds_step(message: &Message) -> Vec<Binds> {
    if message.bus == COMBINATION.name() {
        return vec![];
    }
    let first = usize::from(message.bus == MULTIPLE.name());
    assert!(first == 1 || message.bus == FIXED_BASE.name());
    vec![Binds::Given(first..message.fields.len())]
}

fn signature_columns() -> Signatures<usize> {
    let columns: [usize; Signatures::<u8>::WIDTH] = std::array::from_fn(|i| i);
    let columns: &Signatures<usize> = columns.as_slice().borrow();
    *columns
}

fn step_columns() -> Steps<usize> {
    let columns: [usize; Steps::<u8>::WIDTH] = std::array::from_fn(|i| i);
    let columns: &Steps<usize> = columns.as_slice().borrow();
    *columns
}

fn signature_model() -> Model {
    Model { binds: binds_signature, names: names(&signature_columns()) }
}

fn integers() -> [Vec<usize>; 3] {
    let c = signature_columns();
    [c.e[..2].to_vec(), c.e[2..].to_vec(), c.s2_slack.0.to_vec()]
}

fn step_model() -> Model {
    Model { binds: binds_step, names: names(&step_columns()) }
}

/// Of any signature: it is the signer's, and makes the commitment.
fn response() -> Vec<usize> {
    let c = signature_columns();
    [&c.s.concat()[..], &[c.s2_low], &c.s2_slack.0].concat()
}

/// A table of two signatures, one of which fills it up.
fn two() -> Case {
    let c = signature_columns();
    let tables = Tables::fill(2, &[signed(0)]);
    // Nothing is refused, so that nothing must be inverted.
    let accepted = [&response()[..], &c.difference_inverse].concat();
    // Nobody hears of the other signature: it is one of any key, for any challenge.
    let filling = [
        &accepted[..],
        &[c.judged],
        &c.key,
        &c.message,
        &c.e,
        &c.below_max,
        &c.capacity,
        &c.digest_rest,
    ]
    .concat();
    let free = [(0, accepted), (1, filling)];
    let free = free.into_iter().flat_map(|(row, columns)| columns.into_iter().map(move |c| (row, c)));
    let program = Program::new(&SignaturesAir);
    let case = Case::new("two", &tables.signatures, &program, &[0, 1], free.collect());
    case.integers(0, &integers()).integers(1, &integers())
}

/// A signature that is judged, and free columns.
fn judged(name: &str, claim: &SignedMessage, free: &[usize]) -> Case {
    let tables = Tables::fill(1, &[SignedMessage { judged: true, ..*claim }]);
    let free = free.iter().map(|&column| (0, column)).collect();
    let program = Program::new(&SignaturesAir);
    Case::new(name, &tables.signatures, &program, &[0], free).integers(0, &integers())
}

/// Operands of this signature meet in the first row of its loop.
fn meeting() -> SignedMessage {
    let quadruple = affine(Jacobian::from(*cairn_primitives::schnorr::start()).double().double());
    let key = cairn_primitives::schnorr::PublicKey(quadruple.encode());
    let signature = cairn_primitives::schnorr::Signature {
        e: [F::ZERO, F::new(1 << 62)],
        s: [3, 0, 0, 0, 0],
    };
    SignedMessage { key, signature, judged: true, ..signed(0) }
}

#[test]
fn signatures_follow_from_key_message_and_response() {
    let c = signature_columns();
    let mut invalid = signed(0);
    invalid.signature.s[1] ^= 1;
    let cases = [
        two(),
        judged("accepted", &signed(0), &c.difference_inverse),
        // Both differences are there to be inverted, and one does.
        judged("refused", &invalid, &c.difference_inverse[..1]),
        // Nothing else refuses it, and the low limbs of its challenge are zero.
        judged("met", &meeting(), &[&c.difference_inverse[..1], &c.below_max].concat()),
    ];
    let model = signature_model();
    cases.iter().for_each(|case| case.check(&model));
    let program = Program::new(&SignaturesAir);
    let constraints = 0..program.constraints();
    // That a signature is refused if operands have met is a check of what the loop says.
    assert_eq!(not_needed(&cases, &model, &program, constraints), (vec![42], vec![]));
}

/// The message of a step that nobody answers.
const SAID: usize = 2;

/// All rows of a loop, and those of another before which it stops.
#[test]
fn steps_follow_from_what_is_added() {
    let c = step_columns();
    let program = Program::new(&StepsAir);
    let free = |tables: &mut Tables| {
        let mut free = Vec::new();
        for row in 0..2 * ROWS {
            let step = tables.step(row);
            let meets = step.meets_multiple.into_iter().chain(step.meets_entry).sum::<F>() == F::ONE;
            // A line that no multiple is on, or two that are the same point.
            if step.skip == F::ONE || step.meets_multiple != [F::ZERO; 2] {
                free.extend(c.multiple_slope.map(|column| (row, column)));
            }
            // Five coefficients in one equation, or in none.
            let distinct = if meets { &c.distinct[..] } else { &c.distinct[..4] };
            free.extend(distinct.iter().map(|&column| (row, column)));
        }
        free
    };
    let rows: Vec<_> = (0..2 * ROWS).collect();
    let cases = [signed(0), meeting()].map(|claim| {
        let mut tables = Tables::fill(2, &[claim]);
        let free = free(&mut tables);
        Case::new("steps", &tables.steps, &program, &rows, free)
    });
    let model = step_model();
    cases.iter().for_each(|case| case.check(&model));
    // That operands meet is said by bits, which other bits exclude.
    let bits = (22..=38).collect();
    let constraints = 0..program.constraints();
    assert_eq!(not_needed(&cases, &model, &program, constraints), (bits, vec![SAID]));
}

#[test]
fn fixed_base_is_known() {
    let program = Program::new(&FixedBaseAir);
    let names = (0..15).map(|i| i.to_string()).collect();
    let model = Model { binds: |_| vec![Binds::Counted], names };
    let tables = Tables::fill(1, &[signed(0)]);
    let rows: Vec<_> = (0..FIXED_BASE_ROWS).collect();
    let case = Case::new("fixed base", &tables.fixed_base, &program, &rows, vec![]);
    case.check(&model);
    let constraints = 0..program.constraints();
    assert_eq!(not_needed(&[case], &model, &program, constraints), (vec![], vec![]));
}
