//! Every target that the prover sets, changed alone or with its neighbour, satisfies no circuit.

use std::collections::BTreeSet;

use plonky2::hash::hash_types::{HashOutTarget, MerkleCapTarget};

use super::*;
use crate::recursive::fri::{FriProofTarget, QueryTarget};
use crate::recursive::mmcs::OpeningTarget;
use crate::recursive::proof::{BatchTarget, Commitments, TableOpenings};

/// Lists of targets by field. Structs are taken apart, so that a field that one gains is listed here
/// or nothing compiles.
#[derive(Default)]
struct Fields(Vec<(String, Vec<Target>)>);

impl Fields {
    fn add(&mut self, field: impl Into<String>, targets: impl IntoIterator<Item = Target>) {
        self.0.push((field.into(), targets.into_iter().collect()));
    }

    fn extension(&mut self, field: &str, values: &[ChallengeTarget]) {
        self.add(field, values.iter().flat_map(|value| value.0));
    }

    fn digests(&mut self, field: &str, digests: &[HashOutTarget]) {
        self.add(field, digests.iter().flat_map(|digest| digest.elements));
    }

    fn cap(&mut self, field: &str, MerkleCapTarget(digests): &MerkleCapTarget) {
        self.digests(field, digests);
    }

    fn batch(&mut self, batch: &BatchTarget) {
        let BatchTarget { public_values, commitments, tables, terminals, lookup_work, point_work } =
            batch;
        let Commitments { main, permutation, quotient } = commitments;
        self.cap("main", main);
        permutation.iter().for_each(|cap| self.cap("permutation", cap));
        self.cap("quotient", quotient);
        public_values.iter().for_each(|values| self.add("public values", values.clone()));
        tables.iter().for_each(|table| self.table(table));
        terminals.iter().flatten().for_each(|terminal| self.extension("terminal", &[*terminal]));
        self.add("lookup work", *lookup_work);
        self.add("point work", *point_work);
    }

    fn table(&mut self, table: &TableOpenings) {
        let TableOpenings {
            main,
            main_next,
            preprocessed,
            preprocessed_next,
            permutation,
            permutation_next,
            quotient_chunks,
        } = table;
        self.extension("main row", main);
        main_next.iter().for_each(|row| self.extension("next main row", row));
        preprocessed.iter().for_each(|row| self.extension("preprocessed row", row));
        preprocessed_next.iter().for_each(|row| self.extension("next preprocessed row", row));
        self.extension("permutation row", permutation);
        self.extension("next permutation row", permutation_next);
        self.extension("quotient", &quotient_chunks.concat());
    }

    fn opening(&mut self, opening: &FriProofTarget) {
        let FriProofTarget {
            batch_pow_witness,
            caps,
            commit_pow_witnesses,
            final_poly,
            query_pow_witness,
            queries,
        } = opening;
        self.add("batch work", [*batch_pow_witness]);
        caps.iter().for_each(|cap| self.cap("fold", cap));
        self.add("commit work", commit_pow_witnesses.clone());
        self.extension("final polynomial", final_poly);
        self.add("query work", [*query_pow_witness]);
        for QueryTarget { inputs, folds } in queries {
            for (field, openings) in [("opened", inputs), ("folded", folds)] {
                for OpeningTarget { rows, siblings } in openings {
                    rows.iter().for_each(|row| self.add(format!("{field} row"), row.clone()));
                    self.digests(&format!("{field} row's siblings"), siblings);
                }
            }
        }
    }
}

#[test]
fn every_target_is_bound() {
    let setup = Setup::new();
    let witness = setup.witness(|_, _| ()).unwrap();
    assert!(setup.accepts(witness.clone()));
    let StarkProofTarget { batch, opening, layout: _, tables: _ } = &setup.target;
    let mut fields = Fields::default();
    fields.batch(batch);
    fields.opening(opening);

    // Nothing else is set.
    let listed: Vec<Target> = fields.0.iter().flat_map(|(_, targets)| targets.clone()).collect();
    let names: BTreeSet<_> = listed.iter().map(|target| format!("{target:?}")).collect();
    assert_eq!((names.len(), listed.len()), (listed.len(), witness.target_values.len()));
    assert!(listed.iter().all(|target| witness.target_values.contains_key(target)));

    // The first and the last of each list, by one; and the first two that differ, swapped.
    for (field, targets) in &fields.0 {
        let value = |target: &Target| witness.target_values[target];
        let ends = targets.first().into_iter().chain(targets.last());
        for target in ends {
            let mut witness = witness.clone();
            *witness.target_values.get_mut(target).unwrap() += F::ONE;
            assert!(!setup.accepts(witness), "{field}: {target:?}");
        }
        let pairs = targets.windows(2).map(|pair| [pair[0], pair[1]]);
        let different = |[left, right]: &[Target; 2]| value(left) != value(right);
        let Some([left, right]) = pairs.into_iter().find(different) else { continue };
        let mut witness = witness.clone();
        let swapped = [value(&right), value(&left)];
        [left, right].iter().zip(swapped).for_each(|(target, value)| {
            witness.target_values.insert(*target, value);
        });
        assert!(!setup.accepts(witness), "{field}: swapped");
    }
}
