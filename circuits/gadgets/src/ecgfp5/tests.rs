use cairn_primitives::ecgfp5::{Affine, NON_RESIDUE, Point, Quintic, generator, sqrt};
use cairn_primitives::schnorr::{SecretKey, fixed_base_table, start};
use p3_field::{Field as _, PrimeCharacteristicRing, PrimeField64};
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::gates::gate::Gate;
use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
use plonky2::hash::hash_types::HashOut;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::vars::EvaluationVars;

use super::algebra::{POINT, coefficients, elements};
use super::table::look_up;
use super::*;
use crate::field::from_plonky2;
use crate::poseidon2::CairnConfig;
use crate::ring::Native;

type Extension = <GoldilocksField as Extendable<2>>::Extension;

#[test]
fn degrees() {
    test_low_degree::<GoldilocksField, _, 4>(KeyGate);
    test_low_degree::<GoldilocksField, _, 4>(StepGate);
}

#[test]
fn evaluations_agree() {
    test_eval_fns::<GoldilocksField, CairnConfig, _, 2>(KeyGate).unwrap();
    test_eval_fns::<GoldilocksField, CairnConfig, _, 2>(StepGate).unwrap();
}

/// A row filled by the gate's generator.
fn generate(
    gate: impl Gate<GoldilocksField, 2>,
    inputs: &[(usize, &[GoldilocksField])],
) -> Vec<GoldilocksField> {
    let mut builder = CircuitBuilder::<_, 2>::new(CircuitConfig::standard_recursion_config());
    let wires = gate.num_wires();
    let row = builder.add_gate(gate, vec![]);
    let circuit = builder.build_prover::<CairnConfig>();
    let mut witness = PartialWitness::new();
    for (start, values) in inputs {
        for (i, &value) in values.iter().enumerate() {
            witness.set_target(Target::wire(row, start + i), value).unwrap();
        }
    }
    let values = generate_partial_witness(witness, &circuit.prover_only, &circuit.common).unwrap();
    (0..wires).map(|column| values.get_target(Target::wire(row, column))).collect()
}

fn holds(gate: &impl Gate<GoldilocksField, 2>, wires: &[GoldilocksField]) -> bool {
    let wires: Vec<Extension> = wires.iter().map(|&wire| wire.into()).collect();
    let vars = EvaluationVars {
        local_constants: &[],
        local_wires: &wires,
        public_inputs_hash: &HashOut::ZERO,
    };
    gate.eval_unfiltered(vars).iter().all(|constraint| *constraint == Extension::ZERO)
}

/// No wire from `first` on can change alone.
fn assert_determined(
    gate: &impl Gate<GoldilocksField, 2>,
    wires: &[GoldilocksField],
    first: usize,
) {
    assert!(holds(gate, wires));
    for column in first..wires.len() {
        let mut changed = wires.to_vec();
        changed[column] += GoldilocksField::ONE;
        assert!(!holds(gate, &changed), "wire {column} is free");
    }
}

fn put<const N: usize>(wires: &mut [GoldilocksField], start: usize, values: [GoldilocksField; N]) {
    wires[start..start + N].copy_from_slice(&values);
}

fn point_at(wires: &[GoldilocksField], start: usize) -> Affine {
    let quintic =
        |start: usize| Quintic::new(std::array::from_fn(|i| from_plonky2(wires[start + i])));
    Affine { x: quintic(start), y: quintic(start + 5) }
}

fn affine(point: Point) -> Affine {
    point.to_affine().unwrap()
}

fn key() -> Affine {
    Affine::decode(&SecretKey::from_seed(b"key").public().0).unwrap()
}

fn multiples(key: &Affine) -> [Affine; 3] {
    let double = Point::from(*key).double();
    [*key, affine(double), affine(double.add(key))]
}

