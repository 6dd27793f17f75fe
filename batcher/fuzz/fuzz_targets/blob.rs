//! The data of a batch: blobs as words, and the call of whoever commits.
#![no_main]

use alloy_eips::eip4844::Blob;
use cairn_batcher::{
    l1::blobs::{WORDS, decode},
    reconstruct::{calldata, commitment::words},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (count, bytes) = input;
    if let Some(data) = calldata::data(bytes) {
        let _ = words(data);
    }
    let _ = words(bytes);
    let mut blob = Blob::ZERO;
    blob.0.iter_mut().zip(bytes.iter().cycle()).for_each(|(to, from)| *to = *from);
    let count = usize::from(count);
    if let Ok(words) = decode(&[blob, Blob::ZERO], count) {
        assert!(words.len() == count && count <= 2 * WORDS);
    }
});
