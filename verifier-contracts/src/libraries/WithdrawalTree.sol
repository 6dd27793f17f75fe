// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The keccak Merkle tree over a batch's withdrawal words
/// @notice Leaf i is the hash of word i (31 bytes), a node the hash of its two children (64 bytes):
/// the lengths keep a leaf from passing as a node. A missing right child counts as zero. The depth
/// is the least d with 2^d >= words. The root of no words is zero.
library WithdrawalTree {
    /// @notice The root over whole 31-byte words.
    function root(bytes calldata words) internal pure returns (bytes32 result) {
        uint256 count = words.length / 31;
        if (count == 0) return bytes32(0);
        // Scratch space, and memory behind the free pointer that nobody keeps. A level takes the place of the
        // one below it: parent i is written where children 2 i and 2 i + 1 have been read or are to its left.
        assembly ("memory-safe") {
            let level := mload(0x40)
            let word := words.offset
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                calldatacopy(0x00, word, 31)
                mstore(add(level, shl(5, i)), keccak256(0x00, 31))
                word := add(word, 31)
            }
            for {} gt(count, 1) {} {
                // The right child of an odd level's last.
                mstore(add(level, shl(5, count)), 0)
                count := shr(1, add(count, 1))
                for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                    mstore(add(level, shl(5, i)), keccak256(add(level, shl(6, i)), 0x40))
                }
            }
            result := mload(level)
        }
    }

    /// @notice Whether `word` is word `index` of the list behind `expectedRoot`.
    /// @param path The siblings, the leaf's first.
    /// @dev Bits of the index above the path would choose no side: they must be zero, or one word
    /// would have many indices.
    function contains(bytes32 expectedRoot, uint256 index, bytes31 word, bytes32[] calldata path)
        internal
        pure
        returns (bool)
    {
        bytes32 node = keccak256(abi.encodePacked(word));
        // In scratch space: the node on the side that its bit names, its sibling on the other.
        assembly ("memory-safe") {
            let sibling := path.offset
            let end := add(sibling, shl(5, path.length))
            for {} lt(sibling, end) { sibling := add(sibling, 0x20) } {
                let side := shl(5, and(index, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(sibling))
                node := keccak256(0x00, 0x40)
                index := shr(1, index)
            }
        }
        return index == 0 && node == expectedRoot;
    }
}
