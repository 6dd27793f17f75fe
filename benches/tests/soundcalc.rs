//! Cairn's bits against those of the Ethereum Foundation's `soundcalc` for the same parameters,
//! term by term.
//!
//! `docs/fixtures.md` says how the golden files were made. Both compute from the same figures, so
//! that what is left is the rounding of the number of openings, or a difference that has a reason
//! here.

use std::{collections::BTreeMap, fs, path::PathBuf};

use cairn_bench::soundness::{PARAMETERS_FILE, layers, parameters, weighted_openings};
use cairn_circuits::recursion::shape;
use cairn_circuits::soundness::{
    Figures, Fri, Hashing, LayerSecurity, Plonk, Regime, RegimeSecurity, Stark, Term,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    results: Vec<Results>,
}

#[derive(Deserialize)]
struct Results {
    layer: String,
    regime: String,
    terms: BTreeMap<String, Bits>,
}

#[derive(Clone, Copy, Deserialize)]
struct Bits {
    /// As soundcalc prints them.
    bits: f64,
    /// Not rounded down.
    exact: f64,
}

/// What ours have more than theirs, and how far that may be off.
struct Difference {
    bits: f64,
    tolerance: f64,
}

/// Both compute the same in floating point, theirs from `p^2` and ours from 2^128, written with six
/// digits.
const EQUAL: f64 = 1e-4;

