//! The rings in which Plonky3 evaluates constraints.

use std::marker::PhantomData;

use cairn_gadgets::field::from_plonky2;
use cairn_gadgets::ring::Ring;
use cairn_stark::config::Val;
use p3_field::Algebra;
use plonky2::field::goldilocks_field::GoldilocksField;

/// Values that compute at once: packed rows, challenges, elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Direct<A>(PhantomData<A>);

impl<A> Direct<A> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Algebra<Val> + Copy> Ring for Direct<A> {
    type Value = A;

    #[inline(always)]
    fn add(&mut self, a: A, b: A) -> A {
        a + b
    }
    #[inline(always)]
    fn sub(&mut self, a: A, b: A) -> A {
        a - b
    }
    #[inline(always)]
    fn mul(&mut self, a: A, b: A) -> A {
        a * b
    }
    #[inline(always)]
    fn add_constant(&mut self, a: A, k: GoldilocksField) -> A {
        a + from_plonky2(k)
    }
    #[inline(always)]
    fn mul_add(&mut self, a: A, b: A, c: A) -> A {
        a * b + c
    }
    #[inline(always)]
    fn constant(&mut self, k: GoldilocksField) -> A {
        from_plonky2(k).into()
    }
    #[inline(always)]
    fn scale_add(&mut self, k: GoldilocksField, a: A, b: A) -> A {
        a * from_plonky2(k) + b
    }
    #[inline(always)]
    fn pow7(&mut self, x: A) -> A {
        let x2 = x.square();
        x2.square() * (x2 * x)
    }
    #[inline(always)]
    fn boolean(&mut self, x: A) -> A {
        x.square() - x
    }
}

/// Values that cannot be copied, symbolic expressions, by handles.
#[derive(Debug)]
pub(crate) struct Arena<A>(Vec<A>);

/// A value in an [`Arena`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle(usize);

impl<A: Clone> Arena<A> {
    pub(crate) fn new() -> Self {
        Self(vec![])
    }

    pub(crate) fn push(&mut self, value: A) -> Handle {
        self.0.push(value);
        Handle(self.0.len() - 1)
    }

    pub(crate) fn get(&self, handle: Handle) -> A {
        self.0[handle.0].clone()
    }
}

impl<A: Algebra<Val>> Ring for Arena<A> {
    type Value = Handle;

    fn add(&mut self, a: Handle, b: Handle) -> Handle {
        self.push(self.get(a) + self.get(b))
    }
    fn sub(&mut self, a: Handle, b: Handle) -> Handle {
        self.push(self.get(a) - self.get(b))
    }
    fn mul(&mut self, a: Handle, b: Handle) -> Handle {
        self.push(self.get(a) * self.get(b))
    }
    fn add_constant(&mut self, a: Handle, k: GoldilocksField) -> Handle {
        self.push(self.get(a) + from_plonky2(k))
    }
    fn mul_add(&mut self, a: Handle, b: Handle, c: Handle) -> Handle {
        self.push(self.get(a) * self.get(b) + self.get(c))
    }
    fn constant(&mut self, k: GoldilocksField) -> Handle {
        self.push(from_plonky2(k).into())
    }
    fn scale_add(&mut self, k: GoldilocksField, a: Handle, b: Handle) -> Handle {
        self.push(self.get(a) * from_plonky2(k) + self.get(b))
    }
}
