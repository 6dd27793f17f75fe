//! Many signatures at once, as many side by side as the machine's vectors hold.

use p3_field::{
    BasedVectorSpace, ExtensionField, Field, PackedFieldExtension, PackedValue,
    PrimeCharacteristicRing,
};

use super::combine::{ROWS, digit, fixed_base_entry, multiples, start};
use super::keys::PublicKey;
use super::signature::{Signature, challenge};
use crate::F;
use crate::digest::Digest;
use crate::ecgfp5::{Affine, Point, Quintic};

/// A vector of the machine.
type Packing = <F as Field>::Packing;

/// Lanes of a vector.
const LANES: usize = Packing::WIDTH;

/// A coordinate of [`LANES`] points.
type Lanes = <Quintic as ExtensionField<F>>::ExtensionPacking;

/// A signature under verification.
struct Candidate<'a> {
    /// Where the verdict goes.
    place: usize,
    signature: &'a Signature,
    e: u128,
    /// P, 2 P, 3 P of its key.
    multiples: [Affine; 3],
}

/// [`super::verify`] of each: the same verdicts, in less time.
pub fn verify_many(items: &[(PublicKey, Digest, Signature)]) -> Vec<bool> {
    let mut verdicts = vec![false; items.len()];
    let candidates: Vec<_> = items
        .iter()
        .enumerate()
        .filter(|(_, (.., signature))| signature.is_canonical())
        .filter_map(|(place, (key, _, signature))| {
            let multiples = multiples(&Affine::decode(&key.0)?);
            Some(Candidate { place, signature, e: signature.challenge(), multiples })
        })
        .collect();
    for group in candidates.chunks(LANES) {
        for (candidate, point) in group.iter().zip(combine_lanes(group)) {
            let (key, message, signature) = &items[candidate.place];
            verdicts[candidate.place] = point
                .to_affine()
                .is_some_and(|commitment| challenge(&commitment, key, message) == signature.e);
        }
    }
    verdicts
}

/// [`super::combine`], lane by lane: neutral where that is `None`.
fn combine_lanes(group: &[Candidate<'_>]) -> Vec<Point> {
    // The last group may be short: its other lanes repeat the last candidate.
    let lane = |lane: usize| &group[lane.min(group.len() - 1)];
    let coordinates = |of: &dyn Fn(usize) -> Affine| {
        let points: [Affine; LANES] = std::array::from_fn(of);
        let pack = |coordinate: fn(&Affine) -> Quintic| {
            Lanes::from_ext_fn(|lane| coordinate(&points[lane]))
        };
        (pack(|point| point.x), pack(|point| point.y))
    };
    let (x, y) = coordinates(&|_| *start());
    let mut acc = Point { x, y, z: Lanes::ONE };
    for row in 0..ROWS {
        acc = acc.double().double();
        // A lane whose digit is 0 keeps its point; what it adds meanwhile does not matter.
        let index = |at: usize| digit(lane(at).e, row).checked_sub(1);
        let (x, y) = coordinates(&|at| lane(at).multiples[index(at).unwrap_or(0)]);
        let adds = Packing::from_fn(|at| F::from_bool(index(at).is_some()));
        acc = select(adds, &acc.add_chord(x, y), &acc);
        let (x, y) = coordinates(&|at| *fixed_base_entry(&lane(at).signature.s, row));
        acc = acc.add_chord(x, y);
    }
    let unpack = |coordinate: Lanes, lane: usize| {
        let coefficients: &[Packing] = coordinate.as_basis_coefficients_slice();
        Quintic::from_basis_coefficients_fn(|d| coefficients[d].as_slice()[lane])
    };
    (0..group.len())
        .map(|lane| Point {
            x: unpack(acc.x, lane),
            y: unpack(acc.y, lane),
            z: unpack(acc.z, lane),
        })
        .collect()
}

/// `yes` in lanes where `choice` is 1, `no` where it is 0.
fn select(choice: Packing, yes: &Point<Lanes>, no: &Point<Lanes>) -> Point<Lanes> {
    let pick = |yes: Lanes, no: Lanes| no + (yes - no) * choice;
    Point { x: pick(yes.x, no.x), y: pick(yes.y, no.y), z: pick(yes.z, no.z) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ecgfp5::generator;
    use crate::hash::{Tag, hash};
    use crate::schnorr::{SecretKey, combine, verify};

    /// A key, a message and its signature, changed as `fault` says; fault 0 leaves it as it is.
    fn item(seed: u8, fault: u8) -> (PublicKey, Digest, Signature) {
        let key = SecretKey::from_seed(&[seed]);
        let message = hash(Tag::SignedOperation, &[F::from_u8(seed)]);
        let mut signature = key.sign(&message);
        let mut public = key.public();
        match fault {
            0 => {}
            1 => signature.s[usize::from(seed) % 5] ^= 1,
            2 => signature.e[usize::from(seed) % 2] += F::ONE,
            3 => signature.s[4] = u64::MAX,
            4 => public.0[0] += F::ONE,
            5 => public.0 = [F::ZERO; 5],
            _ => signature = Signature { e: [F::ZERO; 2], s: [0; 5] },
        }
        (public, message, signature)
    }

    proptest! {
        #[test]
        fn verdicts_are_those_one_by_one(faults in prop::collection::vec((any::<u8>(), 0..14u8), 0..20)) {
            let items: Vec<_> = faults.into_iter().map(|(seed, fault)| item(seed, fault / 2)).collect();
            let expected: Vec<_> =
                items.iter().map(|(key, message, signature)| verify(key, message, signature)).collect();
            prop_assert_eq!(verify_many(&items), expected);
        }
    }

    /// Lanes where operands meet are neutral, and leave their neighbours alone.
    #[test]
    fn lanes_end_where_single_loops_do() {
        let first_digit = |digit: u128| digit << (2 * (ROWS - 1));
        let quadruple = Point::from(*start()).double().double().to_affine().unwrap();
        let keys = [quadruple, quadruple.neg(), generator(), generator().neg()];
        let signature = |limb: u64| Signature { e: [F::ZERO; 2], s: [limb; 5] };
        let signatures: Vec<_> = (0..16).map(|limb| signature(limb << 60 | limb)).collect();
        let cases: Vec<_> = signatures
            .iter()
            .enumerate()
            .map(|(place, signature)| {
                // The first addition is 4 T + P, 4 T + 2 P, 4 T + 3 P, or none.
                let e = first_digit(place as u128 / 4) + place as u128;
                let key = keys[place % 4];
                (key, Candidate { place, signature, e, multiples: multiples(&key) })
            })
            .collect();
        let expected: Vec<_> = cases
            .iter()
            .map(|(key, Candidate { signature, e, .. })| combine(&signature.s, *e, key))
            .collect();
        // Of 4 T and -4 T one addition each meets; the first case has e = 0, s = 0 and ends in the neutral element.
        let refused = |place: &usize| expected[*place].is_none();
        assert_eq!((0..16).filter(refused).collect::<Vec<_>>(), [0, 4, 5]);
        let candidates: Vec<_> = cases.into_iter().map(|(_, candidate)| candidate).collect();
        let ends = candidates.chunks(LANES).flat_map(combine_lanes);
        assert_eq!(ends.map(|end| end.to_affine()).collect::<Vec<_>>(), expected);
    }
}
