// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Slow and plain versions of what the contracts compute fast
library Reference {
    uint256 internal constant P = 0xffffffff00000001;

    /// @notice Horner over GF(p^2), one limb after the other.
    function evaluate(bytes memory words, uint256 x0, uint256 x1)
        internal
        pure
        returns (uint256 y0, uint256 y1)
    {
        for (uint256 i = 0; i < words.length; i += 31) {
            uint256 word;
            for (uint256 j = 0; j < 31; ++j) {
                word = (word << 8) | uint8(words[i + j]);
            }
            for (uint256 shift = 248; shift > 0;) {
                shift -= 62;
                uint256 limb = (word >> shift) % 2 ** 62;
                uint256 high = addmod(mulmod(y0, x1, P), mulmod(y1, x0, P), P);
                y0 = addmod(mulmod(y0, x0, P), mulmod(7, mulmod(y1, x1, P), P), P);
                y0 = addmod(y0, limb, P);
                y1 = high;
            }
        }
    }

    /// @notice The path of a word in the tree over `words`, the leaf's sibling first.
    function withdrawalPath(bytes31[] memory words, uint256 index)
        internal
        pure
        returns (bytes32[] memory path)
    {
        bytes32[] memory level = new bytes32[](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            level[i] = keccak256(abi.encodePacked(words[i]));
        }
        uint256 depth;
        while (2 ** depth < words.length) {
            ++depth;
        }
        path = new bytes32[](depth);
        for (uint256 d = 0; d < depth; ++d) {
            uint256 sibling = index ^ 1;
            path[d] = sibling < level.length ? level[sibling] : bytes32(0);
            bytes32[] memory parents = new bytes32[]((level.length + 1) / 2);
            for (uint256 i = 0; i < parents.length; ++i) {
                bytes32 right = 2 * i + 1 < level.length ? level[2 * i + 1] : bytes32(0);
                parents[i] = keccak256(bytes.concat(level[2 * i], right));
            }
            level = parents;
            index /= 2;
        }
    }

    /// @notice Words, one after the other.
    function join(bytes31[] memory words) internal pure returns (bytes memory joined) {
        for (uint256 i = 0; i < words.length; ++i) {
            joined = bytes.concat(joined, words[i]);
        }
    }
}
