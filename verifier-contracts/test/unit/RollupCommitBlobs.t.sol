// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {DataAvailability, DataMode} from "../../src/DataAvailability.sol";
import {Batch, Commitment, Rollup, Streams} from "../../src/Rollup.sol";
import {BlobEvaluation} from "../../src/libraries/BlobEvaluation.sol";
import {Kzg} from "../utils/Kzg.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice Batches with their data in blobs, opened by the real precompile. The first blob is
/// `5 X + 7` (4,094 zeros, then the words 5 and 7), the second is `X`, unless a test says otherwise.
contract RollupCommitBlobsTest is RollupTest {
    // --- succeeds ---

    function test_commitBlobs_one_succeeds() public {
        _attach(1);
        uint256 z = _point(4096, 1);
        Batch memory batch = _commitBlobs(4096, _first(z), _openings(1, z));
        vm.assertEq(batch.number, 1);
    }

    function test_commitBlobs_two_succeeds() public {
        _attach(2);
        uint256 z = _point(8192, 2);
        _commitBlobs(8192, _both(z), _openings(2, z));
        vm.assertEq(rollup.committedBatches(), 1);
    }

    /// @dev The last word of `X` is zero: it may be a word of the batch or the filling behind it.
    function test_commitBlobs_lastWordIsFilling_succeeds() public {
        _attach(2);
        uint256 z = _point(8191, 2);
        // As many words less, so many powers of z less.
        uint256 value = addmod(mulmod(_first(z), Kzg.power(z, 4095), Kzg.R), 1, Kzg.R);
        vm.assertEq(mulmod(value, z, Kzg.R), _both(z));
        _commitBlobs(8191, value, _openings(2, z));
        vm.assertEq(rollup.committedBatches(), 1);
    }

    function test_commitBlobs_six_succeeds() public {
        _attach(6);
        uint256 count = 6 * 4096;
        uint256 z = _point(count, 6);
        uint256 value = 0;
        for (uint256 i = 0; i < 6; ++i) {
            value = mulmod(value, Kzg.power(z, 4096), Kzg.R);
            value = addmod(value, i == 0 ? _first(z) : z, Kzg.R);
        }
        _commitBlobs(count, value, _openings(6, z));
        vm.assertEq(rollup.committedBatches(), 1);
    }

    /// @dev No words, no blobs.
    function test_commitBlobs_none_succeeds() public {
        _commitBlobs(0, 0, "");
        vm.assertEq(rollup.committedBatches(), 1);
    }

    /// @dev The next batch falls back to calldata.
    function test_commitBlobs_thenCalldata_succeeds() public {
        _attach(1);
        uint256 z = _point(4096, 1);
        Batch memory batch = _commitBlobs(4096, _first(z), _openings(1, z));
        batch = rollup.commit(batch, _commitmentOf(1), _streams(new bytes(31), ""));
        vm.assertEq(batch.number, 2);
    }

    /// @dev Outside of blobs z is zero and so is the value there, whatever the committer says.
    function test_commit_calldata_ignoresBlobValue_succeeds() public {
        uint256 snapshot = vm.snapshotState();
        Commitment memory next = _commitmentOf(1);
        bytes32 chainHash = rollup.commit(genesis, next, _streams(new bytes(31), "")).chainHash;
        vm.revertToState(snapshot);
        next.blobValue = bytes32(uint256(6));
        next.dataValue = 7;
        vm.assertEq(rollup.commit(genesis, next, _streams(new bytes(31), "")).chainHash, chainHash);
    }

    /// @dev In blobs, the data has no value at x.
    function test_commitBlobs_ignoresDataValue_succeeds() public {
        Commitment memory next = _commitment();
        next.dataMode = DataMode.BLOBS;
        next.blobValue = 0;
        uint256 snapshot = vm.snapshotState();
        bytes32 chainHash = rollup.commit(genesis, next, _streams("", "")).chainHash;
        vm.revertToState(snapshot);
        next.dataValue = 7;
        vm.assertEq(rollup.commit(genesis, next, _streams("", "")).chainHash, chainHash);
    }

    // --- reverts ---

    function test_commitBlobs_notAllowed_reverts() public {
        Rollup.Configuration memory configuration = _configuration();
        configuration.dataModes = 5;
        rollup = new Rollup(configuration);
        vm.expectRevert(
            abi.encodeWithSelector(DataAvailability.DataModeRefused.selector, DataMode.BLOBS)
        );
        _commitBlobs(0, 0, "");
    }

    function test_commitBlobs_missingBlob_reverts() public {
        _attach(1);
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.BlobMissing.selector, 1));
        _commitBlobs(4097, 0, _openings(2, 1));
    }

    /// @dev The openings fit, but the transaction has another blob.
    function test_commitBlobs_swappedBlob_reverts() public {
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = Kzg.versionedHash(Kzg.X);
        vm.blobhashes(hashes);
        uint256 z = _point(4096, hashes);
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 0));
        _commitBlobs(4096, _first(z), _openings(1, z));
    }

    /// @dev A true opening, at another point than the contract's.
    function test_commitBlobs_otherPoint_reverts() public {
        _attach(1);
        uint256 z = _point(4096, 1) + 1;
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 0));
        _commitBlobs(4096, _first(z), _openings(1, z));
    }

    function test_commitBlobs_otherValueOfBlob_reverts() public {
        _attach(2);
        uint256 z = _point(8192, 2);
        bytes memory openings = _openings(2, z);
        openings[128 + 31] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 1));
        _commitBlobs(8192, _both(z), openings);
    }

    /// @dev The same element of the field, another number.
    function test_commitBlobs_valueOfBlobPlusOrder_reverts() public {
        _attach(1);
        uint256 z = _point(4096, 1);
        bytes memory openings = Kzg.opening(_first(z) + Kzg.R, Kzg.FIVE_X_PLUS_SEVEN, Kzg.FIVE);
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 0));
        _commitBlobs(4096, _first(z), openings);
    }

    function test_commitBlobs_otherValue_reverts() public {
        _attach(1);
        uint256 z = _point(4096, 1);
        vm.expectRevert(BlobEvaluation.BlobValueMismatch.selector);
        _commitBlobs(4096, _first(z) ^ 1, _openings(1, z));
    }

    /// @dev A count that cuts off the last word, which is 7 and no filling.
    function test_commitBlobs_wordLeftOut_reverts() public {
        _attach(1);
        uint256 z = _point(4095, 1);
        // 5 is what is left without it.
        vm.expectRevert(BlobEvaluation.BlobValueMismatch.selector);
        _commitBlobs(4095, 5, _openings(1, z));
    }

    function test_commitBlobs_valueNotInField_reverts() public {
        _attach(1);
        uint256 z = _point(4096, 1);
        uint256 value = _first(z) + Kzg.R;
        vm.expectRevert(
            abi.encodeWithSelector(BlobEvaluation.NotInScalarField.selector, bytes32(value))
        );
        _commitBlobs(4096, value, _openings(1, z));
    }

    function test_commitBlobs_tooManyBlobs_reverts() public {
        uint32 count = 6 * 4096 + 1;
        vm.expectRevert(
            abi.encodeWithSelector(DataAvailability.WrongBlobCount.selector, count, 7 * 128)
        );
        _commitBlobs(count, 0, new bytes(7 * 128));
    }

    function test_commitBlobs_openingTooMany_reverts() public {
        _attach(2);
        vm.expectRevert(abi.encodeWithSelector(DataAvailability.WrongBlobCount.selector, 4096, 256));
        _commitBlobs(4096, 0, _openings(2, 1));
    }

    function test_commit_otherCount_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(DataAvailability.WrongDataCount.selector, 1, 2));
        rollup.commit(genesis, _commitmentOf(2), _streams(new bytes(31), ""));
    }

    // --- helpers ---

    /// @dev The values of the first blob, and of both.
    function _first(uint256 z) private pure returns (uint256) {
        return addmod(mulmod(5, z, Kzg.R), 7, Kzg.R);
    }

    function _both(uint256 z) private pure returns (uint256) {
        return addmod(mulmod(_first(z), Kzg.power(z, 4096), Kzg.R), z, Kzg.R);
    }

    function _hashes(uint256 blobs) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            hashes[i] = Kzg.versionedHash(i == 0 ? Kzg.FIVE_X_PLUS_SEVEN : Kzg.X);
        }
    }

    function _attach(uint256 blobs) private {
        vm.blobhashes(_hashes(blobs));
    }

    function _openings(uint256 blobs, uint256 z) private pure returns (bytes memory openings) {
        openings = Kzg.opening(_first(z), Kzg.FIVE_X_PLUS_SEVEN, Kzg.FIVE);
        for (uint256 i = 1; i < blobs; ++i) {
            openings = bytes.concat(openings, Kzg.opening(z, Kzg.X, Kzg.ONE));
        }
    }

    function _point(uint256 count, uint256 blobs) private view returns (uint256) {
        return _point(count, _hashes(blobs));
    }

    function _point(uint256 count, bytes32[] memory hashes) private view returns (uint256) {
        return Kzg.point(rollup.DOMAIN(), 1, count, hashes);
    }

    function _commitBlobs(uint256 count, uint256 value, bytes memory openings)
        private
        returns (Batch memory)
    {
        Commitment memory next = _commitmentOf(uint32(count));
        next.dataMode = DataMode.BLOBS;
        next.dataValue = 77;
        next.blobValue = bytes32(value);
        return rollup.commit(genesis, next, _streams(openings, ""));
    }
}
