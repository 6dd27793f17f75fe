//! The opening argument in a circuit against p3's, accept and reject.

use cairn_gadgets::field::to_plonky2;
use cairn_gadgets::poseidon2::CairnConfig;
use p3_challenger::{CanObserve, FieldChallenger};
use p3_commit::{MatrixOpening, OpeningRequest, Pcs as _, PointOpening};
use p3_field::{PrimeCharacteristicRing, TwoAdicField};
use p3_matrix::dense::RowMajorMatrix;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};

use super::challenger::ChallengerTarget;
use super::extension::{Builder, F, to_plonky2_cap, to_plonky2_extension};
use super::fri::{CommitmentTarget, FriProofTarget, PointTarget, TableTarget};
use super::fri_witness::{Claim, FriProof};
use super::layout::{Layout, TableShape};
use super::testing::proves;
use crate::config::{Challenge, Challenger, D, Parameters, Pcs, Val, challenger};
use crate::testing::TINY;

/// Log height, width, points.
type Table = (usize, usize, usize);

/// Heights that join at several folds, several tables of one height, one and two points, a commitment
/// lower than the others.
const TABLES: [&[Table]; 3] = [
    &[(6, 5, 2), (3, 12, 2), (6, 14, 1), (5, 1, 2)],
    &[(6, 2, 1), (6, 2, 1), (3, 2, 1)],
    &[(3, 3, 2)],
];

/// A proof by p3, and what it proves.
struct Native {
    layout: Layout,
    claims: Vec<Claim>,
    proof: FriProof,
    /// Before the claimed values.
    transcript: Challenger,
}

fn layout(parameters: &Parameters, tables: &[&[Table]]) -> Layout {
    let shape = |&(log_height, width, points): &Table| TableShape { log_height, width, points };
    let tables: Vec<Vec<TableShape>> =
        tables.iter().map(|tables| tables.iter().map(shape).collect()).collect();
    Layout::new(parameters, &tables)
}

/// The points at which a table is opened: zeta, and the next row's.
fn points(zeta: Challenge, table: &TableShape) -> Vec<Challenge> {
    let next = zeta * Val::two_adic_generator(table.log_height);
    [zeta, next][..table.points].to_vec()
}

impl Native {
    fn new(parameters: &Parameters, tables: &[&[Table]]) -> Self {
        let layout = layout(parameters, tables);
        let pcs = parameters.pcs();
        let domain = |table: &TableShape| {
            <Pcs as p3_commit::Pcs<Challenge, Challenger>>::natural_domain_for_degree(
                &pcs,
                1 << table.log_height,
            )
        };
        let mut transcript = challenger();
        let mut committed = vec![];
        for (c, tables) in layout.tables().iter().enumerate() {
            let traces = tables.iter().enumerate().map(|(t, table)| {
                let values = 0..(table.width as u64) << table.log_height;
                let seed = (c * 10 + t) as u64;
                let values = values.map(|i| Val::new((i + seed) * (i + 3) * (i + 7))).collect();
                (domain(table), RowMajorMatrix::new(values, table.width))
            });
            let (cap, data) =
                <Pcs as p3_commit::Pcs<Challenge, Challenger>>::commit(&pcs, traces).unwrap();
            transcript.observe(&cap);
            committed.push((cap, data));
        }
        let zeta: Challenge = transcript.sample_algebra_element();
        let requests = committed.iter().zip(layout.tables()).map(|((_, data), tables)| {
            let points = tables.iter().map(|table| points(zeta, table)).collect();
            OpeningRequest { prover_data: data, points }
        });
        let (values, proof) = pcs.open(requests.collect(), &mut transcript.clone()).unwrap();
        let claims = committed.iter().zip(layout.tables()).zip(values);
        let claims: Vec<Claim> = claims
            .map(|(((cap, _), tables), values)| Claim {
                commitment: cap.clone(),
                matrices: tables
                    .iter()
                    .zip(values)
                    .map(|(table, values)| MatrixOpening {
                        domain: domain(table),
                        points: points(zeta, table)
                            .into_iter()
                            .zip(values)
                            .map(|(point, values)| PointOpening { point, values })
                            .collect(),
                    })
                    .collect(),
            })
            .collect();
        pcs.verify(claims.clone(), &proof, &mut transcript.clone()).unwrap();
        Self { layout, claims, proof, transcript }
    }
}

