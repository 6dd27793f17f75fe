// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DataCommittee} from "./DataCommittee.sol";
import {BlobEvaluation} from "./libraries/BlobEvaluation.sol";
import {Header} from "./libraries/Statement.sol";
import {StreamEvaluation} from "./libraries/StreamEvaluation.sol";

/// @notice Where the data words of a batch are.
enum DataMode {
    /// In the calldata of the commitment.
    CALLDATA,
    /// In the blobs of the transaction.
    BLOBS,
    /// With the committee: L1 has signatures only.
    COMMITTEE
}

/// @title Where a batch's data can be read
/// @notice Each batch names its mode; a deployment allows some. For blobs the circuit evaluates the data
/// in their field, at z, else at x. Which of the two it is stands in the header: z is zero or not.
abstract contract DataAvailability is DataCommittee {
    /// @notice Bytes of data that a batch may carry in calldata.
    uint256 public constant MAX_DATA_BYTES = 120_000;

    /// @notice Blobs that a batch may carry.
    uint256 public constant MAX_BLOBS = 6;

    /// @notice The modes that batches may name: bit i is mode i.
    uint256 public immutable DATA_MODES;

    /// @notice The deployment does not allow the mode.
    error DataModeRefused(DataMode mode);

    /// @notice More data than a batch may carry.
    error TooMuchData(uint256 length);

    /// @notice The bytes of a stream are not whole words.
    error NotWholeWords(uint256 length);

    /// @notice There is another number of words than the committer says.
    error WrongDataCount(uint32 expected, uint32 got);

    /// @notice The words do not need this number of blobs, or they are too many.
    error WrongBlobCount(uint32 words, uint256 openingBytes);

    constructor(uint8 dataModes) {
        DATA_MODES = dataModes;
    }

    /// @dev Checks that the data behind the header's digest and count is where the mode says, and
    /// returns what stands for it in the hashes that draw the points.
    /// @param versionedHashes Those of the blobs; none in other modes.
    function _locateData(DataMode mode, Header memory header, bytes calldata data)
        internal
        view
        returns (bytes32 dataHash, bytes32[] memory versionedHashes)
    {
        require((DATA_MODES >> uint8(mode)) & 1 == 1, DataModeRefused(mode));
        if (mode == DataMode.CALLDATA) {
            require(data.length <= MAX_DATA_BYTES, TooMuchData(data.length));
            uint32 count = _countWords(data);
            require(header.dataCount == count, WrongDataCount(count, header.dataCount));
            dataHash = keccak256(data);
        } else if (mode == DataMode.BLOBS) {
            uint256 blobs = (header.dataCount + BlobEvaluation.WORDS - 1) / BlobEvaluation.WORDS;
            require(
                blobs <= MAX_BLOBS && data.length == blobs * BlobEvaluation.OPENING_BYTES,
                WrongBlobCount(header.dataCount, data.length)
            );
            versionedHashes = BlobEvaluation.versionedHashes(blobs);
            dataHash = keccak256(abi.encodePacked(versionedHashes));
        } else {
            _checkSignatures(
                header.domain, header.number, header.dataDigest, header.dataCount, data
            );
        }
    }

    function _countWords(bytes calldata words) internal pure returns (uint32) {
        require(words.length % StreamEvaluation.WORD == 0, NotWholeWords(words.length));
        return uint32(words.length / StreamEvaluation.WORD);
    }
}
