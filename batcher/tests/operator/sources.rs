//! Several sources, of which all but the last are wrong, lacking, refusing or silent: none hides the next, and each is named with its
//! reason where none has what is missing.

use std::{os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use alloy::{
    consensus::{BlobTransactionSidecarEip7594, SidecarBuilder, SimpleCoder},
    eips::eip4844::BYTES_PER_BLOB,
    primitives::{B256, Bytes},
};
use cairn_batcher::reconstruct::{
    beacon::Beacon,
    blobs::{BlobStore, Blobs, Folder},
};
use serde_json::{Value, json};

use crate::{
    command::{json as report, refusal},
    server::{Answer, Server},
    world::{FIRST, World},
};

/// Of the block with the blob: the start of slot 1,000 of a chain like mainnet.
pub(crate) const TIMESTAMP: u64 = GENESIS + 12_000;
const GENESIS: u64 = 1_600_000_000;

/// What an attempt may take: enough for a machine that is busy with other tests.
const ATTEMPT: Duration = Duration::from_secs(5);

/// A blob and its versioned hash.
pub(crate) fn blob(content: &[u8]) -> (B256, Bytes) {
    let builder: SidecarBuilder<SimpleCoder> = SidecarBuilder::from_slice(content);
    let sidecar: BlobTransactionSidecarEip7594 = builder.build_7594().unwrap();
    let blob = Bytes::copy_from_slice(sidecar.blobs[0].as_slice());
    (sidecar.versioned_hashes().next().unwrap(), blob)
}

fn genesis(time: &str) -> Answer {
    Answer::json(&json!({ "data": { "genesis_time": time } }))
}

/// A beacon node of a chain like mainnet, with this answer about blobs by the newer method only.
pub(crate) async fn node(blobs: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |path| match path {
        "/eth/v1/beacon/genesis" => genesis(&GENESIS.to_string()),
        path if path.starts_with("/eth/v1/beacon/blobs/1000?versioned_hashes=0x01") => blobs(),
        _ => Answer::not_found(),
    })
    .await
}

/// One that has the blob.
pub(crate) async fn good(blob: &Bytes) -> Server {
    let answer = json!({ "data": [blob] });
    node(move || Answer::json(&answer)).await
}

pub(crate) fn beacon(server: &Server) -> Beacon {
    Beacon::with_attempt(&server.url, ATTEMPT).unwrap()
}

pub(crate) fn host(server: &Server) -> &str {
    server.url.trim_start_matches("http://")
}

