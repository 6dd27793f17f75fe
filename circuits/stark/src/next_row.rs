//! What a table reads of the next row, and whether it says so.
//!
//! An AIR lists the columns whose next row it reads. Where it lists none, p3's prover and verifier open no next row and
//! evaluate the constraints on zeros in its place, and so does [`crate::recursive`]: whatever such a constraint was to say
//! is lost, silently. So tables are read before there are keys for them.

use std::collections::HashSet;
use std::sync::Arc;

use p3_air::BaseAir;
use p3_air::symbolic::{
    AirLayout, BaseEntry, BaseLeaf, ExtLeaf, SymbolicExpr, SymbolicExpression,
    SymbolicExpressionExt,
};
use p3_lookup::{InteractionSymbolicBuilder, Lookups};

use crate::config::{Challenge, Val};
use crate::native::{Error, Table};

/// Asserts that constraints and lookups of `air` read the next row of no column that it does not list.
///
/// # Errors
/// [`Error::UnlistedNextRow`], of the first such column.
pub(crate) fn check_listed<A: Table>(air: &A) -> Result<(), Error> {
    let layout = AirLayout::from_air::<Val>(air);
    let builder = InteractionSymbolicBuilder::<Val, Challenge>::from_air(air, layout);
    let mut reads = Reads::default();
    builder.base_constraints().iter().for_each(|constraint| reads.base(constraint));
    builder.extension_constraints().iter().for_each(|constraint| reads.extension(constraint));
    for lookup in Lookups::from_builder(&builder).iter() {
        let flags = lookup.flags.iter().flatten();
        let fields = lookup.elements.iter().flatten();
        fields.chain(&lookup.multiplicities).chain(flags).for_each(|field| reads.base(field));
    }
    let listed = |trace| match trace {
        MAIN => BaseAir::<Val>::main_next_row_columns(air),
        _ => BaseAir::<Val>::preprocessed_next_row_columns(air),
    };
    for trace in [MAIN, PREPROCESSED] {
        let listed = listed(trace);
        let mut read: Vec<_> = reads.next.iter().filter(|(of, _)| *of == trace).collect();
        read.sort_unstable();
        if let Some(&&(trace, column)) = read.iter().find(|(_, column)| !listed.contains(column)) {
            return Err(Error::UnlistedNextRow { table: air.name(), trace, column });
        }
    }
    Ok(())
}

const MAIN: &str = "main";
const PREPROCESSED: &str = "preprocessed";

/// The columns that expressions read of the next row, by trace.
#[derive(Debug, Default)]
struct Reads {
    next: HashSet<(&'static str, usize)>,
    /// The nodes seen, by address: expressions share them.
    base: HashSet<*const SymbolicExpression<Val>>,
    extension: HashSet<*const SymbolicExpressionExt<Val, Challenge>>,
}

impl Reads {
    fn base(&mut self, expression: &SymbolicExpression<Val>) {
        for node in operands(expression) {
            if self.base.insert(Arc::as_ptr(node)) {
                self.base(node);
            }
        }
        let SymbolicExpr::Leaf(BaseLeaf::Variable(variable)) = expression else { return };
        let trace = match variable.entry {
            BaseEntry::Main { offset: 1.. } => MAIN,
            BaseEntry::Preprocessed { offset: 1.. } => PREPROCESSED,
            _ => return,
        };
        self.next.insert((trace, variable.index));
    }

    fn extension(&mut self, expression: &SymbolicExpressionExt<Val, Challenge>) {
        for node in operands(expression) {
            if self.extension.insert(Arc::as_ptr(node)) {
                self.extension(node);
            }
        }
        if let SymbolicExpr::Leaf(ExtLeaf::Base(expression)) = expression {
            self.base(expression);
        }
    }
}

/// The nodes that an expression is made of.
fn operands<L>(expression: &SymbolicExpr<L>) -> impl Iterator<Item = &Arc<SymbolicExpr<L>>> {
    let (x, y) = match expression {
        SymbolicExpr::Leaf(_) => (None, None),
        SymbolicExpr::Neg { x, .. } => (Some(x), None),
        SymbolicExpr::Add { x, y, .. }
        | SymbolicExpr::Sub { x, y, .. }
        | SymbolicExpr::Mul { x, y, .. } => (Some(x), Some(y)),
    };
    x.into_iter().chain(y)
}

#[cfg(test)]
mod tests {
    use p3_air::{Air, AirBuilder, WindowAccess};
    use p3_lookup::{Count, InteractionBuilder};
    use p3_matrix::dense::RowMajorMatrix;

