//! Constraints of the stream leaf.

use cairn_gadgets::poseidon2::{DigestTarget, compress};
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::target::{BoolTarget, Target};

use super::DataEvaluation;
use super::blob_section::BlobSection;
use crate::config::Builder;
use crate::statement::{
    EvaluatedStreamTarget, StreamEnvironmentTarget, StreamStateTarget, StreamStatementTarget,
    StreamTarget,
};

/// The statement and the words of a leaf.
#[derive(Debug)]
pub(super) struct StreamLeafTarget {
    /// Environment and state before are inputs.
    pub(super) statement: StreamStatementTarget,
    pub(super) data: DataSection,
    pub(super) priority: Section,
    pub(super) withdrawals: Section,
}

/// The data words.
#[derive(Debug)]
pub(super) enum DataSection {
    AtX(Section),
    AtZ(Box<BlobSection>),
}

impl StreamLeafTarget {
    /// Adds a leaf, and registers the digest of its statement as the public inputs.
    ///
    /// The two kinds of leaves have no environment in common, so that all leaves of a batch are of one kind: a
    /// batch cannot have some words evaluated at x and others at z.
    pub(super) fn new(builder: &mut Builder, kind: DataEvaluation, capacity: [usize; 3]) -> Self {
        let x = builder.add_virtual_target_arr();
        let circuit_set_root = builder.add_virtual_target_arr();
        let [data, priority, withdrawal] = [0; 3].map(|_| free_stream(builder));
        let zero = builder.zero();
        let (z, blob) = match kind {
            DataEvaluation::AtX => ([zero; 8], [zero; 8]),
            DataEvaluation::AtZ => {
                (builder.add_virtual_target_arr(), builder.add_virtual_target_arr())
            }
        };
        let before = StreamStateTarget { data, priority, withdrawal, blob };

        let mut after = before;
        let at = ExtensionTarget(x);
        let data = match kind {
            DataEvaluation::AtX => {
                let section;
                (section, after.data) = Section::new(builder, capacity[0], before.data, at);
                DataSection::AtX(section)
            }
            DataEvaluation::AtZ => {
                let section;
                (section, after.data.stream, after.blob) =
                    BlobSection::new(builder, capacity[0], before.data.stream, before.blob, z);
                DataSection::AtZ(Box::new(section))
            }
        };
        let (priority, withdrawals);
        (priority, after.priority) = Section::new(builder, capacity[1], before.priority, at);
        (withdrawals, after.withdrawal) = Section::new(builder, capacity[2], before.withdrawal, at);

        let environment = StreamEnvironmentTarget { x, z, circuit_set_root };
        let statement = StreamStatementTarget { environment, before, after };
        let digest = statement.digest(builder);
        builder.register_public_inputs(&digest);
        Self { statement, data, priority, withdrawals }
    }
}

/// The words of one stream.
#[derive(Debug)]
pub(super) struct Section {
    /// The slots. Words come first; what follows them is ignored.
    pub(super) slots: Vec<[Target; 4]>,
    /// `ends[i]` is 1 iff the first `i` slots hold words; one more than there are slots.
    pub(super) ends: Vec<BoolTarget>,
}

impl Section {
    /// Leads a stream on by 0 to `capacity` words.
    ///
    /// The chain runs through all slots; the result is taken where the words end, by an inner
    /// product with `ends`.
    fn new(
        builder: &mut Builder,
        capacity: usize,
        before: EvaluatedStreamTarget,
        x: ExtensionTarget<2>,
    ) -> (Self, EvaluatedStreamTarget) {
        let slots: Vec<[Target; 4]> =
            (0..capacity).map(|_| builder.add_virtual_target_arr()).collect();
        let ends: Vec<_> = (0..=capacity).map(|_| builder.add_virtual_bool_target_safe()).collect();

        let zero = builder.zero();
        let mut after_digest: DigestTarget = [zero; 4];
        let mut after_y = [zero; 2];
        let (mut digest, mut y) = (before.stream.digest, ExtensionTarget(before.y));
        for (i, end) in ends.iter().enumerate() {
            let sums = after_digest.iter_mut().chain(&mut after_y);
            for (sum, here) in sums.zip(digest.into_iter().chain(y.0)) {
                *sum = builder.mul_add(end.target, here, *sum);
            }
            if let Some(&limbs) = slots.get(i) {
                digest = compress(builder, digest, limbs);
                y = evaluate(builder, y, limbs, x);
            }
        }
        let words = count(builder, &ends);
        let count = builder.add(before.stream.count, words);
        let stream = StreamTarget { digest: after_digest, count };
        (Self { slots, ends }, EvaluatedStreamTarget { stream, y: after_y })
    }
}

fn free_stream(builder: &mut Builder) -> EvaluatedStreamTarget {
    EvaluatedStreamTarget {
        stream: StreamTarget {
            digest: builder.add_virtual_target_arr(),
            count: builder.add_virtual_target(),
        },
        y: builder.add_virtual_target_arr(),
    }
}

/// `y := y x + limb` for each limb.
fn evaluate(
    builder: &mut Builder,
    y: ExtensionTarget<2>,
    limbs: [Target; 4],
    x: ExtensionTarget<2>,
) -> ExtensionTarget<2> {
    limbs.into_iter().fold(y, |y, limb| {
        let limb = builder.convert_to_ext(limb);
        builder.mul_add_extension(y, x, limb)
    })
}

/// Constrains exactly one of `ends` to be 1 and returns its position.
///
/// Trust: the caller has constrained each to be a bit.
pub(super) fn count(builder: &mut Builder, ends: &[BoolTarget]) -> Target {
    // `active` is 1 for each slot before the end: the sum of these is the position.
    let zero = builder.zero();
    let (mut active, mut count) = (zero, zero);
    for end in ends[1..].iter().rev() {
        active = builder.add(active, end.target);
        count = builder.add(count, active);
    }
    let number_of_ends = builder.add(active, ends[0].target);
    builder.assert_one(number_of_ends);
    count
}
