use ark_bn254::Bn254;
use ark_ff::Field;
use ark_groth16::Groth16;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_std::rand::Rng;
use ark_std::rand::rngs::OsRng;

use super::*;
use crate::groth16::testing::{KEYS, cube};
use crate::groth16::{InsecureDevSetup, setup};
use crate::r1cs::{Lc, Var};

#[test]
fn proves_and_verifies() {
    let circuit = cube(5);
    let proof = prove(&KEYS, &circuit, &mut OsRng).unwrap();
    assert_eq!(verify(KEYS.verifying(), &[Fr::from(125u64)], &proof), Ok(()));
    let wrong = verify(KEYS.verifying(), &[Fr::from(126u64)], &proof);
    assert_eq!(wrong, Err(VerifyError::Invalid));
}

#[test]
fn refuses_a_false_statement() {
    let mut circuit = cube(5);
    circuit.overwrite(Var::nth(1), Fr::from(124u64));
    let error = prove(&KEYS, &circuit, &mut OsRng).unwrap_err();
    assert!(matches!(error, ProveError::Unsatisfied { constraint: 1, .. }), "{error}");
}

#[test]
fn refuses_another_circuit() {
    let mut circuit = cube(5);
    circuit.bit(true);
    let error = prove(&KEYS, &circuit, &mut OsRng).unwrap_err();
    assert!(matches!(error, ProveError::Circuit { .. }), "{error}");
    // Even if the digest said otherwise, nothing would be read at a wrong place.
    let error = prove_with(&KEYS.proving, &circuit, Fr::from(1u64), Fr::from(2u64)).unwrap_err();
    assert!(matches!(error, ProveError::Sizes), "{error}");
}

/// What arkworks' prover makes, with arkworks' matrices.
pub(super) fn ark_prove(
    key: &ark_groth16::ProvingKey<Bn254>,
    circuit: &Builder,
    r: Fr,
    s: Fr,
) -> Proof {
    let rows = |m| {
        let row = |i| circuit.row(m, i).map(|(column, coeff)| (coeff, column)).collect();
        (0..circuit.num_constraints()).into_par_iter().map(row).collect()
    };
    Groth16::<Bn254, LibsnarkReduction>::create_proof_with_reduction_and_matrices(
        key,
        r,
        s,
        &[0, 1, 2].map(rows),
        circuit.num_public() + 1,
        circuit.num_constraints(),
        circuit.assignment(),
    )
    .unwrap()
}

/// The same key in both forms, and the same proofs by both.
fn compare(circuits: &[Builder]) {
    let setup = InsecureDevSetup::new(3);
    let ark = setup::parameters(setup, &circuits[0]).unwrap();
    let keys = setup.run(&circuits[0]).unwrap();
    let mut rng = ark_std::test_rng();
    for circuit in circuits {
        assert_eq!(circuit.digest(), keys.circuit_digest);
        let blindings = [Fr::rand(&mut rng), Fr::rand(&mut rng)];
        for [r, s] in [blindings, [Fr::from(0u64), blindings[0]], [Fr::from(0u64); 2]] {
            let proof = prove_with(&keys.proving, circuit, r, s).unwrap();
            assert_eq!(proof, ark_prove(&ark, circuit, r, s));
            assert_eq!(verify(keys.verifying(), circuit.public_inputs(), &proof), Ok(()));
        }
    }
}

#[test]
fn proofs_are_arkworks_proofs() {
    compare(&[0u64, 1, 2, 5, u64::MAX].map(cube));
}

/// Values of each size, products of random combinations of them, their bits, and wires that no matrix, only A, only
/// C, or one row alone has.
fn random(values: &[Fr], public: usize, rows: usize) -> Builder {
    let mut rng = ark_std::test_rng();
    let mut b = Builder::new(&values[..public]);
    let mut wires: Vec<Lc> = (0..public).map(|i| b.public(i)).collect();
    b.region("random");
    wires.extend(values[public..].iter().map(|&value| b.witness(value)));
    while b.num_constraints() < rows {
        let mut pick = || &wires[rng.gen_range(0..wires.len())];
        let [mut x, y, z] = [(); 3].map(|()| pick().clone());
        x.add_scaled(&y, Fr::from(3u64));
        x.add_constant(-Fr::from(1u64));
        match rng.gen_range(0..8) {
            0 => {
                let bits = x.value().0.0[0];
                wires.extend((0..8).map(|i| b.bit(bits >> i & 1 == 1)));
            }
            1 => wires.push(b.reduce(&x)),
            2 => b.assert_equal(&x, &x),
            3 => b.enforce(&Lc::zero(), &x, &Lc::zero()),
            4 => _ = b.witness(z.value()),
            _ => wires.push(b.mul(&x, &z)),
        }
    }
    b
}

#[test]
fn proofs_of_random_systems_are_arkworks_proofs() {
    let mut rng = ark_std::test_rng();
    for (public, rows) in [(0, 1), (1, 14), (3, 509), (40, 3000)] {
        let mut values = |kind: u32| -> Vec<Fr> {
            let value = |_| match if kind < 5 { kind } else { rng.gen_range(0..5) } {
                0 => Fr::from(0u64),
                1 => Fr::from(1u64),
                2 => -Fr::from(rng.r#gen::<u8>()),
                3 => Fr::from(rng.r#gen::<u64>()),
                _ => Fr::rand(&mut rng),
            };
            (0..public + 20).map(value).collect()
        };
        // The systems are equal if the same choices are made, which do not depend on values.
        let circuits: Vec<_> = (0..6).map(|kind| random(&values(kind), public, rows)).collect();
        compare(&circuits);
    }
}

#[test]
fn sizes_at_a_power_of_two() {
    for rows in [5, 6, 7] {
        let x = Fr::from(7u64);
        let mut b = Builder::new(&[x]);
        let mut wire = b.public(0);
        for _ in 0..rows {
            wire = b.mul(&wire, &wire);
        }
        assert_eq!(wire.value(), x.pow([1 << rows]));
        compare(&[b]);
    }
}
