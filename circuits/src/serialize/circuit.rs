//! Circuits from our own cache: a checksum in front finds torn and rotten files.

use std::panic::catch_unwind;

use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::GenericConfig;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::plonky2_types::{GateTypes, GeneratorTypes};
use crate::config::{D, F, VerifierKey};

/// A circuit cannot be encoded: it has a gate or generator that is not in the lists.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
#[error("the circuit has a gate or a generator that serialize::plonky2_types does not list")]
pub struct CircuitEncodeError;

/// Bytes are not an encoded circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
pub enum CircuitDecodeError {
    /// Shorter than the checksum.
    #[error("an encoded circuit starts with 32 bytes of checksum, got {got} bytes")]
    Truncated {
        /// Bytes found.
        got: usize,
    },
    /// The bytes are not those that were written.
    #[error("the checksum of the circuit is wrong")]
    Checksum,
    /// Intact, but written by another version.
    #[error("the circuit was encoded by another version")]
    Version,
}

/// `sha256(payload) || payload`: prover and verifier data of a circuit, for a
/// [`CircuitSource`](crate::source::CircuitSource) that caches. About 100 MB for a node.
///
/// # Errors
/// [`CircuitEncodeError`]: a gate or a generator is missing in the lists.
pub fn encode_circuit<C: GenericConfig<D, F = F>>(
    circuit: &CircuitData<F, C, D>,
) -> Result<Vec<u8>, CircuitEncodeError> {
    let payload = circuit.to_bytes(&GateTypes, &GeneratorTypes).map_err(|_| CircuitEncodeError)?;
    let mut bytes = Sha256::digest(&payload).to_vec();
    bytes.extend(payload);
    Ok(bytes)
}

/// Inverse of [`encode_circuit`].
///
/// Trust: the bytes come from the user's own cache. The checksum guards against accidents, not against
/// someone who writes there: a circuit from such a one could prove anything.
///
/// # Errors
/// If the bytes were damaged or another version wrote them.
pub fn decode_circuit<C: GenericConfig<D, F = F>>(
    bytes: &[u8],
) -> Result<CircuitData<F, C, D>, CircuitDecodeError> {
    let payload = checked(bytes)?;
    catch_unwind(|| CircuitData::from_bytes(payload, &GateTypes, &GeneratorTypes))
        .map_err(|_| CircuitDecodeError::Version)?
        .map_err(|_| CircuitDecodeError::Version)
}

/// As [`encode_circuit`], of a verifier key alone: about 700 bytes.
///
/// # Errors
/// Never in practice: plonky2 writes to memory.
pub fn encode_key(key: &VerifierKey) -> Result<Vec<u8>, CircuitEncodeError> {
    let payload = key.to_bytes().map_err(|_| CircuitEncodeError)?;
    let mut bytes = Sha256::digest(&payload).to_vec();
    bytes.extend(payload);
    Ok(bytes)
}

/// Inverse of [`encode_key`]. Trust and errors: as [`decode_circuit`].
///
/// # Errors
/// If the bytes were damaged or another version wrote them.
pub fn decode_key(bytes: &[u8]) -> Result<VerifierKey, CircuitDecodeError> {
    let payload = checked(bytes)?;
    catch_unwind(|| VerifierKey::from_bytes(payload.to_vec()))
        .map_err(|_| CircuitDecodeError::Version)?
        .map_err(|_| CircuitDecodeError::Version)
}

/// What follows the checksum, if that is right.
fn checked(bytes: &[u8]) -> Result<&[u8], CircuitDecodeError> {
    let Some((checksum, payload)) = bytes.split_first_chunk::<32>() else {
        return Err(CircuitDecodeError::Truncated { got: bytes.len() });
    };
    if Sha256::digest(payload).as_slice() != checksum {
        return Err(CircuitDecodeError::Checksum);
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use cairn_gadgets::arithmetic::split_canonical;
    use cairn_gadgets::poseidon2::{CairnConfig, compress, hash};
    use cairn_gadgets::schnorr::{SignatureTarget, verify_signature};
    use cairn_gadgets::sha256::sha256;
    use cairn_primitives::Tag;
    use plonky2::field::types::Field;
    use plonky2::iop::witness::{PartialWitness, WitnessWrite};

    use super::*;
    use crate::config::{Circuit, LEAF};
    use crate::proving::prove;

    #[test]
    fn circuit_round_trips_and_damage_is_found() {
        let mut builder = LEAF.builder();
        let input = builder.add_virtual_target();
        let (high, low) = split_canonical(&mut builder, input);
        let digest = hash(&mut builder, Tag::State, &[high, low]);
        let digest = compress(&mut builder, digest, digest);
        sha256(&mut builder, &[high; 16]);
        let key = builder.add_virtual_target_arr();
        let signature = SignatureTarget::new(&mut builder);
        verify_signature(&mut builder, key, digest, &signature);
        builder.register_public_inputs(&digest);
        let circuit = builder.build::<CairnConfig>();

        let bytes = encode_circuit(&circuit).unwrap();
        let decoded: Circuit = decode_circuit(&bytes).unwrap();
        assert_eq!(decoded.common, circuit.common);
        assert_eq!(decoded.verifier_only, circuit.verifier_only);
        let mut witness = PartialWitness::new();
        witness.set_target(input, F::from_canonical_u64(7 << 32 | 5)).unwrap();
        for target in key.into_iter().chain(signature.e).chain(signature.s) {
            witness.set_target(target, F::ZERO).unwrap();
        }
        prove(&decoded, witness).unwrap();

        let key = encode_key(&circuit.verifier_only).unwrap();
        assert_eq!(decode_key(&key).unwrap(), circuit.verifier_only);
        assert_eq!(decode_key(&key[1..]).err(), Some(CircuitDecodeError::Checksum));

        let refused = |bytes: &[u8]| decode_circuit::<CairnConfig>(bytes).err();
        assert_eq!(refused(&bytes[..31]), Some(CircuitDecodeError::Truncated { got: 31 }));
        assert_eq!(refused(&bytes[..bytes.len() - 1]), Some(CircuitDecodeError::Checksum));
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 1;
        assert_eq!(refused(&damaged), Some(CircuitDecodeError::Checksum));
        let mut other = Sha256::digest(b"other").to_vec();
        other.extend(b"other");
        assert_eq!(refused(&other), Some(CircuitDecodeError::Version));
    }
}
