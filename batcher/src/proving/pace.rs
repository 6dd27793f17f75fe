//! How fast proving goes here, by the last proofs: what fees, sealing and promises to users rest on.

use crate::store::{Store, StoreError};

/// Proofs that are looked back on.
const LAST: usize = 8;

/// How much the sizes of proofs must vary around their mean, as a part of it, to say what an operation costs.
const LEAST_VARIATION: f64 = 0.25;

/// Seconds that proofs take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Whatever the proof covers.
    pub fixed_s: f64,
    /// More for each operation.
    pub per_operation_s: f64,
}

impl Default for Pace {
    /// Until there is a proof: a slow machine.
    fn default() -> Self {
        Self { fixed_s: 60.0, per_operation_s: 0.012 }
    }
}

impl Pace {
    /// From the last proofs in the store; the default if there is none.
    ///
    /// # Errors
    /// The store's.
    pub fn measured(store: &Store) -> Result<Self, StoreError> {
        let mut points = Vec::with_capacity(LAST);
        for row in store.proofs.iter().rev().take(LAST) {
            let (last, proof) = row?;
            let mut operations = 0;
            for batch in store.batches.range(proof.first..=last) {
                operations += batch?.1.operations;
            }
            let milliseconds = proof.proven_ms.saturating_sub(proof.started_ms);
            points.push((f64::from(operations), milliseconds as f64 / 1000.0));
        }
        Ok(Self::fit(&points))
    }

    /// The line through points of operations and seconds, by least squares, with neither part below zero.
    fn fit(points: &[(f64, f64)]) -> Self {
        let count = points.len() as f64;
        if points.is_empty() {
            return Self::default();
        }
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let spread: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
        let common: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
        // Proofs of nearly one size say nothing of the slope, only of noise: then all of it is fixed.
        let varied = (spread / count).sqrt() > x * LEAST_VARIATION;
        let slope = if varied { (common / spread).max(0.0) } else { 0.0 };
        Self { fixed_s: (y - slope * x).max(0.0), per_operation_s: slope }
    }

    /// Seconds for so many operations.
    #[must_use]
    pub fn seconds(&self, operations: u32) -> f64 {
        self.fixed_s + self.per_operation_s * f64::from(operations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_through_the_points() {
        assert_eq!(Pace::fit(&[]), Pace::default());
        let pace = Pace::fit(&[(0.0, 30.0), (1_000.0, 36.0), (8_000.0, 78.0)]);
        assert!((pace.fixed_s - 30.0).abs() < 1e-9 && (pace.per_operation_s - 0.006).abs() < 1e-9);
        assert!((pace.seconds(500) - 33.0).abs() < 1e-9);
        let same = Pace::fit(&[(64.0, 20.0), (64.0, 22.0)]);
        assert_eq!((same.fixed_s, same.per_operation_s), (21.0, 0.0));
        // A tenth more operations and a busy neighbour: 0.1 s an operation is not true.
        let noisy = Pace::fit(&[(1_000.0, 20.0), (1_100.0, 30.0), (1_000.0, 22.0)]);
        assert_eq!((noisy.fixed_s, noisy.per_operation_s), (24.0, 0.0));
        // A large proof on an idle machine after a small one on a busy one: never less than nothing.
        let odd = Pace::fit(&[(64.0, 50.0), (4_000.0, 40.0)]);
        assert_eq!((odd.fixed_s, odd.per_operation_s), (45.0, 0.0));
    }
}
