//! Transforms in words.

use ark_bn254::Fr;
use ark_ff::{FftField, Field};
use rayon::prelude::*;

/// Elements that are transformed without another look at the rest: they fit the caches of any processor.
const BLOCK: usize = 1 << 12;

/// The roots w of the nodes of a tree for n values; see the module's page.
pub(super) struct Roots(Vec<Fr>);

impl Roots {
    /// Nothing, if the field has no root of order 2n.
    pub(super) fn new(n: usize) -> Option<Self> {
        // Roots of order 2n, n, ..., 4.
        let mut root = Fr::get_root_of_unity(2 * n as u64)?;
        let squares = (0..n.ilog2()).map(|_| {
            let this = root;
            root.square_in_place();
            this
        });
        let squares: Vec<_> = squares.collect();
        let mut roots = Vec::with_capacity(n);
        roots.push(Fr::ONE);
        for root in squares.into_iter().rev() {
            let known = roots.len();
            roots.resize(2 * known, root);
            let (known, new) = roots.split_at_mut(known);
            new.par_iter_mut()
                .with_min_len(BLOCK)
                .zip(known)
                .for_each(|(new, &mut known)| *new *= known);
        }
        Some(Self(roots))
    }

    /// Minus the inverse of the root of a node: the root of the node at the other end of its level.
    fn minus_inverse(&self, node: usize) -> Fr {
        match node.checked_ilog2() {
            None => -self.0[0],
            Some(level) => self.0[(3 << level) - 1 - node],
        }
    }

    /// From coefficients to values.
    pub(super) fn values(&self, a: &mut [Fr], node: usize) {
        if a.len() <= BLOCK {
            let (mut half, mut nodes) = (a.len() / 2, node..node + 1);
            while half > 0 {
                for (node, block) in nodes.clone().zip(a.chunks_exact_mut(2 * half)) {
                    let (low, high) = block.split_at_mut(half);
                    split(low, high, self.0[node]);
                }
                half /= 2;
                nodes = 2 * nodes.start..2 * nodes.end;
            }
            return;
        }
        let (low, high) = a.split_at_mut(a.len() / 2);
        let root = self.0[node];
        let halves = low.par_chunks_mut(BLOCK).zip(high.par_chunks_mut(BLOCK));
        halves.for_each(|(low, high)| split(low, high, root));
        rayon::join(|| self.values(low, 2 * node), || self.values(high, 2 * node + 1));
    }

    /// From values to coefficients, n times too large.
    pub(super) fn coefficients(&self, a: &mut [Fr], node: usize) {
        if a.len() <= BLOCK {
            let mut half = 1;
            while half < a.len() {
                let nodes = a.len() / (2 * half);
                for (i, block) in a.chunks_exact_mut(2 * half).enumerate() {
                    let (low, high) = block.split_at_mut(half);
                    join(low, high, self.minus_inverse(nodes * node + i));
                }
                half *= 2;
            }
            return;
        }
        let (low, high) = a.split_at_mut(a.len() / 2);
        rayon::join(|| self.coefficients(low, 2 * node), || self.coefficients(high, 2 * node + 1));
        let root = self.minus_inverse(node);
        let halves = low.par_chunks_mut(BLOCK).zip(high.par_chunks_mut(BLOCK));
        halves.for_each(|(low, high)| join(low, high, root));
    }
}

/// From modulo `X^m - w^2` to modulo `X^(m/2) - w` and `X^(m/2) + w`.
#[inline(always)]
fn split(low: &mut [Fr], high: &mut [Fr], root: Fr) {
    for (low, high) in low.iter_mut().zip(high) {
        let product = *high * root;
        *high = *low - product;
        *low += product;
    }
}

/// The inverse of [`split`], twice as large.
#[inline(always)]
fn join(low: &mut [Fr], high: &mut [Fr], minus_inverse: Fr) {
    for (low, high) in low.iter_mut().zip(high) {
        let difference = *high - *low;
        *low += *high;
        *high = difference * minus_inverse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::One;

    #[test]
    fn inverse_roots_are_at_the_other_end() {
        let roots = Roots::new(16).unwrap();
        for (node, root) in roots.0.iter().enumerate() {
            assert_eq!(*root * roots.minus_inverse(node), -Fr::one());
        }
    }
}