/// The circuit that verifies proofs of one layout.
struct Verifier {
    data: CircuitData<F, CairnConfig, D>,
    commitments: Vec<CommitmentTarget>,
    proof: FriProofTarget,
    /// Gates before padding.
    rows: usize,
}

impl Verifier {
    fn new(layout: &Layout) -> Self {
        let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
        let parameters = layout.parameters();
        let caps: Vec<_> = layout
            .matrices()
            .iter()
            .map(|matrices| {
                let height = super::mmcs::tree_height(matrices);
                builder.add_virtual_cap(parameters.cap_height.min(height))
            })
            .collect();
        let mut challenger = ChallengerTarget::new(&mut builder);
        caps.iter().for_each(|cap| challenger.observe_cap(&mut builder, cap));
        let zeta = challenger.sample_extension(&mut builder);
        let commitments: Vec<CommitmentTarget> = caps
            .into_iter()
            .zip(layout.tables())
            .map(|(cap, tables)| CommitmentTarget {
                cap,
                tables: tables
                    .iter()
                    .map(|table| {
                        let generator = to_plonky2(Val::two_adic_generator(table.log_height));
                        let next = builder.mul_const_extension(generator, zeta);
                        let points = [zeta, next].into_iter().take(table.points);
                        let points = points.map(|point| PointTarget {
                            point,
                            values: builder.add_virtual_extension_targets(table.width),
                        });
                        TableTarget { log_height: table.log_height, points: points.collect() }
                    })
                    .collect(),
            })
            .collect();
        let proof = FriProofTarget::new(&mut builder, layout);
        proof.verify(&mut builder, &mut challenger, layout, &commitments);
        let rows = builder.num_gates();
        Self { data: builder.build(), commitments, proof, rows }
    }

    fn witness(&self, native: &Native) -> PartialWitness<F> {
        let mut witness = PartialWitness::new();
        for (target, claim) in self.commitments.iter().zip(&native.claims) {
            witness.set_cap_target(&target.cap, &to_plonky2_cap(&claim.commitment)).unwrap();
            for (target, matrix) in target.tables.iter().zip(&claim.matrices) {
                for (target, point) in target.points.iter().zip(&matrix.points) {
                    let values: Vec<_> =
                        point.values.iter().copied().map(to_plonky2_extension).collect();
                    witness.set_extension_targets(&target.values, &values).unwrap();
                }
            }
        }
        let transcript = &mut native.transcript.clone();
        self.proof
            .set_witness(&mut witness, &native.layout, &native.claims, &native.proof, transcript)
            .unwrap();
        witness
    }

    fn accepts(&self, witness: PartialWitness<F>) -> bool {
        proves(&self.data, witness)
    }

    /// Whether the circuit accepts the witness with one more in one target.
    fn accepts_mutant(&self, witness: &PartialWitness<F>, target: Target) -> bool {
        let mut mutant = PartialWitness::new();
        for (&t, &value) in &witness.target_values {
            let value = if t == target { value + F::ONE } else { value };
            mutant.set_target(t, value).unwrap();
        }
        self.accepts(mutant)
    }

