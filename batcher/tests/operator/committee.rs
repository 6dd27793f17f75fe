//! A validium: signatures that L1 takes, words from members, and members who withhold them.

use std::{os::unix::fs::symlink, path::PathBuf, process::Command, sync::Arc};

use alloy::{
    network::TransactionBuilder,
    primitives::{B256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use cairn_batcher::{
    committee::{Committee, CommitteeError, Member, Statement, Store},
    l1::reader::Reader,
    reconstruct::{
        ReconstructError, Reconstruction, Rollup,
        committee::Members,
        source::{DataError, Sources},
    },
};
use cairn_types::{DataLocation, Transaction, WORD_BYTES};

use crate::{
    command::{cairn, json, refusal},
    server::{Answer, Server},
    world::{FIRST, World},
};

fn strs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// A rollup whose second batch is with two of three members, the third was away. The batch is proven.
struct Validium {
    world: World,
    members: Vec<Member>,
    statement: Statement,
}

impl Validium {
    async fn new() -> Self {
        let mut world = World::validium().await;
        world.deposit(1, 1_000).await;
        world.deposit(2, 1_000).await;
        world.commit(&[]).await;
        let member = |n: u8| {
            let signer = PrivateKeySigner::from_slice(&[n; 32]).unwrap();
            Member::new(signer, Store::new(world.path(&format!("member-{n}"))))
        };
        let members: Vec<_> = (1..=3).map(member).collect();
        let committee = Committee::new(members.iter().map(Member::address), 2).unwrap();
        world.name_committee(&committee).await;

        let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 7, fee: 1 };
        let (witness, mut call) = world.committee_batch(&[(1, transfer)]).await;
        let statement = Statement::of(31_337, world.rollup, 2, &witness.data);
        let signatures = [2, 0].map(|n: usize| members[n].sign(&statement, &witness.data).unwrap());
        call.streams.data = committee.collect(&statement, signatures).unwrap();
        world.commit_call(world.rollup, &call).await;
        // The header that L1 has built is the one that circuits prove.
        let header = witness.header(2, &DataLocation::Committee);
        let expected = header.chain_hash(&world.records[1].chainHash);
        assert_eq!(world.records[2].chainHash, B256::from(expected));
        world.prove(0, 2, 0).await;
        Self { world, members, statement }
    }

    fn folder(&self, member: usize) -> String {
        self.members[member].store().folder().display().to_string()
    }

    fn file(&self, member: usize) -> PathBuf {
        self.members[member].store().path(self.statement.digest)
    }

    async fn rebuild(&self, places: &[&str]) -> Result<Reconstruction, ReconstructError> {
        let rollup = Rollup::read(&self.world.url, self.world.rollup, 0, None, &()).await.unwrap();
        let mut members = Members::default();
        places.iter().for_each(|place| members.push(place).unwrap());
        let mut sources = Sources::default();
        sources.push(members);
        rollup.reconstruct(2, None, &Arc::new(sources), &()).await
    }

    /// The line about the second batch.
    async fn withheld(&self, places: &[&str]) -> String {
        let error = self.rebuild(places).await.unwrap_err();
        let line = error.to_string();
        assert!(line.starts_with("batch 2 (proven): VALIDIUM: "), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        let ReconstructError::Data { source: DataError::Withheld { digest, words, .. }, .. } =
            error
        else {
            panic!("{line}")
        };
        assert_eq!((digest, words), (self.statement.digest, self.statement.count));
        assert!(line.contains("the escape hatch is unavailable for this batch"), "{line}");
        assert!(line.contains("--committee DIR|URL"), "{line}");
        line
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_is_rebuilt_from_any_member_who_gives_out_the_words() {
    let validium = Validium::new().await;
    let world = &validium.world;
    let words = std::fs::read(validium.file(0)).unwrap();
    let path = format!("/words/{}", validium.statement.digest);
    let server = Server::start(move |asked| {
        if asked == path { Answer::Whole(200, words.clone()) } else { Answer::not_found() }
    })
    .await;
    let (first, away, third) = (validium.folder(0), validium.folder(1), validium.folder(2));
    let url = format!("{}/words/", server.url);
    let folders: [&[&str]; 4] = [&[&first], &[&third], &[&away, &first], &[&url]];
    for places in folders {
        let rebuilt = validium.rebuild(places).await.unwrap();
        assert!(rebuilt.state.accounts().eq(world.state.accounts()));
        assert_eq!(rebuilt.record, world.records[2]);
    }
    // A member with other words does not stop the next one.
    std::fs::write(validium.file(0), [7; WORD_BYTES]).unwrap();
    let rebuilt = validium.rebuild(&[&first, &third]).await.unwrap();
    assert_eq!(rebuilt.record, world.records[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_does_not_answer_as_it_should_does_not_hide_the_next() {
    let validium = Validium::new().await;
    let third = validium.folder(2);
    for (answer, reason) in [
        (Answer::Whole(400, b"<html>\n".to_vec()), "400 Bad Request"),
        (Answer::not_found().status(405), "405 Method Not Allowed"),
        (Answer::not_found().status(410), "does not have it"),
        (Answer::Whole(501, Vec::new()), "501 Not Implemented"),
        (Answer::Whole(200, vec![7; WORD_BYTES]), "expected 1 words with the digest"),
        (Answer::Whole(200, Vec::new()), "expected 31 bytes, got 0"),
        (Answer::Endless("x"), "its answer has more than 31 bytes"),
        (Answer::Headed(302, "location: ftp://host/".to_owned(), Vec::new()), "http to ftp"),
    ] {
        let server = Server::start(move |_| answer.clone()).await;
        let line = validium.withheld(&[&server.url]).await;
        let named = format!("{}: ", server.url.trim_start_matches("http://"));
        assert!(line.contains(&named) && line.contains(reason), "{line}");
        assert!(!line.contains('<'), "{line}");
        validium.rebuild(&[&server.url, &third]).await.unwrap();
    }
    let file = validium.file(0);
    std::fs::remove_file(&file).unwrap();
    for make in [
        (|file| assert!(Command::new("mkfifo").arg(file).status().unwrap().success()))
            as fn(&PathBuf),
        |file| symlink("/dev/zero", file).unwrap(),
        |file| symlink(file, file).unwrap(),
    ] {
        make(&file);
        let line = validium.withheld(&[&validium.folder(0)]).await;
        let said = ["this is not a regular file", "Too many levels of symbolic links"];
        assert!(said.iter().any(|said| line.contains(said)), "{line}");
        validium.rebuild(&[&validium.folder(0), &third]).await.unwrap();
        std::fs::remove_file(&file).unwrap();
    }
    std::fs::remove_dir(validium.members[0].store().folder()).unwrap();
    let line = validium.withheld(&[&validium.folder(0)]).await;
    assert!(line.contains("member-1: there is no such folder"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_members_withhold_closes_the_escape_hatch_and_is_said() {
    let validium = Validium::new().await;
    let (first, away) = (validium.folder(0), validium.folder(1));
    let line = validium.withheld(&[]).await;
    assert!(line.contains("nobody was asked"), "{line}");
    let line = validium.withheld(&[&away]).await;
    assert!(line.contains("member-2: there is no such folder"), "{line}");
    std::fs::create_dir(&away).unwrap();
    let line = validium.withheld(&[&away]).await;
    assert!(line.contains("member-2: does not have it"), "{line}");
    std::fs::write(validium.file(0), [7; WORD_BYTES]).unwrap();
    let line = validium.withheld(&[&first, &away]).await;
    assert!(line.contains("member-1: expected 1 words with the digest"), "{line}");
    std::fs::write(validium.file(0), [7; 2 * WORD_BYTES]).unwrap();
    let line = validium.withheld(&[&first]).await;
    assert!(line.contains("member-1: expected 31 bytes, got 62"), "{line}");
    // Servers: not there, other words, without an end.
    for (answer, part) in [
        ((|_| Answer::not_found()) as fn(&str) -> Answer, "does not have it"),
        (|_| Answer::Whole(200, vec![7; WORD_BYTES]), "expected 1 words with the digest"),
        (|_| Answer::Endless("x"), "more than 31 bytes"),
    ] {
        let server = Server::start(answer).await;
        let line = validium.withheld(&[&server.url]).await;
        assert!(
            line.contains(part) && line.contains(server.url.trim_start_matches("http://")),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_sign_and_the_committer_collects_from_the_command_line() {
    let mut world = World::validium().await;
    world.deposit(1, 1_000).await;
    world.deposit(2, 1_000).await;
    world.commit(&[]).await;
    let reader = Reader::connect(&world.url, world.rollup).await.unwrap();
    let none = Committee::read(&reader, 0).await;
    assert!(matches!(none, Err(CommitteeError::NoCommittee)));
    let signers = [1, 2, 3].map(|n| PrivateKeySigner::from_slice(&[n; 32]).unwrap());
    // The second committee counts.
    world.name_committee(&Committee::new([signers[0].address()], 1).unwrap()).await;
    let committee = Committee::new(signers.iter().map(PrivateKeySigner::address), 2).unwrap();
    world.name_committee(&committee).await;
    let reader = Reader::connect(&world.url, world.rollup).await.unwrap();
    assert_eq!(Committee::read(&reader, 0).await.unwrap(), committee);

    let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 7, fee: 1 };
    let (witness, mut call) = world.committee_batch(&[(1, transfer)]).await;
    let (folder, url) = (world.path(""), world.url.clone());
    let path = |name: &str| folder.join(name).display().to_string();
    let (data, keep) = (path("words"), path("kept"));
    let words: Vec<u8> = witness.data.iter().flat_map(|word| word.bytes()).collect();
    std::fs::write(&data, &words).unwrap();
    let (digest, rollup) = (call.next.dataDigest.to_string(), world.rollup.to_string());
    let batch = ["--rollup", &rollup, "--batch", "2", "--count", "1"];
    let sign = |digest: &str, data: &str, key: &str| {
        let arguments = ["committee", "sign", "--chain-id", "31337", "--keep", &keep];
        let arguments =
            [&arguments, &batch[..], &["--digest", digest, "--data", data, "--key", key]];
        arguments.concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut signatures = Vec::new();
    for n in [3, 1] {
        let key = path("key");
        std::fs::write(&key, hex::encode([n; 32])).unwrap();
        let arguments = sign(&digest, &data, &key);
        let signed = json(&strs(&arguments)).await;
        assert_eq!(
            signed["member"],
            signers[usize::from(n) - 1].address().to_string().to_lowercase()
        );
        signatures.push(signed["signature"].as_str().unwrap().to_owned());
    }
    let kept = std::fs::read(world.path("kept").join(&digest)).unwrap();
    assert_eq!(kept, words);
    // A digest that is not that of the words.
    let arguments = sign(&B256::repeat_byte(1).to_string(), &data, &path("key"));
    let line = refusal(&strs(&arguments)).await;
    assert!(
        line.contains("batch 2: expected 1 words") && line.contains("nothing is signed"),
        "{line}"
    );
    assert!(!world.path("kept").join(B256::repeat_byte(1).to_string()).exists());

    let l1 = ["--l1", &url, "--digest", &digest];
    let collect = |signatures: &[String]| {
        let signatures = strs(signatures);
        let arguments = [&["committee", "collect"], &batch[..], &l1[..], &signatures].concat();
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let line = refusal(&strs(&collect(&signatures[..1]))).await;
    assert!(line.contains("2 members of the data committee must sign, got 1"), "{line}");
    let collected = json(&strs(&collect(&signatures))).await;
    assert_eq!(collected["threshold"], 2);
    call.streams.data = collected["signatures"].as_str().unwrap().parse().unwrap();
    world.commit_call(world.rollup, &call).await;

    // The reports say what this is.
    let l1 = ["--l1", &url, "--rollup", &rollup];
    let line = refusal(&[&["reconstruct"], &l1[..]].concat()).await;
    assert!(line.contains("batch 2 (only committed): VALIDIUM"), "{line}");
    assert_eq!(line.matches("VALIDIUM").count(), 1, "{line}");
    let report = json(&[&["reconstruct"], &l1[..], &["--committee", &keep]].concat()).await;
    assert_eq!(report["state"], world.commitment().to_string());
    assert_eq!(report["validium"], true);
    assert_eq!(report["data_modes"], serde_json::json!(["calldata", "blobs", "committee"]));
    assert_eq!(report["batches_with_committee"], 1);
    let arguments = [&["reconstruct"], &l1[..], &["--committee", &keep]].concat();
    let table = String::from_utf8(cairn(&arguments).await.stdout).unwrap();
    assert!(table.contains("committee; VALIDIUM: if the data committee withholds"), "{table}");
    assert!(table.contains("1 batches with the committee"), "{table}");
    world.prove(0, 2, 0).await;
    let file = path("state.snapshot");
    json(&[&["snapshot"], &l1[..], &["--committee", &keep, "--out", &file]].concat()).await;
    let checked = json(&["snapshot", "--check", &file, "--l1", &url]).await;
    assert_eq!(checked["data_modes"], report["data_modes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_that_is_no_validium_says_so_and_takes_no_such_batch() {
    let mut world = World::new().await;
    let rollup = Rollup::read(&world.url, world.rollup, 0, None, &()).await.unwrap();
    assert_eq!(rollup.data_modes().to_string(), "calldata, blobs");
    let (_, call) = world.committee_batch(&[]).await;
    let request = TransactionRequest::default()
        .with_from(world.sender())
        .with_to(world.rollup)
        .with_input(call.abi_encode());
    let error = world.provider.call(request).await.unwrap_err().to_string();
    let refused = hex::encode(&keccak256("DataModeRefused(uint8)")[..4]);
    assert!(error.contains(&refused), "{error}");
}
