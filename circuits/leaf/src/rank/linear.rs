//! Linear forms over the field, and what they span.

use cairn_primitives::F;
use p3_field::{Field, PrimeCharacteristicRing};

/// A linear form: variables, ascending, with coefficients that are not zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) Vec<(u32, F)>);

impl Form {
    /// One variable.
    pub(crate) fn variable(index: u32) -> Self {
        Self(vec![(index, F::ONE)])
    }

    /// `self + factor * other`.
    pub(crate) fn plus(&self, factor: F, other: &Self) -> Self {
        if factor == F::ZERO {
            return self.clone();
        }
        let mut sum = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let (variable, value) = match (left.peek(), right.peek()) {
                (None, None) => return Self(sum),
                (Some(&&(l, a)), Some(&&(r, b))) if l == r => (l, a + factor * b),
                (Some(&&(l, a)), Some(&&(r, _))) if l < r => (l, a),
                (Some(&&(l, a)), None) => (l, a),
                (_, Some(&&(r, b))) => (r, factor * b),
            };
            left.next_if(|&&(l, _)| l == variable);
            right.next_if(|&&(r, _)| r == variable);
            if value != F::ZERO {
                sum.push((variable, value));
            }
        }
    }

    /// `factor * self`.
    pub(crate) fn scaled(&self, factor: F) -> Self {
        Self::default().plus(factor, self)
    }
}

/// The span of forms, in echelon form: each row is led by its last variable, with coefficient 1.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    rows: Vec<Option<Form>>,
    rank: usize,
}

impl Span {
    /// Of no form, in so many variables.
    pub(crate) fn new(variables: usize) -> Self {
        Self { rows: vec![None; variables], rank: 0 }
    }

    /// The form less what the span has of it, from the end on, until the span lacks its last variable.
    fn reduce(&self, form: &Form) -> Form {
        let mut rest = form.clone();
        while let Some(&(last, value)) = rest.0.last() {
            let Some(row) = &self.rows[last as usize] else { break };
            rest = rest.plus(-value, row);
        }
        rest
    }

    /// Whether the form is in the span.
    pub(crate) fn contains(&self, form: &Form) -> bool {
        self.reduce(form).0.is_empty()
    }

    /// Adds a form; returns whether it was not in the span.
    pub(crate) fn insert(&mut self, form: &Form) -> bool {
        let rest = self.reduce(form);
        let Some(&(last, value)) = rest.0.last() else { return false };
        self.rows[last as usize] = Some(rest.scaled(value.inverse()));
        self.rank += 1;
        true
    }

    /// Adds forms, whether or not they are in the span.
    pub(crate) fn extend<'a>(&mut self, forms: impl IntoIterator<Item = &'a Form>) {
        forms.into_iter().for_each(|form| _ = self.insert(form));
    }

    /// How many variables are free once all forms are zero.
    pub(crate) fn free(&self) -> usize {
        self.rows.len() - self.rank
    }

    /// A vector, not zero, on which all forms vanish, if there is one: the first free variable moves, and those after
    /// it that depend on it.
    pub(crate) fn kernel_vector(&self) -> Option<Form> {
        let first = self.rows.iter().position(Option::is_none)?;
        let mut values = vec![F::ZERO; self.rows.len()];
        values[first] = F::ONE;
        for (variable, row) in self.rows.iter().enumerate().skip(first + 1) {
            let Some(Form(terms)) = row else { continue };
            let others = terms.iter().take(terms.len() - 1);
            values[variable] = -others.map(|&(other, a)| a * values[other as usize]).sum::<F>();
        }
        let moved = (0..).zip(values).filter(|&(_, value)| value != F::ZERO);
        Some(Form(moved.collect()))
    }
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeField64;

    use super::*;

    fn form(coefficients: &[u64]) -> Form {
        let terms = (0..).zip(coefficients.iter().map(|&c| F::new(c)));
        Form(terms.filter(|&(_, c)| c != F::ZERO).collect())
    }

    #[test]
    fn spans_and_kernels() {
        let mut span = Span::new(4);
        assert!(span.insert(&form(&[1, 2, 0, 3])));
        assert!(span.insert(&form(&[1, 0, 1, 3])));
        assert!(!span.insert(&form(&[0, 2, F::NEG_ONE.as_canonical_u64(), 0])));
        assert!(span.contains(&form(&[2, 2, 1, 6])));
        assert!(!span.contains(&form(&[1, 0, 0, 0])));
        assert_eq!(span.free(), 2);
        let kernel = span.kernel_vector().unwrap();
        for row in [form(&[1, 2, 0, 3]), form(&[1, 0, 1, 3])] {
            let product = row.0.iter().map(|&(variable, a)| {
                let at = kernel.0.iter().find(|&&(other, _)| other == variable);
                at.map_or(F::ZERO, |&(_, value)| a * value)
            });
            assert_eq!(product.sum::<F>(), F::ZERO);
        }
        assert!(span.insert(&Form::variable(0)) && span.insert(&Form::variable(1)));
        assert_eq!((span.free(), span.kernel_vector()), (0, None));
    }
}
