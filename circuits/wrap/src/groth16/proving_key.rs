//! The proving key as it lies in memory and on disk: points in the words that [`super::msm`] counts with.
//!
//! | part | what |
//! |---|---|
//! | eight words | counts: wires, public inputs, points of A, of B, of L, of H, bytes of the verification key, zero |
//! | verification key | arkworks' uncompressed encoding, then beta and delta of G1 |
//! | A | indices of wires (4 bytes each), points of G1 |
//! | B | indices of wires, points of G1, points of G2 |
//! | L | indices of wires after the public inputs, points of G1 |
//! | H | points of G1, one for each coefficient of the quotient |
//!
//! Each part begins at a multiple of 64 bytes. There are no points for wires whose point is the identity: those
//! that the matrix does not have, or no matrix. The form of coordinates is that of the machine ([`msm::FORM`]), so
//! that nothing is converted for a proof, and a file can be mapped instead of read.

use std::fmt;
use std::ops::{Deref, Range};

use ark_bn254::{Bn254, G1Affine};
use ark_ec::AffineRepr;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use rayon::prelude::*;

use super::VerifyingKey;
use super::msm::{self, Curve, G1, G2};

/// 64 bytes: a point of G1, half of one of G2, and what parts are aligned to.
pub(super) type Block = [u64; 8];

const BLOCK_LEN: usize = size_of::<Block>();

/// Where a key's blocks are.
pub(super) trait Blocks: Deref<Target = [Block]> + Send + Sync {}

impl<T: Deref<Target = [Block]> + Send + Sync> Blocks for T {}

/// A Groth16 proving key over BN254, with its verification key.
pub struct ProvingKey {
    blocks: Box<dyn Blocks>,
    layout: Layout,
    verifying: VerifyingKey,
    pub(super) beta_g1: G1Affine,
    pub(super) delta_g1: G1Affine,
}

impl fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKey").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl PartialEq for ProvingKey {
    fn eq(&self, other: &Self) -> bool {
        self.blocks[..] == other.blocks[..]
    }
}

/// The counts, and where the parts are in blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layout {
    counts: Block,
    verifying: Range<usize>,
    a_wires: Range<usize>,
    a: Range<usize>,
    b_wires: Range<usize>,
    b_g1: Range<usize>,
    b_g2: Range<usize>,
    l_wires: Range<usize>,
    l: Range<usize>,
    h: Range<usize>,
}

impl Layout {
    /// Nothing if the counts do not fit together.
    fn new(counts: Block) -> Option<Self> {
        let [wires, public, a, b, l, h, verifying, 0] = counts else { return None };
        let consistent =
            a <= wires && b <= wires && wires.checked_sub(public)?.checked_sub(1)? == l;
        // With fewer than 2^32 of everything, no sum below overflows.
        if !consistent || [wires, h, verifying].iter().any(|count| *count >> 32 != 0) {
            return None;
        }
        let mut end = 1;
        let mut part = |count: u64, bytes: u64| {
            let start = end;
            end += (count * bytes).div_ceil(BLOCK_LEN as u64) as usize;
            start..end
        };
        Some(Self {
            counts,
            verifying: part(verifying, 1),
            a_wires: part(a, 4),
            a: part(a, 64),
            b_wires: part(b, 4),
            b_g1: part(b, 64),
            b_g2: part(b, 128),
            l_wires: part(l, 4),
            l: part(l, 64),
            h: part(h, 64),
        })
    }
}

impl ProvingKey {
    /// Rewrites arkworks' key of a circuit with so many public inputs.
    pub(super) fn new(key: ark_groth16::ProvingKey<Bn254>, public: usize) -> Self {
        let ark_groth16::ProvingKey {
            vk,
            beta_g1,
            delta_g1,
            a_query,
            b_g1_query,
            b_g2_query,
            h_query,
            l_query,
        } = key;
        let wires = a_query.len();
        let a_wires: Vec<u32> = present(&a_query).collect();
        let b_wires: Vec<u32> = present(&b_g1_query).collect();
        let witness = public + 1;
        let l_wires: Vec<u32> = present(&l_query).map(|i| i + witness as u32).collect();
        let mut verifying = Vec::new();
        // A vector takes all bytes.
        vk.serialize_uncompressed(&mut verifying).expect("a vector");
        beta_g1.serialize_uncompressed(&mut verifying).expect("a vector");
        delta_g1.serialize_uncompressed(&mut verifying).expect("a vector");
        let [a, b, l] = [&a_wires, &b_wires, &l_wires].map(Vec::len);
        let counts = [wires, public, a, b, l, h_query.len(), verifying.len(), 0];
        let layout = Layout::new(counts.map(|count| count as u64)).expect("arkworks' key is whole");

        let mut blocks = vec![Block::default(); layout.h.end];
        blocks[0] = layout.counts;
        write(&mut blocks[layout.verifying.clone()], &verifying);
        let parts = [&layout.a_wires, &layout.b_wires, &layout.l_wires];
        for (part, wires) in parts.into_iter().zip([&a_wires, &b_wires, &l_wires]) {
            let bytes: Vec<u8> = wires.iter().flat_map(|wire| wire.to_ne_bytes()).collect();
            write(&mut blocks[part.clone()], &bytes);
        }
        let g1 = |blocks: &mut [Block], points: &(dyn Fn(usize) -> G1Affine + Sync)| {
            let blocks = blocks.par_iter_mut().enumerate();
            blocks.for_each(|(i, block)| *block = msm::pack::<G1>(&points(i)));
        };
        g1(&mut blocks[layout.a.clone()], &|i| a_query[a_wires[i] as usize]);
        g1(&mut blocks[layout.b_g1.clone()], &|i| b_g1_query[b_wires[i] as usize]);
        g1(&mut blocks[layout.l.clone()], &|i| l_query[l_wires[i] as usize - witness]);
        g1(&mut blocks[layout.h.clone()], &|i| h_query[i]);
        let g2 = blocks[layout.b_g2.clone()].par_chunks_exact_mut(2).zip(&b_wires);
        g2.for_each(|(pair, &wire)| {
            let words = msm::pack::<G2>(&b_g2_query[wire as usize]);
            pair.as_flattened_mut().copy_from_slice(&words);
        });
        Self { blocks: Box::new(blocks), layout, verifying: vk, beta_g1, delta_g1 }
    }

