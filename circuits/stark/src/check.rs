//! Which constraint a trace breaks: for tests and for finding bugs, in release builds too.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use p3_air::check_all_constraints;
use p3_lookup::Lookups;
use p3_lookup::debug_util::{LookupDebugInstance, check_lookups};

use crate::config::{Challenge, Val};
use crate::native::{Table, Trace, panic_message};

/// Violations that are reported a table.
const MAX_VIOLATIONS: usize = 100;

/// What a trace breaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Violation {
    /// A constraint of one table is not zero.
    Constraint {
        /// Name of the table.
        table: &'static str,
        /// Row, from 0.
        row: usize,
        /// Position of the constraint in `eval`, from 0.
        constraint: usize,
        /// Its name, if it was asserted by name.
        label: Option<String>,
    },
    /// A tuple is looked up more or fewer times than it is provided.
    Lookup(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraint { table, row, constraint, label } => {
                let label = label.as_deref().unwrap_or("unnamed");
                write!(f, "{table}: row {row} breaks constraint {constraint} ({label})")
            }
            Self::Lookup(mismatch) => f.write_str(mismatch),
        }
    }
}

/// Checks every constraint on every row, and that all lookups balance. The first unbalanced tuple
/// is reported, at most 100 violations a table.
///
/// # Errors
/// The violations, in the order of the tables.
///
/// # Panics
/// If there is not one trace and one list of public values a table, or one has the wrong width.
pub fn check<A: Table>(
    airs: &[A],
    traces: &[Trace],
    public_values: &[Vec<Val>],
) -> Result<(), Vec<Violation>> {
    assert_eq!(airs.len(), traces.len(), "one trace a table");
    assert_eq!(airs.len(), public_values.len(), "one list of public values a table");
    let mut violations = Vec::new();
    for ((air, trace), public_values) in airs.iter().zip(traces).zip(public_values) {
        let report = check_all_constraints(air, trace, public_values, Some(MAX_VIOLATIONS));
        violations.extend(report.failures.into_iter().map(|failure| Violation::Constraint {
            table: air.name(),
            row: failure.row,
            constraint: failure.constraint,
            label: failure.label,
        }));
    }
    violations.extend(unbalanced(airs, traces, public_values).map(Violation::Lookup));
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// The first tuple whose multiplicities do not cancel, and where it occurs.
fn unbalanced<A: Table>(
    airs: &[A],
    traces: &[Trace],
    public_values: &[Vec<Val>],
) -> Option<String> {
    let preprocessed: Vec<_> = airs.iter().map(|air| air.preprocessed_trace()).collect();
    let lookups: Vec<_> = airs.iter().map(|air| Lookups::from_air::<Challenge, A>(air)).collect();
    let instances: Vec<_> = (0..airs.len())
        .map(|i| LookupDebugInstance {
            main_trace: &traces[i],
            preprocessed_trace: &preprocessed[i],
            public_values: &public_values[i],
            lookups: &lookups[i],
            permutation_challenges: &[],
        })
        .collect();
    // p3-lookup reports by a panic.
    let panic = catch_unwind(AssertUnwindSafe(|| check_lookups(&instances))).err()?;
    let tables: Vec<_> = airs.iter().map(Table::name).collect();
    Some(format!("{}; instances are {tables:?}", panic_message(panic.as_ref())))
}
