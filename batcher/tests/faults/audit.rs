//! What L1 has, held against what users were promised. The operator is not asked.

use std::sync::Arc;

use cairn_batcher::{
    node::dev::deployment::Deployment,
    reconstruct::{
        Rollup,
        blobs::{Blobs, LocalNode},
        source::Sources,
    },
};
use cairn_state::{BatchBuilder, Environment, State};
use cairn_types::{Operation, PriorityOperation, Word};

use crate::{runner::Counts, users::Users};

/// The state after L1's last proven batch is that of one execution, without faults, of L1's queue and of every transaction that was
/// acknowledged: none is missing, and none is there twice.
pub(crate) async fn audit(url: &str, deployment: &Deployment, users: &Users) -> Counts {
    let rollup =
        Rollup::read(url, deployment.rollup, deployment.first_block, None, &()).await.unwrap();
    let proven = rollup.history().proven();
    let (mut sources, mut blobs) = (Sources::default(), Blobs::default());
    blobs.push(LocalNode(rollup.reader().provider().clone()));
    sources.push(blobs);
    let sources = Arc::new(sources);
    let mut rebuilt = rollup.reconstruct(proven, None, &sources, &()).await.unwrap();

    let domain = Word::new(deployment.domain[1..].try_into().unwrap());
    let environment = Environment { domain, timestamp: 0 };
    let mut builder = BatchBuilder::new(State::genesis(), environment);
    let words: Vec<_> = rollup.queue().iter().flat_map(|queued| queued.words.clone()).collect();
    for operation in PriorityOperation::decode_stream(&words).unwrap() {
        builder.push(Operation::Priority(operation)).unwrap();
    }
    for signed in users.promises() {
        builder.push(Operation::Signed(signed)).unwrap();
    }
    let (mut reference, _) = builder.finish();

    for (leaf, nonce) in users.nonces() {
        let got = rebuilt.state.account(leaf).nonce;
        assert_eq!(got, nonce, "leaf {leaf}: {nonce} transfers were acknowledged, L1 has {got}");
    }
    assert!(rebuilt.state.accounts().eq(reference.accounts()), "a leaf differs");
    let (got, expected) = (rebuilt.state.summary(), reference.summary());
    assert_eq!(got.commitment(), expected.commitment());
    let promised = users.promised();
    assert!(promised > 0, "nothing was acknowledged: nothing was tested");
    Counts::from([("acknowledged", promised), ("batches", proven.into())])
}
