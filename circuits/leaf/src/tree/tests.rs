//! The table on real trees: it balances with memory and the public values, and every cell is bound.

mod rank;

use std::borrow::BorrowMut;

use cairn_primitives::F;
use cairn_stark::config::{Parameters, RATE_HALF};
use cairn_stark::native::{Keys, prove, verify};
use cairn_state::{AccountTree, PartialTree};
use cairn_types::{Account, AccountId, Digest, PublicKey};
use p3_field::{Field, PrimeCharacteristicRing};
use p3_matrix::Matrix;

use super::columns::TreeColumns;
use super::trace::{fill, rows};
use super::*;
use crate::table::TooManyRows;
use crate::testing::{Messages, Shape, Table};

const HEIGHT: usize = 128;
/// Leaves that are accessed: two of one parent, one far off; the first of them is only read.
const IDS: [AccountId; 3] = [6, 7, 1 << 20];
/// Rows of their paths: leaves, two nodes a level, one a level, the root.
const ROWS: usize = 3 + 20 * 2 + 12;

fn account(n: u64) -> Account {
    let key = PublicKey::new([n, 1, 2, 3, 4]).unwrap();
    Account { key, token: 9, nonce: 5, balance: 1_000 * n }
}

/// A tree with more leaves than are accessed; one of those is empty.
fn tree() -> AccountTree {
    let mut tree = AccountTree::default();
    for id in [4, 5, 6, 7, 8, u32::MAX] {
        tree.set(id, account(id.into()));
    }
    tree
}

fn accesses() -> [Access; 4] {
    let [read, written, new] = IDS;
    [
        Access { id: written, time: 1, after: account(70) },
        Access { id: read, time: 2, after: account(6) },
        Access { id: new, time: 3, after: account(20) },
        Access { id: written, time: 7, after: account(71) },
    ]
}

/// What the operations say on the bus, by the last accesses.
fn memory() -> Messages {
    let tree = tree();
    let last = [(6, 2, account(6)), (7, 7, account(71)), (1 << 20, 3, account(20))];
    let messages = last.into_iter().flat_map(|(id, time, after)| {
        let message = |time: u64, leaf: Account| {
            let leaf = leaf.to_elements().map(F::new);
            Messages::one("memory", &[&[F::from_u32(id), F::new(time)], &leaf[..]].concat())
        };
        [message(time, after), message(0, tree.get(id)).negated()]
    });
    messages.fold(Messages::default(), Messages::with)
}

fn public(before: Digest, after: Digest) -> Vec<F> {
    [before, after].iter().flat_map(|digest| digest.elements().map(F::new)).collect()
}

fn table() -> Table<TreeAir> {
    let partial = PartialTree::new(&tree().open(&IDS)).unwrap();
    let TreeTrace { rows, before, after } = trace(partial, &accesses(), HEIGHT).unwrap();
    Table::new(TreeAir, rows, public(before, after))
}

fn row(table: &mut Table<TreeAir>, row: usize) -> &mut TreeColumns<F> {
    let width = table.trace.width();
    table.trace.values[row * width..][..width].borrow_mut()
}

const LEAF: usize = 0;
/// The parent of the first two leaves.
const PARENT: usize = 3;
/// The parent's parent, with one touched child, the right.
const NODE: usize = 5;
const PADDING: usize = ROWS;
const ROOT: usize = HEIGHT - 1;

#[test]
fn joins_memory_and_roots() {
    let table = table();
    table.assert_valid();
    table.messages().with(memory()).assert_balance();
    let mut tree = tree();
    let before = tree.root();
    for Access { id, after, .. } in accesses() {
        tree.set(id, after);
    }
    assert_eq!(table.public, public(before, tree.root()));
}

#[test]
fn has_the_documented_size() {
    let shape = Shape { columns: 368, constraints: 373, degree: 3, messages: 5 };
    assert_eq!(Shape::of(&TreeAir), shape);
}

impl cairn_stark::native::Table for TreeAir {
    fn name(&self) -> &'static str {
        "tree"
    }
}

/// Leaves that nobody accesses say what they hear, so that the table can be proven alone.
#[test]
fn is_proven() {
    let parameters = Parameters { queries: 2, query_pow_bits: 1, ..RATE_HALF };
    let keys = Keys::new(parameters, &[TreeAir], &[HEIGHT.ilog2() as usize]).unwrap();
    let partial = PartialTree::new(&tree().open(&IDS)).unwrap();
    let TreeTrace { rows, before, after } = trace(partial, &[], HEIGHT).unwrap();
    assert_eq!(before, after);
    let mut public = [public(before, after)];
    let proof = prove(&keys, &[TreeAir], &[rows], &public).unwrap();
    verify(&keys, &[TreeAir], &proof, &public).unwrap();
    public[0][4] += F::ONE;
    assert!(verify(&keys, &[TreeAir], &proof, &public).is_err());
}

