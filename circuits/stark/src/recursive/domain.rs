//! The out-of-domain point zeta as tables of each height see it: selectors, the next row's point,
//! periodic columns and the quotient of its chunks.
//!
//! The twin of `p3-commit`'s two-adic `PolynomialSpace` and of `recompose_quotient_from_chunks` of
//! `p3-uni-stark`. Heights are constants of the circuit; a trace domain `H` is the subgroup of
//! order `2^log_height`, and `g` its generator.

use std::collections::HashMap;

use p3_commit::PolynomialSpace;
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_field::{Field, PrimeCharacteristicRing, TwoAdicField};
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::Field as _;
use plonky2::util::reducing::ReducingFactorTarget;

use super::expression::Value;
use super::extension::{Builder, ChallengeTarget, F};
use crate::config::Val;
use cairn_gadgets::field::to_plonky2;

type Domain = TwoAdicMultiplicativeCoset<Val>;

/// The selectors of a trace domain at zeta, normalised as Plonky3 does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selectors {
    /// `Z_H(zeta) / (zeta - 1)`.
    pub(crate) first_row: ChallengeTarget,
    /// `Z_H(zeta) / (zeta - 1 / g)`.
    pub(crate) last_row: ChallengeTarget,
    /// `zeta - 1 / g`.
    pub(crate) transition: ChallengeTarget,
    /// `1 / Z_H(zeta)`, which exists: no witness satisfies the circuit for a zeta in `H`.
    pub(crate) inverse_vanishing: ChallengeTarget,
}

/// Zeta, its powers by powers of two and the selectors of the heights asked for so far.
#[derive(Debug)]
pub(crate) struct OutOfDomainPoint {
    /// `zeta^(2^i)`.
    powers: Vec<ChallengeTarget>,
    selectors: HashMap<usize, Selectors>,
}

impl OutOfDomainPoint {
    pub(crate) fn new(zeta: ChallengeTarget) -> Self {
        Self { powers: vec![zeta], selectors: HashMap::new() }
    }

    /// Zeta itself.
    pub(crate) fn zeta(&self) -> ChallengeTarget {
        self.powers[0]
    }

    /// `zeta^(2^log)`.
    fn power(&mut self, builder: &mut Builder, log: usize) -> ChallengeTarget {
        while self.powers.len() <= log {
            let last = self.powers[self.powers.len() - 1];
            self.powers.push(builder.square_extension(last));
        }
        self.powers[log]
    }

    /// `g * zeta`, where the next row is opened.
    pub(crate) fn next(&self, builder: &mut Builder, log_height: usize) -> ChallengeTarget {
        let generator = to_plonky2(Val::two_adic_generator(log_height));
        Value::from(self.zeta()).scale(generator).target(builder)
    }

    pub(crate) fn selectors(&mut self, builder: &mut Builder, log_height: usize) -> Selectors {
        if let Some(selectors) = self.selectors.get(&log_height) {
            return *selectors;
        }
        let one = builder.one_extension();
        let power = self.power(builder, log_height);
        let vanishing = builder.sub_extension(power, one);
        let inverse_generator = to_plonky2(Val::two_adic_generator(log_height).inverse());
        let last_point = builder.constant_extension(inverse_generator.into());
        let from_first = builder.sub_extension(self.zeta(), one);
        let transition = builder.sub_extension(self.zeta(), last_point);
        let selectors = Selectors {
            first_row: builder.div_extension(vanishing, from_first),
            last_row: builder.div_extension(vanishing, transition),
            transition,
            inverse_vanishing: builder.inverse_extension(vanishing),
        };
        self.selectors.insert(log_height, selectors);
        selectors
    }

    /// A periodic column at zeta: the polynomial through one period's values, over the subgroup
    /// of the period's order, at `zeta^(height / period)`.
    ///
    /// The period is a power of two that divides the height.
    pub(crate) fn periodic_column(
        &mut self,
        builder: &mut Builder,
        log_height: usize,
        period: &[Val],
    ) -> ChallengeTarget {
        let log_period = period.len().trailing_zeros() as usize;
        let point = self.power(builder, log_height - log_period);
        let coefficients: Vec<_> = interpolate(period)
            .into_iter()
            .map(|coefficient| builder.constant(to_plonky2(coefficient)))
            .collect();
        ReducingFactorTarget::new(point).reduce_base(&coefficients, builder)
    }

    /// The quotient at zeta from its chunks there.
    ///
    /// Chunk `i` is the quotient's low-degree extension on the `i`-th coset `D_i` of the quotient
    /// domain, so the quotient is `sum_i chunk_i * prod_(j != i) Z_(D_j)(zeta) / Z_(D_j)(s_i)`,
    /// with `s_i` the shift of `D_i`.
    pub(crate) fn quotient(
        &mut self,
        builder: &mut Builder,
        log_height: usize,
        chunks: &[ChallengeTarget],
    ) -> ChallengeTarget {
        let power = Value::from(self.power(builder, log_height));
        let domains = chunk_domains(log_height, chunks.len());
        let vanishing: Vec<_> = domains
            .iter()
            .map(|domain| {
                let scale = domain.shift_inverse().exp_power_of_2(log_height);
                power.scale(to_plonky2(scale)).sub(Value::base_constant(F::ONE), builder)
            })
            .collect();
        let mut quotient = Value::base_constant(F::ZERO);
        for (i, chunk) in chunks.iter().enumerate() {
            let mut term = Value::from(*chunk);
            for j in (0..chunks.len()).filter(|&j| j != i) {
                let normaliser: Val = domains[j].vanishing_poly_at_point(domains[i].first_point());
                term = term.mul(vanishing[j], builder).scale(to_plonky2(normaliser.inverse()));
            }
            quotient = quotient.add(term, builder);
        }
        quotient.target(builder)
    }
}