    /// Takes what [`Self::blocks`] gave. Points are not checked; everything else is.
    pub(super) fn from_blocks(blocks: impl Blocks + 'static) -> Result<Self, &'static str> {
        let counts = blocks.first().ok_or("it is too short")?;
        let layout = Layout::new(*counts).ok_or("its parts do not fit together")?;
        if blocks.len() != layout.h.end {
            return Err("its length is not that of its parts");
        }
        let mut bytes = &bytes(&blocks[layout.verifying.clone()])[..layout.counts[6] as usize];
        let unreadable = |_| "its verification key cannot be read";
        let verifying = CanonicalDeserialize::deserialize_uncompressed_unchecked(&mut bytes);
        let verifying: VerifyingKey = verifying.map_err(unreadable)?;
        let mut point = || G1Affine::deserialize_uncompressed_unchecked(&mut bytes);
        let (beta_g1, delta_g1) = (point().map_err(unreadable)?, point().map_err(unreadable)?);
        let key = Self { blocks: Box::new(blocks), layout, verifying, beta_g1, delta_g1 };
        let wires = key.num_wires();
        let parts = [key.a().0, key.b().0, key.l().0];
        if parts.iter().any(|part| part.iter().any(|wire| *wire as usize >= wires)) {
            return Err("it has points for wires that there are not");
        }
        Ok(key)
    }

    /// All of it.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The verification key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// Wires of the circuit, with the constant one.
    pub fn num_wires(&self) -> usize {
        self.layout.counts[0] as usize
    }

    /// Public inputs of the circuit.
    pub fn num_public(&self) -> usize {
        self.layout.counts[1] as usize
    }

    /// Wires of A and their points.
    pub(super) fn a(&self) -> (&[u32], &[Block]) {
        (self.wires(&self.layout.a_wires, self.layout.counts[2]), self.part(&self.layout.a))
    }

    /// Wires of B and their points in both groups.
    pub(super) fn b(&self) -> (&[u32], &[Block], &[<G2 as Curve>::Packed]) {
        let wires = self.wires(&self.layout.b_wires, self.layout.counts[3]);
        let (g2, []) = self.part(&self.layout.b_g2).as_flattened().as_chunks() else {
            unreachable!("two blocks a point");
        };
        (wires, self.part(&self.layout.b_g1), g2)
    }

    /// Wires after the public inputs and their points.
    pub(super) fn l(&self) -> (&[u32], &[Block]) {
        (self.wires(&self.layout.l_wires, self.layout.counts[4]), self.part(&self.layout.l))
    }

    /// Points of the quotient's coefficients.
    pub(super) fn h(&self) -> &[Block] {
        self.part(&self.layout.h)
    }

    fn part(&self, range: &Range<usize>) -> &[Block] {
        &self.blocks[range.clone()]
    }

    fn wires(&self, range: &Range<usize>, count: u64) -> &[u32] {
        // SAFETY: any bytes are integers.
        let (none, wires, rest) = unsafe { self.part(range).align_to::<u32>() };
        debug_assert!(none.is_empty() && rest.is_empty());
        &wires[..count as usize]
    }
}

/// Which points are not the identity.
fn present(points: &[G1Affine]) -> impl Iterator<Item = u32> + '_ {
    (0u32..).zip(points).filter(|(_, point)| !point.is_zero()).map(|(i, _)| i)
}

fn write(blocks: &mut [Block], bytes: &[u8]) {
    let words = blocks.as_flattened_mut();
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut whole = [0; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_ne_bytes(whole);
    }
}

/// The bytes of blocks.
pub(super) fn bytes(blocks: &[Block]) -> &[u8] {
    // SAFETY: integers have no padding.
    let (none, bytes, rest) = unsafe { blocks.align_to::<u8>() };
    debug_assert!(none.is_empty() && rest.is_empty());
    bytes
}
