//! Generates the L1 verifier contract from a verification key.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ff::PrimeField;

use crate::groth16::{INSECURE_NOTICE, KeyFault, VerifyingKey, check_verifying_key};

/// The contract, with `{{NAME}}` where a constant of the key goes.
const TEMPLATE: &str = include_str!("solidity/Groth16Verifier.sol.template");

/// Where a key comes from. The contract says it, to readers and to the rollup that is to use it.
#[derive(Debug, Clone, Copy)]
pub enum KeyOrigin<'a> {
    /// A local set-up: the rollup refuses such a key on every chain but the local one.
    Development,
    /// A ceremony; only the first line of its name is shown.
    Ceremony(&'a str),
}

/// The source of `Groth16Verifier.sol` for a key with one public input: `verifyProof(uint256[8], uint256)`
/// takes [`crate::groth16::EncodedProof`] and an input below r. The same key gives the same bytes.
///
/// # Errors
/// [`KeyFault`] for keys that must not guard anything.
pub fn verifier_contract(vk: &VerifyingKey, origin: KeyOrigin<'_>) -> Result<String, KeyFault> {
    check_verifying_key(vk, 1)?;
    let mut source = TEMPLATE.to_owned();
    let mut fill = |name: &str, value: &str| {
        source = source.replace(&format!("{{{{{name}}}}}"), value);
    };
    let (notice, development) = match origin {
        KeyOrigin::Development => (INSECURE_NOTICE, "true"),
        KeyOrigin::Ceremony(name) => (name.lines().next().unwrap_or_default(), "false"),
    };
    fill("NOTICE", notice);
    fill("DEVELOPMENT_KEYS", development);
    fill("R", &format!("0x{:064x}", num_bigint::BigUint::from(Fr::MODULUS)));
    let [ic0, ic1] = [0, 1].map(|i| vk.gamma_abc_g1[i]);
    for (name, G1Affine { x, y, .. }) in [("ALPHA", vk.alpha_g1), ("IC0", ic0), ("IC1", ic1)] {
        fill(&format!("{name}_X"), &hex(x));
        fill(&format!("{name}_Y"), &hex(y));
    }
    // The equation is a product that must be one, so three of the four G2 points are negated.
    for (name, point) in [("BETA", vk.beta_g2), ("GAMMA", vk.gamma_g2), ("DELTA", vk.delta_g2)] {
        let G2Affine { x, y, .. } = -point;
        fill(&format!("{name}_NEG_X_1"), &hex(x.c1));
        fill(&format!("{name}_NEG_X_0"), &hex(x.c0));
        fill(&format!("{name}_NEG_Y_1"), &hex(y.c1));
        fill(&format!("{name}_NEG_Y_0"), &hex(y.c0));
    }
    Ok(source)
}

fn hex(x: ark_bn254::Fq) -> String {
    format!("0x{:064x}", num_bigint::BigUint::from(x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::{KeyPoint, testing::KEYS};

    fn ceremony(name: &str) -> String {
        verifier_contract(KEYS.verifying(), KeyOrigin::Ceremony(name)).unwrap()
    }

    #[test]
    fn every_constant_is_filled_in() {
        let source = ceremony("first line\nsecond");
        assert!(!source.contains("{{") && !source.contains("}}"));
        assert!(source.contains("/// @notice first line\n") && !source.contains("second"));
        let r = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
        assert!(source.contains(r));
        let delta = -KEYS.verifying().delta_g2;
        let imaginary = format!("DELTA_NEG_X_1 =\n        {};", hex(delta.x.c1));
        assert!(source.contains(&imaginary));
        assert_eq!(source, ceremony("first line"));
    }

    #[test]
    fn only_development_keys_say_that_they_are() {
        let development = verifier_contract(KEYS.verifying(), KeyOrigin::Development).unwrap();
        assert!(development.contains("bool public constant DEVELOPMENT_KEYS = true;\n"));
        assert!(development.contains(&format!("/// @notice {INSECURE_NOTICE}\n")));
        assert!(ceremony("").contains("bool public constant DEVELOPMENT_KEYS = false;\n"));
    }

    #[test]
    fn degenerate_keys_get_no_contract() {
        let mut vk = KEYS.verifying().clone();
        vk.beta_g2 = vk.gamma_g2;
        let fault = KeyFault::Equal { first: KeyPoint::Beta, second: KeyPoint::Gamma };
        assert_eq!(verifier_contract(&vk, KeyOrigin::Development), Err(fault));
    }
}