    use super::*;
    use crate::native::{Keys, Trace, prove, verify};
    use crate::recursive::toy;
    use crate::testing::TINY;

    const ROWS: usize = 4;

    /// Where a table of two columns, and one preprocessed column, reads the next row.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    enum Place {
        /// Column 1 stands still.
        Constraint,
        /// Column 1 is zero, but in the last row: the same with zeros for the next row.
        Zeros,
        /// An element of a tuple.
        Tuple,
        /// How often a tuple is sent.
        Count,
        /// Column 0 equals the next row of the preprocessed column.
        Preprocessed,
    }

    #[derive(Clone, Debug)]
    struct Reader {
        place: Place,
        listed: Vec<usize>,
        preprocessed: Vec<usize>,
    }

    impl Table for Reader {
        fn name(&self) -> &'static str {
            "reader"
        }
    }

    impl BaseAir<Val> for Reader {
        fn width(&self) -> usize {
            2
        }

        fn preprocessed_width(&self) -> usize {
            1
        }

        fn preprocessed_trace(&self) -> Option<Trace> {
            Some(RowMajorMatrix::new_col((0..ROWS as u64).map(Val::new).collect()))
        }

        fn main_next_row_columns(&self) -> Vec<usize> {
            self.listed.clone()
        }

        fn preprocessed_next_row_columns(&self) -> Vec<usize> {
            self.preprocessed.clone()
        }
    }

    impl<AB: InteractionBuilder<F = Val>> Air<AB> for Reader {
        fn eval(&self, builder: &mut AB) {
            let main = builder.main();
            let (row, next) = (main.current_slice(), main.next_slice());
            let preprocessed = builder.preprocessed().next_slice()[0];
            match self.place {
                Place::Constraint => builder.when_transition().assert_eq(row[1], next[1]),
                Place::Zeros => builder.when_transition().assert_zero(row[1]),
                Place::Tuple => builder.push_interaction("bus", [row[0], next[1]], Count::from(1)),
                Place::Count => {
                    builder.push_interaction("bus", [row[0]], Count::bounded(next[1].into(), 1));
                }
                Place::Preprocessed => builder.when_transition().assert_eq(row[0], preprocessed),
            }
        }
    }

    fn keys(reader: &Reader) -> Result<Keys, Error> {
        Keys::new(TINY, std::slice::from_ref(reader), &[ROWS.ilog2() as usize])
    }

    #[test]
    fn an_unlisted_next_row_is_refused() {
        let unlisted = |place, listed: &[usize]| {
            let reader = Reader { place, listed: listed.to_vec(), preprocessed: vec![] };
            match keys(&reader).err() {
                Some(Error::UnlistedNextRow { table: "reader", trace, column }) => {
                    Some((trace, column))
                }
                Some(error) => panic!("{error}"),
                None => None,
            }
        };
        for place in [Place::Constraint, Place::Tuple, Place::Count] {
            assert_eq!(unlisted(place, &[]), Some(("main", 1)), "{place:?}");
            assert_eq!(unlisted(place, &[0]), Some(("main", 1)), "{place:?}");
            assert_eq!(unlisted(place, &[1]), None, "{place:?}");
        }
        assert_eq!(unlisted(Place::Preprocessed, &[0, 1]), Some(("preprocessed", 0)));
        let listed = Reader { place: Place::Preprocessed, listed: vec![], preprocessed: vec![0] };
        keys(&listed).unwrap();
    }

    /// What the refusal is for. Column 1 does not stand still, but in all rows that have a next one it is zero, as are the
    /// next rows that nobody opens: a proof of that is one of the table that does not list what it reads.
    #[test]
    fn p3_takes_zeros_for_what_is_not_listed() {
        let reader = |place, listed| Reader { place, listed, preprocessed: vec![] };
        let trace = RowMajorMatrix::new([0, 0, 0, 0, 0, 0, 0, 5].map(Val::new).to_vec(), 2);
        let proves = |prover: Reader, verifier: Reader| {
            let (keys, public_values) = (keys(&prover).unwrap(), [vec![]]);
            let proof = prove(&keys, &[prover], std::slice::from_ref(&trace), &public_values);
            verify(&keys, &[verifier], &proof.unwrap(), &public_values).is_ok()
        };
        let listed = reader(Place::Constraint, vec![1]);
        assert!(!proves(listed.clone(), listed));
        assert!(proves(reader(Place::Zeros, vec![]), reader(Place::Constraint, vec![])));
    }

    #[test]
    fn tables_of_the_tests_list_what_they_read() {
        toy::tables().iter().for_each(|table| check_listed(table).unwrap());
    }
}
