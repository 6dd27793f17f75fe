//! What runs from row to row, and what the public values say about its ends.

use cairn_primitives::F;
use p3_air::AirBuilder;
use p3_field::Algebra;

use super::kind::{Kind, Selectors};
use super::word::WordColumns;
use crate::expression::{Expression, linear};

/// A stream: chain and number of its words.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Stream<T> {
    pub(crate) digest: [T; 4],
    pub(crate) count: T,
}

/// Everything that runs from operation to operation but for the account tree.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Running<T> {
    /// The id of the next new leaf.
    pub(crate) next_id: T,
    /// The number of the next token.
    pub(crate) next_token: T,
    /// Signed operations.
    pub(crate) data: Stream<T>,
    /// Operations from the queue of L1.
    pub(crate) priority: Stream<T>,
    /// Payments owed on L1.
    pub(crate) withdrawal: Stream<T>,
}

/// The public values of the table, in order.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct PublicValues<T> {
    /// The rollup.
    pub(crate) domain: [T; 4],
    /// Of the batch, in seconds; the caller bounds it by `2^32`.
    pub(crate) timestamp: T,
    /// Before the first operation.
    pub(crate) before: Running<T>,
    /// After the last.
    pub(crate) after: Running<T>,
}

crate::table::columns!(Running);
crate::table::columns!(PublicValues);

impl<T: Copy> Stream<T> {
    fn map<E>(self, into: impl Fn(T) -> E) -> Stream<E> {
        Stream { digest: self.digest.map(&into), count: into(self.count) }
    }
}

impl<T: Copy> Running<T> {
    /// With other values of the same meaning.
    pub(crate) fn map<E>(self, into: impl Fn(T) -> E) -> Running<E> {
        Running {
            next_id: into(self.next_id),
            next_token: into(self.next_token),
            data: self.data.map(&into),
            priority: self.priority.map(&into),
            withdrawal: self.withdrawal.map(&into),
        }
    }
}

impl<E: Algebra<F>> Running<E> {
    /// After an operation with these words, of degree 2. `created` says whether it created the next
    /// leaf.
    pub(crate) fn after<V: Copy>(
        &self,
        kind: &Selectors<E>,
        words: &WordColumns<V>,
        created: E,
    ) -> Self
    where
        E: Expression<V>,
    {
        let withdraw = kind.withdraw.clone();
        let data_two = kind.two_words.clone() - kind.priority.clone();
        Self {
            next_id: self.next_id.clone() + created,
            next_token: self.next_token.clone() + kind.of(Kind::RegisterToken),
            data: self.data.append([
                (1, kind.one_word.clone(), &words.after_one),
                (2, data_two, &words.after_two),
            ]),
            priority: self.priority.append([
                (2, kind.priority.clone(), &words.after_two),
                (3, kind.tail.clone(), &words.after_third),
            ]),
            withdrawal: self.withdrawal.append([(1, withdraw, &words.after_third)]),
        }
    }
}

impl<E: Algebra<F>> Stream<E> {
    /// The stream with as many more words and the digest of the case whose selector is set; itself if
    /// none is.
    fn append<const N: usize, V: Copy>(&self, cases: [(u64, E, &[V; 4]); N]) -> Self
    where
        E: Expression<V>,
    {
        let digest = std::array::from_fn(|i| {
            let old = || self.digest[i].clone();
            let changes = cases.iter().map(|(_, set, new)| set.clone() * (E::from(new[i]) - old()));
            old() + E::sum(changes)
        });
        let words = cases.into_iter().map(|(words, set, _)| (words, set));
        Self { digest, count: self.count.clone() + linear::<E>(words) }
    }
}

/// Asserts that both are equal.
pub(crate) fn assert_running_eq<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    left: Running<AB::Expr>,
    right: Running<AB::Expr>,
) {
    builder.assert_eq(left.next_id, right.next_id);
    builder.assert_eq(left.next_token, right.next_token);
    for (left, right) in [
        (left.data, right.data),
        (left.priority, right.priority),
        (left.withdrawal, right.withdrawal),
    ] {
        builder.assert_eq_arrays(left.digest, right.digest);
        builder.assert_eq(left.count, right.count);
    }
}
