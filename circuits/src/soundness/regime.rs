//! How far a word may be from the code, and what that costs.

use super::EXTENSION_BITS;

/// Largest multiplicity that is tried for the Johnson reading.
const MAX_MULTIPLICITY: u32 = 64;

/// A reading of FRI: see the parent module.
#[derive(Clone, Copy, Debug)]
pub(super) enum Regime {
    Conjectured,
    UniqueDecoding,
    Johnson { m: u32 },
}

impl Regime {
    /// The Johnson readings. Each of them is proven, so that the best one counts.
    pub(super) fn johnson() -> impl Iterator<Item = Self> {
        (1..=MAX_MULTIPLICITY).map(|m| Self::Johnson { m })
    }

    /// Probability that one query misses a word that is too far from the code of rate `rho`.
    pub(super) fn query_error(self, rho: f64) -> f64 {
        match self {
            Self::Conjectured => rho + 1.0 / EXTENSION_BITS,
            Self::UniqueDecoding => f64::midpoint(1.0, rho),
            Self::Johnson { m } => rho.sqrt() * (1.0 + 0.5 / f64::from(m)),
        }
    }

    /// The rate of the code that columns of `2^degree_bits` rows are in, for the code rate `rho` of FRI.
    ///
    /// An opening at `z` is tested as `(f(z) - f(x)) / (z - x)`, so that `f` may have one degree more
    /// (rho+ of <https://eprint.iacr.org/2024/1553>). By the conjecture this is no loss: one more degree makes lists
    /// longer by the factor `|K|`, and a false identity holds for a word of a list with about `1 / |K|`.
    pub(super) fn column_rate(self, rho: f64, degree_bits: usize) -> f64 {
        match self {
            Self::Conjectured => rho,
            Self::UniqueDecoding | Self::Johnson { .. } => {
                rho * (1.0 + (-(degree_bits as f64)).exp2())
            }
        }
    }

    /// Bits of the error of a random line, over a domain of `2^domain_bits`.
    pub(super) fn line_error_bits(self, rho: f64, domain_bits: usize) -> f64 {
        let domain = (domain_bits as f64).exp2();
        let gap = match self {
            Self::Conjectured | Self::UniqueDecoding => domain,
            Self::Johnson { m } => {
                let m = f64::from(m) + 0.5;
                let radius = 1.0 - self.query_error(rho);
                let slope = (2.0 * m.powi(5) + 3.0 * m * radius * rho) / (3.0 * rho.powf(1.5));
                slope * domain + m / rho.sqrt()
            }
        };
        EXTENSION_BITS - gap.log2()
    }

    /// Words of the code within the radius, in bits.
    pub(super) fn list_bits(self, rho: f64) -> f64 {
        match self {
            Self::Conjectured | Self::UniqueDecoding => 0.0,
            Self::Johnson { m } => ((f64::from(m) + 0.5) / rho.sqrt()).log2(),
        }
    }
}
