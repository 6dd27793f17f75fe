//! The derivatives of what a table asserts and says, by some of its cells: exact, over the field.

use std::collections::HashMap;
use std::sync::Arc;

use cairn_primitives::F;
use p3_air::symbolic::{
    AirLayout, BaseEntry, BaseLeaf, SymbolicExpr, SymbolicExpression, SymbolicVariable,
};
use p3_air::{Air, BaseAir};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{InteractionSymbolicBuilder, Kind, Lookups};

use super::linear::Form;

/// A value and how it changes with the cells.
#[derive(Debug, Clone)]
pub(crate) struct Dual {
    pub(crate) value: F,
    pub(crate) form: Form,
}

/// What a row says to a bus.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its place among the messages of every row.
    pub(crate) index: usize,
    /// The row that says it, if its cells are variables: its place in [`Forms::rows`].
    pub(crate) row: Option<usize>,
    pub(crate) bus: String,
    pub(crate) fields: Vec<Dual>,
    /// Positive of what is sent or asked.
    pub(crate) count: Dual,
}

/// Constraints and messages that depend on some rows, and how.
#[derive(Debug)]
pub(crate) struct Forms {
    /// The rows whose cells are the variables.
    pub(crate) rows: Vec<usize>,
    /// Columns of the table.
    pub(crate) width: usize,
    /// Numbers of constraints, and their derivatives where these are not zero.
    pub(crate) constraints: Vec<(usize, Form)>,
    pub(crate) messages: Vec<Message>,
}

impl Forms {
    /// The variable of a cell: `row` counts the rows of [`Self::rows`].
    pub(crate) fn variable(&self, row: usize, column: usize) -> u32 {
        (row * self.width + column) as u32
    }

    /// How many cells there are.
    pub(crate) fn variables(&self) -> usize {
        self.rows.len() * self.width
    }
}

/// An operation, on the results of those before it.
#[derive(Debug, Clone, Copy)]
enum Step {
    Leaf(Leaf),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    Neg(usize),
}

#[derive(Debug, Clone, Copy)]
enum Leaf {
    Constant(F),
    Cell { offset: usize, column: usize },
    Public(usize),
    Periodic(usize),
    IsFirst,
    IsLast,
    IsTransition,
}

/// A table's constraints and messages, as a list of operations.
#[derive(Debug)]
pub(crate) struct Program {
    steps: Vec<Step>,
    /// Results.
    constraints: Vec<usize>,
    messages: Vec<(String, Vec<usize>, usize)>,
}

/// The rows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) cells: &'a [F],
    pub(crate) width: usize,
    pub(crate) public: &'a [F],
}

impl Program {
    pub(crate) fn new<A: Air<InteractionSymbolicBuilder<F>>>(air: &A) -> Self {
        let layout = AirLayout::from_air::<F>(air);
        let builder = InteractionSymbolicBuilder::<F>::from_air(air, layout);
        let lookups = Lookups::from_builder(&builder);
        let mut recorder = Recorder::default();
        let constraints = builder.base_constraints();
        let constraints = constraints.iter().map(|c| recorder.record(c)).collect();
        let mut messages = Vec::new();
        for lookup in lookups.iter() {
            let Kind::Global(bus) = &lookup.kind else { panic!("tables have no local lookups") };
            assert!(lookup.flags.is_none(), "tables have no exclusive messages");
            for (fields, count) in lookup.elements.iter().zip(&lookup.multiplicities) {
                let fields = fields.iter().map(|field| recorder.record(field)).collect();
                messages.push((bus.clone(), fields, recorder.record(count)));
            }
        }
        Self { steps: recorder.steps, constraints, messages }
    }

    /// Constraints of every row.
    pub(crate) fn constraints(&self) -> usize {
        self.constraints.len()
    }

    /// Messages of every row.
    pub(crate) fn messages(&self) -> usize {
        self.messages.len()
    }

