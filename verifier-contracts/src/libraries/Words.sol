// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {GoldilocksExtension} from "./GoldilocksExtension.sol";

/// @title The 31-byte words that L1 writes (priority operations) and reads (withdrawals)
/// @notice A word is a 248-bit integer of four limbs of 62 bits, most significant first; its top
/// byte is the tag. docs/spec.md, section 5, has the layouts; fixtures/encodings.json holds both
/// sides to them.
library Words {
    uint256 internal constant REGISTER_TOKEN = 0x20;
    uint256 internal constant DEPOSIT = 0x21;
    uint256 internal constant FORCED = 0x22;
    uint256 internal constant WITHDRAWAL = 0x30;

    /// @notice Amounts in a word are one limb: below 2^62.
    uint256 internal constant AMOUNT_BOUND = 1 << 62;

    uint256 internal constant LIMB_MASK = AMOUNT_BOUND - 1;

    /// @notice Bytes of a word.
    uint256 private constant WORD = 31;

    /// @notice The zero key is the mark of an empty leaf.
    error KeyZero();

    /// @notice An element of the key is not below p.
    error KeyElementNotCanonical(uint256 index, uint64 element);

    /// @notice No priority operation has this tag.
    error UnknownOperation(uint8 tag);

    /// @notice The word is not a withdrawal.
    error NotAWithdrawal(bytes31 withdrawal);

    /// @notice A token that L1 adds, with the key of its fee account.
    function registerToken(uint16 token, uint8 quantumExponent, uint64[5] calldata key)
        internal
        pure
        returns (bytes31 first, bytes31 second)
    {
        uint256 limb0;
        uint256 limb1;
        (limb0, limb1, second) = _splitKey(key);
        limb0 |= (REGISTER_TOKEN << 54) | token;
        first = word(limb0, limb1, quantumExponent, 0);
    }

    /// @notice A deposit of `quanta` (below 2^62) for the leaf, or for a new one with this key.
    function deposit(uint32 leaf, uint16 token, uint256 quanta, uint64[5] calldata key)
        internal
        pure
        returns (bytes31 first, bytes31 second)
    {
        uint256 limb0;
        uint256 limb1;
        (limb0, limb1, second) = _splitKey(key);
        limb0 |= (DEPOSIT << 54) | leaf;
        first = word(limb0, limb1, token, quanta);
    }

    /// @notice What the first word of a deposit says of the money.
    function readDeposit(bytes31 first) internal pure returns (uint16 token, uint256 quanta) {
        uint256 value = uint248(first);
        token = uint16(value >> 62);
        quanta = value & LIMB_MASK;
    }

    /// @notice Bytes of a priority operation whose first byte is `tag`.
    function operationLength(uint8 tag) internal pure returns (uint256) {
        if (tag == FORCED) return 5 * WORD;
        require(tag == DEPOSIT || tag == REGISTER_TOKEN, UnknownOperation(tag));
        return 2 * WORD;
    }

    /// @notice What a withdrawal word says: tag 8 | token 18 (16 used) | recipient 160 | quanta 62.
    function readWithdrawal(bytes31 withdrawal)
        internal
        pure
        returns (uint16 token, address recipient, uint256 quanta)
    {
        uint256 value = uint248(withdrawal);
        require(value >> 240 == WITHDRAWAL, NotAWithdrawal(withdrawal));
        token = uint16(value >> 222);
        recipient = address(uint160(value >> 62));
        quanta = value & LIMB_MASK;
    }

    /// @notice A word of four limbs, each below 2^62.
    function word(uint256 limb0, uint256 limb1, uint256 limb2, uint256 limb3)
        internal
        pure
        returns (bytes31)
    {
        return bytes31(uint248((limb0 << 186) | (limb1 << 124) | (limb2 << 62) | limb3));
    }

    /// @dev An element is 2 high and 62 low bits. The ten high bits of a key share limb 0 with the
    /// tag, the low bits of element 0 are limb 1, the others are the second word.
    function _splitKey(uint64[5] calldata key)
        private
        pure
        returns (uint256 limb0, uint256 limb1, bytes31 second)
    {
        uint256 anyBit;
        for (uint256 i = 0; i < 5; ++i) {
            uint64 element = key[i];
            require(element < GoldilocksExtension.P, KeyElementNotCanonical(i, element));
            limb0 = (limb0 << 2) | (element >> 62);
            anyBit |= element;
        }
        require(anyBit != 0, KeyZero());

        limb0 <<= 32;
        limb1 = key[0] & LIMB_MASK;
        second =
            word(key[1] & LIMB_MASK, key[2] & LIMB_MASK, key[3] & LIMB_MASK, key[4] & LIMB_MASK);
    }
}
