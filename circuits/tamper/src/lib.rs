//! Every field of a proof, changed in every way: for the tests of all layers.
//!
//! The fields are those that the proof's type serializes, so that none is forgotten: a test holds a
//! *manifest*, which says for each field and each [`Change`] at which step the changed proof is
//! refused, and [`check`] compares it with what happens. A field that a type gains, or loses, makes
//! the test fail until the manifest has it too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};

use serde::Serialize;
use serde_json::Value;

/// The order of Goldilocks.
const P: u64 = 0xffff_ffff_0000_0001;

/// How a field is changed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Change {
    /// A bit of a number is flipped.
    Flip,
    /// A number becomes one of `p` or more: plus `p`, if that has 64 bits.
    PlusP,
    /// Two neighbours in a list change places.
    Swap,
    /// A list loses its last element; what may be absent is.
    Truncate,
    /// A list has its last element twice; what was absent is as something beside it.
    Duplicate,
}

/// All of them.
pub const CHANGES: [Change; 5] =
    [Change::Flip, Change::PlusP, Change::Swap, Change::Truncate, Change::Duplicate];

/// A proof with one field changed.
#[derive(Clone, Debug)]
pub struct Tampered {
    /// The names that lead to the field; any place in a list is `[]`.
    pub field: String,
    /// What was done to it.
    pub change: Change,
    /// The proof, as serde has it.
    pub proof: Value,
}

/// Every field of `proof` in every change: of fields that stand in lists the first and the last.
///
/// # Panics
/// If the proof has no such form.
pub fn tamperings(proof: &impl Serialize) -> Vec<Tampered> {
    let value = serde_json::to_value(proof).expect("a proof is serialized");
    let mut paths: BTreeMap<String, Vec<Vec<Step>>> = BTreeMap::new();
    collect(&value, &mut vec![], &mut paths);
    let mut all = Vec::new();
    for (field, paths) in paths {
        for change in CHANGES {
            // A list may be empty, or of equal elements, where it stands first.
            let mut changed = paths.iter().filter_map(|path| {
                let mut proof = value.clone();
                apply(&mut proof, path, change).then_some(proof)
            });
            let first = changed.next();
            let last = changed.next_back();
            for proof in first.into_iter().chain(last) {
                all.push(Tampered { field: field.clone(), change, proof });
            }
        }
    }
    all
}

/// Panics unless each change of each field is refused, at the step that the manifest names. `judge`
/// says at which step a proof is refused, or `None` if it is accepted.
///
/// A line of the manifest is `field | flip | +p | swap | truncate | duplicate`: the steps, `-` where
/// a change changes nothing.
///
/// # Panics
/// With the whole manifest as it is.
pub fn check(
    manifest: &str,
    proof: &impl Serialize,
    mut judge: impl FnMut(&Value) -> Option<String>,
) {
    let mut steps: BTreeMap<String, BTreeMap<Change, BTreeSet<String>>> = BTreeMap::new();
    for Tampered { field, change, proof } in tamperings(proof) {
        let step = judge(&proof).unwrap_or_else(|| panic!("{field}: {change:?} is accepted"));
        steps.entry(field).or_default().entry(change).or_default().insert(step);
    }
    let line = |(field, steps): (String, BTreeMap<Change, BTreeSet<String>>)| {
        let step = |change: &Change| match steps.get(change) {
            Some(steps) => steps.iter().cloned().collect::<Vec<_>>().join(", "),
            None => "-".to_owned(),
        };
        format!("{field} | {}", CHANGES.iter().map(step).collect::<Vec<_>>().join(" | "))
    };
    let got: Vec<String> = steps.into_iter().map(line).collect();
    let expected: Vec<&str> = manifest.lines().collect();
    assert!(got == expected, "the manifest is not what happens:\n{}\n", got.join("\n"));
}

/// The name of an error: that of its innermost variant.
pub fn step(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find(['{', '"', '[']).unwrap_or(text.len());
    let mut names = text[..end].split(|c: char| !c.is_alphanumeric());
    names.rfind(|name| name.starts_with(|c: char| c.is_uppercase())).unwrap_or(&text).to_owned()
}

/// Part of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Field(String),
    Place(usize),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Place(_) => f.write_str("[]"),
        }
    }
}

const NO_FIELDS: [&str; 2] = ["_marker", "_phantom"];

