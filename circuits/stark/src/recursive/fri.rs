//! FRI: twin of the verifier of p3's `TwoAdicFriPcs`.
//!
//! Every query opens a row of each table, combines them into one value for each height
//! ([`super::reduction`]), and folds: it opens the row of values that are folded to one, checks that its own value
//! is among them, interpolates them at the fold's challenge, and adds the value of the tables that are as
//! high as the folded word. What is left at the end is a value of the final polynomial.

use cairn_gadgets::field::to_plonky2;
use p3_field::{Field as _, TwoAdicField};
use plonky2::field::types::Field;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use plonky2::hash::hash_types::MerkleCapTarget;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::util::reducing::ReducingFactorTarget;

use super::challenger::ChallengerTarget;
use super::extension::{Builder, ChallengeTarget, F};
use super::layout::Layout;
use super::mmcs::{MatrixShape, OpeningTarget, tree_height};
use super::reduction::Reduction;
use crate::config::{D, Val};

/// The claimed values of all columns of a table at a point.
#[derive(Clone, Debug)]
pub struct PointTarget {
    /// The point. Where several tables are opened at one point, let it be one target.
    pub point: ChallengeTarget,
    /// The values.
    pub values: Vec<ChallengeTarget>,
}

/// A committed table and where it is opened.
#[derive(Clone, Debug)]
pub struct TableTarget {
    /// Rows, in bits.
    pub log_height: usize,
    /// Points and values, in the order of the transcript.
    pub points: Vec<PointTarget>,
}

/// A commitment and its tables.
#[derive(Clone, Debug)]
pub struct CommitmentTarget {
    /// The commitment.
    pub cap: MerkleCapTarget,
    /// The tables, in the order in which they are committed to.
    pub tables: Vec<TableTarget>,
}

/// What one query opens.
#[derive(Clone, Debug)]
pub struct QueryTarget {
    /// Rows of tables, by commitment.
    pub inputs: Vec<OpeningTarget>,
    /// Rows of folded words, by fold.
    pub folds: Vec<OpeningTarget>,
}

/// A proof that claimed openings hold.
#[derive(Clone, Debug)]
pub struct FriProofTarget {
    /// Proof of work before the openings are combined.
    pub batch_pow_witness: Target,
    /// Commitments to the folded words.
    pub caps: Vec<MerkleCapTarget>,
    /// Proof of work before each fold.
    pub commit_pow_witnesses: Vec<Target>,
    /// Coefficients of what is left, the constant first.
    pub final_poly: Vec<ChallengeTarget>,
    /// Proof of work before the queries.
    pub query_pow_witness: Target,
    /// Queries.
    pub queries: Vec<QueryTarget>,
}

impl FriProofTarget {
    /// Unconstrained targets for a proof of this shape.
    pub fn new(builder: &mut Builder, layout: &Layout) -> Self {
        let parameters = layout.parameters();
        let cap_height = parameters.cap_height;
        let caps = layout
            .folded()
            .map(|matrix| builder.add_virtual_cap(cap_height.min(matrix.log_height)))
            .collect();
        let queries = (0..parameters.queries)
            .map(|_| QueryTarget {
                inputs: layout
                    .matrices()
                    .iter()
                    .map(|matrices| OpeningTarget::new(builder, matrices, cap_height))
                    .collect(),
                folds: layout
                    .folded()
                    .map(|matrix| OpeningTarget::new(builder, &[matrix], cap_height))
                    .collect(),
            })
            .collect();
        Self {
            batch_pow_witness: builder.add_virtual_target(),
            caps,
            commit_pow_witnesses: builder.add_virtual_targets(layout.log_arities().len()),
            final_poly: builder.add_virtual_extension_targets(1 << parameters.log_final_poly_len),
            query_pow_witness: builder.add_virtual_target(),
            queries,
        }
    }