/// A row of the loop.
fn step(acc: &Affine, key: &Affine, digits: [u64; 4], refused: bool) -> Vec<GoldilocksField> {
    let multiples: Vec<_> = multiples(key).iter().flat_map(elements).collect();
    let bits: Vec<_> = digits
        .iter()
        .flat_map(|digit| [digit & 1, digit >> 1])
        .map(GoldilocksField::from_canonical_u64)
        .collect();
    let limbs = [5, 6, 7, 8].map(GoldilocksField::from_canonical_u64);
    let inputs: [(usize, &[_]); 5] = [
        (StepGate::WIRE_ACCUMULATOR, &elements(acc)),
        (StepGate::WIRE_MULTIPLES, &multiples),
        (StepGate::WIRE_LIMBS_IN, &limbs),
        (StepGate::WIRE_REFUSED_IN, &[GoldilocksField::from_bool(refused)]),
        (StepGate::WIRE_BITS, &bits),
    ];
    generate(StepGate, &inputs)
}

/// `p + q` by the chord formulas, whether or not these are points, written as the addition at
/// `start`.
fn put_addition(
    wires: &mut [GoldilocksField],
    p: &Affine,
    q: &Affine,
    start: usize,
    sum_start: usize,
) -> Affine {
    let inverse = (q.x - p.x).inverse();
    let slope = (q.y - p.y) * inverse;
    let x = slope.square() - p.x - q.x;
    let sum = Affine { x, y: slope * (p.x - x) - p.y };
    put(wires, start, coefficients(&inverse));
    put(wires, start + 5, coefficients(&slope));
    wires[start + 10] = GoldilocksField::ZERO;
    put(wires, sum_start, elements(&sum));
    sum
}

#[test]
fn step_is_two_doublings_and_two_additions() {
    for digits in [[0, 0, 0, 0], [1, 1, 2, 3], [2, 3, 0, 1], [3, 2, 3, 2]] {
        let wires = step(start(), &key(), digits, false);
        let [e, s0, s1, s2] = digits.map(|digit| digit as usize);
        let mut sum = Point::from(*start()).double().double();
        for _ in 0..e {
            sum = sum.add(&key());
        }
        sum = sum.add(&fixed_base_table()[s0 + 4 * s1 + 16 * s2]);
        assert_eq!(point_at(&wires, StepGate::WIRE_OUTPUT), affine(sum));
        assert_eq!(wires[StepGate::WIRE_REFUSED_OUT], GoldilocksField::ZERO);
        let limbs = [20, 24, 28, 32].map(GoldilocksField::from_canonical_u64);
        for i in 0..4 {
            let digit = GoldilocksField::from_canonical_u64(digits[i]);
            assert_eq!(wires[StepGate::WIRE_LIMBS_OUT + i], limbs[i] + digit);
        }
        assert_determined(&StepGate, &wires, StepGate::WIRE_LIMBS_OUT);
    }
    let wires = step(start(), &key(), [1, 2, 3, 0], true);
    assert_eq!(wires[StepGate::WIRE_REFUSED_OUT], GoldilocksField::ONE);
    assert_determined(&StepGate, &wires, StepGate::WIRE_LIMBS_OUT);
}

/// Digits are bits: at other values the polynomials of the table are no points, and a digit 4 hides
/// a carry.
#[test]
fn bits_are_bits() {
    let mut wires = step(start(), &key(), [0, 0, 0, 0], false);
    let p = point_at(&wires, StepGate::WIRE_KEY_SUM);
    let two = GoldilocksField::TWO;
    let mut bits = [GoldilocksField::ZERO; 6];
    for value in [GoldilocksField::ONE, two] {
        bits[1] = value;
        wires[StepGate::WIRE_BITS + 3] = value;
        wires[StepGate::WIRE_LIMBS_OUT + 1] =
            wires[StepGate::WIRE_LIMBS_IN + 1] * two * two + value * two;
        let entry = look_up(&mut Native::<GoldilocksField>::new(), &bits);
        let entry: Vec<_> = entry.x.into_iter().chain(entry.y).collect();
        let entry = point_at(&entry, 0);
        put_addition(&mut wires, &p, &entry, StepGate::WIRE_TABLE_ADDITION, StepGate::WIRE_OUTPUT);
        assert_eq!(holds(&StepGate, &wires), value == GoldilocksField::ONE);
    }
}

