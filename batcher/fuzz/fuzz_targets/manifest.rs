//! Manifests and files of exits: refused in one line, or read and written as the same.
#![no_main]

use cairn_batcher::{deploy::manifest::Manifest, exit::file::ExitFile};
use cairn_batcher_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = file(bytes);
    match Manifest::read(&path) {
        Ok(manifest) => {
            manifest.write(&path).expect("what was read can be written");
            assert_eq!(Manifest::read(&path).expect("and read again"), manifest);
        }
        Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{error}"),
    }
    if let Err(error) = ExitFile::read(&path) {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
});
