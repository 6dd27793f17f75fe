//! The published regimes: how far a word may be from the code, and what that costs.
//!
//! | regime | a line's error, times the size of `K` | words in the radius |
//! |---|---|---|
//! | unique decoding, BCIKS20 | `N` | 1 |
//! | unique decoding, BCHKS25 | `(1 - rho) / 2 N + 1` | 1 |
//! | Johnson, BCHKS25 | `(2 t^5 + 3 t g rho) N / (3 rho^1.5) + t / sqrt(rho)` | `t / sqrt(rho)` |
//! | Johnson, DKT26 | `8 N t^3 / (3 rho-)` | `t / sqrt(rho)` |
//!
//! The radius is `(1 - rho+) / 2`, and Johnson's `1 - sqrt(rho+) (1 + 1/2m)`. `N` is the domain,
//! `k = rho N` the rows, `t = m + 1/2`, `g = 1 - sqrt(rho) (1 + 1/2m)`, `rho- = (k - 1) / N`. A
//! curve of degree `l` costs `l` lines. Radii are those of the rate `rho+`
//! ([`Distance::query_error`]); the errors are those at the radius of `rho`, which is larger, so
//! that they are too.
//!
//! - BCIKS20: Ben-Sasson, Carmon, Ishai, Kopparty, Saraf (<https://eprint.iacr.org/2020/654>),
//!   theorem 4.1; powers in theorem 1.5.
//! - BCHKS25: Ben-Sasson, Carmon, Haböck, Kopparty, Saraf (<https://eprint.iacr.org/2025/2055>):
//!   corollary 1.4 in the unique decoding radius, theorem 4.2 (of a line: theorem 1.5) in
//!   Johnson's. As it was first printed, theorem 4.2 had an `m` twice as large for a radius: a
//!   misprint, by the authors' word to the makers of `soundcalc`, whose formulas these are.
//! - DKT26: Dao, Kominers, Thaler (<https://eprint.iacr.org/2026/2056>), theorem 5.12 and appendix
//!   B, for powers as `p3-security` 0.9.0-rc.2 derives them. It is young: printed beside the
//!   others, and no layer rests on it.
//!
//! The list is the bound of Guruswami and Sudan on the degree of the interpolating polynomial. It
//! holds for all columns of a commitment together: columns over `F` are one word over a large
//! extension of `F`, of the same code.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Serialize;

/// The multiplicities that are tried in the Johnson radius: the theorems want three at least, and
/// beyond a thousand a query gains less than a thousandth of a bit.
const MULTIPLICITIES: RangeInclusive<u32> = 3..=1000;

/// A published analysis of proximity: see the module's page.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// The unique decoding radius with the proximity gap of BCIKS20.
    UniqueBciks20,
    /// The unique decoding radius with the proximity gap of BCHKS25.
    UniqueBchks25,
    /// The Johnson radius with the proximity gap of BCHKS25.
    JohnsonBchks25,
    /// The Johnson radius with the proximity gap of DKT26.
    JohnsonDkt26,
}

impl Regime {
    /// All of them, in the order of their reports.
    pub const ALL: [Self; 4] =
        [Self::UniqueBciks20, Self::UniqueBchks25, Self::JohnsonBchks25, Self::JohnsonDkt26];

    /// Whether a layer's bits may be those of this regime. Not DKT26's, which is too young.
    pub const fn is_headline(self) -> bool {
        !matches!(self, Self::JohnsonDkt26)
    }

    /// Its paper, with theorem.
    pub const fn source(self) -> &'static str {
        match self {
            Self::UniqueBciks20 => "ePrint 2020/654, theorem 4.1",
            Self::UniqueBchks25 => "ePrint 2025/2055, corollary 1.4",
            Self::JohnsonBchks25 => "ePrint 2025/2055, theorem 4.2",
            Self::JohnsonDkt26 => "ePrint 2026/2056, theorem 5.12",
        }
    }

    const fn is_unique(self) -> bool {
        matches!(self, Self::UniqueBciks20 | Self::UniqueBchks25)
    }

    /// The distances at which it proves something. Each of them is proven, so that the best one
    /// counts.
    pub(super) fn distances(self) -> impl Iterator<Item = Distance> {
        let multiplicities = if self.is_unique() { 0..=0 } else { MULTIPLICITIES };
        multiplicities.map(move |m| Distance { regime: self, m })
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UniqueBciks20 => "unique decoding, BCIKS20",
            Self::UniqueBchks25 => "unique decoding, BCHKS25",
            Self::JohnsonBchks25 => "Johnson, BCHKS25",
            Self::JohnsonDkt26 => "Johnson, DKT26",
        })
    }
}

/// A regime at one distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distance {
    regime: Regime,
    /// The multiplicity in the Johnson radius.
    m: u32,
}

impl Distance {
    /// A Johnson regime at this multiplicity.
    #[cfg(test)]
    pub(super) fn johnson(regime: Regime, m: u32) -> Self {
        assert!(!regime.is_unique() && MULTIPLICITIES.contains(&m));
        Self { regime, m }
    }

    /// The one distance of a unique decoding regime.
    #[cfg(test)]
    pub(super) fn unique(regime: Regime) -> Self {
        assert!(regime.is_unique());
        Self { regime, m: 0 }
    }

    /// The multiplicity, in the Johnson radius.
    pub(super) fn multiplicity(self) -> Option<u32> {
        (!self.regime.is_unique()).then_some(self.m)
    }

