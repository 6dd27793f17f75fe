//! What honest tables answer: whether a table of operations is part of a proof.

use std::collections::BTreeMap;

use cairn_primitives::poseidon2::permute12_scalar;
use cairn_primitives::{Digest, F, compress};
use p3_field::{PrimeCharacteristicRing, PrimeField64};

use super::super::OperationAir;
use super::super::access::Leaf;
use crate::bus::{ABSORB, COMPRESS, MEMORY, RANGE, SIGNED, SQUEEZE};
use crate::requests::RANGE_SIZE;
use crate::testing::Table;

/// Leaves by id; those that are absent are empty.
pub(super) type Leaves = BTreeMap<u64, Leaf<F>>;

/// The leaves afterwards; or why there is no proof.
///
/// Tables that answer lookups do so as often as it takes, even a negative number of times. `signed` are the messages that keys have signed: the signature table sends back nothing else.
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
            sent && signed.iter().any(|(key, digest)| elements == [&key[..], digest].concat())
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
