//! Keys, proofs and public inputs in snarkjs' JSON form, so that a third party can check them with
//! `snarkjs groth16 verify verification_key.json public.json proof.json`.
//!
//! Coordinates are decimal strings; G1 points have three (the last is 1), G2 points three pairs with the real
//! part first; "bn128" is snarkjs' name of BN254.

use std::path::Path;
use std::{fs, io};

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::PrimeField;
use serde::Serialize;

use crate::groth16::{Proof, VerifyingKey};

const PROTOCOL: &str = "groth16";
const CURVE: &str = "bn128";

type G1Json = [String; 3];
type G2Json = [[String; 2]; 3];

/// `verification_key.json`.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyingKeyJson {
    protocol: &'static str,
    curve: &'static str,
    #[serde(rename = "nPublic")]
    n_public: usize,
    vk_alpha_1: G1Json,
    vk_beta_2: G2Json,
    vk_gamma_2: G2Json,
    vk_delta_2: G2Json,
    #[serde(rename = "IC")]
    ic: Vec<G1Json>,
}

/// `proof.json`.
#[derive(Clone, Debug, Serialize)]
pub struct ProofJson {
    pi_a: G1Json,
    pi_b: G2Json,
    pi_c: G1Json,
    protocol: &'static str,
    curve: &'static str,
}

/// `public.json`: the public inputs.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct PublicJson(Vec<String>);

impl From<&VerifyingKey> for VerifyingKeyJson {
    fn from(vk: &VerifyingKey) -> Self {
        Self {
            protocol: PROTOCOL,
            curve: CURVE,
            n_public: vk.gamma_abc_g1.len().saturating_sub(1),
            vk_alpha_1: g1(&vk.alpha_g1),
            vk_beta_2: g2(&vk.beta_g2),
            vk_gamma_2: g2(&vk.gamma_g2),
            vk_delta_2: g2(&vk.delta_g2),
            ic: vk.gamma_abc_g1.iter().map(g1).collect(),
        }
    }
}

impl From<&Proof> for ProofJson {
    fn from(proof: &Proof) -> Self {
        Self {
            pi_a: g1(&proof.a),
            pi_b: g2(&proof.b),
            pi_c: g1(&proof.c),
            protocol: PROTOCOL,
            curve: CURVE,
        }
    }
}

impl From<&[Fr]> for PublicJson {
    fn from(inputs: &[Fr]) -> Self {
        Self(inputs.iter().copied().map(decimal).collect())
    }
}

/// Writes `verification_key.json`, `proof.json` and `public.json` into a folder, replacing what is there.
///
/// # Errors
/// What the operating system says.
pub fn write_snarkjs(
    folder: &Path,
    vk: &VerifyingKey,
    proof: &Proof,
    inputs: &[Fr],
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, json: String| fs::write(folder.join(name), json + "\n");
    write("verification_key.json", serde_json::to_string_pretty(&VerifyingKeyJson::from(vk))?)?;
    write("proof.json", serde_json::to_string_pretty(&ProofJson::from(proof))?)?;
    write("public.json", serde_json::to_string_pretty(&PublicJson::from(inputs))?)
}

/// The identity, which no checked key and no proof holds, would come out as (0, 0).
fn g1(p: &G1Affine) -> G1Json {
    [decimal(p.x), decimal(p.y), "1".into()]
}

fn g2(p: &G2Affine) -> G2Json {
    let pair = |x: Fq2| [decimal(x.c0), decimal(x.c1)];
    [pair(p.x), pair(p.y), pair(Fq2::new(Fq::from(1u64), Fq::from(0u64)))]
}

fn decimal(x: impl PrimeField) -> String {
    x.into_bigint().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::testing::{KEYS, cube};
    use crate::groth16::{prove, verify};
    use ark_std::rand::rngs::OsRng;
    use serde_json::{Value, json};
    use std::str::FromStr;

    fn fq(x: &Value) -> Fq {
        Fq::from_str(x.as_str().unwrap()).unwrap()
    }

    fn read_g1(p: &Value) -> G1Affine {
        assert_eq!(p[2], "1");
        G1Affine::new(fq(&p[0]), fq(&p[1]))
    }

    fn read_g2(p: &Value) -> G2Affine {
        assert_eq!(p[2], json!(["1", "0"]));
        let pair = |x: &Value| Fq2::new(fq(&x[0]), fq(&x[1]));
        G2Affine::new(pair(&p[0]), pair(&p[1]))
    }

    /// Reads the JSON back as snarkjs does and verifies with what was read.
    #[test]
    fn what_is_written_verifies() {
        let circuit = cube(5);
        let proof = prove(&KEYS, &circuit, &mut OsRng).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_snarkjs(folder.path(), KEYS.verifying(), &proof, circuit.public_inputs()).unwrap();
        let [vk, proof, public] =
            ["verification_key.json", "proof.json", "public.json"].map(|name| {
                let bytes = fs::read(folder.path().join(name)).unwrap();
                serde_json::from_slice::<Value>(&bytes).unwrap()
            });

        for header in [&vk, &proof] {
            assert_eq!(header["protocol"], "groth16");
            assert_eq!(header["curve"], "bn128");
        }
        assert_eq!(vk["nPublic"], 1);
        assert_eq!(public, json!(["125"]));
        let read_vk = VerifyingKey {
            alpha_g1: read_g1(&vk["vk_alpha_1"]),
            beta_g2: read_g2(&vk["vk_beta_2"]),
            gamma_g2: read_g2(&vk["vk_gamma_2"]),
            delta_g2: read_g2(&vk["vk_delta_2"]),
            gamma_abc_g1: vk["IC"].as_array().unwrap().iter().map(read_g1).collect(),
        };
        assert_eq!(&read_vk, KEYS.verifying());
        let read_proof = Proof {
            a: read_g1(&proof["pi_a"]),
            b: read_g2(&proof["pi_b"]),
            c: read_g1(&proof["pi_c"]),
        };
        assert_eq!(verify(&read_vk, &[Fr::from(125u64)], &read_proof), Ok(()));
    }
}
