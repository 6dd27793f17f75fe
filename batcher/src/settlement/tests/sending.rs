//! What is done about a transaction that waits.

use super::*;
use crate::clock::now_ms;

const CAPS: Caps =
    Caps { max_fee: 1_000, max_priority_fee: 10, min_priority_fee: 0, max_blob_fee: 0 };
const COMMIT: Purpose = Purpose::Commit { batch: 1 };

/// A sender, and its outbox.
struct Room {
    sender: Sender,
    outbox: Outbox,
    alarms: Alarms,
    _folder: TempDir,
}

impl Room {
    fn new(node: &Node, resubmit_after: u64) -> Self {
        let sender = Sender {
            provider: connect_with(node.url.as_str()).unwrap(),
            signer: Signer::new(PrivateKeySigner::random(), 1),
            caps: CAPS,
            resubmit_after,
        };
        let (store, folder) = store();
        let (outbox, alarms) = (Outbox::open(store).unwrap(), Alarms::new());
        Self { sender, outbox, alarms, _folder: folder }
    }

    /// Signs a transaction at the price of `chain`.
    fn sign(&mut self, nonce: u64, chain: &Chain) {
        let call = Call::nothing(Address::ZERO, Pool::Plain).unwrap();
        let fees = CAPS.first(&chain.market, false).unwrap();
        self.sender.store(&mut self.outbox, nonce, COMMIT, call, &fees, chain.hash).unwrap();
    }

    async fn deliver(&mut self, chain: &Chain) {
        let none = Default::default();
        let (outbox, alarms) = (&mut self.outbox, &mut self.alarms);
        self.sender.deliver(chain, outbox, alarms, &none).await.unwrap();
    }

    fn fees(&self) -> Vec<u128> {
        self.outbox.get(0).unwrap().attempts.iter().map(|attempt| attempt.max_fee).collect()
    }
}

/// Takes every transaction and has none.
async fn forgetful() -> Node {
    Node::start(|_, method, _| match method {
        "eth_sendRawTransaction" => Answer::Error(-32_000, "already known"),
        _ => Answer::Result(Value::Null),
    })
    .await
}

/// Has every transaction that it is asked for.
async fn knowing() -> Node {
    Node::start(|_, _, parameters| {
        let address = Address::ZERO;
        Answer::Result(json!({
            "hash": parameters[0], "type": "0x2", "chainId": "0x1", "nonce": "0x0", "gas": "0x5208",
            "maxFeePerGas": "0x3e8", "maxPriorityFeePerGas": "0x1", "to": address, "from": address,
            "value": "0x0", "input": "0x", "accessList": [], "yParity": "0x0", "v": "0x0",
            "r": "0x1", "s": "0x1", "blockHash": null, "blockNumber": null, "transactionIndex": null,
        }))
    })
    .await
}

fn at(hash: u8, base_fee: u128) -> Chain {
    Chain { hash: B256::repeat_byte(hash), ..chain(base_fee) }
}

#[tokio::test]
async fn what_no_node_takes_is_made_again_unless_something_builds_on_it() {
    let node = Node::always(Answer::Error(-32_000, "intrinsic gas too low")).await;
    let mut room = Room::new(&node, 0);
    room.sign(0, &at(1, 400));
    room.sign(1, &at(1, 400));
    room.deliver(&at(1, 50)).await;
    assert_eq!((room.fees(), room.outbox.nonces()), (vec![101], vec![0, 1]));
    room.outbox.forget(1..).unwrap();
    room.deliver(&at(1, 50)).await;
    assert!(room.outbox.nonces().is_empty(), "it is drafted and simulated again");
    // One that a node has had may be mined still.
    room.sign(0, &at(1, 400));
    let row = room.outbox.get(0).cloned().unwrap();
    room.outbox.put(0, OutboxTransaction { sent_ms: Some(1), ..row }).unwrap();
    let nobody = forgetful().await;
    room.sender.provider = connect_with(nobody.url.as_str()).unwrap();
    room.deliver(&at(1, 50)).await;
    assert_eq!(room.outbox.nonces(), [0]);
}

#[tokio::test]
async fn more_is_offered_when_l1_has_made_a_block_since() {
    let node = forgetful().await;
    let mut room = Room::new(&node, 0);
    room.sign(0, &at(1, 50));
    for (head, forms) in [(1, 1), (1, 1), (2, 2), (2, 2), (3, 3)] {
        room.deliver(&at(head, 50)).await;
        assert_eq!(room.fees().len(), forms, "head {head}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_hold_the_fees_down() {
    let node = forgetful().await;
    let mut room = Room::new(&node, 3_600_000);
    room.sign(0, &at(1, 50));
    room.deliver(&at(2, 50)).await;
    assert_eq!(room.fees().len(), 1);
    let mut row = room.outbox.get(0).cloned().unwrap();
    row.attempts[0].signed_ms = now_ms() + 1_800_000;
    room.outbox.put(0, row).unwrap();
    room.deliver(&at(2, 50)).await;
    assert_eq!(room.fees().len(), 2);
}

#[tokio::test]
async fn what_is_outdated_and_at_the_caps_is_outbid_only_where_a_node_has_it() {
    for (node, fees) in [(forgetful().await, vec![1_000, 101]), (knowing().await, vec![1_000])] {
        let mut room = Room::new(&node, 0);
        room.sign(0, &at(1, 600));
        let (outbox, alarms) = (&mut room.outbox, &mut room.alarms);
        room.sender.cancel(0, &at(2, 50), outbox, alarms).await.unwrap();
        let purpose = room.outbox.get(0).unwrap().purpose;
        assert_eq!(room.fees(), fees);
        assert_eq!(purpose, if fees.len() == 1 { COMMIT } else { Purpose::Cancel });
    }
}
