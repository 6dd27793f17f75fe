//! Configurations of `cairn deploy` and `cairn run`: refused in one line, or read.
#![no_main]

use cairn_batcher::{deploy, node};
use cairn_batcher_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = file(bytes);
    match deploy::config::Config::read(&path) {
        Ok(config) => drop(config.check()),
        Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{error}"),
    }
    if let Err(error) = node::config::Config::read(&path) {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
});
