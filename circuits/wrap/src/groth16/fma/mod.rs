//! The fields of BN254 by fused multiplications of doubles, for processors with AVX2 and FMA: more than twice as
//! fast as words where there are many products that do not wait for one another.

pub(crate) mod arithmetic;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
pub(crate) mod vectors;