fn collect(value: &Value, path: &mut Vec<Step>, paths: &mut BTreeMap<String, Vec<Vec<Step>>>) {
    let mut descend = |step: Step, value: &Value, paths: &mut _| {
        path.push(step);
        collect(value, path, paths);
        path.pop();
    };
    match value {
        Value::Object(fields) => {
            // Types without values have nothing to change.
            let fields = fields.iter().filter(|(name, _)| !NO_FIELDS.contains(&name.as_str()));
            fields.for_each(|(name, v)| descend(Step::Field(name.clone()), v, paths));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, v)| descend(Step::Place(i), v, paths));
        }
        _ => {}
    }
    let field: String = path.iter().map(Step::to_string).collect();
    if !path.is_empty() {
        paths.entry(field.trim_start_matches('.').to_owned()).or_default().push(path.clone());
    }
}

/// Changes what is at the path; returns whether that changes anything.
fn apply(proof: &mut Value, path: &[Step], change: Change) -> bool {
    let (last, parents) = path.split_last().expect("a field");
    let parent = parents.iter().fold(&mut *proof, |value, step| at(value, step));
    // What stands beside a field that is absent.
    let beside = match (&*parent, last) {
        (Value::Object(fields), Step::Field(name)) => {
            fields.iter().find(|(n, v)| *n != name && !v.is_null()).map(|(_, v)| v.clone())
        }
        (Value::Array(list), _) => list.iter().find(|v| !v.is_null()).cloned(),
        _ => None,
    };
    let value = at(parent, last);
    match (value, change) {
        (Value::Number(number), Change::Flip) => {
            let Some(old) = number.as_u64() else { return false };
            *number = (old ^ 1).into();
            true
        }
        (Value::Number(number), Change::PlusP) => {
            let Some(old) = number.as_u64() else { return false };
            *number = old.checked_add(P).unwrap_or(P + old % (u64::MAX - P)).into();
            true
        }
        (Value::Array(list), Change::Swap) => {
            let Some(i) = list.windows(2).position(|pair| pair[0] != pair[1]) else { return false };
            list.swap(i, i + 1);
            true
        }
        (Value::Array(list), Change::Truncate) => list.pop().is_some(),
        (Value::Array(list), Change::Duplicate) => {
            let Some(element) = list.last().cloned() else { return false };
            list.push(element);
            true
        }
        (value @ Value::Null, Change::Duplicate) => match beside {
            Some(beside) => {
                *value = beside;
                true
            }
            None => false,
        },
        (value @ Value::Object(_), Change::Truncate) => {
            *value = Value::Null;
            true
        }
        _ => false,
    }
}

fn at<'a>(value: &'a mut Value, step: &Step) -> &'a mut Value {
    match step {
        Step::Field(name) => &mut value[name.as_str()],
        Step::Place(place) => &mut value[*place],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Inner {
        limbs: [u64; 2],
        absent: Option<u64>,
    }

    #[derive(Serialize)]
    struct Proof {
        work: u64,
        rows: Vec<Inner>,
    }

    fn proof() -> Proof {
        let inner = |limbs| Inner { limbs, absent: None };
        Proof { work: 7, rows: vec![inner([1, 1]), inner([2, 3])] }
    }

    const MANIFEST: &str = "rows | - | - | changed | changed | changed
rows[] | - | - | - | changed | -
rows[].absent | - | - | - | - | changed
rows[].limbs | - | - | changed | changed | changed
rows[].limbs[] | changed | changed | - | - | -
";

    fn judge(honest: Value) -> impl FnMut(&Value) -> Option<String> {
        move |value| (*value != honest).then(|| "changed".to_owned())
    }

    #[test]
    fn a_manifest_has_every_field() {
        let honest = serde_json::to_value(proof()).unwrap();
        let work = "work | changed | changed | - | - | -\n";
        check(&format!("{MANIFEST}{work}"), &proof(), judge(honest));
    }

    #[test]
    #[should_panic = "work | changed"]
    fn a_field_that_is_not_listed_is_shown() {
        check(MANIFEST, &proof(), judge(serde_json::to_value(proof()).unwrap()));
    }

    #[test]
    #[should_panic = "is accepted"]
    fn an_accepted_change_is_shown() {
        check(MANIFEST, &proof(), |_| None);
    }

    #[test]
    fn steps_are_the_innermost_names() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "read by Debug")]
        enum Error {
            Outer(Box<Error>),
            Inner { expected: usize },
            Text(String),
        }
        assert_eq!(step(&Error::Outer(Box::new(Error::Inner { expected: 1 }))), "Inner");
        assert_eq!(step(&Error::Text("Some text".to_owned())), "Text");
    }
}
