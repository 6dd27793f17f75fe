//! The parameters in the form that `soundcalc` reads (<https://github.com/ethereum/soundcalc>): one
//! TOML file, one `[[circuits]]` a layer.
//!
//! It knows FRI of one height under a DEEP-ALI with every challenge from the extension. What Cairn
//! has besides is told as follows, and `tests/soundcalc.rs` says what that makes of each term:
//!
//! - Tables of several heights: the highest one, and of the openings of lower ones as many as would
//!   err as much there (the error of a combination is proportional to the rows).
//! - LogUp: one lookup of all fractions, of messages with their bus. The list is not counted there,
//!   nor a denominator of zero.
//! - plonky2's challenges from the base field, drawn several times: told as if drawn once from the
//!   extension.
//! - The permutation argument, collisions of digests and biased challenges: not told.

use std::fmt::Write;

use cairn_circuits::soundness::{Figures, Fri, LayerSecurity, Plonk, Regime, Stark};

/// The file.
#[must_use]
pub fn parameters(layers: &[LayerSecurity]) -> String {
    let mut out = String::from(
        "# Cairn's layers for soundcalc, written by `cairn-bench soundness --soundcalc`.\n\n\
         [zkevm]\n\
         name = \"Cairn\"\n\
         protocol_family = \"FRI_STARK\"\n\
         field = \"Goldilocks^2\"\n\
         hash_size_bits = 256\n",
    );
    for layer in layers {
        // Writing to a string cannot fail.
        let _ = write_layer(&mut out, layer);
    }
    out
}

fn write_layer(out: &mut String, layer: &LayerSecurity) -> std::fmt::Result {
    let fri = layer.figures.fri();
    let work = layer.figures.work();
    let (degree, constraints) = match &layer.figures {
        Figures::Plonk(Plonk { quotient_degree_factor, constraints, .. }) => {
            (quotient_degree_factor + 1, *constraints)
        }
        Figures::Stark(Stark { identity_degree, constraints, .. }) => {
            (identity_degree.div_ceil(1 << fri.degree_bits()), *constraints)
        }
    };
    let folds: Vec<usize> = fri.arity_bits.iter().map(|bits| 1 << bits).collect();
    let last = fri.degree_bits() + fri.rate_bits - fri.arity_bits.iter().sum::<usize>();

    writeln!(out, "\n[[circuits]]")?;
    writeln!(out, "name = \"{}\"", layer.layer)?;
    writeln!(out, "rho = {}", rho(fri))?;
    writeln!(out, "trace_length = {}", 1_usize << fri.degree_bits())?;
    writeln!(out, "air_max_degree = {degree}")?;
    writeln!(out, "num_constraints = {constraints}")?;
    // Every column is opened at a point or at it and the next.
    writeln!(out, "opening_points = 2")?;
    writeln!(out, "batch_size = {}", weighted_openings(fri))?;
    writeln!(out, "power_batching = true")?;
    writeln!(out, "num_queries = {}", fri.queries)?;
    writeln!(out, "fri_folding_factors = {folds:?}")?;
    writeln!(out, "fri_early_stop_degree = {}", 1_usize << last)?;
    writeln!(out, "grinding_query_phase = {}", work.query)?;
    writeln!(out, "grinding_commit_phase = {}", work.commit)?;
    writeln!(out, "grinding_batching_phase = {}", work.batch)?;
    if let Some(m) = layer.at(Regime::JohnsonBchks25).multiplicity {
        writeln!(out, "gap_to_radius = {}", gap(fri, m))?;
    }
    if let Figures::Stark(Stark { fractions, tuple_width, .. }) = &layer.figures {
        writeln!(out, "\n[[circuits.lookups]]")?;
        writeln!(out, "name = \"LogUp\"")?;
        writeln!(out, "logup_type = \"univariate\"")?;
        writeln!(out, "rows_L = {fractions}")?;
        writeln!(out, "rows_T = 0")?;
        writeln!(out, "num_columns_S = {}", tuple_width + 1)?;
        writeln!(out, "grinding_bits_lookup = {}", work.lookup)?;
    }
    Ok(())
}

fn rho(fri: &Fri) -> f64 {
    (-(fri.rate_bits as f64)).exp2()
}

/// Columns of the highest table whose combination errs as much as that of all openings at all
/// heights.
#[must_use]
pub fn weighted_openings(fri: &Fri) -> usize {
    let degree_bits = fri.degree_bits();
    let weight = |(height, openings): (&usize, &usize)| (openings - 1) << height;
    1 + fri.openings.iter().map(weight).sum::<usize>().div_ceil(1 << degree_bits)
}

/// The gap that makes `soundcalc` choose this multiplicity: `sqrt(rho) / 2m`, and a little more, so
/// that its rounding up does not end at `m + 1`.
fn gap(fri: &Fri, m: u32) -> f64 {
    rho(fri).sqrt() / (2.0 * f64::from(m)) * (1.0 + 1e-9)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cairn_circuits::recursion::shape;

    use super::*;

    #[test]
    fn a_layer_is_told_in_full() {
        let layer = shape::security();
        let text = parameters(std::slice::from_ref(&layer));
        let file: toml::Table = text.parse().unwrap();
        assert_eq!(file["zkevm"]["field"].as_str(), Some("Goldilocks^2"));
        let circuit = &file["circuits"][0];
        let integer = |key: &str| circuit[key].as_integer().unwrap();
        assert_eq!(circuit["name"].as_str(), Some("wrappers and nodes"));
        assert_eq!(circuit["rho"].as_float(), Some(0.0625));
        assert_eq!(integer("trace_length"), 1 << 13);
        assert_eq!(integer("fri_early_stop_degree"), 1 << (13 + 4 - 8));
        assert_eq!(integer("air_max_degree"), 9);
        assert_eq!(integer("batch_size"), layer.figures.fri().openings[&13] as i64);
    }

    #[test]
    fn lower_tables_count_by_their_rows() {
        let openings = BTreeMap::from([(10, 17), (8, 65), (6, 2)]);
        let fri = Fri { rate_bits: 1, queries: 1, openings, arity_bits: vec![] };
        // 16 + 64 / 4 + 1 / 16, rounded up, and the one that is not multiplied.
        assert_eq!(weighted_openings(&fri), 1 + 33);
    }
}
