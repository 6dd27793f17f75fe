// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Everything that is proven of a batch. Digests and states are four big-endian u64, points
/// and evaluations two (see `GoldilocksExtension.pack`), counts are words.
struct Header {
    bytes32 previousChainHash;
    bytes32 domain;
    uint32 number;
    uint32 timestamp;
    bytes32 stateBefore;
    bytes32 stateAfter;
    bytes32 dataDigest;
    uint32 dataCount;
    bytes32 priorityDigest;
    uint32 priorityCount;
    bytes32 withdrawalDigest;
    uint32 withdrawalCount;
    uint128 point;
    uint128 dataValue;
    uint128 priorityValue;
    uint128 withdrawalValue;
    bytes32 blobPoint;
    bytes32 blobValue;
}

/// @title The hashes that tie contract and circuit together
/// @notice docs/spec.md, section 6. The circuits recompute every one of these bytes.
library Statement {
    /// @notice The kind of statement that a range of batches is.
    uint32 internal constant BATCHES = 1;

    /// @notice The kind of statement that leaving a frozen rollup is.
    uint32 internal constant EXIT = 2;

    /// @notice Tag of the point for the streams.
    string internal constant POINT = "cairn.point.v1";

    /// @notice Tag of the point for the blobs.
    string internal constant BLOB_POINT = "cairn.blobpoint.v1";

    /// @notice What makes a signature and a proof valid for this rollup on this chain only. 248
    /// bits, so that it is four limbs of 62 bits in a circuit.
    function domainOf(uint256 chainId, address rollup) internal pure returns (bytes32) {
        bytes32 hash = keccak256(abi.encode("cairn.domain.v1", chainId, rollup));
        return bytes32(uint256(uint248(uint256(hash))));
    }

    /// @notice The hash that draws a point at which the streams are evaluated: over GF(p^2) with
    /// the tag `POINT`, over the scalar field of the blobs with `BLOB_POINT`. It covers both what the
    /// circuits commit to (digests) and what L1 has (hashes of bytes or blobs).
    function pointHash(
        string memory tag,
        Header memory header,
        bytes32 dataHash,
        bytes32 priorityHash,
        bytes32 withdrawalsHash
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                tag,
                header.domain,
                header.number,
                header.dataDigest,
                header.dataCount,
                header.priorityDigest,
                header.priorityCount,
                header.withdrawalDigest,
                header.withdrawalCount,
                dataHash,
                priorityHash,
                withdrawalsHash
            )
        );
    }

    /// @notice `h_i = sha256(h_(i-1) || header_i)`, over 372 bytes.
    function chainHash(Header memory header) internal pure returns (bytes32) {
        return sha256(
            bytes.concat(
                abi.encodePacked(
                    header.previousChainHash,
                    header.domain,
                    header.number,
                    header.timestamp,
                    header.stateBefore,
                    header.stateAfter
                ),
                abi.encodePacked(
                    header.dataDigest,
                    header.dataCount,
                    header.priorityDigest,
                    header.priorityCount,
                    header.withdrawalDigest,
                    header.withdrawalCount
                ),
                abi.encodePacked(
                    header.point,
                    header.dataValue,
                    header.priorityValue,
                    header.withdrawalValue,
                    header.blobPoint,
                    header.blobValue
                )
            )
        );
    }

    /// @notice The one public input of a proof that leads from chain hash `from` to `to`: 252 bits
    /// of SHA-256, so always in the scalar field of BN254.
    function publicInput(bytes32 circuitSetRoot, bytes32 from, bytes32 to)
        internal
        pure
        returns (uint256)
    {
        return _publicInput(BATCHES, circuitSetRoot, from, to);
    }

    /// @notice The public input of a proof that leaves of `state` exit.
    /// @param leaves 34 bytes each: leaf u32, token u16, quanta u64, recipient 20. The domain is
    /// hashed with them: a signature holds for one rollup, so the proof must say for which.
    function exitInput(bytes32 circuitSetRoot, bytes32 state, bytes32 domain, bytes calldata leaves)
        internal
        pure
        returns (uint256)
    {
        return _publicInput(EXIT, circuitSetRoot, state, sha256(abi.encodePacked(domain, leaves)));
    }

    function _publicInput(uint32 kind, bytes32 circuitSetRoot, bytes32 from, bytes32 to)
        private
        pure
        returns (uint256)
    {
        bytes32 hash = sha256(abi.encodePacked(kind, circuitSetRoot, from, to));
        return uint256(hash) & ((1 << 252) - 1);
    }
}