#[test]
fn every_cell_is_bound() {
    let mut table = table();
    let [level, index, last_time] = [5, 6, 7];
    // Nobody hears of a node's time, nor anything of padding.
    let expected = [
        (LEAF, &[][..]),
        (LEAF + 1, &[]),
        (PARENT, &[last_time]),
        (NODE, &[last_time]),
        (PADDING, &[level, index, last_time]),
        (ROOT, &[last_time]),
    ];
    for (row, free) in expected {
        assert_eq!(table.free_columns(row), free, "row {row}");
    }
    for i in 0..8 {
        let mut table = table.clone();
        table.public[i] += F::ONE;
        assert!(!table.violations().is_empty(), "public value {i}");
    }
}

/// Rows that buses alone would not refuse.
#[test]
fn malformed_rows_are_refused() {
    type Change = fn(&mut TreeColumns<F>);
    let cases: [(&str, usize, Change); 12] = [
        ("a leaf of level 1", LEAF, |row| row.level = F::ONE),
        ("a double leaf", LEAF, |row| row.is_leaf = F::TWO),
        ("a leaf that is a node", LEAF, |row| row.is_node = F::ONE),
        ("a leaf with a child", LEAF, |row| row.touched[1] = F::ONE),
        ("padding with a child", PADDING, |row| row.touched[0] = F::ONE),
        ("a double child", PARENT, |row| row.touched[0] = F::TWO),
        ("minus a child", PARENT, |row| row.touched[1] = F::NEG_ONE),
        ("half a node", PADDING, |row| row.is_node = F::TWO.inverse()),
        ("a second root", NODE, |row| row.is_root = F::ONE),
        ("no root", ROOT, |row| row.is_root = F::ZERO),
        ("a root on level 31", ROOT, |row| row.level = F::from_u8(31)),
        ("a root at 1", ROOT, |row| row.index = F::ONE),
    ];
    for (name, at, change) in cases {
        let mut table = table();
        change(row(&mut table, at));
        assert!(!table.violations().is_empty(), "{name}");
    }
    let mut table = table();
    let root = row(&mut table, ROOT);
    (root.is_node, root.touched) = (F::ZERO, [F::ZERO; 2]);
    assert!(!table.violations().is_empty(), "a root that is padding");
}

/// All digests and messages are right, but for a leaf that changes without an access.
#[test]
fn an_untouched_child_cannot_change() {
    let mut before = tree();
    let mut after = tree();
    after.set(4, account(44));
    let [mut before, mut after] =
        [&mut before, &mut after].map(|tree| PartialTree::new(&tree.open(&IDS)).unwrap());
    let public = public(before.root(), after.root());
    let trace = fill(&rows(before.levels(), after.levels(), &[0; 3]), HEIGHT).unwrap();
    let table = Table::new(TreeAir, trace, public);
    table.messages().assert_balance();
    let rows: Vec<_> = table.violations().into_iter().map(|(row, _)| row).collect();
    // The node above leaves 4 to 7, which does not hear of those left.
    assert_eq!(rows, [NODE; 4]);
}

/// A copy of a leaf, or a row that is left out, is one message too many on NODE.
#[test]
fn each_node_has_one_row() {
    for (from, to) in [(LEAF, PADDING), (PARENT, PADDING), (PADDING, LEAF), (PADDING, NODE)] {
        let mut table = table();
        let width = table.trace.width();
        table.trace.values.copy_within(from * width..(from + 1) * width, to * width);
        table.assert_valid();
        assert!(table.messages().outside("node", |_| false), "row {from} to {to}");
    }
}

/// The leaves of one parent in each other's place.
#[test]
fn a_leaf_has_one_place() {
    let mut table = table();
    row(&mut table, LEAF).index = F::from_u8(7);
    row(&mut table, LEAF + 1).index = F::from_u8(6);
    table.assert_valid();
    assert!(table.messages().outside("node", |_| false));
}

#[test]
fn fits_exactly_or_not_at_all() {
    let partial = PartialTree::new(&tree().open(&[6, 7])).unwrap();
    let filled = |height| trace(partial.clone(), &accesses()[..2], height);
    let error = TooManyRows { table: "tree", expected: 32, got: 34 };
    assert_eq!(filled(32).unwrap_err(), error.into());
    assert!(filled(34).is_ok());
    let refused = trace(partial.clone(), &accesses(), HEIGHT).unwrap_err();
    assert_eq!(refused, cairn_state::OpeningError::NotOpened { got: 1 << 20 }.into());
}