/// The four ways in which operands coincide up to sign: refused, and the prover cannot hide it.
#[test]
fn coinciding_operands_are_refused() {
    let quadruple = affine(Point::from(*start()).double().double());
    let entry = fixed_base_table()[0];
    let difference = |target: &Affine| affine(Point::from(*target).add(&quadruple.neg()));
    let cases = [
        (quadruple, StepGate::WIRE_KEY_ADDITION),
        (quadruple.neg(), StepGate::WIRE_KEY_ADDITION),
        (difference(&entry), StepGate::WIRE_TABLE_ADDITION),
        (difference(&entry.neg()), StepGate::WIRE_TABLE_ADDITION),
    ];
    for (key, addition) in cases {
        let wires = step(start(), &key, [1, 0, 0, 0], false);
        assert!(holds(&StepGate, &wires));
        assert_eq!(wires[StepGate::WIRE_REFUSED_OUT], GoldilocksField::ONE);
        let skip = addition + 10;
        assert_eq!(wires[skip], GoldilocksField::ONE);
        for column in [skip, StepGate::WIRE_REFUSED_OUT] {
            let mut hidden = wires.clone();
            hidden[column] = GoldilocksField::ZERO;
            assert!(!holds(&StepGate, &hidden));
        }
        let mut hidden = wires.clone();
        hidden[skip] = GoldilocksField::ZERO;
        hidden[StepGate::WIRE_REFUSED_OUT] = GoldilocksField::ZERO;
        assert!(!holds(&StepGate, &hidden));
    }
}

/// A prover cannot skip an addition, with or without a refusal, nor make one of the digit 0.
#[test]
fn additions_are_skipped_only_where_they_must() {
    let honest = step(start(), &key(), [1, 1, 1, 1], false);
    let additions = [
        (StepGate::WIRE_KEY_ADDITION, StepGate::WIRE_DOUBLINGS + 20),
        (StepGate::WIRE_TABLE_ADDITION, StepGate::WIRE_KEY_SUM),
    ];
    for (addition, before) in additions {
        for refused in [false, true] {
            let mut wires = honest.clone();
            put(&mut wires, addition, [GoldilocksField::ZERO; 10]);
            wires[addition + 10] = GoldilocksField::ONE;
            wires[StepGate::WIRE_REFUSED_OUT] = GoldilocksField::from_bool(refused);
            let skipped = point_at(&wires, before);
            if addition == StepGate::WIRE_KEY_ADDITION {
                // The rest of the row follows honestly.
                put(&mut wires, StepGate::WIRE_KEY_SUM, elements(&skipped));
                let entry = fixed_base_table()[1 + 4 + 16];
                let table = StepGate::WIRE_TABLE_ADDITION;
                put_addition(&mut wires, &skipped, &entry, table, StepGate::WIRE_OUTPUT);
            } else {
                put(&mut wires, StepGate::WIRE_OUTPUT, elements(&skipped));
            }
            assert!(!holds(&StepGate, &wires));
        }
    }

    // Digit 0 selects (0, 0), which is no point.
    let mut wires = step(start(), &key(), [0, 1, 1, 1], false);
    let before = point_at(&wires, StepGate::WIRE_DOUBLINGS + 20);
    let nothing = Affine { x: Quintic::ZERO, y: Quintic::ZERO };
    let addition = StepGate::WIRE_KEY_ADDITION;
    let sum = put_addition(&mut wires, &before, &nothing, addition, StepGate::WIRE_KEY_SUM);
    let entry = fixed_base_table()[1 + 4 + 16];
    let addition = StepGate::WIRE_TABLE_ADDITION;
    put_addition(&mut wires, &sum, &entry, addition, StepGate::WIRE_OUTPUT);
    assert!(!holds(&StepGate, &wires));
}

fn decode(w: [u64; 5]) -> Vec<GoldilocksField> {
    let encoding = w.map(GoldilocksField::from_noncanonical_u64);
    generate(KeyGate, &[(KeyGate::WIRE_ENCODING, &encoding)])
}

