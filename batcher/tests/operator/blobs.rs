//! Blobs from files, from a beacon node and from anvil, and what is none.

use std::sync::Arc;

use alloy::{
    consensus::{BlobTransactionSidecarEip7594, SidecarBuilder, SimpleCoder},
    eips::eip4844::BYTES_PER_BLOB,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use cairn_batcher::{
    l1::{calls::Place, contracts::Batch},
    reconstruct::{
        ReconstructError, Rollup,
        beacon::Beacon,
        blobs::{Blobs, Folder, LocalNode},
        commitment::{DataLocation, Publication},
        history::Committed,
        source::{DataError, Sources},
    },
};
use cairn_types::{DataMode, Transaction};

use crate::world::{FIRST, World};

/// A transaction with one blob, mined; the blob's versioned hash and its block's timestamp.
async fn send_blob(world: &World, content: &[u8]) -> (B256, u64) {
    let builder: SidecarBuilder<SimpleCoder> = SidecarBuilder::from_slice(content);
    let sidecar: BlobTransactionSidecarEip7594 = builder.build_7594().unwrap();
    let hash = sidecar.versioned_hashes().next().unwrap();
    let mut request = TransactionRequest::default()
        .with_from(world.sender())
        .with_to(Address::with_last_byte(1))
        .with_gas_limit(100_000);
    request.max_fee_per_blob_gas = Some(1_000_000_000_000);
    request.sidecar = Some(sidecar.into());
    let receipt = world.mined(request).await;
    let number = receipt.block_number.unwrap();
    let block = world.provider.get_block_by_number(number.into()).await.unwrap().unwrap();
    (hash, block.header.timestamp)
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_found_where_they_are_and_held_against_their_hash() {
    let world = World::new().await;
    let (hash, timestamp) = send_blob(&world, b"words").await;
    let mut node = Blobs::default();
    node.push(LocalNode(world.provider.clone()));
    let blob = node.get(hash, timestamp).await.unwrap().unwrap();
    assert_eq!(blob.len(), BYTES_PER_BLOB);
    assert!(node.get(B256::repeat_byte(1), timestamp).await.unwrap().is_none());

    let mut beacon = Blobs::default();
    beacon.push(Beacon::new(&format!("{}/", world.url)));
    let number = beacon.get(hash, timestamp).await;
    // anvil's slots are its own; that it answers and that nothing false comes through is what counts.
    assert!(
        matches!(&number, Ok(None))
            || number.as_ref().is_ok_and(|found| found.as_ref() == Some(&blob)),
        "{number:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let mut files = Blobs::default();
    files.push(Folder(folder.path().to_owned()));
    assert!(files.get(hash, timestamp).await.unwrap().is_none());
    let path = folder.path().join(hash.to_string());
    std::fs::write(&path, &blob).unwrap();
    assert_eq!(files.get(hash, timestamp).await.unwrap().unwrap(), blob);

    let mut changed = blob.to_vec();
    changed[40] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    let error = files.get(hash, timestamp).await.unwrap_err();
    assert!(matches!(error, DataError::BlobMismatch { .. }), "{error}");
    std::fs::write(&path, &changed[1..]).unwrap();
    let error = files.get(hash, timestamp).await.unwrap_err();
    assert!(matches!(error, DataError::BlobLength { got: 131_071, .. }), "{error}");
    // No field element is so large: it is no blob at all.
    std::fs::write(&path, [0xff; BYTES_PER_BLOB]).unwrap();
    let error = files.get(hash, timestamp).await.unwrap_err();
    assert!(matches!(error, DataError::BlobMismatch { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_blobs_are_named_with_what_to_do() {
    let hash = B256::repeat_byte(1);
    let place = Place { transaction: B256::ZERO, block: B256::ZERO, index: 0 };
    let committed = Committed {
        batch: Batch::default(),
        withdrawals_root: B256::ZERO,
        data_mode: DataMode::Blobs,
        data_digest: B256::ZERO,
        data_count: 1,
        place,
    };
    let location = DataLocation::Blobs { versioned_hashes: vec![hash], words: 1 };
    let batch = Publication { committed, location, timestamp: 0 };
    let error = Sources::default().words(&batch).await.unwrap_err().to_string();
    assert!(error.contains(&hash.to_string()) && error.contains("--blobs DIR"), "{error}");
    let mut sources = Sources::default();
    let mut blobs = Blobs::default();
    let folder = tempfile::tempdir().unwrap();
    blobs.push(Folder(folder.path().to_owned()));
    sources.push(blobs);
    let error = sources.words(&batch).await.unwrap_err();
    assert!(matches!(error, DataError::MissingBlobs(missing) if missing == [hash]));

    let batch = Publication { location: DataLocation::Committee { words: 1 }, ..batch };
    let withheld = sources.words(&batch).await;
    assert!(matches!(withheld, Err(DataError::Withheld { words: 1, .. })));
    let calldata = DataLocation::Calldata(Bytes::from_static(&[7; 32]));
    let batch = Publication { location: calldata, ..batch };
    assert!(matches!(sources.words(&batch).await, Err(DataError::Words(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_its_data_in_blobs_is_rebuilt_while_somebody_has_them() {
    let mut world = World::new().await;
    world.deposit(1, 1_000).await;
    world.deposit(2, 1_000).await;
    world.commit(&[]).await;
    let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 7, fee: 1 };
    let hashes = world.commit_blobs(&[(1, transfer)]).await;
    assert_eq!(hashes.len(), 1);
    world.commit_transfer().await;

    let rollup = Rollup::read(&world.url, world.rollup, 0, None, &()).await.unwrap();
    let without = Arc::new(Sources::default());
    let error = rollup.reconstruct(3, None, &without, &()).await.unwrap_err();
    let ReconstructError::Data { batch: 2, source: DataError::MissingBlobs(missing), .. } = error
    else {
        panic!("{error}")
    };
    assert_eq!(missing, hashes);

    let mut node = Blobs::default();
    node.push(LocalNode(world.provider.clone()));
    let blob = node.get(hashes[0], 0).await.unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(hashes[0].to_string()), &blob).unwrap();
    let mut files = Blobs::default();
    files.push(Folder(folder.path().to_owned()));
    for store in [node, files] {
        let mut sources = Sources::default();
        sources.push(store);
        let rebuilt = rollup.reconstruct(3, None, &Arc::new(sources), &()).await.unwrap();
        assert!(rebuilt.state.accounts().eq(world.state.accounts()));
        assert_eq!(rebuilt.record, world.records[3]);
    }
}
