//! Why the contract refuses a call, by the names of its errors.

use std::sync::LazyLock;

use alloy::{
    dyn_abi::ErrorExt,
    hex,
    json_abi::JsonAbi,
    primitives::Bytes,
    sol_types::decode_revert_reason,
    transports::{RpcError, TransportError},
};

/// The contract's interface, and its verifier's, as they are published beside the sources.
static ERRORS: LazyLock<Vec<JsonAbi>> = LazyLock::new(|| {
    let parse = |text| serde_json::from_str(text).expect("forge has written it");
    vec![
        parse(include_str!("../../../verifier-contracts/snapshots/abi/Rollup.json")),
        parse(include_str!("../../../verifier-contracts/snapshots/abi/Groth16Verifier.json")),
    ]
});

/// Why a simulated call was refused; none if the node does not say that it was.
pub(super) fn reason(error: &TransportError) -> Option<String> {
    let RpcError::ErrorResp(payload) = error else { return None };
    if let Some(data) = payload.as_revert_data() {
        return Some(decode(&data));
    }
    let words = ["revert", "out of gas", "exceeds allowance", "gas required"];
    let message = payload.message.to_lowercase();
    words.iter().any(|word| message.contains(word)).then(|| payload.message.to_string())
}

/// The error behind a revert's data: `WrongBatch(1, 2)`.
pub(super) fn decode(data: &Bytes) -> String {
    let errors = ERRORS.iter().flat_map(JsonAbi::errors);
    for error in errors.filter(|error| data.starts_with(error.selector().as_slice())) {
        if let Ok(decoded) = error.decode_error(data) {
            let values = decoded.body.iter().map(|value| match value.as_uint() {
                Some((value, _)) => value.to_string(),
                None => value.as_address().map_or_else(
                    || hex::encode_prefixed(value.abi_encode()),
                    |address| address.to_string(),
                ),
            });
            return format!("{}({})", error.name, values.collect::<Vec<_>>().join(", "));
        }
    }
    decode_revert_reason(data).unwrap_or_else(|| format!("an unknown error, {data}"))
}

#[cfg(test)]
mod tests {
    use alloy::{primitives::keccak256, sol_types::SolValue};

    use super::*;

    #[test]
    fn errors_have_their_names_and_values() {
        let selector = &keccak256("WrongBatch(uint32,uint32)")[..4];
        let data = [selector, &(3u32, 2u32).abi_encode()].concat().into();
        assert_eq!(decode(&data), "WrongBatch(3, 2)");
        let data = Bytes::copy_from_slice(&keccak256("ProofInvalid()")[..4]);
        assert_eq!(decode(&data), "ProofInvalid()");
        assert_eq!(decode(&Bytes::from_static(&[1, 2, 3, 4])), "an unknown error, 0x01020304");
    }
}
