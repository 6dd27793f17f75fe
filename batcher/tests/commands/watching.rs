//! `cairn top` and `cairn follow`: what they say before there is anything to see.

use crate::world::{World, cairn, refusal};

#[test]
fn a_view_of_the_operator_needs_a_terminal() {
    let line = refusal(&cairn(&["top"]).output().unwrap());
    assert!(
        line.contains("cairn top needs a terminal") && line.contains("cairn status --json"),
        "{line}"
    );
    let line = refusal(&cairn(&["top", "--url", "nonsense"]).output().unwrap());
    assert!(line.contains("expected a URL"), "{line}");
}

#[test]
fn a_follower_says_what_it_lacks() {
    let world = World::new();
    let rollup = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let folder = world.path("follower");
    let all =
        ["follow", "--l1", "http://127.0.0.1:9/secret", "--rollup", rollup, "--data-dir", &folder];
    for (more, needle) in [
        (&["--receipt", "r.json"][..], "--receipt-signer"),
        (&["--json"], "--once"),
        (&["--once", "--listen", "127.0.0.1:1"], "--listen"),
        (&["--interval", "0"], "a number from 1 to 3600"),
    ] {
        let output = cairn(&[&all[..], more].concat()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {text}");
        assert!(text.contains(needle), "{more:?}: {text}");
    }
    let line = refusal(&cairn(&all).output().unwrap());
    assert!(line.contains("127.0.0.1:9") && !line.contains("secret"), "{line}");
}
