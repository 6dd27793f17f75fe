//! `ArithmeticGate`, `ArithmeticExtensionGate`, `MulExtensionGate`: an operation each few wires,
//! `output = multiplicand_0 * multiplicand_1 * constant_0 + addend * constant_1`.

use super::Vars;
use super::algebra::{self, D};
use crate::ring::Ring;

/// Wires of an operation: two multiplicands, addend, output.
#[inline(always)]
pub(super) fn base<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    ops: usize,
    emit: &mut impl FnMut(R::Value),
) {
    let [c0, c1] = [vars.constants[0], vars.constants[1]];
    for wires in vars.wires.chunks_exact(4).take(ops) {
        let product = ring.mul(wires[0], wires[1]);
        let addend = ring.mul(wires[2], c1);
        let computed = ring.mul_add(product, c0, addend);
        emit(ring.sub(wires[3], computed));
    }
}

/// The same on pairs of wires.
#[inline(always)]
pub(super) fn extension<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    ops: usize,
    emit: &mut impl FnMut(R::Value),
) {
    let [c0, c1] = [vars.constants[0], vars.constants[1]];
    for i in 0..ops {
        let [x, y, addend, output] = [0, 1, 2, 3].map(|k| algebra::read(vars, (4 * i + k) * D));
        let product = algebra::mul(ring, x, y);
        let addend = algebra::scale(ring, c1, addend);
        for k in 0..D {
            let computed = ring.mul_add(product[k], c0, addend[k]);
            emit(ring.sub(output[k], computed));
        }
    }
}

/// Pairs of wires without an addend.
#[inline(always)]
pub(super) fn multiplication<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    ops: usize,
    emit: &mut impl FnMut(R::Value),
) {
    for i in 0..ops {
        let [x, y, output] = [0, 1, 2].map(|k| algebra::read(vars, (3 * i + k) * D));
        let product = algebra::mul(ring, x, y);
        let computed = algebra::scale(ring, vars.constants[0], product);
        algebra::sub(ring, output, computed).into_iter().for_each(&mut *emit);
    }
}
