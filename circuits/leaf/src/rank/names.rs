//! Names of columns, for reports.

use std::fmt::Debug;

/// The name of each column, from the struct that holds their numbers: the fields that lead to it.
pub(crate) fn names(columns: &impl Debug) -> Vec<String> {
    let text = format!("{columns:?}");
    let mut names = Vec::new();
    // The fields and places that lead to where the text is; a tuple struct adds nothing.
    let mut path: Vec<Step> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        match c {
            '{' => path.push(Step::Field(String::new())),
            '[' => path.push(Step::Place(0)),
            '(' => path.push(Step::Wrapped),
            _ => {}
        }
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let word = std::mem::take(&mut word);
        match path.last_mut() {
            Some(Step::Field(field)) if c == ':' => *field = word,
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                names.push(path.iter().map(Step::text).collect::<String>()[1..].to_owned());
            }
            _ => {}
        }
        match c {
            '}' | ']' | ')' => drop(path.pop()),
            ',' => {
                if let Some(Step::Place(place)) = path.last_mut() {
                    *place += 1;
                }
            }
            _ => {}
        }
    }
    names
}

enum Step {
    Field(String),
    Place(usize),
    Wrapped,
}

impl Step {
    fn text(&self) -> String {
        match self {
            Self::Field(field) => format!(".{field}"),
            Self::Place(place) => format!("[{place}]"),
            Self::Wrapped => String::new(),
        }
    }
}

#[test]
fn names_are_those_of_the_fields() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Columns {
        clock: usize,
        limbs: Limbs,
        inner: Inner,
    }
    #[derive(Debug)]
    struct Limbs(#[expect(dead_code, reason = "read by Debug")] [usize; 2]);
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Inner {
        key: [[usize; 1]; 2],
    }
    let columns = Columns { clock: 0, limbs: Limbs([1, 2]), inner: Inner { key: [[3], [4]] } };
    let expected = ["clock", "limbs[0]", "limbs[1]", "inner.key[0][0]", "inner.key[1][0]"];
    assert_eq!(names(&columns), expected);
}
