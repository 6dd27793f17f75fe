//! No combination of cells of the tree is free: see [`crate::rank`].

use super::*;
use crate::bus;
use crate::rank::{Binds, Case, Message, Model, Program, is_said, not_needed};
use crate::tree::columns::{AFTER, BEFORE};

/// What others say of what a row says. Before the chunk the tree is bound from the root downwards,
/// after it from the leaves upwards; places are bound from the root.
fn binds(message: &Message) -> Vec<Binds> {
    if message.bus == bus::MEMORY.name() {
        // The leaf as the last access has left it, and when that was.
        return if is_said(message) {
            vec![]
        } else {
            vec![Binds::Answer { key: 0..1, value: 1..10 }]
        };
    }
    assert_eq!(message.bus, bus::NODE.name());
    if message.index != SPEAKS {
        return vec![Binds::Tied, Binds::Given(6..10)];
    }
    vec![
        Binds::Tied,
        Binds::Given(0..6),
        Binds::Digest { inputs: BEFORE..BEFORE + 8, value: 2..6 },
        Binds::Digest { inputs: AFTER..AFTER + 8, value: 6..10 },
    ]
}

/// Constraints of both blocks, which come first.
const OF_BLOCKS: usize = 344;
const LEVEL: usize = 5;
const INDEX: usize = 6;
const LAST_TIME: usize = 7;

/// The message of a node to its parent, the last of a row.
const SPEAKS: usize = 4;

fn model() -> Model {
    let heads = ["is_leaf", "is_node", "is_root", "touched[0]", "touched[1]"];
    let places = ["level", "index", "last_time"];
    let mut names: Vec<String> = heads.iter().chain(&places).map(|&name| name.into()).collect();
    for (block, start) in [("before", BEFORE), ("after", AFTER)] {
        assert_eq!(names.len(), start);
        let inputs = (0..8).map(|i| format!("{block}.inputs[{i}]"));
        names.extend(inputs.chain((8..AFTER - BEFORE).map(|i| format!("{block}[{i}]"))));
    }
    Model { binds, names }
}

/// Of a node its time, which nobody hears of; of padding everything that its blocks follow from.
fn free(table: &mut Table<TreeAir>, rows: &[usize]) -> Vec<(usize, usize)> {
    let mut free = Vec::new();
    for (place, &at) in rows.iter().enumerate() {
        let &mut TreeColumns { is_leaf, is_node, .. } = row(table, at);
        let of_node = [LAST_TIME];
        let of_padding = [LEVEL, INDEX, LAST_TIME].into_iter();
        let of_padding = of_padding.chain(BEFORE..BEFORE + 8).chain(AFTER..AFTER + 8);
        match (is_leaf == F::ONE, is_node == F::ONE) {
            (true, _) => {}
            (_, true) => free.extend(of_node.map(|column| (place, column))),
            _ => free.extend(of_padding.map(|column| (place, column))),
        }
    }
    free
}

/// All rows at once: nothing is given but the roots and what memory says of the leaves.
#[test]
fn a_tree_follows_from_its_roots_and_leaves() {
    let mut table = table();
    let rows: Vec<_> = (0..HEIGHT).collect();
    let free = free(&mut table, &rows);
    Case::new("tree", &table, &Program::new(&TreeAir), &rows, free).check(&model());
}

/// One row of each kind, beside others that stand still: every constraint is needed. Of those of the
/// blocks, which are alike, some are tried; the tables of hashes try all.
#[test]
fn every_constraint_is_needed() {
    let mut table = table();
    let rows = [LEAF, LEAF + 1, PARENT, NODE, PADDING, ROOT];
    let free = free(&mut table, &rows);
    let program = Program::new(&TreeAir);
    let case = Case::new("rows", &table, &program, &rows, free);
    case.check(&model());
    let of_blocks = (0..OF_BLOCKS).step_by(43);
    let constraints = of_blocks.chain(OF_BLOCKS..program.constraints());
    assert_eq!(not_needed(&[case], &model(), &program, constraints), (vec![], vec![]));
}
