//! What honest tables answer: whether a table of operations is part of a proof.

use std::collections::BTreeMap;

use cairn_primitives::ecgfp5::Affine;
use cairn_primitives::poseidon2::permute12_scalar;
use cairn_primitives::schnorr::{PublicKey, Signature, verify};
use cairn_primitives::{Digest, F, compress};
use p3_field::{PrimeCharacteristicRing, PrimeField64};

use super::super::OperationAir;
use super::super::access::Leaf;
use crate::bus::{ABSORB, COMPRESS, FORCED, MEMORY, RANGE, SIGNED, SQUEEZE};
use crate::requests::RANGE_SIZE;
use crate::testing::Table;

/// Leaves by id; those that are absent are empty.
pub(super) type Leaves = BTreeMap<u64, Leaf<F>>;

/// The leaves afterwards; or why there is no proof.
///
/// Tables that answer lookups do so as often as it takes, even a negative number of times. `signed` are the messages that keys have signed: the signature table sends back nothing else.
///
/// Judgements are answered as the signature table does: any that is true, of a key that encodes a point and a
/// response in range.
pub(super) fn judge(
    table: &Table<OperationAir>,
    leaves: &Leaves,
    signed: &[([F; 5], [F; 4])],
) -> Result<Leaves, String> {
    let violations = table.violations();
    if !violations.is_empty() {
        return Err(format!("violated (row, constraint): {violations:?}"));
    }
    let mut after = leaves.clone();
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (bus, fields, count) in table.messages().iter() {
        let elements: Vec<F> = fields.iter().map(|&field| F::from_u64(field)).collect();
        let answered = if bus == RANGE.name() {
            fields[0] < RANGE_SIZE as u64
        } else if bus == COMPRESS.name() {
            compression(&elements)
        } else if bus == ABSORB.name() || bus == SQUEEZE.name() {
            permutation(&elements, bus == ABSORB.name())
        } else if bus == SIGNED.name() {
            let sent = count.as_canonical_u64() <= 1 << 20;
            let (who_and_what, named) = elements.split_at(9);
            let is_signed = || {
                let is =
                    |(key, digest): &([F; 5], [F; 4])| who_and_what == [&key[..], digest].concat();
                named.iter().all(|&element| element == F::ZERO) && signed.iter().any(is)
            };
            sent && if named[14] == F::ONE { verdict(&elements) } else { is_signed() }
        } else if bus == FORCED.name() {
            false // one row has said what the other has not heard
        } else {
            assert_eq!(bus, MEMORY.name());
            let leaf: Leaf<F> = elements[2..].try_into().expect("id, time and leaf");
            if count == F::ONE {
                left.push(fields[0]);
                after.insert(fields[0], leaf);
                true
            } else {
                taken.push(fields[0]);
                let found = leaves.get(&fields[0]).copied().unwrap_or_default();
                count == F::NEG_ONE && fields[0] >> 32 == 0 && fields[1] == 0 && leaf == found
            }
        };
        if !answered {
            return Err(format!("no answer on {bus}: {fields:?} {count} times"));
        }
    }
    // The tree opens each leaf once.
    left.sort_unstable();
    taken.sort_unstable();
    if left != taken || taken.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(format!("leaves taken {taken:?}, left {left:?}"));
    }
    Ok(after)
}

/// Whether a judgement is the true one.
fn verdict(fields: &[F]) -> bool {
    let key = PublicKey(fields[..5].try_into().expect("five elements"));
    let message = Digest(fields[5..9].try_into().expect("four elements"));
    let limbs = fields[9..23].as_chunks::<2>().0.iter().map(|limbs| {
        let [low, high] = limbs.map(|limb| limb.as_canonical_u64());
        (low < 1 << 32 && high < 1 << 32).then_some(low | high << 32)
    });
    let Some(limbs) = limbs.collect::<Option<Vec<_>>>() else { return false };
    let (e, s) = limbs.split_at(2);
    if e.iter().any(|&e| e >= F::ORDER_U64) {
        return false;
    }
    let e = [e[0], e[1]].map(F::from_u64);
    let signature = Signature { e, s: s.try_into().expect("five integers") };
    let judged = Affine::decode(&key.0).is_some() && signature.is_canonical();
    judged && fields[24] == F::from_bool(!verify(&key, &message, &signature))
}

fn compression(fields: &[F]) -> bool {
    let digest = |at: usize| Digest(fields[at..at + 4].try_into().expect("four elements"));
    compress(&digest(0), &digest(4)) == digest(8)
}

fn permutation(fields: &[F], capacity: bool) -> bool {
    let mut state: [F; 12] = fields[..12].try_into().expect("twelve elements");
    permute12_scalar(&mut state);
    let output = if capacity { &state[8..] } else { &state[..4] };
    output == &fields[12..]
}
