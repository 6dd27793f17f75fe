// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {DataMode} from "../../src/DataAvailability.sol";
import {Batch, Commitment} from "../../src/Settlement.sol";
import {Kzg} from "../utils/Kzg.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice Gas of commitments with blobs. An isolated call would lose the blobs' hashes, so the price
/// of the transaction itself (base and calldata) is added by hand; the storage is as cold as it is in
/// one.
/// forge-config: default.isolate = false
contract BlobGasTest is RollupTest {
    Batch private last;

    function setUp() public override {
        super.setUp();
        // Every slot for a record has been used.
        Batch memory batch = genesis;
        for (uint256 i = 0; i < 257; ++i) {
            last = _commitEmpty(batch);
            _prove(batch, last);
            batch = last;
        }
    }

    function test_gas_commit_noBlob() public {
        vm.snapshotValue("commit: no blob", _commitBlobs(0));
    }

    function test_gas_commit_1Blob() public {
        vm.snapshotValue("commit: 1 blob, 8192 short transfers", _commitBlobs(1));
    }

    function test_gas_commit_2Blobs() public {
        vm.snapshotValue("commit: 2 blobs", _commitBlobs(2));
    }

    function test_gas_commit_6Blobs() public {
        vm.snapshotValue("commit: 6 blobs", _commitBlobs(6));
    }

    /// @dev Full blobs `5 X + 7`, with the digests of `_commitment`.
    function _commitBlobs(uint256 blobs) private returns (uint256 gas) {
        bytes32[] memory hashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            hashes[i] = Kzg.versionedHash(Kzg.FIVE_X_PLUS_SEVEN);
        }
        vm.blobhashes(hashes);
        Commitment memory next = _commitmentOf(uint32(4096 * blobs));
        next.dataMode = DataMode.BLOBS;
        uint256 z = Kzg.point(rollup.DOMAIN(), last.number + 1, next.dataCount, hashes);
        uint256 each = addmod(mulmod(5, z, Kzg.R), 7, Kzg.R);
        uint256 shift = Kzg.power(z, 4096);
        uint256 value = 0;
        bytes memory openings;
        for (uint256 i = 0; i < blobs; ++i) {
            value = addmod(mulmod(value, shift, Kzg.R), each, Kzg.R);
            openings = bytes.concat(openings, Kzg.opening(each, Kzg.FIVE_X_PLUS_SEVEN, Kzg.FIVE));
        }
        next.blobValue = bytes32(value);
        bytes memory call = abi.encodeCall(rollup.commit, (last, next, _streams(openings, "")));
        address target = address(rollup);

        uint256 before = gasleft();
        (bool success,) = target.call(call);
        gas = before - gasleft();
        require(success, "the commitment failed");
        gas += 21_000;
        for (uint256 i = 0; i < call.length; ++i) {
            gas += call[i] == 0 ? 4 : 16;
        }
    }
}
