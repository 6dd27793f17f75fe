// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The value of a batch's data at a random point, read from its blobs
/// @notice L1's half of batches in blobs (docs/decisions/0009).
///
/// A blob is a polynomial over the scalar field of BLS12-381. Its coefficients, highest
/// first, are 4,096 words of the batch; those after the last word are zero. All blobs together are
/// one polynomial, and what the circuit says is its value without the zeros at the end. The point
/// is drawn after blobs and digest are fixed, so equal values mean equal words but for a chance of
/// (words / r).
library BlobEvaluation {
    /// @notice Order of the scalar field of BLS12-381.
    uint256 internal constant R =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @notice Words of a blob.
    uint256 internal constant WORDS = 4096;

    /// @notice Bytes of an opening: value 32, commitment 48, proof 48.
    uint256 internal constant OPENING_BYTES = 128;

    /// @dev EIP-4844's point evaluation.
    address private constant POINT_EVALUATION = address(0x0a);

    /// @dev What it answers if the opening holds.
    bytes32 private constant ANSWER = keccak256(abi.encode(WORDS, R));

    /// @notice The transaction has no such blob.
    error BlobMissing(uint256 index);

    /// @notice The precompile refuses the opening of this blob.
    error OpeningInvalid(uint256 index);

    /// @notice The value is not that of the blobs.
    error BlobValueMismatch();

    /// @notice The value is not below r.
    error NotInScalarField(uint256 value);

    /// @notice The point is zero. It would say nothing of all words but the last.
    error PointIsZero();

    /// @notice The versioned hashes of the transaction's first `count` blobs.
    function versionedHashes(uint256 count) internal view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = blobhash(i);
            require(hashes[i] != 0, BlobMissing(i));
        }
    }

    /// @notice Returns iff `value` is that of the first `count` words of the blobs at `point`.
    /// @param hashes Versioned hashes of the blobs: as many as `count` words fill.
    /// @param openings One a blob, at `point`.
    function check(
        uint256 value,
        uint256 count,
        uint256 point,
        bytes32[] memory hashes,
        bytes calldata openings
    ) internal view {
        require(point != 0, PointIsZero());
        require(value < R, NotInScalarField(value));
        uint256 shift = power(point, WORDS);
        uint256 sum = 0;
        for (uint256 i = 0; i < hashes.length; ++i) {
            bytes calldata opening = openings[i * OPENING_BYTES:(i + 1) * OPENING_BYTES];
            // The precompile refuses values that are not below r.
            (bool valid, bytes memory answer) =
                POINT_EVALUATION.staticcall(abi.encodePacked(hashes[i], point, opening));
            // A chain without the precompile would answer nothing, and call that success.
            require(valid && keccak256(answer) == ANSWER, OpeningInvalid(i));
            sum = addmod(mulmod(sum, shift, R), uint256(bytes32(opening[:32])), R);
        }
        uint256 zeros = hashes.length * WORDS - count;
        require(mulmod(value, power(point, zeros), R) == sum, BlobValueMismatch());
    }

    /// @notice `base ** exponent` mod r.
    function power(uint256 base, uint256 exponent) internal pure returns (uint256 result) {
        result = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) result = mulmod(result, base, R);
            base = mulmod(base, base, R);
        }
    }
}
