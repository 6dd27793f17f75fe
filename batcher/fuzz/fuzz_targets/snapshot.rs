//! Snapshots: refused, or read as the state that has these bytes as its only encoding. The checksum is made right, or
//! nothing behind it would ever be looked at.
#![no_main]

use cairn_batcher::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let sealed = [bytes, &Sha256::digest(bytes)[..]].concat();
    for bytes in [bytes, &sealed] {
        if let Ok(mut snapshot) = Snapshot::decode(bytes) {
            let mut again = Vec::new();
            snapshot.encode(&mut again).expect("memory takes everything");
            assert_eq!(again, bytes, "a state has one encoding");
        }
    }
});
