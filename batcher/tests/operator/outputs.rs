//! What `cairn reconstruct` and `cairn snapshot` write, and what they leave alone.

use std::{fs, os::unix::fs::symlink, path::Path};

use alloy::primitives::Address;
use cairn_batcher::snapshot::Snapshot;
use serde_json::Value;

use crate::{command::cairn, world::World};

/// Two batches, the first of them proven.
async fn world() -> World {
    let mut world = World::new().await;
    world.deposit(1, 1_000).await;
    world.deposit(2, 1_000).await;
    world.commit(&[]).await;
    world.prove(0, 1, 0).await;
    world.commit_transfer().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_checkpoint_stays() {
    let world = world().await;
    let (url, rollup) = (world.url.clone(), world.rollup.to_string());
    let reconstruct = ["reconstruct", "--l1", &url, "--rollup", &rollup];
    let file = world.path("state").display().to_string();
    let part = format!("{file}.part");
    let run = [&reconstruct[..], &["--out", &file]].concat();
    assert!(cairn(&run).await.status.success());
    let whole = fs::read(&file).unwrap();
    let mut other = Snapshot::read(Path::new(&file)).unwrap();
    other.rollup = Address::repeat_byte(9);
    other.write(Path::new(&part)).unwrap();
    let other = fs::read(&part).unwrap();

    let theirs = [b"a download that goes on".to_vec(), Vec::new(), whole[..50].to_vec(), other];
    for theirs in theirs {
        fs::write(&part, &theirs).unwrap();
        fs::remove_file(&file).unwrap();
        let output = cairn(&run).await;
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("{part} stays, and no checkpoint is kept: ")), "{text}");
        assert_eq!((fs::read(&file).unwrap(), fs::read(&part).unwrap()), (whole.clone(), theirs));
    }

    // One of a later batch than is wanted, and a link to a snapshot that has a name of its own.
    fs::write(&part, &whole).unwrap();
    let text = stderr(&[&run[..], &["--to", "1"]].concat()).await;
    assert!(text.contains("it is of batch 2, expected one up to 1"), "{text}");
    assert_eq!(fs::read(&part).unwrap(), whole);
    let own = world.path("own").display().to_string();
    fs::rename(&part, &own).unwrap();
    symlink("own", &part).unwrap();
    let text = stderr(&run).await;
    assert!(text.contains("it is something else than a file"), "{text}");
    assert!(Path::new(&part).is_symlink());
    assert_eq!(fs::read(&own).unwrap(), whole);

    // Of the two to start from the later one; the checkpoint goes once it is of no use.
    fs::remove_file(&part).unwrap();
    fs::copy(&own, &part).unwrap();
    assert!(cairn(&[&run[..], &["--from-snapshot", &own]].concat()).await.status.success());
    assert!(!Path::new(&part).exists());
}

async fn stderr(arguments: &[&str]) -> String {
    let output = cairn(arguments).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_on_standard_output_is_alone_there() {
    let world = world().await;
    let (url, rollup) = (world.url.clone(), world.rollup.to_string());
    let l1 = ["--l1", &url, "--rollup", &rollup];
    let file = world.path("state");
    for (command, batch) in [("reconstruct", 2), ("snapshot", 1)] {
        for out in ["-", "/dev/stdout"] {
            let output = cairn(&[&[command], &l1[..], &["--json", "--out", out]].concat()).await;
            assert!(output.status.success(), "{output:?}");
            fs::write(&file, &output.stdout).unwrap();
            assert_eq!(Snapshot::read(&file).unwrap().batch, batch);
            // Bars come before.
            let text = String::from_utf8(output.stderr).unwrap();
            let report: Value = serde_json::from_str(&text[text.find('{').unwrap()..]).unwrap();
            assert_eq!(report["batch"], batch);
        }
    }
    // A name that has no room for the checkpoint's.
    let long = world.path(&"n".repeat(255)).display().to_string();
    let text = stderr(&[&["snapshot"], &l1[..], &["--out", &long]].concat()).await;
    assert!(text.contains("no checkpoint is kept: File name too long"), "{text}");
    assert_eq!(Snapshot::read(Path::new(&long)).unwrap().batch, 1);
}
