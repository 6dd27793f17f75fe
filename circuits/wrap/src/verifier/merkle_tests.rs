use super::super::testing::builder;
use super::*;
use ark_bn254::Fr;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, Field64, Sample};
use plonky2::hash::merkle_tree::MerkleTree;

use crate::config::WrapHasher;

const HEIGHT: usize = 5;
const CAP_HEIGHT: usize = 2;

/// Opens leaf `index` of a random tree after `tamper` changed what is opened.
fn open(
    index: usize,
    tamper: impl FnOnce(&mut MerkleOpening<u64, Fr>, &mut [Fr], &mut usize),
) -> bool {
    let leaves: Vec<Vec<GoldilocksField>> =
        (0..1 << HEIGHT).map(|_| GoldilocksField::rand_vec(49)).collect();
    // A limb to which p can be added.
    let leaves =
        leaves.into_iter().map(|leaf| [leaf, vec![GoldilocksField::ONE]].concat()).collect();
    let tree = MerkleTree::<GoldilocksField, WrapHasher>::new(leaves, CAP_HEIGHT);
    let path = tree.prove(index);
    let mut opening = MerkleOpening {
        leaf: tree.get(index).iter().map(|x| x.0).collect(),
        siblings: path.siblings.iter().map(|digest| digest.0).collect(),
    };
    let mut cap: Vec<Fr> = tree.cap.0.iter().map(|digest| digest.0).collect();
    let mut index = index;
    tamper(&mut opening, &mut cap, &mut index);

    let mut b = builder();
    let opening = MerkleOpening {
        leaf: opening.leaf.iter().map(|&limb| Base::limb(&mut b, limb)).collect(),
        siblings: opening.siblings.iter().map(|&digest| b.witness(digest)).collect(),
    };
    let cap: Vec<Lc> = cap.into_iter().map(|digest| b.witness(digest)).collect();
    let index: Vec<Lc> = (0..HEIGHT).map(|i| b.bit(index >> i & 1 == 1)).collect();
    assert_opening(&mut b, &opening, &index, &cap);
    b.is_satisfied()
}

#[test]
fn accepts_true_openings() {
    for index in [0, 1, 13, (1 << HEIGHT) - 1] {
        assert!(open(index, |_, _, _| ()));
    }
}

#[test]
fn rejects_false_openings() {
    let one = Fr::from(1u64);
    for bit in 0..HEIGHT {
        assert!(!open(13, |_, _, index| *index ^= 1 << bit), "index bit {bit}");
    }
    for i in [0, 44, 45, 49] {
        assert!(!open(13, |opening, _, _| opening.leaf[i] ^= 1), "leaf limb {i}");
    }
    assert!(!open(13, |opening, _, _| opening.leaf[49] += GoldilocksField::ORDER), "limb + p");
    for i in 0..HEIGHT - CAP_HEIGHT {
        assert!(!open(13, |opening, _, _| opening.siblings[i] += one), "sibling {i}");
    }
    // 13 >> 3 = 1
    assert!(!open(13, |_, cap, _| cap[1] += one));
    assert!(open(13, |_, cap, _| cap[0] += one));
}
