//! Constraints of data words that are evaluated in the blobs' field.
//!
//! ```text
//! | group 0 | group 1 | ...   unused |     unused | rest |
//! ```
//!
//! Words come in groups of 16, each one step of Horner's rule; the result is taken after the last group
//! that is used. The rest of fewer than 16 words is one more group, filled from its end and
//! with zeros before: its step multiplies by the power of z that belongs to its words alone.

use cairn_gadgets::arithmetic::select_array;
use cairn_gadgets::bls_scalar::{GROUP, ScalarTarget, evaluate, powers};
use cairn_gadgets::poseidon2::{DigestTarget, compress};
use plonky2::field::types::Field;
use plonky2::iop::target::{BoolTarget, Target};

use super::circuit::count;
use crate::config::{Builder, F};
use crate::statement::StreamTarget;

/// Slots of the rest.
const REST: usize = GROUP - 1;

/// The words and where they are.
#[derive(Debug)]
pub(super) struct BlobSection {
    /// The slots of the groups.
    pub(super) groups: Vec<[[Target; 4]; GROUP]>,
    /// `ends[i]` is 1 iff the first `i` groups hold words; one more than there are groups.
    pub(super) ends: Vec<BoolTarget>,
    /// The slots of the rest.
    pub(super) rest: [[Target; 4]; REST],
    /// `starts[i]` is 1 iff the rest's words start at slot `i`; the last one means none.
    pub(super) starts: [BoolTarget; GROUP],
}

/// Digest and value after some words.
#[derive(Clone, Copy)]
struct Running {
    digest: DigestTarget,
    value: ScalarTarget,
}

impl BlobSection {
    /// Leads a stream on by 0 to `capacity` words, and its value at z, which must not be zero.
    ///
    /// # Panics
    /// If the capacity is not a number of groups.
    pub(super) fn new(
        builder: &mut Builder,
        capacity: usize,
        before: StreamTarget,
        value: [Target; 8],
        z: [Target; 8],
    ) -> (Self, StreamTarget, [Target; 8]) {
        assert!(capacity.is_multiple_of(GROUP), "groups have {GROUP} words, got {capacity}");
        let section = Self {
            groups: (0..capacity / GROUP).map(|_| free_words(builder)).collect(),
            ends: (0..=capacity / GROUP).map(|_| builder.add_virtual_bool_target_safe()).collect(),
            rest: free_words(builder),
            starts: std::array::from_fn(|_| builder.add_virtual_bool_target_safe()),
        };
        assert_not_zero(builder, z);
        let z = ScalarTarget::from_words(builder, z);
        let powers = powers(builder, z, GROUP);
        let value = ScalarTarget::from_words(builder, value);
        let running = Running { digest: before.digest, value };

        let (running, groups) = section.add_groups(builder, running, &powers);
        let (running, rest) = section.add_rest(builder, running, &powers);
        let words = builder.mul_const_add(F::from_canonical_usize(GROUP), groups, rest);
        let after =
            StreamTarget { digest: running.digest, count: builder.add(before.count, words) };
        (section, after, running.value.to_canonical_words(builder))
    }

    /// Returns what the groups that are used lead to, and their number.
    fn add_groups(
        &self,
        builder: &mut Builder,
        mut running: Running,
        powers: &[ScalarTarget],
    ) -> (Running, Target) {
        let mut reached = vec![running];
        for group in &self.groups {
            let digest =
                group.iter().fold(running.digest, |digest, &word| compress(builder, digest, word));
            let value = evaluate(builder, running.value, powers[GROUP], group, powers);
            running = Running { digest, value };
            reached.push(running);
        }
        // Exactly one end is set.
        let groups = count(builder, &self.ends);
        let zero = builder.zero();
        let digest = std::array::from_fn(|i| {
            self.ends.iter().zip(&reached).fold(zero, |sum, (end, running)| {
                builder.mul_add(end.target, running.digest[i], sum)
            })
        });
        let values: Vec<_> =
            self.ends.iter().zip(&reached).map(|(&end, running)| (end, running.value)).collect();
        (Running { digest, value: ScalarTarget::choose(builder, &values) }, groups)
    }

    /// Returns what the words of the rest lead to, and their number.
    fn add_rest(
        &self,
        builder: &mut Builder,
        before: Running,
        powers: &[ScalarTarget],
    ) -> (Running, Target) {
        // `used` is 1 from the slot on at which the words start, and at the end: exactly one start is set.
        let (mut used, mut words) = (builder.zero(), builder.zero());
        let mut digest = before.digest;
        let mut masked = self.rest;
        for (slot, word) in masked.iter_mut().enumerate() {
            used = builder.add(used, self.starts[slot].target);
            words = builder.add(words, used);
            digest = select_array(builder, self.starts[slot], before.digest, digest);
            digest = compress(builder, digest, *word);
            *word = word.map(|limb| builder.mul(used, limb));
        }
        let none = self.starts[REST];
        let starts = builder.add(used, none.target);
        builder.assert_one(starts);
        digest = select_array(builder, none, before.digest, digest);

        let shifts: Vec<_> =
            self.starts.into_iter().zip(powers[..GROUP].iter().copied().rev()).collect();
        let shift = ScalarTarget::choose(builder, &shifts);
        let value = evaluate(builder, before.value, shift, &masked, powers);
        (Running { digest, value }, words)
    }
}

fn free_words<const N: usize>(builder: &mut Builder) -> [[Target; 4]; N] {
    std::array::from_fn(|_| builder.add_virtual_target_arr())
}

/// Trust: the words have 32 bits, so that their sum is zero only if all are.
fn assert_not_zero(builder: &mut Builder, words: [Target; 8]) {
    let sum = builder.add_many(words);
    let zero = builder.zero();
    let is_zero = builder.is_equal(sum, zero);
    builder.assert_zero(is_zero.target);
}
