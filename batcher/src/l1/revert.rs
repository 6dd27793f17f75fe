//! What a contract says when it refuses.

use std::fmt::Debug;

use alloy::sol_types::{GenericContractError, SolInterface};

use super::{
    contracts::{
        ICustody::ICustodyErrors, IGroth16Verifier::IGroth16VerifierErrors,
        IRollupL1::IRollupL1Errors,
    },
    http::quote,
};

/// The error that a revert carries, by its name and arguments: one of the contracts' own, or one of Solidity's. `None` for data
/// that is neither. Trust: none; what anyone may have written is quoted.
#[must_use]
pub fn describe(data: &[u8]) -> Option<String> {
    named::<IRollupL1Errors>(data)
        .or_else(|| named::<ICustodyErrors>(data))
        .or_else(|| named::<IGroth16VerifierErrors>(data))
        .or_else(|| {
            let error = GenericContractError::abi_decode(data).ok()?;
            Some(quote(&error.to_string()))
        })
}

fn named<E: SolInterface + Debug>(data: &[u8]) -> Option<String> {
    let text = format!("{:?}", E::abi_decode(data).ok()?);
    // The enumeration's variant holds a struct of the same name: `Name(Name { argument: 1 })`.
    let inner = text.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
    Some(quote(inner.unwrap_or(&text)))
}

#[cfg(test)]
mod tests {
    use alloy::{
        json_abi::JsonAbi,
        primitives::U256,
        sol_types::{Panic, Revert, SolError},
    };

    use super::*;
    use crate::l1::contracts::IRollupL1::NotOverdue;

    #[test]
    fn every_error_of_the_contracts_has_its_name_and_arguments() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier-contracts/snapshots/abi");
        let mut errors = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let abi: JsonAbi = serde_json::from_str(&text).unwrap();
            for error in abi.errors() {
                // Zero for each argument; a text is where it is said to be, and has no letters.
                let mut data = error.selector().to_vec();
                for argument in &error.inputs {
                    let is_text = argument.ty == "string";
                    let head = if is_text { 32 * error.inputs.len() } else { 0 };
                    data.extend(U256::from(head).to_be_bytes::<32>());
                }
                data.extend([0; 32]);
                let line = describe(&data).unwrap_or_else(|| panic!("{} is not known", error.name));
                assert_eq!(line.split([' ', '{']).next(), Some(error.name.as_str()), "{line}");
                for argument in &error.inputs {
                    assert!(line.contains(&format!("{}: ", argument.name)), "{line}");
                }
                errors += 1;
            }
        }
        assert!(errors > 80, "{errors} errors in {folder}");
    }

    #[test]
    fn arguments_are_readable_and_strangers_are_not_named() {
        let error = NotOverdue { deadline: U256::from(5), blockTimestamp: U256::from(4) };
        let expected = "NotOverdue { deadline: 5, blockTimestamp: 4 }";
        assert_eq!(describe(&error.abi_encode()).unwrap(), expected);
        let plain = Revert::from("no\n<b>").abi_encode();
        assert!(describe(&plain).unwrap().contains("no\\n\\u{3c}b"), "{:?}", describe(&plain));
        let overflow = Panic { code: U256::from(0x11) }.abi_encode();
        assert!(describe(&overflow).unwrap().contains("overflow"), "{:?}", describe(&overflow));
        assert_eq!(describe(&[]), None);
        assert_eq!(describe(&[1, 2, 3, 4, 5]), None);
    }
}
