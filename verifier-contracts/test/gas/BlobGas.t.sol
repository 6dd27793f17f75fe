// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {DataMode} from "../../src/DataAvailability.sol";
import {Batch, Commitment} from "../../src/Settlement.sol";
import {Kzg} from "../utils/Kzg.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {Costs} from "./Costs.sol";

/// @notice Gas of commitments with blobs. An isolated call would lose the blobs' hashes, so the price
/// of the transaction itself (base and calldata) is added by hand; the storage is as cold as it is in
/// one.
/// forge-config: default.isolate = false
contract BlobGasTest is RollupTest {
    /// @dev Of a blob: EIP-4844.
    uint256 private constant BLOB_GAS = 2 ** 17;

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
        Costs.ofValue(
            "commit: 1 blob, 8192 short transfers", _commitBlobs(1), Costs.COMMIT_ONE_BLOB
        );
    }

    /// @dev A full blob's commitment, and a proof as dear as one may be (`ProofGasTest` holds it to that),
    /// shared by the blob's transfers.
    function test_gas_transfer_ofFullBlob() public {
        uint256 gas = _commitBlobs(1) + Costs.PROVE_ONE_BATCH;
        uint256 each = Costs.each(gas, 0, Costs.TRANSFERS_PER_BLOB);
        Costs.ofValue("transfer of a full blob: execution at most", each, Costs.TRANSFER);
        each = Costs.each(BLOB_GAS, 0, Costs.TRANSFERS_PER_BLOB);
        Costs.ofValue("transfer of a full blob: blob gas", each, Costs.TRANSFER_BLOB_GAS);
    }

    function test_gas_commit_2Blobs() public {
        vm.snapshotValue("commit: 2 blobs", _commitBlobs(2));
    }

    function test_gas_commit_6Blobs() public {
        uint256 snapshot = vm.snapshotState();
        uint256 one = _commitBlobs(1);
        vm.revertToState(snapshot);
        uint256 six = _commitBlobs(6);
        vm.snapshotValue("commit: 6 blobs", six);
        Costs.ofValue(
            "commit: each further blob", Costs.each(six, one, 5), Costs.COMMIT_FURTHER_BLOB
        );
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
