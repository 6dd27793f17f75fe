//! `ArithmeticGate`, `ArithmeticExtensionGate`, `MulExtensionGate`: an operation each few wires,
//! `output = multiplicand_0 * multiplicand_1 * constant_0 + addend * constant_1`.

use super::super::extension::{D, Ext};
use super::Vars;
use crate::r1cs::Builder;

/// Wires of an operation: two multiplicands, addend, output.
pub(super) fn base(b: &mut Builder, vars: Vars<'_>, ops: usize) -> Vec<Ext> {
    let [c0, c1] = [&vars.constants[0], &vars.constants[1]];
    let op = |op: &[Ext]| {
        let mut computed = op[0].mul(b, &op[1]).mul(b, c0);
        computed += &op[2].mul(b, c1);
        &op[3] - &computed
    };
    vars.wires.chunks_exact(4).take(ops).map(op).collect()
}

/// The same on pairs of wires.
pub(super) fn extension(b: &mut Builder, vars: Vars<'_>, ops: usize) -> Vec<Ext> {
    let [c0, c1] = [&vars.constants[0], &vars.constants[1]];
    let mut constraints = Vec::with_capacity(ops * D);
    for i in 0..ops {
        let [x, y, addend, output] = [0, 1, 2, 3].map(|k| vars.algebra((4 * i + k) * D));
        let product = x.mul(b, &y).scalar_mul(b, c0);
        let computed = product.add(&addend.scalar_mul(b, c1));
        constraints.extend(output.sub(&computed).0);
    }
    constraints
}

/// Pairs of wires without an addend.
pub(super) fn multiplication(b: &mut Builder, vars: Vars<'_>, ops: usize) -> Vec<Ext> {
    let mut constraints = Vec::with_capacity(ops * D);
    for i in 0..ops {
        let [x, y, output] = [0, 1, 2].map(|k| vars.algebra((3 * i + k) * D));
        let computed = x.mul(b, &y).scalar_mul(b, &vars.constants[0]);
        constraints.extend(output.sub(&computed).0);
    }
    constraints
}
