// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {DataAvailability, DataMode} from "../../src/DataAvailability.sol";
import {Governed} from "../../src/Governed.sol";
import {Batch, Commitment, Settlement, Streams} from "../../src/Settlement.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Reference} from "../utils/Reference.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract RollupCommitTest is RollupTest {
    bytes internal constant WORDS = hex"01000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        hex"10ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    // --- succeeds ---

    function test_commit_emptyBatch_succeeds() public {
        Batch memory expected = Batch({
            number: 1,
            timestamp: NOW,
            priorityEnd: 0,
            state: _commitment().state,
            chainHash: _chainHash(genesis, _commitment(), [bytes(""), "", ""])
        });
        vm.expectEmit(address(rollup));
        emit Settlement.BatchCommitted(
            1, expected, bytes32(0), DataMode.CALLDATA, _commitment().dataDigest, 0
        );
        Batch memory batch = _commitEmpty(genesis);
        vm.assertEq(abi.encode(batch), abi.encode(expected));
        vm.assertEq(rollup.committedBatches(), 1);
        vm.assertEq(rollup.provenBatches(), 0);
        vm.assertEq(rollup.batchHash(1), keccak256(abi.encode(expected)));
    }

    function test_commit_allStreams_succeeds() public {
        _registerTokens();
        bytes memory priorityWords = _tokenWords();
        bytes31 withdrawal = _withdrawal(ETH, ALICE, 5);
        bytes memory withdrawals = abi.encodePacked(withdrawal);

        vm.recordLogs();
        Streams memory streams = Streams({
            data: WORDS, priority: priorityWords, origins: _origins(2), withdrawals: withdrawals
        });
        Batch memory batch = rollup.commit(genesis, _commitmentOf(2), streams);
        bytes32 expected =
            _chainHash(genesis, _commitmentOf(2), [WORDS, priorityWords, withdrawals]);
        vm.assertEq(batch.chainHash, expected);
        vm.assertEq(batch.priorityEnd, 2);
        (, bytes32 root) = abi.decode(vm.getRecordedLogs()[0].data, (Batch, bytes32));
        vm.assertEq(root, keccak256(abi.encodePacked(withdrawal)));
    }

    /// @dev Of a contract, and of an account that has code: the data is in no transaction's input.
    function test_commit_throughCode_emitsItsData() public {
        vm.expectEmit(address(rollup));
        emit Settlement.BatchData(1, WORDS);
        Batch memory one = rollup.commit(genesis, _commitmentOf(2), _streams(WORDS, ""));
        _ownTransaction();
        vm.etch(OPERATOR, abi.encodePacked(hex"ef0100", address(this)));
        vm.expectEmit(address(rollup));
        emit Settlement.BatchData(2, WORDS);
        rollup.commit(one, _commitmentOf(2), _streams(WORDS, ""));
    }

    function test_commit_inItsOwnTransaction_emitsNoData() public {
        _ownTransaction();
        vm.recordLogs();
        rollup.commit(genesis, _commitmentOf(2), _streams(WORDS, ""));
        vm.assertEq(vm.getRecordedLogs().length, 1);
    }

    /// @dev A transaction has the sender's blobs wherever in it they are committed.
    function test_commit_otherModesThroughCode_emitNoData() public {
        vm.recordLogs();
        Commitment memory next = _commitment();
        next.dataMode = DataMode.BLOBS;
        next.blobValue = bytes32(0);
        rollup.commit(genesis, next, _streams("", ""));
        vm.assertEq(vm.getRecordedLogs().length, 1);
    }

    /// @dev The header goes on from the batch before, proven or not, and has the batch's own time.
    function test_commit_afterUnprovenBatch_succeeds() public {
        Batch memory one = _commitEmpty(genesis);
        vm.warp(NOW + 100);
        Commitment memory next = _commitment();
        next.timestamp = NOW + 50;
        next.state = bytes32(uint256(22));
        next.dataDigest = bytes32(uint256(33));
        next.dataCount = 2;
        Batch memory expected = Batch({
            number: 2,
            timestamp: NOW + 50,
            priorityEnd: 0,
            state: next.state,
            chainHash: _chainHash(one, next, [WORDS, "", ""])
        });
        Batch memory two = rollup.commit(one, next, _streams(WORDS, ""));
        vm.assertEq(abi.encode(two), abi.encode(expected));
        vm.assertEq(rollup.provenState(), GENESIS_STATE);
    }

    function test_commit_largestData_succeeds() public {
        bytes memory data = new bytes(119_970);
        Batch memory batch = rollup.commit(genesis, _commitmentOf(3_870), _streams(data, ""));
        vm.assertEq(batch.number, 1);
    }

    function test_commit_severalUnprovenBatches_succeeds() public {
        _registerTokens();
        Batch memory one = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        Batch memory two = _commitQueued(one, _registerWords(1, 6), _origins(1));
        Batch memory three = _commitEmpty(two);
        vm.assertEq(one.priorityEnd, 1);
        vm.assertEq(two.priorityEnd, 2);
        vm.assertEq(three.priorityEnd, 2);
        vm.assertEq(rollup.committedBatches(), 3);
    }

    /// @dev Records stand in a ring. All that wait stay apart from each other and from the last proven.
    function test_commit_aroundTheRing_succeeds() public {
        Batch[] memory batches = new Batch[](600);
        batches[0] = genesis;
        uint256 proven = 0;
        for (uint256 i = 1; i < 600; ++i) {
            batches[i] = _commitEmpty(batches[i - 1]);
            if (i - proven < 256) continue;
            for (uint256 j = proven; j <= i; ++j) {
                vm.assertEq(rollup.batchHash(uint32(j)), keccak256(abi.encode(batches[j])));
            }
            _prove(batches[proven], batches[proven + 100]);
            proven += 100;
        }
        vm.assertEq(rollup.batchHash(uint32(proven - 1)), bytes32(0));
        vm.assertEq(rollup.batchHash(600), bytes32(0));
        // One that stood in the same place is no record of the last proven batch.
        Batch memory stale = batches[proven - 257];
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongBatch.selector, 599, stale.number));
        _commitEmpty(stale);
    }

    function test_commit_oldestTimestamp_succeeds() public {
        vm.warp(NOW + 24 hours);
        Batch memory batch = rollup.commit(genesis, _commitment(), _streams("", ""));
        vm.assertEq(batch.timestamp, NOW);
    }

    // --- reverts ---

    function test_commit_notCommitter_reverts() public {
        _expectUnauthorized(rollup.COMMITTER_ROLE());
        rollup.commit(genesis, _commitment(), _streams("", ""));
    }

    function test_commit_paused_reverts() public {
        rollup.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        _commitEmpty(genesis);
    }

    function test_commit_sameNumberAgain_reverts() public {
        _commitEmpty(genesis);
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongBatch.selector, 1, 0));
        _commitEmpty(genesis);
    }

    function test_commit_numberAhead_reverts() public {
        Batch memory ahead = genesis;
        ahead.number = 1;
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongBatch.selector, 0, 1));
        _commitEmpty(ahead);
    }

    function test_commit_forgedPrevious_reverts() public {
        Batch memory batch = _commitEmpty(genesis);
        batch.state = bytes32(uint256(77));
        vm.expectRevert(abi.encodeWithSelector(Settlement.BatchHashMismatch.selector, 1));
        _commitEmpty(batch);
    }

    function test_commit_forgedQueuePosition_reverts() public {
        Batch memory forged = genesis;
        forged.priorityEnd = 1;
        vm.expectRevert(abi.encodeWithSelector(Settlement.BatchHashMismatch.selector, 0));
        _commitEmpty(forged);
    }

    function test_commit_timestampDecreases_reverts() public {
        Batch memory batch = _commitEmpty(genesis);
        Commitment memory next = _commitment();
        next.timestamp = NOW - 1;
        vm.expectRevert(
            abi.encodeWithSelector(Settlement.TimestampDecreases.selector, NOW, NOW - 1)
        );
        rollup.commit(batch, next, _streams("", ""));
    }

    function test_commit_timestampInFuture_reverts() public {
        Commitment memory next = _commitment();
        next.timestamp = NOW + 1;
        vm.expectRevert(abi.encodeWithSelector(Settlement.TimestampInFuture.selector, NOW + 1, NOW));
        rollup.commit(genesis, next, _streams("", ""));
    }

    function test_commit_timestampTooOld_reverts() public {
        uint256 late = NOW + 24 hours + 1;
        vm.warp(late);
        vm.expectRevert(abi.encodeWithSelector(Settlement.TimestampTooOld.selector, NOW, late));
        rollup.commit(genesis, _commitment(), _streams("", ""));
    }

    function test_commit_tooMuchData_reverts() public {
        bytes memory data = new bytes(120_001);
        vm.expectRevert(abi.encodeWithSelector(DataAvailability.TooMuchData.selector, 120_001));
        rollup.commit(genesis, _commitmentOf(3_870), _streams(data, ""));
    }

    function test_commit_dataNotWholeWords_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(DataAvailability.NotWholeWords.selector, 30));
        rollup.commit(genesis, _commitment(), _streams(new bytes(30), ""));
    }

    function test_commit_withdrawalsNotWholeWords_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(DataAvailability.NotWholeWords.selector, 32));
        rollup.commit(genesis, _commitment(), _streams("", new bytes(32)));
    }

    function test_commit_tooManyUnproven_reverts() public {
        Batch memory last = genesis;
        for (uint256 i = 0; i < 256; ++i) {
            last = _commitEmpty(last);
        }
        vm.expectRevert(abi.encodeWithSelector(Settlement.TooManyUnproven.selector, 256));
        _commitEmpty(last);
    }

    function test_commit_frozen_reverts() public {
        _registerTokens();
        _freeze();
        vm.expectRevert(Governed.RollupFrozen.selector);
        _commitEmpty(genesis);
    }

    // --- the header, built in another way ---

    function _chainHash(Batch memory previous, Commitment memory next, bytes[3] memory streams)
        private
        view
        returns (bytes32)
    {
        uint32 number = previous.number + 1;
        uint256 k = uint256(_pointHash(number, next, streams));
        uint256 x0 = k % 2 ** 64 % Reference.P;
        uint256 x1 = (k >> 64) % 2 ** 64 % Reference.P;
        bytes memory values = abi.encodePacked(uint64(x0), uint64(x1));
        for (uint256 i = 0; i < 3; ++i) {
            (uint256 y0, uint256 y1) = Reference.evaluate(streams[i], x0, x1);
            values = bytes.concat(values, bytes8(uint64(y0)), bytes8(uint64(y1)));
        }
        bytes memory header = bytes.concat(
            previous.chainHash,
            _domain(),
            abi.encodePacked(number, next.timestamp),
            previous.state,
            next.state
        );
        header = bytes.concat(
            header,
            abi.encodePacked(next.dataDigest, uint32(streams[0].length / 31)),
            abi.encodePacked(next.priorityDigest, uint32(streams[1].length / 31)),
            abi.encodePacked(next.withdrawalDigest, uint32(streams[2].length / 31)),
            values
        );
        // Data in calldata: neither z nor a value there.
        header = bytes.concat(header, new bytes(64));
        vm.assertEq(header.length, 372);
        return sha256(header);
    }

    function _pointHash(uint256 number, Commitment memory next, bytes[3] memory streams)
        private
        view
        returns (bytes32)
    {
        bytes memory counted = abi.encode(
            next.dataDigest,
            streams[0].length / 31,
            next.priorityDigest,
            streams[1].length / 31,
            next.withdrawalDigest,
            streams[2].length / 31
        );
        bytes memory hashes =
            abi.encode(keccak256(streams[0]), keccak256(streams[1]), keccak256(streams[2]));
        // ABI: the string's offset, eleven words, then its length and bytes.
        return keccak256(
            bytes.concat(
                abi.encode(uint256(12 * 32), _domain(), number),
                counted,
                hashes,
                abi.encode(uint256(14), bytes32("cairn.point.v1"))
            )
        );
    }

    function _domain() private view returns (bytes32) {
        bytes32 hash = keccak256(
            abi.encode(
                uint256(96), block.chainid, address(rollup), uint256(15), bytes32("cairn.domain.v1")
            )
        );
        return hash & bytes32(uint256(2 ** 248 - 1));
    }
}
