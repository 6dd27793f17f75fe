//! Whether any combination of cells is free: the rank of what a table asserts, at rows as they are filled.
//!
//! Tests that change one cell find a cell that nothing binds. Cells that could only move together
//! are found here: a direction in which cells of some rows can move, all others standing still,
//! with every constraint staying zero to first order. What is linear in it is exact: derivatives
//! are taken over the field. There must be no such direction but those that move a cell which is
//! listed as free, with the reason; and a cell that is listed must be free.
//!
//! A message binds as far as the other side does ([`Binds`]), in the direction in which it is said:
//! what a row hears from others is given, what it tells them is not, so that it must be determined
//! by the row itself. Public values are given.
//!
//! What is discrete does not move, so that this says nothing of it: whether a bit may be the other
//! one, whether a value is in range. Hashes are taken for what they are trusted to be: their output
//! follows from their input, and nobody finds two inputs of one output.

mod forms;
mod linear;
mod names;
mod providers;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use cairn_primitives::F;
use p3_air::Air;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_lookup::InteractionSymbolicBuilder;
use p3_matrix::Matrix;

pub(crate) use forms::{Forms, Message, Program};
pub(crate) use linear::{Form, Span};
pub(crate) use names::names;

use crate::testing::{Row, Table};
use forms::Rows;

fn is_one_of(message: &Message, others: [&Message; 2]) -> bool {
    others.into_iter().any(|other| std::ptr::eq(message, other))
}

/// So many findings are shown.
const MOST: usize = 64;

/// How a message binds the row that says it. Nothing binds a message that is said zero times, but
/// for [`Binds::Counted`] and [`Binds::Digest`].
#[derive(Debug, Clone)]
pub(crate) enum Binds {
    /// The other side says these elements, or they are one of few tuples: they do not move.
    Given(Range<usize>),
    /// The other side finds `value` from `key`.
    Answer { key: Range<usize>, value: Range<usize> },
    /// The same, and no two keys have one value.
    Hash { key: Range<usize>, value: Range<usize> },
    /// This element is a limb of an integer, which is below a bound. The integer may move, in one
    /// limb; the other limbs follow from it.
    Bounded(usize),
    /// What one of the rows hears is what another says, if one does: then nobody else gives or
    /// answers it.
    Tied,
    /// The other side decides how often.
    Counted,
    /// These columns of the row are hashed, in the row, to these elements.
    Digest { inputs: Range<usize>, value: Range<usize> },
}

/// What is known of a table besides its constraints.
pub(crate) struct Model {
    pub(crate) binds: fn(&Message) -> Vec<Binds>,
    /// Of the columns.
    pub(crate) names: Vec<String>,
}

/// The limb in which integers move: each other limb follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moving {
    Lowest,
    Highest,
}

/// What a mutant lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The constraint of this number.
    Constraint(usize),
    /// The message of this number.
    Message(usize),
}

/// Whether a message is sent, or a question asked; else it is heard, or provided.
pub(crate) fn is_said(message: &Message) -> bool {
    message.count.value.as_canonical_u64() <= F::ORDER_U64 / 2
}

/// Some rows of a table, and cells of them that stand still, or are free: row, counted from the first
/// of them, and column.
pub(crate) struct Case {
    pub(crate) name: String,
    forms: Forms,
    pinned: Vec<(usize, usize)>,
    /// The cells of each integer that is made of several limbs, lowest first.
    integers: Vec<Vec<u32>>,
    free: Vec<(usize, usize)>,
}

impl Case {
    /// All cells of `rows` but those that are free by design.
    pub(crate) fn new<A>(
        name: impl Into<String>,
        table: &Table<A>,
        program: &Program,
        rows: &[usize],
        free: Vec<(usize, usize)>,
    ) -> Self
    where
        A: for<'a> Air<Row<'a>> + Air<InteractionSymbolicBuilder<F>>,
    {
        let cells = &table.trace.values;
        let of_table = Rows { cells, width: table.trace.width(), public: &table.public };
        let forms = program.forms(table.air(), of_table, rows);
        Self { name: name.into(), forms, pinned: vec![], integers: vec![], free }
    }

    /// These cells stand still.
    pub(crate) fn pin(mut self, cells: impl IntoIterator<Item = (usize, usize)>) -> Self {
        self.pinned.extend(cells);
        self
    }

    /// In this row, these columns are the limbs of an integer each, lowest first.
    pub(crate) fn integers(mut self, row: usize, integers: &[Vec<usize>]) -> Self {
        let cells = integers.iter().map(|limbs| {
            limbs.iter().map(|&column| self.forms.variable(row, column)).collect()
        });
        self.integers.extend(cells.collect::<Vec<_>>());
        self
    }