    /// The derivatives by the cells of `unknown`, of everything that depends on them.
    ///
    /// # Panics
    /// If a constraint does not hold.
    pub(crate) fn forms<A: BaseAir<F>>(&self, air: &A, rows: Rows<'_>, unknown: &[usize]) -> Forms {
        let height = rows.cells.len() / rows.width;
        let mut windows: Vec<usize> = unknown.to_vec();
        windows.extend(unknown.iter().map(|row| (row + height - 1) % height));
        windows.sort_unstable();
        windows.dedup();
        let position: HashMap<usize, usize> =
            unknown.iter().enumerate().map(|(position, &row)| (row, position)).collect();
        let mut forms = Forms {
            rows: unknown.to_vec(),
            width: rows.width,
            constraints: Vec::new(),
            messages: Vec::new(),
        };
        for index in windows {
            let periodic = air.periodic_values(index);
            let results = self.run(|leaf| {
                let known = |value| Dual { value, form: Form::default() };
                match leaf {
                    Leaf::Constant(value) => known(value),
                    Leaf::Public(index) => known(rows.public[index]),
                    Leaf::Periodic(index) => known(periodic[index]),
                    Leaf::IsFirst => known(F::from_bool(index == 0)),
                    Leaf::IsLast => known(F::from_bool(index + 1 == height)),
                    Leaf::IsTransition => known(F::from_bool(index + 1 != height)),
                    Leaf::Cell { offset, column } => {
                        let row = (index + offset) % height;
                        let value = rows.cells[row * rows.width + column];
                        let form = position.get(&row).map_or(Form::default(), |position| {
                            Form::variable((position * rows.width + column) as u32)
                        });
                        Dual { value, form }
                    }
                }
            });
            for (number, &result) in self.constraints.iter().enumerate() {
                assert_eq!(results[result].value, F::ZERO, "row {index}, constraint {number}");
                let form = &results[result].form;
                if !form.0.is_empty() {
                    forms.constraints.push((number, form.clone()));
                }
            }
            for (number, (bus, fields, count)) in self.messages.iter().enumerate() {
                forms.messages.push(Message {
                    index: number,
                    row: position.get(&index).copied(),
                    bus: bus.clone(),
                    fields: fields.iter().map(|&field| results[field].clone()).collect(),
                    count: results[*count].clone(),
                });
            }
        }
        forms
    }

    fn run(&self, leaf: impl Fn(Leaf) -> Dual) -> Vec<Dual> {
        let mut results: Vec<Dual> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let result = match *step {
                Step::Leaf(of) => leaf(of),
                Step::Add(x, y) => sum(&results[x], F::ONE, &results[y]),
                Step::Sub(x, y) => sum(&results[x], F::NEG_ONE, &results[y]),
                Step::Neg(x) => {
                    let Dual { value, form } = &results[x];
                    Dual { value: -*value, form: form.scaled(F::NEG_ONE) }
                }
                Step::Mul(x, y) => {
                    let (x, y) = (&results[x], &results[y]);
                    let form = x.form.scaled(y.value).plus(x.value, &y.form);
                    Dual { value: x.value * y.value, form }
                }
            };
            results.push(result);
        }
        results
    }
}

fn sum(x: &Dual, factor: F, y: &Dual) -> Dual {
    Dual { value: x.value + factor * y.value, form: x.form.plus(factor, &y.form) }
}

/// Writes expressions down, shared nodes once.
#[derive(Default)]
struct Recorder {
    steps: Vec<Step>,
    /// By address: the expressions keep their nodes.
    known: HashMap<*const SymbolicExpression<F>, usize>,
}

impl Recorder {
    fn record(&mut self, expression: &SymbolicExpression<F>) -> usize {
        let step = match expression {
            SymbolicExpr::Leaf(leaf) => Step::Leaf(match leaf {
                BaseLeaf::Variable(SymbolicVariable { entry, index, .. }) => match *entry {
                    BaseEntry::Main { offset } => Leaf::Cell { offset, column: *index },
                    BaseEntry::Public => Leaf::Public(*index),
                    BaseEntry::Periodic => Leaf::Periodic(*index),
                    BaseEntry::Preprocessed { .. } => panic!("tables have no such columns"),
                },
                BaseLeaf::IsFirstRow => Leaf::IsFirst,
                BaseLeaf::IsLastRow => Leaf::IsLast,
                BaseLeaf::IsTransition => Leaf::IsTransition,
                BaseLeaf::Constant(value) => Leaf::Constant(*value),
            }),
            SymbolicExpr::Add { x, y, .. } => Step::Add(self.shared(x), self.shared(y)),
            SymbolicExpr::Sub { x, y, .. } => Step::Sub(self.shared(x), self.shared(y)),
            SymbolicExpr::Mul { x, y, .. } => Step::Mul(self.shared(x), self.shared(y)),
            SymbolicExpr::Neg { x, .. } => Step::Neg(self.shared(x)),
        };
        self.steps.push(step);
        self.steps.len() - 1
    }

    fn shared(&mut self, node: &Arc<SymbolicExpression<F>>) -> usize {
        let address = Arc::as_ptr(node);
        if let Some(&result) = self.known.get(&address) {
            return result;
        }
        let result = self.record(node);
        self.known.insert(address, result);
        result
    }
}
