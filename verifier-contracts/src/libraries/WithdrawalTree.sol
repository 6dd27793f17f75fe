// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title The keccak Merkle tree over a batch's withdrawal words
/// @notice Leaf i is the hash of word i (31 bytes), a node the hash of its two children (64 bytes):
/// the lengths keep a leaf from passing as a node. A missing right child counts as zero. The depth
/// is the least d with 2^d >= words. The root of no words is zero.
library WithdrawalTree {
    /// @notice The root over whole 31-byte words.
    function root(bytes calldata words) internal pure returns (bytes32) {
        uint256 count = words.length / 31;
        if (count == 0) return bytes32(0);

        bytes32[] memory level = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            level[i] = keccak256(words[i * 31:(i + 1) * 31]);
        }
        for (; count > 1; count = (count + 1) / 2) {
            for (uint256 i = 0; i < count; i += 2) {
                bytes32 right = i + 1 < count ? level[i + 1] : bytes32(0);
                level[i / 2] = Hashes.efficientKeccak256(level[i], right);
            }
        }
        return level[0];
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
        for (uint256 i = 0; i < path.length; ++i) {
            node = index & 1 == 0
                ? Hashes.efficientKeccak256(node, path[i])
                : Hashes.efficientKeccak256(path[i], node);
            index >>= 1;
        }
        return index == 0 && node == expectedRoot;
    }
}
