//! The parameters of every method: refused, or read as what is written and read again as the same.
#![no_main]

use cairn_batcher::api::methods::{self, Method};
use libfuzzer_sys::fuzz_target;

/// Tells one method from another by the first byte; the rest is the text of its parameters.
fn read<M: Method>(text: &str) {
    let Ok(params) = serde_json::from_str::<M::Params>(text) else { return };
    let written = serde_json::to_string(&params).expect("what was read can be written");
    let again = serde_json::from_str::<M::Params>(&written).expect("and read again");
    assert_eq!(serde_json::to_string(&again).expect("the same"), written);
}

fuzz_target!(|input: (u8, &str)| {
    let (method, text) = input;
    match method % 9 {
        0 => read::<methods::Submit>(text),
        1 => read::<methods::SubmitMany>(text),
        2 => read::<methods::Transactions>(text),
        3 => read::<methods::Accounts>(text),
        4 => read::<methods::AccountsOf>(text),
        5 => read::<methods::EstimateFee>(text),
        6 => read::<methods::WithdrawalAt>(text),
        7 => read::<methods::Receipt>(text),
        _ => read::<methods::Head>(text),
    }
});
