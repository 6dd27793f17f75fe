//! What the tests of terms share.

use super::{Figures, LayerSecurity, Term};

/// Asserts that a number is the one computed by hand, to a hundredth of a bit.
#[track_caller]
pub(super) fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() < 0.01, "expected {expected}, got {got}");
}

/// Bits of one term.
#[track_caller]
pub(super) fn bits(terms: &[(Term, f64)], term: Term) -> f64 {
    terms.iter().find(|(t, _)| *t == term).expect("the layer has the term").1
}

/// Asserts that a parameter is counted: the weaker layer has, in every regime, less in this term by
/// so many bits, and what it has in all others is the same.
#[track_caller]
pub(super) fn costs(figures: &Figures, weaker: &Figures, term: Term, expected: f64) {
    for regime in super::Regime::ALL {
        for at in regime.distances().take(5) {
            let (before, after) = (figures.terms(at), weaker.terms(at));
            assert_eq!(before.len(), after.len());
            for ((name, before), (_, after)) in before.into_iter().zip(after) {
                close(before - after, if name == term { expected } else { 0.0 });
            }
        }
    }
    let layer = |figures: &Figures| LayerSecurity::new("test", figures.clone()).provable_bits;
    assert!(layer(weaker) <= layer(figures));
}