    /// Every target that a prover sets, by kind.
    fn targets(&self) -> Vec<(&'static str, Vec<Target>)> {
        let mut targets: Vec<(&'static str, Vec<Target>)> = vec![];
        for commitment in &self.commitments {
            targets
                .push(("commitment", commitment.cap.0.iter().flat_map(|h| h.elements).collect()));
            for point in commitment.tables.iter().flat_map(|table| &table.points) {
                targets.push(("claimed values", point.values.iter().flat_map(|v| v.0).collect()));
            }
        }
        let proof = &self.proof;
        targets.push(("batch work", vec![proof.batch_pow_witness]));
        targets.push(("commit work", proof.commit_pow_witnesses.clone()));
        targets.push(("query work", vec![proof.query_pow_witness]));
        targets.push(("final polynomial", proof.final_poly.iter().flat_map(|v| v.0).collect()));
        for cap in &proof.caps {
            targets.push(("fold commitment", cap.0.iter().flat_map(|h| h.elements).collect()));
        }
        // All of the first query, the ends of each list of the others.
        for (q, query) in proof.queries.iter().enumerate() {
            let some = |targets: Vec<Target>| match (q, &targets[..]) {
                (0, _) | (_, []) => targets,
                (_, &[first, ..]) => vec![first, targets[targets.len() - 1]],
            };
            let openings = query.inputs.iter().map(|opening| ("row", opening));
            let folds = query.folds.iter().map(|opening| ("folded row", opening));
            for (kind, opening) in openings.chain(folds) {
                targets.extend(opening.rows.iter().map(|row| (kind, some(row.clone()))));
                let siblings = opening.siblings.iter().flat_map(|h| h.elements).collect();
                targets.push(("siblings", some(siblings)));
            }
        }
        targets
    }
}

#[test]
fn proofs_of_p3_are_accepted() {
    for parameters in [
        TINY,
        Parameters { max_log_arity: 3, log_final_poly_len: 0, cap_height: 0, ..TINY },
        Parameters { max_log_arity: 4, log_blowup: 2, commit_pow_bits: 0, ..TINY },
        Parameters { max_log_arity: 1, batch_pow_bits: 0, query_pow_bits: 0, ..TINY },
    ] {
        let native = Native::new(&parameters, &TABLES);
        let verifier = Verifier::new(&native.layout);
        assert!(verifier.accepts(verifier.witness(&native)), "{parameters:?}");
    }
}

#[test]
fn folds_by_sixteen_are_accepted() {
    let parameters = Parameters { max_log_arity: 4, log_final_poly_len: 0, ..TINY };
    let native = Native::new(&parameters, &[&[(8, 3, 2)]]);
    assert_eq!(native.layout.log_arities(), [4, 4]);
    let verifier = Verifier::new(&native.layout);
    let witness = verifier.witness(&native);
    assert!(verifier.accepts(witness.clone()));
    for fold in &verifier.proof.queries[0].folds {
        for &target in &fold.rows[0] {
            assert!(!verifier.accepts_mutant(&witness, target), "{target:?}");
        }
    }
}

#[test]
fn every_changed_value_is_rejected() {
    let native = Native::new(&TINY, &TABLES);
    let verifier = Verifier::new(&native.layout);
    let witness = verifier.witness(&native);
    assert!(verifier.accepts(witness.clone()));
    for (kind, targets) in verifier.targets() {
        for target in targets {
            assert!(witness.target_values.contains_key(&target), "{kind} is set");
            assert!(!verifier.accepts_mutant(&witness, target), "{kind}: {target:?}");
        }
    }
}

/// Query positions follow from everything committed to: a proof for another transcript does not hold.
#[test]
fn another_transcript_is_rejected() {
    let mut native = Native::new(&TINY, &TABLES);
    let verifier = Verifier::new(&native.layout);
    native.transcript.observe(Val::ONE);
    let mut witness = PartialWitness::new();
    let verdict = verifier.proof.set_witness(
        &mut witness,
        &native.layout,
        &native.claims,
        &native.proof,
        &mut native.transcript,
    );
    assert!(matches!(verdict, Err(crate::native::Error::Opening(_))));
}

/// A table of 300 columns and two smaller ones, as a leaf has them: what a query costs.
#[test]
fn rows_of_a_query() {
    let tables: [&[Table]; 3] = [
        &[(12, 300, 2), (10, 60, 2), (7, 40, 2)],
        &[(12, 2, 1), (12, 2, 1), (10, 2, 1), (10, 2, 1), (7, 2, 1), (7, 2, 1)],
        &[(12, 40, 2), (10, 20, 2), (7, 10, 2)],
    ];
    let parameters = |queries| Parameters { queries, ..crate::config::RATE_QUARTER };
    let [few, many] =
        [10, 30].map(|queries| Verifier::new(&layout(&parameters(queries), &tables)).rows);
    let row = (many - few) as f64 / 20.0;
    println!("{row} rows a query, {} without queries", few as f64 - 10.0 * row);
    // Rows of tables 38 + 8 + 5, 1 + 1 + 1, 5 + 3 + 2; three paths of 10 with 2 joins; rows of folds 1 + 2 + 1
    // and their paths 8 + 5 + 3: 120 permutations. Columns 10 + 2, caps 6, folds 4, index 1.4, the rest arithmetic.
    assert!((120.0..155.0).contains(&row), "{row}");
}