    /// Panics, with the names of cells, unless exactly the cells listed are free.
    pub(crate) fn check(&self, model: &Model) {
        let found = self.freedom(model, None);
        assert!(found.is_empty(), "{}:\n{}", self.name, found.join("\n"));
    }

    /// Panics unless none of these cells moves, whatever is free besides.
    pub(crate) fn check_bound(&self, model: &Model, cells: &[(usize, usize)]) {
        for moving in [Moving::Lowest, Moving::Highest] {
            let (span, _) = self.span(model, moving, None);
            let variables = cells.iter().map(|&(row, column)| self.forms.variable(row, column));
            let is_free = |&variable: &u32| !span.contains(&Form::variable(variable));
            let free = variables.filter(is_free).map(|variable| self.name(model, variable));
            let free: Vec<_> = free.collect();
            assert!(free.is_empty(), "{}: {free:?}", self.name);
        }
    }

    /// What is not as listed without this part: cells that move together, cells that do not move.
    pub(crate) fn freedom(&self, model: &Model, without: Option<Part>) -> Vec<String> {
        let mut found = self.no_hashes(model, without);
        if !found.is_empty() {
            return found;
        }
        // Without integers of several limbs both are the same.
        let both = [Moving::Lowest, Moving::Highest];
        for &moving in if self.integers.is_empty() { &both[..1] } else { &both } {
            let (mut span, follows) = self.span(model, moving, without);
            for &(row, column) in &self.free {
                let variable = self.forms.variable(row, column);
                if !span.insert(&Form::variable(variable)) && !follows.contains(&variable) {
                    found.push(format!("is listed, but bound: {}", self.name(model, variable)));
                }
            }
            self.answer(model, &mut span, without);
            while let (Some(vector), 0..MOST) = (span.kernel_vector(), found.len()) {
                let (first, _) = vector.0[0];
                let names = vector.0.iter().map(|&(variable, _)| self.name(model, variable));
                let names: Vec<_> = names.take(12).collect();
                let cells = vector.0.len();
                found.push(format!("{cells} cells move together: {}", names.join(", ")));
                span.insert(&Form::variable(first));
            }
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Where what is taken for a hash of columns of its row does not follow from them.
    fn no_hashes(&self, model: &Model, without: Option<Part>) -> Vec<String> {
        let mut digests = Vec::new();
        for message in self.messages(without) {
            for binds in (model.binds)(message) {
                if let (Binds::Digest { inputs, value }, Some(row)) = (binds, message.row) {
                    digests.push((row, inputs, &message.fields[value]));
                }
            }
        }
        if digests.is_empty() {
            return vec![];
        }
        let mut span = Span::new(self.forms.variables());
        for (row, inputs, _) in &digests {
            let cells = inputs.clone().map(|column| self.forms.variable(*row, column));
            cells.for_each(|variable| _ = span.insert(&Form::variable(variable)));
        }
        span.extend(self.constraints(without));
        let follows = |fields: &[forms::Dual]| fields.iter().all(|f| span.contains(&f.form));
        let open = digests.iter().filter(|(_, _, value)| !follows(value));
        let open = open.map(|(row, inputs, _)| {
            let input = self.forms.variable(*row, inputs.start);
            format!("is no hash from here on: {}", self.name(model, input))
        });
        open.collect()
    }

    fn constraints(&self, without: Option<Part>) -> impl Iterator<Item = &Form> {
        let constraints = self.forms.constraints.iter();
        let is_there = move |number| without != Some(Part::Constraint(number));
        constraints.filter(move |&&(number, _)| is_there(number)).map(|(_, form)| form)
    }

    /// Whether the part says anything here.
    fn has(&self, part: Part) -> bool {
        match part {
            Part::Constraint(number) => self.forms.constraints.iter().any(|&(n, _)| n == number),
            Part::Message(number) => self.forms.messages.iter().any(|m| m.index == number),
        }
    }

    fn name(&self, model: &Model, variable: u32) -> String {
        let (row, column) =
            (variable as usize / self.forms.width, variable as usize % self.forms.width);
        format!("row {} {}", self.forms.rows[row], model.names[column])
    }

    /// What is bound, and the limbs that follow from others.
    fn span(&self, model: &Model, moving: Moving, without: Option<Part>) -> (Span, HashSet<u32>) {
        let mut span = Span::new(self.forms.variables());
        for &(row, column) in &self.pinned {
            span.insert(&Form::variable(self.forms.variable(row, column)));
        }
        span.extend(self.constraints(without));
        let followers = self.followers(moving);
        let mut follows = HashSet::new();
        let ties = self.ties(model, without);
        let is_tied = |message| ties.iter().any(|&(heard, said)| is_one_of(message, [heard, said]));
        for (heard, said) in &ties {
            for (heard, said) in heard.fields.iter().zip(&said.fields) {
                span.insert(&heard.form.plus(F::NEG_ONE, &said.form));
            }
        }
        for message in self.messages(without) {
            let is_silent = message.count.value == F::ZERO;
            for binds in (model.binds)(message) {
                match binds {
                    Binds::Counted => span.extend([&message.count.form]),
                    Binds::Given(elements) if !is_silent && !is_tied(message) => {
                        span.extend(message.fields[elements].iter().map(|field| &field.form));
                    }
                    Binds::Bounded(element) if !is_silent => {
                        let field = &message.fields[element].form.0[..];
                        let &[(variable, factor)] = field else { continue };
                        if factor == F::ONE && followers.contains(&variable) {
                            span.insert(&Form::variable(variable));
                            follows.insert(variable);
                        }
                    }
                    _ => {}
                }
            }
        }
        self.answer(model, &mut span, without);
        (span, follows)
    }

    /// Messages that are said and heard among these rows.
    fn ties(&self, model: &Model, without: Option<Part>) -> Vec<(&Message, &Message)> {
        let mut messages: HashMap<_, [Vec<&Message>; 2]> = HashMap::new();
        for message in self.messages(without) {
            let is_tied = (model.binds)(message).iter().any(|b| matches!(b, Binds::Tied));
            if is_tied && message.count.value != F::ZERO {
                let values = message.fields.iter().map(|f| f.value.as_canonical_u64());
                let key = (&message.bus, values.collect::<Vec<_>>());
                messages.entry(key).or_default()[usize::from(is_said(message))].push(message);
            }
        }
        messages.into_values().flat_map(|[heard, said]| heard.into_iter().zip(said)).collect()
    }

    /// Adds what follows from hashes and answers, until nothing does.
    fn answer(&self, model: &Model, span: &mut Span, without: Option<Part>) {
        let ties = self.ties(model, without);
        let is_tied = |message| ties.iter().any(|&(heard, said)| is_one_of(message, [heard, said]));
        // Key, value, and whether the key follows too.
        let mut open: Vec<(Vec<Form>, Vec<Form>, bool)> = Vec::new();
        for message in self.messages(without) {
            let forms = |elements: Range<usize>| {
                message.fields[elements].iter().map(|field| field.form.clone()).collect()
            };
            let is_silent = message.count.value == F::ZERO;
            for binds in (model.binds)(message) {
                match (binds, message.row) {
                    (Binds::Answer { key, value }, _) if !is_silent && !is_tied(message) => {
                        open.push((forms(key), forms(value), false));
                    }
                    (Binds::Hash { key, value }, _) if !is_silent => {
                        open.push((forms(key), forms(value), true));
                    }
                    (Binds::Digest { inputs, value }, Some(row)) => {
                        let cell = |column| Form::variable(self.forms.variable(row, column));
                        open.push((inputs.map(cell).collect(), forms(value), true));
                    }
                    _ => {}
                }
            }
        }
        loop {
            let before = open.len();
            open.retain(|(key, value, is_hash)| {
                let is_bound = |span: &Span, forms: &[Form]| forms.iter().all(|f| span.contains(f));
                if is_bound(span, key) {
                    span.extend(value.iter());
                } else if *is_hash && is_bound(span, value) {
                    span.extend(key.iter());
                } else {
                    return true;
                }
                false
            });
            if open.len() == before {
                return;
            }
        }
    }

    /// The limbs that follow from the one that moves.
    fn followers(&self, moving: Moving) -> HashSet<u32> {
        let limbs = self.integers.iter().flat_map(|limbs| match moving {
            Moving::Lowest => &limbs[1..],
            Moving::Highest => &limbs[..limbs.len() - 1],
        });
        limbs.copied().collect()
    }

    fn messages(&self, without: Option<Part>) -> impl Iterator<Item = &Message> {
        let messages = self.forms.messages.iter();
        messages.filter(move |message| without != Some(Part::Message(message.index)))
    }
}

/// Of these constraints, and of all messages, those that are not needed: without any of the others
/// some case finds freedom, or cells that are no longer free.
pub(crate) fn not_needed(
    cases: &[Case],
    model: &Model,
    program: &Program,
    constraints: impl IntoIterator<Item = usize>,
) -> (Vec<usize>, Vec<usize>) {
    let is_needed = |part: Part| {
        cases.iter().any(|case| case.has(part) && !case.freedom(model, Some(part)).is_empty())
    };
    let constraints = constraints.into_iter().filter(|&n| !is_needed(Part::Constraint(n)));
    let messages = (0..program.messages()).filter(|&n| !is_needed(Part::Message(n)));
    (constraints.collect(), messages.collect())
}
