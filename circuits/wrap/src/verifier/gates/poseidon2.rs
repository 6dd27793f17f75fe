//! `Poseidon2Gate`: the constraints are those of [`cairn_gadgets::poseidon2`], run over linear forms.

use std::collections::BTreeMap;

use cairn_gadgets::poseidon2::{Poseidon2Gate, SupportedWidth, Width};
use cairn_gadgets::ring::Ring;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};

use super::super::extension::Ext;
use super::Vars;
use crate::r1cs::Builder;

/// Wider atoms are reduced before they enter a sum, so that the sum fits the scalar field.
const SUM_BITS: u64 = 220;

/// All constraints of the gate of width `W` with `OUT` outputs.
pub(super) fn evaluate<const W: usize, const OUT: usize>(
    b: &mut Builder,
    vars: Vars<'_>,
) -> Vec<Ext>
where
    Width<W>: SupportedWidth<W>,
{
    let mut ring = LinearForms::new(b);
    let wires: Vec<FormId> = vars.wires.iter().map(|wire| ring.atom(wire.clone())).collect();
    let mut constraints = Vec::new();
    Poseidon2Gate::<W, OUT>::constraints(&mut ring, |i| wires[i], |c| constraints.push(c));
    constraints.into_iter().map(|c| ring.sum(c)).collect()
}

/// A form in [`LinearForms`].
#[derive(Clone, Copy, Debug)]
struct FormId(usize);

/// Linear forms over GF(p) in atoms: wires and products.
///
/// The partial rounds multiply the state by 64-bit constants again and again. As integers the elements would
/// outgrow the scalar field in three rounds, and reducing twelve of them a round is dear. As forms with
/// coefficients mod p they never grow: the linear layers cost nothing.
struct LinearForms<'a> {
    b: &'a mut Builder,
    /// Atom 0 is the constant one.
    atoms: Vec<Ext>,
    forms: Vec<BTreeMap<usize, GoldilocksField>>,
}

impl<'a> LinearForms<'a> {
    fn new(b: &'a mut Builder) -> Self {
        Self { b, atoms: vec![Ext::one()], forms: Vec::new() }
    }

    fn form(&mut self, form: BTreeMap<usize, GoldilocksField>) -> FormId {
        self.forms.push(form);
        FormId(self.forms.len() - 1)
    }

    fn atom(&mut self, value: Ext) -> FormId {
        self.atoms.push(value);
        self.form([(self.atoms.len() - 1, GoldilocksField::ONE)].into())
    }

    /// The value of a form, not reduced.
    fn sum(&mut self, id: FormId) -> Ext {
        let mut sum = Ext::zero();
        for (&atom, &coefficient) in &self.forms[id.0] {
            let coefficient_bits = u64::from(64 - coefficient.to_canonical_u64().leading_zeros());
            self.atoms[atom] = self.atoms[atom].limit(self.b, SUM_BITS - coefficient_bits);
            sum.add_multiple(&self.atoms[atom], coefficient);
        }
        sum
    }
}

impl Ring for LinearForms<'_> {
    type Value = FormId;

    fn add(&mut self, a: FormId, b: FormId) -> FormId {
        self.scale_add(GoldilocksField::ONE, a, b)
    }

    fn sub(&mut self, a: FormId, b: FormId) -> FormId {
        self.scale_add(GoldilocksField::NEG_ONE, b, a)
    }

    fn mul(&mut self, a: FormId, b: FormId) -> FormId {
        let (x, y) = (self.sum(a), self.sum(b));
        let product = x.mul(self.b, &y);
        self.atom(product)
    }

    fn add_constant(&mut self, a: FormId, k: GoldilocksField) -> FormId {
        let mut form = self.forms[a.0].clone();
        *form.entry(0).or_default() += k;
        self.form(form)
    }

    fn mul_add(&mut self, a: FormId, b: FormId, c: FormId) -> FormId {
        let product = self.mul(a, b);
        self.add(product, c)
    }

    fn constant(&mut self, k: GoldilocksField) -> FormId {
        self.form([(0, k)].into())
    }

    fn scale_add(&mut self, k: GoldilocksField, a: FormId, b: FormId) -> FormId {
        let mut form = self.forms[b.0].clone();
        for (&atom, &coefficient) in &self.forms[a.0] {
            *form.entry(atom).or_default() += k * coefficient;
        }
        self.form(form)
    }

    /// `x^7` as `x^3 x^3 x`: of the products of three factors that fit, only x^3 is reduced.
    fn pow7(&mut self, x: FormId) -> FormId {
        let x = self.sum(x);
        let cube = x.mul(self.b, &x).mul(self.b, &x).reduce(self.b);
        let seventh = cube.mul(self.b, &cube).mul(self.b, &x);
        self.atom(seventh)
    }
}
