//! A transaction whose bytes were sent again because no answer came: that the node has it already is success.

use alloy::{
    consensus::TxEnvelope,
    eips::Decodable2718,
    primitives::{B256, Bytes},
    rpc::json_rpc::{ResponsePacket, ResponsePayload},
};
use serde::Deserialize;
use serde_json::value::to_raw_value;

/// How nodes say that they have a transaction: geth and reth, anvil, Nethermind, Besu, Erigon.
const KNOWN: [&str; 5] =
    ["already known", "already imported", "alreadyknown", "known transaction", "existing tx"];

/// The request as it was sent.
#[derive(Deserialize)]
struct Sent {
    params: (Bytes,),
}

/// Makes that refusal the answer that the first attempt would have had: the transaction's hash.
pub(super) fn settle(packet: &mut ResponsePacket, body: &[u8]) {
    let ResponsePacket::Single(response) = packet else { return };
    let ResponsePayload::Failure(error) = &response.payload else { return };
    let message = error.message.to_lowercase();
    if !KNOWN.iter().any(|known| message.contains(known)) {
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