    /// Probability that one query misses a word that is too far from the code of rate
    /// `2^-rate_bits`, in which the lowest columns have `2^degree_bits` rows.
    ///
    /// An opening at `z` is tested as `(f(z) - f(x)) / (z - x)`, so that `f` may have one degree
    /// more: the radius is that of `rho+ = rho (1 + 2^-degree_bits)`
    /// (<https://eprint.iacr.org/2024/1553>).
    pub(super) fn query_error(self, rate_bits: usize, degree_bits: usize) -> f64 {
        self.agreement(rho(rate_bits) * (1.0 + (-(degree_bits as f64)).exp2()))
    }

    /// One minus the radius, of this rate.
    fn agreement(self, rho: f64) -> f64 {
        if self.regime.is_unique() {
            f64::midpoint(1.0, rho)
        } else {
            rho.sqrt() * (1.0 + 0.5 / f64::from(self.m))
        }
    }

    /// How many challenges make a word on a line close, though the line's words are far together:
    /// in bits, for columns of `2^degree_bits` rows.
    pub(super) fn line_bits(self, rate_bits: usize, degree_bits: usize) -> f64 {
        let rho = rho(rate_bits);
        let domain = ((degree_bits + rate_bits) as f64).exp2();
        let radius = 1.0 - self.agreement(rho);
        let t = f64::from(self.m) + 0.5;
        let challenges = match self.regime {
            Regime::UniqueBciks20 => domain,
            Regime::UniqueBchks25 => radius * domain + 1.0,
            Regime::JohnsonBchks25 => {
                let slope = (2.0 * t.powi(5) + 3.0 * t * radius * rho) / (3.0 * rho.powf(1.5));
                slope * domain + t / rho.sqrt()
            }
            // A code of constants: any two points of the domain agree for one challenge (lemma
            // 3.2).
            Regime::JohnsonDkt26 if degree_bits == 0 => domain * (domain - 1.0) / 2.0,
            Regime::JohnsonDkt26 => {
                let rho_minus = ((degree_bits as f64).exp2() - 1.0) / domain;
                8.0 * domain * t.powi(3) / (3.0 * rho_minus)
            }
        };
        challenges.log2()
    }

    /// Words of the code within the radius, in bits.
    pub(super) fn list_bits(self, rate_bits: usize) -> f64 {
        if self.regime.is_unique() {
            return 0.0;
        }
        ((f64::from(self.m) + 0.5) / rho(rate_bits).sqrt()).log2()
    }
}

/// The rate of the code.
fn rho(rate_bits: usize) -> f64 {
    (-(rate_bits as f64)).exp2()
}

#[cfg(test)]
mod tests {
    use super::super::testing::close;
    use super::*;

    #[test]
    fn unique_decoding_by_hand() {
        let [old, new] = [Regime::UniqueBciks20, Regime::UniqueBchks25].map(Distance::unique);
        // Rate 1/4, 2^10 rows: N = 2^12, of which 3/8 are the radius.
        close(old.line_bits(2, 10), 12.0);
        close(new.line_bits(2, 10), 1537_f64.log2());
        for distance in [old, new] {
            // (1 + 1/4 + 2^-12) / 2.
            close(distance.query_error(2, 10), 0.625_122);
            close(distance.list_bits(2), 0.0);
            assert_eq!(distance.multiplicity(), None);
        }
    }

    #[test]
    fn johnson_by_hand() {
        let bchks = Distance::johnson(Regime::JohnsonBchks25, 10);
        // Rate 1/4, 2^10 rows, t = 10.5, radius 1 - 1/2 * 1.05 = 0.475:
        // (2 * 127628.156 + 3 * 10.5 * 0.475 / 4) / (3/8) * 4096 + 21 = 2.788e9.
        close(bchks.line_bits(2, 10), 31.377);
        // sqrt(1/4 * (1 + 2^-10)) * 1.05.
        close(bchks.query_error(2, 10), 0.525_256);
        // 10.5 / (1/2).
        close(bchks.list_bits(2), 21_f64.log2());
        assert_eq!(bchks.multiplicity(), Some(10));

        let dkt = Distance::johnson(Regime::JohnsonDkt26, 10);
        // 8/3 * 4096 * 1157.625 * 4096/1023 = 2^25.594: 5.8 bits less.
        close(dkt.line_bits(2, 10), 25.594);
        close(dkt.query_error(2, 10), bchks.query_error(2, 10));
        close(dkt.list_bits(2), bchks.list_bits(2));
    }

    /// The vectors of `p3-security` 0.9.0-rc.2 (`johnson_line_count_matches_dkt26_vectors`).
    #[test]
    fn dkt26_is_that_of_p3_security() {
        let vectors = [
            (1, 1, 3, 10.837_102_265_451_657),
            (2, 1, 3, 11.252_139_764_730_5),
            (20, 2, 3, 30.837_103_641_313_52),
            (20, 2, 10, 35.591_991_143_476_99),
            (0, 2, 3, 6_f64.log2()),
            (0, 3, 1000, 28_f64.log2()),
        ];
        for (degree_bits, rate_bits, m, expected) in vectors {
            let got = Distance::johnson(Regime::JohnsonDkt26, m).line_bits(rate_bits, degree_bits);
            assert!((got - expected).abs() < 1e-9, "expected {expected}, got {got}");
        }
    }

    #[test]
    fn each_regime_has_its_distances() {
        let count = |regime: Regime| regime.distances().count();
        assert_eq!(Regime::ALL.map(count), [1, 1, 998, 998]);
        assert_eq!(Regime::ALL.map(Regime::is_headline), [true, true, true, false]);
    }
}
