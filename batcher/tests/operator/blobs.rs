//! Blobs from files, from a beacon node and from anvil, and what is none.

use std::{sync::Arc, time::Duration};

use alloy::{
    consensus::{BlobTransactionSidecarEip7594, SidecarBuilder, SimpleCoder},
    eips::eip4844::{BYTES_PER_BLOB, FIELD_ELEMENTS_PER_BLOB},
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use cairn_batcher::{
    l1::{contracts::Batch, transactions::Place},
    reconstruct::{
        ReconstructError, Rollup,
        beacon::Beacon,
        blobs::{Blobs, Folder, LocalNode},
        commitment::{DataLocation, Publication},
        committee::Members,
        history::Committed,
        source::{DataError, Sources},
    },
};
use cairn_types::{DataMode, Transaction, WORD_BYTES, Word};

use crate::{
    server::{Answer, Server},
    world::{FIRST, World},
};

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
    let blob = node.get(hash, timestamp).await.unwrap();
    assert_eq!(blob.len(), BYTES_PER_BLOB);
    let lacking = node.get(B256::repeat_byte(1), timestamp).await.unwrap_err();
    assert_eq!(lacking.to_string(), "L1's node (anvil_getBlobByHash): does not have it");

    let mut beacon = Blobs::default();
    beacon.push(Beacon::new(&format!("{}/", world.url)).unwrap());
    // anvil's slots are its own; that it answers and that nothing false comes through is what counts.
    match beacon.get(hash, timestamp).await {
        Ok(found) => assert!(found == blob),
        Err(answers) => assert!(answers.to_string().contains("has no blobs of slot"), "{answers}"),
    }

    let folder = tempfile::tempdir().unwrap();
    let mut files = Blobs::default();
    files.push(Folder(folder.path().to_owned()));
    let refused = async || files.get(hash, timestamp).await.unwrap_err().to_string();
    assert!(refused().await.ends_with(": does not have it"));
    let path = folder.path().join(hash.to_string());
    std::fs::write(&path, &blob).unwrap();
    assert!(files.get(hash, timestamp).await.unwrap() == blob);

    let mut changed = blob.to_vec();
    changed[40] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    assert!(refused().await.contains("has another blob in its place, 0x01"));
    std::fs::write(&path, &changed[1..]).unwrap();
    assert!(refused().await.contains("has 131071 bytes in its place, expected 131072"));
    // No field element is so large: it is no blob at all.
    std::fs::write(&path, [0xff; BYTES_PER_BLOB]).unwrap();
    assert!(refused().await.contains("has no blob in its place ("));
}

fn at(location: DataLocation) -> Publication {
    let committed = Committed {
        batch: Batch::default(),
        withdrawals_root: B256::ZERO,
        data_mode: DataMode::Blobs,
        data_digest: B256::ZERO,
        data_count: 1,
        place: Place { transaction: B256::ZERO, block: B256::ZERO, index: 0 },
        proof: None,
    };
    Publication { committed, location, timestamp: 0 }
}

/// Files of a folder, as a source.
fn files(folder: &tempfile::TempDir) -> Blobs {
    let mut blobs = Blobs::default();
    blobs.push(Folder(folder.path().to_owned()));
    blobs
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_blobs_are_named_with_what_to_do() {
    let hash = B256::repeat_byte(1);
    let in_blobs = at(DataLocation::Blobs { versioned_hashes: vec![hash], words: 1 });
    let error = Sources::default().words(&in_blobs).await.unwrap_err().to_string();
    assert!(error.contains(&format!("{hash}: nobody was asked")), "{error}");
    assert!(error.contains("--blobs DIR"), "{error}");
    let mut sources = Sources::default();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    folders.iter().for_each(|folder| sources.push(files(folder)));
    let error = sources.words(&in_blobs).await.unwrap_err();
    for folder in &folders {
        let named = format!("{}: does not have it", folder.path().display());
        assert!(error.to_string().contains(&named), "{error}");
    }
    assert!(matches!(error, DataError::MissingBlobs { missing, .. } if missing == [hash]));

    let withheld = sources.words(&at(DataLocation::Committee { words: 1 })).await;
    assert!(matches!(withheld, Err(DataError::Withheld { words: 1, .. })));
    let calldata = at(DataLocation::Calldata(Bytes::from_static(&[7; 32])));
    assert!(matches!(sources.words(&calldata).await, Err(DataError::Words(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_does_not_need_is_not_asked_for() {
    let words = [Word::new([7; WORD_BYTES])];
    let made = cairn_batcher::l1::blobs::Blobs::new(&words).unwrap();
    let [hash] = made.versioned_hashes()[..] else { panic!("one blob") };
    let (bad, good) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hash = B256::from(hash);
    std::fs::write(bad.path().join(hash.to_string()), b"junk").unwrap();
    std::fs::write(good.path().join(hash.to_string()), made.sidecar().blobs[0]).unwrap();
    let mut sources = Sources::default();
    sources.push(files(&bad));
    sources.push(files(&good));
    let mut members = Members::default();
    members.push("http://127.0.0.1:1").unwrap();
    sources.push(members);
    // Somebody else's behind it, which L1 does not look at, nobody has.
    let versioned_hashes = vec![hash, B256::repeat_byte(1)];
    let one = DataLocation::Blobs { versioned_hashes: versioned_hashes.clone(), words: 1 };
    assert_eq!(sources.words(&at(one)).await.unwrap(), words);
    let none = DataLocation::Blobs { versioned_hashes, words: 0 };
    assert_eq!(sources.words(&at(none)).await.unwrap(), []);
    let none = DataLocation::Committee { words: 0 };
    assert_eq!(sources.words(&at(none)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_is_not_waited_for_with_each_blob() {
    let versioned_hashes = vec![B256::repeat_byte(1), B256::repeat_byte(2)];
    let words = FIELD_ELEMENTS_PER_BLOB as u32 + 1;
    let two = at(DataLocation::Blobs { versioned_hashes: versioned_hashes.clone(), words });
    for (answer, known_missing, requests) in [
        ((|_| Answer::Never) as fn(&str) -> Answer, 1, 2),
        // Where asking costs nothing, all that is missing is named.
        (|_| Answer::not_found(), 2, 2),
    ] {
        let server = Server::start(answer).await;
        let mut blobs = Blobs::default();
        blobs.push(Beacon::with_attempt(&server.url, Duration::from_millis(300)).unwrap());
        let mut sources = Sources::default();
        sources.push(blobs);
        let error = sources.words(&two).await.unwrap_err();
        let DataError::MissingBlobs { missing, .. } = &error else { panic!("{error}") };
        assert_eq!(missing, &versioned_hashes[..known_missing]);
        // Genesis is asked for twice: of a silent node for the first blob alone.
        assert!(server.asked.lock().unwrap().len() <= requests, "{error}");
    }
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
    let ReconstructError::Data { batch: 2, source, .. } = error else { panic!("{error}") };
    assert!(matches!(source, DataError::MissingBlobs { missing, .. } if missing == hashes));

    let mut node = Blobs::default();
    node.push(LocalNode(world.provider.clone()));
    let blob = node.get(hashes[0], 0).await.unwrap();
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
