//! What a contract says when it refuses.

use std::fmt::Debug;

use alloy::{
    eips::BlockId,
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::{GenericContractError, SolInterface},
};

use super::{
    contracts::{
        ICustody::ICustodyErrors, IGroth16Verifier::IGroth16VerifierErrors,
        IOpenZeppelin::IOpenZeppelinErrors, IRollupL1::IRollupL1Errors,
    },
    error::{L1Error, Reason},
    http::quote,
};

/// What a refusal says: as [`describe`], or the data of an error that nobody here knows, shortened.
#[must_use]
pub fn explain(data: &[u8]) -> String {
    // More is never shown.
    let start = data.get(..128).unwrap_or(data);
    let unknown = || quote(&format!("an unknown error, 0x{}", hex::encode(start)));
    describe(data).unwrap_or_else(unknown)
}

/// Why a mined transaction has reverted, which its receipt does not say: the same call is made again, on the state of
/// its block.
pub async fn reverted(
    provider: &impl Provider,
    what: &'static str,
    receipt: &TransactionReceipt,
) -> L1Error {
    let hash = receipt.transaction_hash;
    let again = async {
        let transaction = provider.get_transaction_by_hash(hash).await.ok()??;
        let block = BlockId::number(receipt.block_number?);
        let request: TransactionRequest = transaction.into_request();
        let error = provider.call(request).block(block).await.err()?;
        error.is_error_resp().then(|| error.text())
    };
    // The reason is not worth an error of its own: the transaction has reverted.
    match again.await {
        Some(reason) => L1Error::Refused { what, hash, reason },
        None => L1Error::Reverted { what, hash },
    }
}

/// The error that a revert carries, by its name and arguments: one of the contracts' own, or one of Solidity's. `None`
/// for data that is neither. Trust: none; what anyone may have written is quoted.
#[must_use]
pub fn describe(data: &[u8]) -> Option<String> {
    named::<IRollupL1Errors>(data)
        .or_else(|| named::<ICustodyErrors>(data))
        .or_else(|| named::<IGroth16VerifierErrors>(data))
        .or_else(|| named::<IOpenZeppelinErrors>(data))
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
        primitives::{Address, B256, U256},
        providers::ProviderBuilder,
        sol_types::{Panic, Revert, SolError},
        transports::mock::Asserter,
    };
    use serde_json::json;

    use super::*;
    use crate::l1::contracts::IRollupL1::NotOverdue;

    #[test]
    fn every_error_of_the_contracts_has_its_name_and_arguments() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../verifier-contracts/snapshots/abi");
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
        assert_eq!(explain(&[1, 2, 3, 4, 5]), "an unknown error, 0x0102030405");
        assert!(explain(&[7; 1 << 20]).len() < 300);
    }

    /// By selectors as the compiler gives them, of errors that the contracts' own interfaces do not have.
    #[test]
    fn errors_of_the_timelock_and_of_tokens_are_named() {
        for (selector, arguments, name) in [
            ("54336609", 2, "TimelockInsufficientDelay { delay: 0, minDelay: 0 }"),
            ("5ead8eb5", 2, "TimelockUnexpectedOperationState { operationId: 0x00"),
            ("90a9a618", 1, "TimelockUnexecutedPredecessor { predecessorId: 0x00"),
            ("e2850c59", 1, "TimelockUnauthorizedCaller { caller: 0x00"),
            ("ffb03211", 3, "TimelockInvalidOperationLength { targets: 0"),
            ("e450d38c", 3, "ERC20InsufficientBalance { sender: 0x00"),
            ("fb8f41b2", 3, "ERC20InsufficientAllowance { spender: 0x00"),
            ("9996b315", 1, "AddressEmptyCode { target: 0x00"),
            ("b06ebf3d", 0, "FailedDeployment"),
            ("e2517d3f", 2, "AccessControlUnauthorizedAccount { account: 0x00"),
            ("d93c0665", 0, "EnforcedPause"),
            ("92daeab3", 2, "WrongBlobCount { "),
        ] {
            let data = [hex::decode(selector).unwrap(), vec![0; 32 * arguments]].concat();
            assert!(explain(&data).starts_with(name), "{selector}: {}", explain(&data));
        }
    }

    #[tokio::test]
    async fn a_mined_revert_is_explained() {
        let node = Asserter::new();
        let provider = ProviderBuilder::new().connect_mocked_client(node.clone());
        let (hash, zero) = (B256::repeat_byte(7), Address::ZERO);
        let receipt: TransactionReceipt = serde_json::from_value(json!({
            "type": "0x2", "status": "0x0", "transactionHash": hash, "blockNumber": "0x9",
            "blockHash": hash, "transactionIndex": "0x0", "cumulativeGasUsed": "0x1", "gasUsed": "0x1",
            "effectiveGasPrice": "0x1", "from": zero, "to": zero, "contractAddress": null, "logs": [],
            "logsBloom": alloy::primitives::Bloom::ZERO,
        }))
        .unwrap();
        let transaction = json!({
            "type": "0x2", "hash": hash, "chainId": "0x1", "nonce": "0x0", "gas": "0x1",
            "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x1", "to": zero, "from": zero,
            "value": "0x0", "input": "0x", "accessList": [], "r": "0x1", "s": "0x1", "yParity": "0x0",
            "v": "0x0", "blockHash": hash, "blockNumber": "0x9", "transactionIndex": "0x0",
        });
        node.push_success(&transaction);
        let error = NotOverdue { deadline: U256::from(5), blockTimestamp: U256::from(4) };
        node.push_failure(
            serde_json::from_value(json!({
                "code": 3, "message": "execution reverted",
                "data": format!("0x{}", hex::encode(error.abi_encode())),
            }))
            .unwrap(),
        );
        let said = reverted(&provider, "freezing", &receipt).await.to_string();
        let expected =
            "reverted: the contract refuses: NotOverdue { deadline: 5, blockTimestamp: 4 }";
        assert!(said.ends_with(expected), "{said}");

        // A node that has forgotten the transaction.
        node.push_success(&serde_json::Value::Null);
        let said = reverted(&provider, "freezing", &receipt).await.to_string();
        assert_eq!(said, format!("L1, freezing: transaction {hash} reverted"));
    }
}