    /// Asserts that the commitments' tables take the claimed values.
    ///
    /// The transcript must have absorbed the commitments and given the points.
    ///
    /// # Panics
    /// If commitments and proof have not the shape of the layout.
    pub fn verify(
        &self,
        builder: &mut Builder,
        challenger: &mut ChallengerTarget,
        layout: &Layout,
        commitments: &[CommitmentTarget],
    ) {
        assert_shape(layout, commitments);
        let parameters = layout.parameters();

        challenger.observe_seed(builder, &layout.openings_seed());
        for table in commitments.iter().flat_map(|commitment| &commitment.tables) {
            for point in &table.points {
                challenger.observe_extensions(builder, &point.values);
            }
        }
        challenger.check_witness(builder, parameters.batch_pow_bits, self.batch_pow_witness);
        let alpha = challenger.sample_extension(builder);

        challenger.observe_seed(builder, &layout.fri_seed());
        let mut betas = vec![];
        for (cap, &witness) in self.caps.iter().zip(&self.commit_pow_witnesses) {
            challenger.observe_cap(builder, cap);
            challenger.check_witness(builder, parameters.commit_pow_bits, witness);
            betas.push(challenger.sample_extension(builder));
        }
        challenger.observe_extensions(builder, &self.final_poly);
        challenger.check_witness(builder, parameters.query_pow_bits, self.query_pow_witness);

        let reduction = Reduction::new(builder, parameters.log_blowup, commitments, alpha);
        let shared = Shared { layout, commitments, proof: self, betas, reduction };
        for query in &self.queries {
            let index = challenger.sample_bits(builder, layout.log_max_height());
            shared.verify_query(builder, query, &index);
        }
    }
}

fn assert_shape(layout: &Layout, commitments: &[CommitmentTarget]) {
    assert_eq!(layout.tables().len(), commitments.len(), "commitments of the layout");
    for (shapes, commitment) in layout.tables().iter().zip(commitments) {
        assert_eq!(shapes.len(), commitment.tables.len(), "tables of the layout");
        for (shape, table) in shapes.iter().zip(&commitment.tables) {
            assert_eq!(shape.log_height, table.log_height, "rows of the layout");
            assert_eq!(shape.points, table.points.len(), "points of the layout");
            for point in &table.points {
                assert_eq!(shape.width, point.values.len(), "columns of the layout");
            }
        }
    }
}

/// What the queries share.
struct Shared<'a> {
    layout: &'a Layout,
    commitments: &'a [CommitmentTarget],
    proof: &'a FriProofTarget,
    betas: Vec<ChallengeTarget>,
    reduction: Reduction,
}

impl Shared<'_> {
    /// Asserts that one query holds, at the index of these bits, the least significant first.
    fn verify_query(&self, builder: &mut Builder, query: &QueryTarget, index: &[BoolTarget]) {
        let height = self.layout.log_max_height();
        let matrices = self.layout.matrices();
        for ((opening, commitment), matrices) in
            query.inputs.iter().zip(self.commitments).zip(matrices)
        {
            self.verify_opening(builder, opening, &commitment.cap, matrices, index);
        }

        let mut x = subgroup_element(builder, index);
        let mut folded = self
            .reduction
            .at(builder, height, x, &query.inputs)
            .expect("the highest tables have the layout's height");
        let mut index = index;
        let mut joined = 1;
        let folds = self.layout.folded().zip(&query.folds).zip(&self.proof.caps);
        for (((matrix, opening), cap), &beta) in folds.zip(&self.betas) {
            let (position, rest) = index.split_at(index.len() - matrix.log_height);
            self.verify_opening(builder, opening, cap, &[matrix], rest);
            let values: Vec<ChallengeTarget> = opening.rows[0]
                .chunks_exact(D)
                .map(|value| ExtensionTarget([value[0], value[1]]))
                .collect();

            let slot = builder.le_sum(position.iter());
            let own = builder.random_access_extension(slot, values.clone());
            builder.connect_extension(own, folded);

            let start = coset_start(builder, x, position);
            folded = interpolate(builder, start, &values, beta);
            x = builder.exp_power_of_2(start, position.len());
            index = rest;
            if let Some(joining) = self.reduction.at(builder, index.len(), x, &query.inputs) {
                let factor = builder.exp_power_of_2_extension(beta, position.len());
                folded = builder.mul_add_extension(factor, joining, folded);
                joined += 1;
            }
        }

        assert_eq!(joined, self.reduction.heights(), "tables of every height take part");

        let x = builder.convert_to_ext(x);
        let last = ReducingFactorTarget::new(x).reduce(&self.proof.final_poly, builder);
        builder.connect_extension(last, folded);
    }

    /// Opens matrices at an index that may have more bits than their tree.
    fn verify_opening(
        &self,
        builder: &mut Builder,
        opening: &OpeningTarget,
        cap: &MerkleCapTarget,
        matrices: &[MatrixShape],
        index: &[BoolTarget],
    ) {
        let height = tree_height(matrices);
        let index = &index[index.len() - height..];
        let cap_height = self.layout.parameters().cap_height.min(height);
        // The builder keeps the sum: it is the same for all trees of a query.
        let cap_index = builder.le_sum(index[height - cap_height..].iter());
        opening.verify(builder, cap, matrices, index, cap_index);
    }
}

