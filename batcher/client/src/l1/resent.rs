//! A transaction whose bytes were sent again because no answer came: that the node has it already is success.

use alloy::{
    consensus::TxEnvelope,
    eips::Decodable2718,
    primitives::{B256, Bytes},
    rpc::json_rpc::{ResponsePacket, ResponsePayload},
};
use serde::Deserialize;
use serde_json::value::to_raw_value;

/// How nodes say that they have a transaction: geth and reth, anvil, Nethermind, Besu, Erigon, and what stands in front of them.
const KNOWN: [&str; 7] = [
    "already known",
    "already imported",
    "alreadyknown",
    "known transaction",
    "already exists",
    "already_exists",
    // Erigon's "could not replace existing tx" is of another one.
    "existing tx with same hash",
];

/// Whether a node's refusal of a transaction means that it has it.
pub fn is_known(message: &str) -> bool {
    // "unknown transaction type" is no transaction that it knows.
    let message = message.to_lowercase().replace("unknown", "");
    KNOWN.iter().any(|known| message.contains(known))
}

/// The request as it was sent.
#[derive(Deserialize)]
struct Sent {
    params: (Bytes,),
}

/// Makes that refusal the answer that the first attempt would have had: the transaction's hash.
pub(super) fn settle(packet: &mut ResponsePacket, body: &[u8]) {
    let ResponsePacket::Single(response) = packet else { return };
    let ResponsePayload::Failure(error) = &response.payload else { return };
    if !is_known(&error.message) {
        return;
    }
    if let Some(hash) = hash(body).and_then(|hash| to_raw_value(&hash).ok()) {
        response.payload = ResponsePayload::Success(hash);
    }
}

/// Of a blob transaction too, whose hash is not that of its bytes.
fn hash(body: &[u8]) -> Option<B256> {
    let Sent { params: (raw,) } = serde_json::from_slice(body).ok()?;
    TxEnvelope::decode_2718(&mut raw.as_ref()).ok().map(|transaction| *transaction.tx_hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_a_node_does_not_know_is_no_transaction_that_it_has() {
        for known in ["already known", "Known transaction", "known transaction: 1234"] {
            assert!(is_known(known), "{known}");
        }
        for refused in ["unknown transaction type", "Unknown Transaction", "unknown account"] {
            assert!(!is_known(refused), "{refused}");
        }
    }
}
