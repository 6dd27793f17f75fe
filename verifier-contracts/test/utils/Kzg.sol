// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Blobs that a test can open at any point
/// @notice The polynomial `a X + b`: its commitment is `a [tau] + b [1]`, and its opening anywhere is
/// proven by `a [1]`. So a few points of the ceremony are all that is needed, and the precompile is
/// the real one. The points are c-kzg's for these polynomials.
library Kzg {
    uint256 internal constant R =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @notice X: the word 1 before a last word 0.
    bytes internal constant X =
        hex"ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81";
    bytes internal constant ONE =
        hex"97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";

    /// @notice 5 X + 7.
    bytes internal constant FIVE_X_PLUS_SEVEN =
        hex"949443890a271e2cbc5f735c4b369652cde687d1ebf3b1107ceb6a274b4883f91cb4c2e60d4b10ee3fc9896adb57ecb2";
    bytes internal constant FIVE =
        hex"b0e7791fb972fe014159aa33a98622da3cdc98ff707965e536d8636b5fcc5ac7a91a8c46e59a00dca575af0f18fb13dc";

    function versionedHash(bytes memory commitment) internal pure returns (bytes32) {
        uint256 hash = uint256(sha256(commitment));
        return bytes32((hash % 2 ** 248) | (1 << 248));
    }

    function opening(uint256 value, bytes memory commitment, bytes memory proof)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(bytes32(value), commitment, proof);
    }

    /// @notice z of docs/spec.md, section 6, word by word, for the digests of `RollupTest` and streams
    /// without priority operations and withdrawals.
    function point(bytes32 domain, uint256 number, uint256 count, bytes32[] memory hashes)
        internal
        pure
        returns (uint256)
    {
        bytes32 empty = keccak256("");
        bytes memory head =
            abi.encode(uint256(12 * 32), domain, number, uint256(2), count, uint256(3), uint256(0));
        bytes memory tail = abi.encode(
            uint256(4),
            uint256(0),
            keccak256(abi.encodePacked(hashes)),
            empty,
            empty,
            uint256(18),
            bytes32("cairn.blobpoint.v1")
        );
        return uint256(keccak256(bytes.concat(head, tail))) % R;
    }

    /// @notice `base ** exponent`, one step after the other.
    function power(uint256 base, uint256 exponent) internal pure returns (uint256 result) {
        result = 1;
        for (uint256 i = 0; i < exponent; ++i) {
            result = mulmod(result, base, R);
        }
    }
}