/// A primitive root of unity of order `2^bits`: p3's, which need not be plonky2's.
fn root_of_unity(bits: usize) -> Val {
    Val::two_adic_generator(bits)
}

/// `x`, times `factor` if `bit`. One operation, a twentieth of a row.
fn multiply_if(builder: &mut Builder, x: Target, bit: BoolTarget, factor: Val) -> Target {
    let factor = to_plonky2(factor) - F::ONE;
    builder.arithmetic(factor, F::ONE, x, bit.target, x)
}

/// The element at an index of the subgroup in bit-reversed order: with `g` a root of order `2^n`,
/// `g^reverse(index)`. Bit i contributes a root of order `2^(i + 1)`.
fn subgroup_element(builder: &mut Builder, index: &[BoolTarget]) -> Target {
    let mut x = builder.one();
    for (i, &bit) in index.iter().enumerate() {
        x = multiply_if(builder, x, bit, root_of_unity(i + 1));
    }
    x
}

/// The first element of the coset that `x` is in at this position, in bit-reversed order.
fn coset_start(builder: &mut Builder, mut x: Target, position: &[BoolTarget]) -> Target {
    for (i, &bit) in position.iter().enumerate() {
        x = multiply_if(builder, x, bit, root_of_unity(i + 1).inverse());
    }
    x
}

/// The value at `point` of the polynomial that takes these values on the coset of `start`, in
/// bit-reversed order. One row.
fn interpolate(
    builder: &mut Builder,
    start: Target,
    values: &[ChallengeTarget],
    point: ChallengeTarget,
) -> ChallengeTarget {
    let gate = interpolation_gate(values.len().ilog2() as usize);
    let order = bit_reversed_positions(gate.subgroup_bits);
    let wires = gate.num_routed_wires();
    let row = builder.add_gate(gate, vec![]);
    let wires_of = |first: usize| ExtensionTarget::from_range(row, first..first + D);
    // Wires of the gate: shift, values in the order of plonky2's subgroup, point, result.
    builder.connect(start, Target::wire(row, 0));
    for (i, position) in order.into_iter().enumerate() {
        builder.connect_extension(values[position], wires_of(1 + i * D));
    }
    builder.connect_extension(point, wires_of(wires - 2 * D));
    wires_of(wires - D)
}

/// plonky2's own choice for its recursive verifier: the least degree, up to 8, for as few intermediate wires.
fn interpolation_gate(bits: usize) -> CosetInterpolationGate<F, D> {
    const MAX_DEGREE: usize = 8;
    let mut gate = CosetInterpolationGate::new(bits);
    let inner = (1 << bits) - 2;
    gate.degree = inner / (inner / (MAX_DEGREE - 1) + 1) + 2;
    gate
}

/// Where, in p3's bit-reversed order, the elements of plonky2's subgroup of `2^bits` elements are.
fn bit_reversed_positions(bits: usize) -> Vec<usize> {
    let elements: Vec<F> = (0..1_usize << bits)
        .map(|position| {
            let exponent = p3_util::reverse_bits_len(position, bits) as u64;
            to_plonky2(root_of_unity(bits)).exp_u64(exponent)
        })
        .collect();
    F::two_adic_subgroup(bits)
        .into_iter()
        .map(|element| elements.iter().position(|&e| e == element).expect("the same subgroup"))
        .collect()
}