/// The cosets that `count` quotient chunks of a table live on.
fn chunk_domains(log_height: usize, count: usize) -> Vec<Domain> {
    let trace = Domain::new(Val::ONE, log_height).expect("the two-adicity bounds the height");
    trace.create_disjoint_domain(trace.size() * count).split_domains(count)
}

/// The coefficients of the polynomial with these values over the subgroup of their number.
fn interpolate(values: &[Val]) -> Vec<Val> {
    let log_size = values.len().trailing_zeros() as usize;
    let inverse_generator = Val::two_adic_generator(log_size).inverse();
    let inverse_size = Val::from_usize(values.len()).inverse();
    inverse_generator
        .powers()
        .take(values.len())
        .map(|step| {
            let sum: Val = step.powers().zip(values).map(|(power, &value)| power * value).sum();
            sum * inverse_size
        })
        .collect()
}

/// The extension element with these two extension elements as coefficients of a basis: what
/// Plonky3 opens for a column of extension elements, which it commits to as two base columns.
pub(crate) fn recompose(
    builder: &mut Builder,
    coefficients: [ChallengeTarget; 2],
) -> ChallengeTarget {
    let [low, high] = coefficients.map(Value::from);
    let root = Value::Constant(QuadraticExtension([F::ZERO, F::ONE]));
    high.mul(root, builder).add(low, builder).target(builder)
}

#[cfg(test)]
mod tests {
    use p3_commit::PeriodicColumns;
    use p3_field::BasedVectorSpace;
    use p3_uni_stark::recompose_quotient_from_chunks;
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Challenge, Config};
    use crate::recursive::satisfaction::{evaluate, is_satisfied};

    fn element(words: [u64; 2]) -> Challenge {
        Challenge::from_basis_coefficients_fn(|i| Val::from_u64(words[i]))
    }

    fn trace_domain(log_height: usize) -> Domain {
        Domain::new(Val::ONE, log_height).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn selectors_are_those_of_plonky3(zeta: [u64; 2], log_height in 0usize..20) {
            let zeta = element(zeta);
            let expected = trace_domain(log_height).selectors_at_point(zeta);
            let select = |pick: fn(Selectors) -> ChallengeTarget| {
                evaluate(&[zeta], |builder, targets| {
                    pick(OutOfDomainPoint::new(targets[0]).selectors(builder, log_height))
                })
            };
            prop_assert_eq!(select(|s| s.first_row), expected.is_first_row);
            prop_assert_eq!(select(|s| s.last_row), expected.is_last_row);
            prop_assert_eq!(select(|s| s.transition), expected.is_transition);
            prop_assert_eq!(select(|s| s.inverse_vanishing), expected.inv_vanishing);
        }

        #[test]
        fn next_point_is_that_of_plonky3(zeta: [u64; 2], log_height in 0usize..20) {
            let zeta = element(zeta);
            let next = evaluate(&[zeta], |builder, targets| {
                OutOfDomainPoint::new(targets[0]).next(builder, log_height)
            });
            prop_assert_eq!(Some(next), trace_domain(log_height).next_point(zeta));
        }

        #[test]
        fn periodic_column_is_that_of_plonky3(
            zeta: [u64; 2],
            log_period in 0usize..6,
            log_repeats in 0usize..6,
            seed: u64,
        ) {
            let zeta = element(zeta);
            let period: Vec<_> = Val::from_u64(seed).powers().take(1 << log_period).collect();
            let log_height = log_period + log_repeats;
            let columns = [period];
            let native = PeriodicColumns::new(&columns, 1 << log_height).unwrap();
            let expected = trace_domain(log_height).evaluate_periodic_columns_at(native, zeta);
            let got = evaluate(&[zeta], |builder, targets| {
                let mut point = OutOfDomainPoint::new(targets[0]);
                point.periodic_column(builder, log_height, &columns[0])
            });
            prop_assert_eq!(vec![got], expected);
        }

        #[test]
        fn quotient_is_that_of_plonky3(
            zeta: [u64; 2],
            chunks: [[[u64; 2]; 2]; 8],
            log_height in 1usize..20,
            log_chunks in 0usize..4,
        ) {
            let zeta = element(zeta);
            let chunks: Vec<_> =
                chunks[..1 << log_chunks].iter().map(|chunk| chunk.map(element).to_vec()).collect();
            let domains = chunk_domains(log_height, chunks.len());
            let expected =
                recompose_quotient_from_chunks::<Config>(&domains, &chunks, zeta).unwrap();
            let inputs: Vec<_> = [zeta].into_iter().chain(chunks.concat()).collect();
            let got = evaluate(&inputs, |builder, targets| {
                let chunks: Vec<_> =
                    targets[1..].chunks(2).map(|c| recompose(builder, [c[0], c[1]])).collect();
                OutOfDomainPoint::new(targets[0]).quotient(builder, log_height, &chunks)
            });
            prop_assert_eq!(got, expected);
        }
    }

    /// The division by the vanishing polynomial is what refuses a zeta in the trace domain.
    #[test]
    fn point_in_trace_domain_is_refused() {
        let in_domain = Challenge::from(Val::two_adic_generator(5).exp_u64(3));
        assert!(refuses(in_domain, 5));
        assert!(!refuses(in_domain, 3));
    }

    fn refuses(zeta: Challenge, log_height: usize) -> bool {
        !is_satisfied(&[zeta], |builder, targets| {
            let _ = OutOfDomainPoint::new(targets[0]).selectors(builder, log_height);
        })
    }
}