/// An undecodable encoding of the author's vectors.
const UNDECODABLE: [u64; 5] = [
    135036726621282077,
    17283229938160287622,
    13113167081889323961,
    1653240450380825271,
    520025869628727862,
];

#[test]
fn keys_decode_as_natively() {
    let minus_four = [GoldilocksField::NEG_ONE.0 - 3, 0, 0, 0, 0];
    let encodings = [[4, 0, 0, 0, 0], minus_four, [0; 5], UNDECODABLE, [1, 2, 3, 4, 5]]
        .into_iter()
        .chain((10..20).map(|i| [i, 1, 0, i * i, 7]));
    let mut valid = 0;
    for w in encodings {
        let wires = decode(w);
        let point = Affine::decode(&w.map(cairn_primitives::F::new));
        valid += usize::from(point.is_some());
        assert_eq!(wires[KeyGate::WIRE_VALID], GoldilocksField::from_bool(point.is_some()));
        for (i, multiple) in multiples(&point.unwrap_or_else(generator)).iter().enumerate() {
            assert_eq!(point_at(&wires, KeyGate::WIRE_MULTIPLES + POINT * i), *multiple);
        }
        assert!(holds(&KeyGate, &wires));
        // An invalid key leaves the root of x free: it does not matter then.
        for column in KeyGate::WIRE_MULTIPLES..wires.len() {
            let free = point.is_none()
                && (KeyGate::WIRE_ROOT_OF_X..KeyGate::WIRE_SLOPES).contains(&column);
            let mut changed = wires.clone();
            changed[column] += GoldilocksField::ONE;
            assert_eq!(holds(&KeyGate, &changed), free, "wire {column}");
        }
    }
    assert!((2..15).contains(&valid), "both kinds are tried");
}

/// The other root would be another point with the same w, on the curve but outside the group.
#[test]
fn the_other_root_is_refused() {
    let mut wires = decode([4, 0, 0, 0, 0]);
    let w = Quintic::new([4, 0, 0, 0, 0].map(cairn_primitives::F::new));
    let e = w.square() - Quintic::TWO;
    let quintic = |wires: &[GoldilocksField], start: usize| point_at(wires, start).x;
    let root = -quintic(&wires, KeyGate::WIRE_ROOT);
    let x = (e + root).halve();
    assert_eq!(sqrt(&x), None);
    let other = Affine { x: x + cairn_primitives::ecgfp5::A_THIRD, y: -w * x };
    put(&mut wires, KeyGate::WIRE_ROOT, coefficients(&root));
    put(&mut wires, KeyGate::WIRE_ROOT_OF_X, coefficients(&sqrt(&(x * NON_RESIDUE)).unwrap()));
    let a = cairn_primitives::ecgfp5::A;
    let tangent = (other.x.square() * cairn_primitives::F::new(3) + a) * other.y.double().inverse();
    let [p, double, triple] = multiples(&other);
    let chord = (double.y - p.y) * (double.x - p.x).inverse();
    for (i, point) in [p, double, triple].iter().enumerate() {
        put(&mut wires, KeyGate::WIRE_MULTIPLES + POINT * i, elements(point));
    }
    put(&mut wires, KeyGate::WIRE_SLOPES, coefficients(&tangent));
    put(&mut wires, KeyGate::WIRE_SLOPES + 5, coefficients(&chord));
    assert!(!holds(&KeyGate, &wires));
}

/// A valid key cannot pass as an invalid one: that would let the prover censor its owner.
#[test]
fn a_valid_key_cannot_be_denied() {
    let valid = decode(SecretKey::from_seed(b"key").public().0.map(|x| x.to_unique_u64()));
    let mut denied = decode(UNDECODABLE);
    put(&mut denied, KeyGate::WIRE_ENCODING, [0, 1, 2, 3, 4].map(|i| valid[i]));
    put(&mut denied, KeyGate::WIRE_ROOT, [0, 1, 2, 3, 4].map(|i| valid[KeyGate::WIRE_ROOT + i]));
    assert_eq!(denied[KeyGate::WIRE_VALID], GoldilocksField::ZERO);
    assert!(!holds(&KeyGate, &denied));
}
