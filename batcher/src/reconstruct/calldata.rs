//! The data words in the call that has committed a batch, read as the contract reads them.
//!
//! Solidity takes encodings that no encoder makes: offsets that go back, parts that overlap, bytes behind the end. What it
//! has taken must be readable, so this follows the compiler's own steps (`abi_decode` and `access_calldata_tail` of its
//! intermediate code) instead of a decoder's idea of the format.

use alloy::{primitives::U256, sol_types::SolCall};

use crate::l1::contracts::IRollupL1;

/// Calls that commit a batch. Both have `Streams` as their third argument.
const SELECTORS: [[u8; 4]; 2] =
    [IRollupL1::commitCall::SELECTOR, IRollupL1::commitAndProveCall::SELECTOR];

/// Bytes of a selector: offsets of arguments count from behind it.
const HEAD: usize = 4;
/// Bytes of a slot.
const SLOT: usize = 32;
/// Where the offset of `Streams` is: behind the five slots of `Batch` and the nine of `Commitment`.
const STREAMS: usize = HEAD + 14 * SLOT;
/// Bytes of `Streams` without its parts: one offset each.
const STREAMS_HEAD: usize = 4 * SLOT;

/// What the contract takes for `streams.data` of a call with this input; `None` where there is nothing that it would take,
/// or the call commits nothing.
#[must_use]
pub fn data(input: &[u8]) -> Option<&[u8]> {
    SELECTORS.iter().find(|selector| input.starts_with(*selector))?;
    if input.len() < STREAMS + SLOT {
        return None;
    }
    let offset = u64::try_from(slot(input, STREAMS)?).ok()?;
    let streams = HEAD.checked_add(usize::try_from(offset).ok()?)?;
    // There must be room for its four offsets.
    if input.len().checked_sub(streams)? < STREAMS_HEAD {
        return None;
    }
    // Relative to `Streams`, and signed: it may lead to what is before.
    let tail = slot(input, streams)?;
    let room = input.len().checked_sub(streams)?.checked_sub(SLOT - 1)?;
    let negative = tail.bit(255);
    if !negative && tail >= U256::from(room) {
        return None;
    }
    let before =
        usize::try_from(tail.wrapping_neg()).ok().and_then(|back| streams.checked_sub(back));
    let start = match (negative, before) {
        (false, _) => streams.checked_add(usize::try_from(tail).ok()?)?,
        (true, Some(start)) => start,
        // Before the call's first byte, which is behind its last one: the length there is zero.
        (true, None) => return Some(&[]),
    };
    let length = usize::try_from(u64::try_from(slot(input, start)?).ok()?).ok()?;
    let first = start.checked_add(SLOT)?;
    input.get(first..first.checked_add(length)?)
}

/// The slot at a place; bytes behind the end are zero.
fn slot(input: &[u8], place: usize) -> Option<U256> {
    let rest = input.get(place.min(input.len())..)?;
    let mut bytes = [0; SLOT];
    bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    Some(U256::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::l1::contracts::{Batch, Commitment, Streams};

    fn call(bytes: Vec<u8>) -> Vec<u8> {
        let next = Commitment {
            timestamp: 1,
            state: Default::default(),
            dataDigest: Default::default(),
            priorityDigest: Default::default(),
            withdrawalDigest: Default::default(),
            dataMode: 0,
            dataCount: 1,
            dataValue: 0,
            blobValue: Default::default(),
        };
        let streams = Streams {
            data: bytes.into(),
            priority: Bytes::from(vec![9; 62]),
            ..Default::default()
        };
        IRollupL1::commitCall { previous: Batch::default(), next, streams }.abi_encode()
    }

    fn set(input: &mut [u8], place: usize, value: U256) {
        input[place..place + SLOT].copy_from_slice(&value.to_be_bytes::<SLOT>());
    }

    #[test]
    fn what_an_encoder_makes_is_read() {
        for length in [0, 1, 31, 310] {
            assert_eq!(data(&call(vec![7; length])).unwrap(), vec![7; length]);
        }
        let mut input = call(vec![7; 31]);
        input.extend([5; 100]);
        assert_eq!(data(&input).unwrap(), [7; 31]);
        input[0] ^= 1;
        assert_eq!(data(&input), None);
    }

    #[test]
    fn offsets_that_go_back_are_followed() {
        let mut input = call(vec![7; 31]);
        let streams = STREAMS + SLOT;
        // The part of the priority operations, which is further behind, as the data.
        let priority = U256::from_be_slice(&input[streams + SLOT..streams + 2 * SLOT]);
        set(&mut input, streams, priority);
        assert_eq!(data(&input).unwrap(), [9; 62]);
        // A length in front of `Streams`: the slot of `dataCount`, which is 1.
        let back = U256::from(streams - (HEAD + 11 * SLOT));
        set(&mut input, streams, back.wrapping_neg());
        assert_eq!(data(&input).unwrap().len(), 1);
        // In front of the call.
        set(&mut input, streams, U256::from(1u64 << 40).wrapping_neg());
        assert_eq!(data(&input).unwrap(), [0; 0]);
    }

    #[test]
    fn what_the_contract_refuses_is_refused() {
        let streams = STREAMS + SLOT;
        for (place, value) in [
            (STREAMS, U256::from(1u64 << 40)),
            (STREAMS, U256::MAX),
            (streams, U256::from(1u64 << 40)),
            (streams, U256::MAX >> 1),
        ] {
            let mut input = call(vec![7; 31]);
            set(&mut input, place, value);
            assert_eq!(data(&input), None, "{place} {value}");
        }
        let mut input = call(vec![7; 31]);
        let tail = streams + 4 * SLOT;
        set(&mut input, tail, U256::from(10_000));
        assert_eq!(data(&input), None);
        assert_eq!(data(&input[..STREAMS]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..900), places in proptest::collection::vec((0..40usize, any::<u64>(), any::<bool>()), 0..4)) {
            let mut input = call(bytes);
            for (place, value, negative) in places {
                let place = HEAD + place * SLOT;
                if place + SLOT <= input.len() {
                    let value = U256::from(value % 2_000);
                    set(&mut input, place, if negative { value.wrapping_neg() } else { value });
                }
            }
            let _ = data(&input);
        }
    }
}
