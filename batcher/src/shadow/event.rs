//! An ERC-20's event of a transfer.

use alloy::{
    primitives::{Address, B256, U256, b256},
    rpc::types::Log,
};

/// `Transfer(address,address,uint256)`.
pub(super) const TRANSFER: B256 =
    b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// An ERC-20's event.
pub(super) struct Event {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) amount: u128,
}

impl Event {
    pub(super) fn read(log: &Log) -> Result<Self, &'static str> {
        const OTHER: &str =
            "is not an ERC-20's: expected two addresses as topics and an amount as data";
        let data = log.data();
        let [_, from, to] = data.topics() else { return Err(OTHER) };
        let address = |topic: &B256| match topic[..12].iter().all(|byte| *byte == 0) {
            true => Ok(Address::from_word(*topic)),
            false => Err(OTHER),
        };
        let amount: [u8; 32] = data.data[..].try_into().map_err(|_| OTHER)?;
        let amount = u128::try_from(U256::from_be_bytes(amount));
        let amount = amount.map_err(|_| "has an amount of 2^128 or more: no rollup holds that")?;
        Ok(Self { from: address(from)?, to: address(to)?, amount })
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Bytes, LogData, address};

    use super::*;

    const TOKEN: Address = address!("0x1111111111111111111111111111111111111111");

    fn log(topics: Vec<B256>, data: Vec<u8>) -> Log {
        let data = LogData::new(topics, Bytes::from(data)).unwrap();
        Log { inner: alloy::primitives::Log { address: TOKEN, data }, ..Log::default() }
    }

    #[test]
    fn only_what_an_erc20_emits_is_read() {
        let party = |byte| Address::repeat_byte(byte).into_word();
        let amount = |amount: U256| amount.to_be_bytes::<32>().to_vec();
        let good = log(vec![TRANSFER, party(1), party(2)], amount(U256::from(7)));
        let Event { from, to, amount: got } = Event::read(&good).unwrap();
        assert_eq!((from, to, got), (Address::repeat_byte(1), Address::repeat_byte(2), 7));
        let most = log(vec![TRANSFER, party(1), party(2)], amount(U256::from(u128::MAX)));
        assert_eq!(Event::read(&most).unwrap().amount, u128::MAX);
        for (topics, data, reason) in [
            (vec![TRANSFER, party(1), party(2), party(3)], vec![], "is not an ERC-20's"),
            (vec![TRANSFER, party(1)], amount(U256::from(7)), "is not an ERC-20's"),
            (vec![TRANSFER, party(1), B256::repeat_byte(2)], amount(U256::from(7)), "is not an"),
            (vec![TRANSFER, party(1), party(2)], vec![7], "is not an ERC-20's"),
            (vec![TRANSFER, party(1), party(2)], amount(U256::from(1) << 128), "2^128 or more"),
        ] {
            let refused = Event::read(&log(topics, data)).err().unwrap();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
