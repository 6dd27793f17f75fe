//! The tables that answer others: what they say is asked for, and the rest follows from that.

use super::*;
use crate::bus::{ABSORB, COMPRESS, SQUEEZE};
use crate::compression::{self, CompressionAir};
use crate::range::{self, RangeAir};
use crate::requests::{Requests, SpongeRequest};
use crate::sponge::{self, SpongeAir};

/// Who asks decides of what, and how often.
fn binds(message: &Message) -> Vec<Binds> {
    let inputs = match message.bus.as_str() {
        bus if bus == COMPRESS.name() => 8,
        bus if bus == ABSORB.name() || bus == SQUEEZE.name() => 12,
        // Every entry is known beforehand.
        _ => 0,
    };
    vec![Binds::Given(0..inputs), Binds::Counted]
}

fn model(names: &[&str], inputs: usize, width: usize) -> Model {
    let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    names.extend((0..inputs).map(|i| format!("inputs[{i}]")));
    names.extend((names.len()..width).map(|i| format!("block[{i}]")));
    Model { binds, names }
}

const NONE: (Vec<usize>, Vec<usize>) = (vec![], vec![]);

/// A permutation that nobody asks for is one of any input.
fn any_input(counts: usize, inputs: usize) -> Vec<(usize, usize)> {
    (counts..counts + inputs).map(|column| (0, column)).collect()
}

#[test]
fn sponge_follows_from_its_inputs() {
    let input = |i| [i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(F::new);
    let sponge = vec![SpongeRequest::Absorb(input(0)), SpongeRequest::Squeeze(input(1))];
    let requests = Requests { sponge, ..Requests::default() };
    let table = Table::new(SpongeAir, sponge::trace(&requests, 4).unwrap(), vec![]);
    let (model, program) = (model(&["absorb", "squeeze"], 12, 250), Program::new(&SpongeAir));
    let case = |row: usize, free| Case::new("sponge", &table, &program, &[row], free);
    let cases = [case(0, vec![]), case(1, vec![]), case(2, any_input(2, 12))];
    cases.iter().for_each(|case| case.check(&model));
    assert_eq!(not_needed(&cases, &model, &program, 0..program.constraints()), NONE);
}

#[test]
fn compressions_follow_from_their_inputs() {
    let compressions = (0..3).map(|i| [i, 1, 2, 3, 4, 5, 6, 7].map(F::new)).collect();
    let requests = Requests { compressions, ..Requests::default() };
    let table = Table::new(CompressionAir, compression::trace(&requests, 4).unwrap(), vec![]);
    let (model, program) = (model(&["multiplicity"], 8, 181), Program::new(&CompressionAir));
    let case = |row: usize, free| Case::new("compressions", &table, &program, &[row], free);
    let cases = [case(0, vec![]), case(3, any_input(1, 8))];
    cases.iter().for_each(|case| case.check(&model));
    assert_eq!(not_needed(&cases, &model, &program, 0..program.constraints()), NONE);
}

#[test]
fn range_is_known() {
    let table = Table::new(RangeAir, range::trace(&Requests::default()), vec![]);
    let (model, program) = (model(&["value", "multiplicity"], 0, 2), Program::new(&RangeAir));
    let rows: Vec<_> = (0..table.trace.height()).collect();
    let cases = [Case::new("range", &table, &program, &rows, vec![])];
    cases[0].check(&model);
    assert_eq!(not_needed(&cases, &model, &program, 0..program.constraints()), NONE);
}
