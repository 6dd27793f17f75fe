//! Tables of users: refused with a line, or read; what is read becomes a scenario that fits, or is refused.
#![no_main]

use cairn_batcher::{
    demo::{bounds, scenario::Scenario},
    exit::request,
    transfers,
};
use cairn_batcher_fuzz::file;
use libfuzzer_sys::fuzz_target;

const HEADERS: [&[u8]; 3] = [b"timestamp,token,from,to,amount\n", b"leaf,recipient,signature\n", b""];

fuzz_target!(|input: (u8, &[u8])| {
    let (header, bytes) = input;
    let header = HEADERS[usize::from(header) % HEADERS.len()];
    let path = file(&[header, bytes].concat());
    match transfers::read(&path) {
        Ok(records) => drop(bounds::check(&Scenario::from_records(&records))),
        Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{error}"),
    }
    if let Err(error) = request::read(&path) {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
});