fn golden(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/soundcalc");
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn every_term_is_that_of_soundcalc_or_differs_for_a_reason() {
    let layers = layers().unwrap();
    let told = parameters(&layers);
    assert_eq!(
        told,
        golden(PARAMETERS_FILE),
        "parameters have changed: make the golden files anew"
    );

    let golden: Golden = serde_json::from_str(&golden("results.json")).unwrap();
    assert_eq!(golden.results.len(), 2 * layers.len());
    let regimes = [("UDR", Regime::UniqueBchks25), ("JBR", Regime::JohnsonBchks25)];
    for layer in &layers {
        for (name, regime) in regimes {
            let mut results = golden.results.iter();
            let theirs = results.find(|r| r.layer == layer.layer && r.regime == name).unwrap();
            compare(layer, layer.at(regime), theirs);
        }
    }
}

#[test]
fn a_report_in_json_has_every_term_by_its_name() {
    let layer = shape::security();
    let json = serde_json::to_value(&layer).unwrap();
    assert_eq!(json["regime"], "johnson_bchks25");
    let johnson = &json["regimes"][2];
    for (term, bits) in &layer.at(Regime::JohnsonBchks25).terms {
        assert_eq!(johnson["terms"][term.to_string()], *bits);
    }
    assert_eq!(json["figures"]["plonk"]["fri"]["openings"].as_object().unwrap().len(), 1);
}

fn compare(layer: &LayerSecurity, ours: &RegimeSecurity, theirs: &Results) {
    let mut rest = theirs.terms.clone();
    for (term, bits) in &ours.terms {
        let Some(name) = name(*term) else { continue };
        let Bits { bits: printed, exact } = rest.remove(&name).unwrap();
        assert_eq!(printed, exact.floor());
        let Difference { bits: more, tolerance } = difference(&layer.figures, ours, *term);
        let off = bits - exact - more;
        assert!(
            off.abs() <= tolerance,
            "{}, {}, {term}: {bits:.3} bits, soundcalc has {exact:.3}, expected {more:.3} more",
            layer.layer,
            theirs.regime,
        );
    }
    let total = rest.remove("total").unwrap();
    assert!(rest.is_empty(), "terms that are not ours: {:?}", rest.keys());
    // What limits a layer are the queries or the batching, and neither differs by a bit.
    let off = ours.bits - total.exact;
    assert!(off.abs() < 1.0, "{}: {:.2} and {:.2}", layer.layer, ours.bits, total.exact);
}

/// soundcalc's name of a term, if it has it. Terms of ours alone make a layer weaker, never
/// stronger.
fn name(term: Term) -> Option<String> {
    Some(match term {
        Term::FriQueries => "query phase".to_owned(),
        Term::FriBatching => "batching".to_owned(),
        Term::FriFold { round } => format!("commit round {round}"),
        Term::OutOfDomain => "DEEP".to_owned(),
        Term::ConstraintBatching => "ALI".to_owned(),
        Term::Lookup => "LogUp".to_owned(),
        Term::Permutation | Term::HashCollision => return None,
    })
}

/// The reasons.
fn difference(figures: &Figures, at: &RegimeSecurity, term: Term) -> Difference {
    let fri = figures.fri();
    let hashing = figures.hashing();
    // Challenges drawn from BN254 are biased, which soundcalc cannot be told.
    let bias = hashing.extension_bits() - Hashing::GOLDILOCKS.extension_bits();
    let equal = |bits| Difference { bits, tolerance: EQUAL };
    match term {
        Term::FriQueries => equal(higher_rate(fri, at)),
        Term::FriBatching => {
            // The number of openings is rounded up, and where heights differ, lower tables count by
            // their rows, though a small part of the error does not fall with them.
            let rounding = 1.0 / (weighted_openings(fri) - 1) as f64;
            let tolerance = if fri.openings.len() == 1 { EQUAL } else { 2.0 * rounding };
            Difference { bits: bias, tolerance }
        }
        Term::FriFold { round } => {
            // A table that joins takes the next power of the challenge, which soundcalc's FRI has
            // not.
            let alone = (1_u64 << fri.arity_bits[round - 1]) - 1;
            let joined = fri.folds()[round - 1].curve;
            equal(bias - (joined as f64 / alone as f64).log2())
        }
        Term::OutOfDomain => {
            // Theirs is the degree of ethSTARK's quotient, split by powers: d (k + 1) + k - 1. Ours
            // is plonky2's and Plonky3's, split by degree or by cosets: d k.
            let rows = (fri.degree_bits() as f64).exp2();
            let degree = match figures {
                Figures::Plonk(plonk) => plonk.quotient_degree_factor as f64 + 1.0,
                Figures::Stark(stark) => (stark.identity_degree as f64 / rows).ceil(),
            };
            let ours = match figures {
                Figures::Plonk(_) => degree * rows,
                Figures::Stark(stark) => stark.identity_degree as f64,
            };
            let theirs = degree * (rows + 1.0) + rows - 1.0;
            equal(bias + (theirs / ours).log2() + shorter_list(fri, at))
        }
        Term::ConstraintBatching => {
            // plonky2 draws from the base field, several times: each of them counts.
            let repeated = match figures {
                Figures::Plonk(Plonk { num_challenges, constraints, .. }) => {
                    let once = hashing.base_bits() - (*constraints as f64).log2();
                    let theirs =
                        Hashing::GOLDILOCKS.extension_bits() - (*constraints as f64).log2();
                    *num_challenges as f64 * once - theirs
                }
                Figures::Stark(_) => 0.0,
            };
            equal(repeated + shorter_list(fri, at))
        }
        Term::Lookup => {
            let Figures::Stark(Stark { tuple_width, .. }) = figures else { panic!("a STARK's") };
            // Ours counts a denominator of zero as well, and the list of the words that the prover
            // is bound to.
            let denominator = (*tuple_width as f64 + 2.0) / (*tuple_width as f64 + 1.0);
            equal(-denominator.log2() - list(fri, at))
        }
        Term::Permutation | Term::HashCollision => unreachable!("soundcalc has no such term"),
    }
}

/// Ours counts queries at the rate of columns that may have one degree more, soundcalc at the
/// code's.
fn higher_rate(fri: &Fri, at: &RegimeSecurity) -> f64 {
    let rho = (-(fri.rate_bits as f64)).exp2();
    let lowest = *fri.openings.keys().next().unwrap() as f64;
    let plus = rho * (1.0 + (-lowest).exp2());
    let ratio = match at.multiplicity {
        None => (1.0 + plus) / (1.0 + rho),
        Some(_) => (plus / rho).sqrt(),
    };
    -(fri.queries as f64) * ratio.log2()
}

/// Words within our radius, in bits: the bound of Guruswami and Sudan.
fn list(fri: &Fri, at: &RegimeSecurity) -> f64 {
    let words = |m| (f64::from(m) + 0.5).log2() + fri.rate_bits as f64 / 2.0;
    at.multiplicity.map_or(0.0, words)
}

/// With a gap of `sqrt(rho) / 2m`, soundcalc counts Johnson's bound of `m / rho` words, which is
/// longer.
fn shorter_list(fri: &Fri, at: &RegimeSecurity) -> f64 {
    let theirs = |m| f64::from(m).log2() + fri.rate_bits as f64;
    at.multiplicity.map_or(0.0, theirs) - list(fri, at)
}
