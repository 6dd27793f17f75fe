//! The bytes of a signed transaction: refused, or read as what is written back as the same bytes.
#![no_main]

use cairn_types::{SIGNED_TRANSACTION_BYTES, SignedTransaction, Word};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: [u8; SIGNED_TRANSACTION_BYTES]| {
    if let Ok(signed) = SignedTransaction::from_bytes(Word::new([1; 31]), &bytes) {
        assert_eq!(signed.to_bytes(), bytes, "a transaction has one form");
    }
});
