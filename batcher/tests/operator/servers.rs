//! How a server of blobs is asked: again what may pass, not for ever, and elsewhere only where it may send on, without its
//! URL's secrets.

use std::{
    fmt::Display,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use cairn_batcher::reconstruct::{beacon::Beacon, blobs::Blobs};
use serde_json::json;

use crate::{
    server::{Answer, Server},
    sources::{TIMESTAMP, beacon, blob, good, host, node, refused},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_asked_for_again() {
    let (hash, blob) = blob(b"words");
    let busy = |status| Answer::Headed(status, "retry-after: 1".to_owned(), Vec::new());
    for trouble in [
        Answer::Closed,
        Answer::Cut("{\"data\":["),
        Answer::Whole(500, Vec::new()),
        Answer::Whole(503, b"<html>".to_vec()),
        Answer::Whole(504, Vec::new()),
        busy(429),
    ] {
        let (times, answer) = (AtomicUsize::new(0), json!({ "data": [blob] }));
        let first = trouble.clone();
        let node = node(move || match times.fetch_add(1, Ordering::Relaxed) {
            0 => first.clone(),
            _ => Answer::json(&answer),
        })
        .await;
        let mut blobs = Blobs::default();
        blobs.push(beacon(&node));
        assert!(blobs.get(hash, TIMESTAMP).await.unwrap() == blob, "{trouble:?}");
        assert_eq!(node.asked.lock().unwrap().len(), 4, "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_end_is_given_up_in_time() {
    let (hash, blob) = blob(b"words");
    let good = good(&blob).await;
    let later = "retry-after: 18446744073709551615".to_owned();
    for (answer, reason) in [
        (Answer::Never, "no whole answer within 0.3 s"),
        (Answer::Drips, "no whole answer within 0.3 s"),
        (Answer::Headed(429, later, Vec::new()), "429 Too Many Requests"),
        (Answer::Whole(503, Vec::new()), "503 Service Unavailable"),
    ] {
        let node = node(move || answer.clone()).await;
        let make = || Beacon::with_attempt(&node.url, Duration::from_millis(300)).unwrap();
        let started = Instant::now();
        let line = refused(make, &good, hash).await;
        assert!(line.contains(reason), "{line}");
        // Two attempts each, alone and with the other node.
        assert!(started.elapsed() < Duration::from_secs(10), "{reason}: {:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_nowhere_but_to_where_they_may_and_tell_no_secret() {
    let (hash, blob) = blob(b"words");
    let good = good(&blob).await;
    let to = |location: &dyn Display| {
        let line = format!("location: {location}");
        move || Answer::Headed(307, line.clone(), Vec::new())
    };
    for (location, reason) in [
        ("https://127.0.0.1:1/", "Connection refused"),
        ("ftp://127.0.0.1/", "from http to ftp"),
        ("file:///etc/passwd", "307 Temporary Redirect"),
        ("http://node.example/", "to or from this machine"),
        ("/eth/v1/beacon/blobs/1000?versioned_hashes=0x01", "more than 5 in a row"),
    ] {
        let node = node(to(&location)).await;
        let make = || Beacon::with_attempt(&node.url, Duration::from_secs(1)).unwrap();
        let line = refused(make, &good, hash).await;
        assert!(line.contains(reason), "{line}");
        let is_tried = ["Connection refused", "307 Temporary Redirect"].contains(&reason);
        assert_ne!(line.contains("error following redirect: "), is_tried, "{line}");
    }
    // An archive that has moved. Whoever has it now is told nothing of the URL with the key.
    let new = good.url.clone();
    let old = Server::start(move |path| match path.split_once("/hidden") {
        Some(("", rest)) => to(&format!(
            "{new}{}",
            rest.replace("?key=hidden&", "?").trim_end_matches("?key=hidden")
        ))(),
        _ => panic!("{path}"),
    })
    .await;
    let url = old.url.replace("http://", "http://user:hidden@");
    good.heads.lock().unwrap().clear();
    let mut blobs = Blobs::default();
    blobs.push(Beacon::new(&format!("{url}/hidden/?key=hidden")).unwrap());
    assert!(blobs.get(hash, TIMESTAMP).await.unwrap() == blob);
    assert!(!format!("{blobs:?}").contains("hidden"), "{blobs:?}");
    let heads = old.heads.lock().unwrap().join("").to_lowercase();
    assert_eq!(heads.matches("authorization: basic ").count(), 3, "{heads}");
    assert_eq!(heads.matches("key=hidden").count(), 3, "{heads}");
    let heads = good.heads.lock().unwrap().join("").to_lowercase();
    assert_eq!(heads.matches("get /eth/v1/").count(), 3, "{heads}");
    for secret in ["hidden", "authorization", "referer"] {
        assert!(!heads.contains(secret), "{heads}");
    }
    // Nor is whoever reads an error.
    let lacking = node(Answer::not_found).await;
    let url = lacking.url.replace("http://", "http://user:hidden@");
    let make = || Beacon::new(&format!("{url}/?key=hidden")).unwrap();
    let line = refused(make, &good, hash).await;
    assert!(line.contains(host(&lacking)) && !line.contains("hidden"), "{line}");
}