/// What a store says where it is the only one, and that it does not hide another one.
pub(crate) async fn refused<S: BlobStore + 'static>(
    make: impl Fn() -> S,
    good: &Server,
    hash: B256,
) -> String {
    let mut alone = Blobs::default();
    alone.push(make());
    let line = alone.get(hash, TIMESTAMP).await.unwrap_err().to_string();
    assert!(!line.contains(['\n', '\r', '\u{1b}', '<']) && line.len() < 500, "{line}");
    let mut both = Blobs::default();
    both.push(make());
    both.push(beacon(good));
    let found = both.get(hash, TIMESTAMP).await;
    assert_eq!(found.map(|blob| blob.len()), Ok(BYTES_PER_BLOB), "{line}");
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_does_not_hide_a_good_node() {
    let (hash, blob) = blob(b"words");
    let good = good(&blob).await;
    let mut changed = blob.to_vec();
    changed[40] ^= 1;
    let write = |content: &[u8]| {
        let content = content.to_vec();
        move |file: &Path| std::fs::write(file, &content).unwrap()
    };
    let pipe = |file: &Path| assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
    type Make = Box<dyn Fn(&Path)>;
    let cases: [(Make, &str); 10] = [
        (Box::new(|_: &Path| ()), "does not have it"),
        (Box::new(write(&changed)), "has another blob in its place, 0x01"),
        (Box::new(write(&[0xff; BYTES_PER_BLOB])), "has no blob in its place ("),
        (Box::new(write(&blob[1..])), "has 131071 bytes in its place, expected 131072"),
        (Box::new(write(b"")), "has 0 bytes in its place, expected 131072"),
        (Box::new(pipe), "this is not a regular file"),
        (Box::new(|file: &Path| std::fs::create_dir(file).unwrap()), "this is not a regular file"),
        (Box::new(|file: &Path| symlink("/dev/zero", file).unwrap()), "this is not a regular file"),
        (Box::new(|file: &Path| symlink(file, file).unwrap()), "Too many levels of symbolic links"),
        // A file that says it is empty, and is not.
        (Box::new(|file: &Path| symlink("/proc/self/stat", file).unwrap()), "has 0 bytes in its"),
    ];
    for (make, reason) in cases {
        let folder = tempfile::tempdir().unwrap();
        make(&folder.path().join(hash.to_string()));
        let line = refused(|| Folder(folder.path().to_owned()), &good, hash).await;
        let named = format!("{}: {reason}", folder.path().display());
        assert!(line.starts_with(&named), "{line}");
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let line = refused(|| Folder(missing.clone()), &good, hash).await;
    assert!(line.ends_with("missing: there is no such folder"), "{line}");
    std::fs::write(&missing, b"no folder").unwrap();
    let line = refused(|| Folder(missing.clone()), &good, hash).await;
    assert!(line.contains("missing: Not a directory"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_refuses_does_not_hide_the_next() {
    let (hash, blob) = blob(b"words");
    let good = good(&blob).await;
    for (status, reason) in [
        (400, "400 Bad Request: no such blob\\n\\u{1b}[2J"),
        (401, "401 Unauthorized: no"),
        (403, "403 Forbidden: no"),
        (405, "405 Method Not Allowed: no"),
        (501, "501 Not Implemented: no"),
        (302, "302 Found: no"),
    ] {
        let said = json!({ "message": "no such blob\n\u{1b}[2J<b>".repeat(100) });
        let node = node(move || Answer::json(&said).status(status)).await;
        let line = refused(|| beacon(&node), &good, hash).await;
        let named = format!("beacon node {}: /eth/v1/beacon/blobs/1000: {reason}", host(&node));
        assert!(line.starts_with(&named), "{line}");
        // Nothing is asked again: genesis, spec, and both methods for blobs, alone and with the other node.
        assert_eq!(node.asked.lock().unwrap().len(), 8, "{status}");
    }
    for status in [404, 410] {
        let node = node(move || Answer::Whole(status, Vec::new())).await;
        let line = refused(|| beacon(&node), &good, hash).await;
        assert!(line.ends_with("has no blobs of slot 1000"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_does_not_hide_the_next() {
    let (hash, blob) = blob(b"words");
    let good = good(&blob).await;
    let other = crate::sources::blob(b"other").1;
    let no_beacon = "its answer is not a beacon node's (";
    let cases: [(Answer, String); 12] = [
        (Answer::Whole(200, b"<html>\n\x1b[2J".to_vec()), format!("{no_beacon}expected value")),
        (Answer::Whole(200, Vec::new()), format!("{no_beacon}EOF while parsing")),
        (Answer::json(&json!({ "data": null })), format!("{no_beacon}invalid type: null")),
        (Answer::json(&json!({ "data": { "0": blob } })), format!("{no_beacon}invalid type: map")),
        (Answer::json(&json!({ "data": [[[]]] })), no_beacon.to_owned()),
        (Answer::json(&json!({ "data": "<\u{1b}[2J>".repeat(100_000) })), no_beacon.to_owned()),
        (Answer::Whole(200, "[".repeat(1 << 20).into_bytes()), no_beacon.to_owned()),
        (Answer::json(&json!({ "data": [other] })), "has another blob in its place".to_owned()),
        (Answer::json(&json!({ "data": vec!["0x"; 128] })), "has 128 other blobs in".to_owned()),
        // Millions of empty ones would take many times the memory of the answer.
        (
            Answer::json(&json!({ "data": vec!["0x"; 5_000_000] })),
            format!("{no_beacon}invalid length 129, expected a list of 128 blobs at most"),
        ),
        (
            Answer::Headed(200, "content-encoding: gzip".to_owned(), vec![0x1f, 0x8b]),
            "its answer is compressed (gzip)".to_owned(),
        ),
        (Answer::Endless("{\"data\":[\"0x"), "its answer has more than 34078720 bytes".to_owned()),
    ];
    for (answer, reason) in cases {
        let node = node(move || answer.clone()).await;
        let line = refused(|| beacon(&node), &good, hash).await;
        assert!(line.starts_with(&format!("beacon node {}: ", host(&node))), "{line}");
        assert!(line.contains(&reason), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_cannot_be_does_not_hide_the_next() {
    let (hash, blob) = blob(b"words");
    let good = good(&blob).await;
    let spec = |spec: Value| move || Answer::json(&json!({ "data": spec }));
    let mainnet = || genesis(&GENESIS.to_string());
    type Make = Box<dyn Fn() -> Answer + Send + Sync>;
    let cases: [(Make, Make, &str); 9] = [
        (
            Box::new(|| genesis("18446744073709551615")),
            Box::new(spec(json!({}))),
            "its genesis_time is 18446744073709551615, expected 1600012000 at most",
        ),
        (
            Box::new(|| genesis("-1")),
            Box::new(spec(json!({}))),
            "its genesis_time is -1, expected 0 to ",
        ),
        (
            Box::new(|| genesis("\u{1b}[2J\n")),
            Box::new(spec(json!({}))),
            "its genesis_time is \\u{1b}[2J\\n, expected 0 to ",
        ),
        (Box::new(Answer::not_found), Box::new(spec(json!({}))), "does not have it"),
        (
            Box::new(mainnet),
            Box::new(spec(json!({ "SECONDS_PER_SLOT": "0" }))),
            "its SECONDS_PER_SLOT is 0, expected 1 to 3600",
        ),
        (
            Box::new(mainnet),
            Box::new(spec(json!({ "SECONDS_PER_SLOT": "18446744073709551615" }))),
            "its SECONDS_PER_SLOT is 18446744073709551615, expected 1 to 3600",
        ),
        (
            Box::new(mainnet),
            Box::new(spec(json!({ "SLOT_DURATION_MS": "" }))),
            "its SLOT_DURATION_MS is , expected 1 to 3600000",
        ),
        (
            Box::new(mainnet),
            Box::new(spec(json!({ "SECONDS_PER_SLOT": [] }))),
            "/eth/v1/config/spec: its answer is not a beacon node's",
        ),
        // A spec that is there but cannot be had now is not guessed.
        (Box::new(mainnet), Box::new(|| Answer::Closed), "/eth/v1/config/spec: "),
    ];
    for (genesis, spec, reason) in cases {
        let node = Server::start(move |path| match path {
            "/eth/v1/beacon/genesis" => genesis(),
            "/eth/v1/config/spec" => spec(),
            other => panic!("{other}"),
        })
        .await;
        let make = || Beacon::with_attempt(&node.url, Duration::from_secs(1)).unwrap();
        let line = refused(make, &good, hash).await;
        assert!(line.contains(reason), "{line}");
    }
    // Either name of a slot's length, and mainnet's where a node has neither.
    for (spec, slot) in [
        (json!({ "SLOT_DURATION_MS": "6000", "SECONDS_PER_SLOT": "12" }), 2_000),
        (json!({ "SECONDS_PER_SLOT": "5" }), 2_400),
        (json!({ "DEPOSIT_CHAIN_ID": "1" }), 1_000),
    ] {
        let (answer, path) = (json!({ "data": [blob] }), format!("/eth/v1/beacon/blobs/{slot}?"));
        let node = Server::start(move |asked| match asked {
            "/eth/v1/beacon/genesis" => mainnet(),
            "/eth/v1/config/spec" => Answer::json(&json!({ "data": spec })),
            asked if asked.starts_with(&path) => Answer::json(&answer),
            other => panic!("{other}"),
        })
        .await;
        let mut blobs = Blobs::default();
        blobs.push(beacon(&node));
        assert!(blobs.get(hash, TIMESTAMP).await.unwrap() == blob);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sources_on_the_command_line() {
    let mut world = World::new().await;
    world.deposit(1, 1_000).await;
    world.deposit(2, 1_000).await;
    world.commit(&[]).await;
    let transfer =
        cairn_types::Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 7, fee: 1 };
    let [hash] = world.commit_blobs(&[(1, transfer)]).await[..] else { panic!("one blob") };
    let blob: Bytes =
        world.rpc("anvil_getBlobByHash", json!([hash])).await.as_str().unwrap().parse().unwrap();
    let (url, rollup) = (world.url.clone(), world.rollup.to_string());
    let l1 = ["reconstruct", "--l1", &url, "--rollup", &rollup];

    let path = |name: &str| {
        let path = world.path(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    let (bad, files) = (path("bad"), path("files"));
    std::fs::write(bad.join(hash.to_string()), b"junk").unwrap();
    std::fs::write(files.join(hash.to_string()), &blob).unwrap();
    let (bad, files) = (bad.display().to_string(), files.display().to_string());
    let refusing = Server::start(|_| Answer::Whole(501, b"<html>".to_vec())).await;
    let beacons = ["--beacon", refusing.url.as_str(), "--beacon", "http://127.0.0.1:1"];
    let sources = ["--blobs", &bad, "--blobs", "/missing", "--blobs", &files];
    for sources in [&[&sources[..], &beacons].concat(), &[&beacons[..], &sources[..2]].concat()] {
        let report = report(&[&l1[..], sources].concat()).await;
        assert_eq!(report["state"], world.commitment().to_string());
    }
    // Said before L1 is asked.
    for (option, place) in [("--beacon", "hidden"), ("--committee", "ftp://user:hidden@host")] {
        let l1 = ["reconstruct", "--l1", "http://127.0.0.1:1", "--rollup", &rollup];
        let line = refusal(&[&l1[..], &[option, place]].concat()).await;
        let start = format!("cairn: {option}: this is ");
        assert!(line.starts_with(&start) && line.contains("expected http://HOST"), "{line}");
        assert!(!line.contains("hidden"), "{line}");
    }
}
