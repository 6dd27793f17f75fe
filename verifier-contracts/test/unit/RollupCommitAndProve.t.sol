// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {vm} from "../../script/Vm.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Commitment, Settlement, Streams} from "../../src/Settlement.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract RollupCommitAndProveTest is RollupTest {
    Batch private one;

    function setUp() public override {
        super.setUp();
        _registerTokens();
        one = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        _prove(genesis, one);
    }

    // --- succeeds ---

    function test_commitAndProve_overdue_succeeds() public {
        uint256[8] memory proof = _makeOverdue();
        vm.prank(STRANGER);
        Batch memory two = rollup.commitAndProve(one, _next(), _queued(), 0, proof);
        vm.assertEq(two.number, 2);
        vm.assertEq(rollup.committedBatches(), 2);
        vm.assertEq(rollup.provenBatches(), 2);
        vm.assertEq(rollup.provenOperations(), 2);
        vm.assertEq(rollup.rewards(STRANGER), FEE);
        vm.assertFalse(rollup.isOverdue());
    }

    /// @dev The operator's batches that nobody has proven do not stand in the way.
    function test_commitAndProve_unprovenAreDropped_succeeds() public {
        uint256[8] memory proof = _makeOverdue();
        _commitEmpty(_commitEmpty(one));
        vm.expectEmit(address(rollup));
        emit Settlement.BatchesReverted(2, 3);
        vm.prank(STRANGER);
        rollup.commitAndProve(one, _next(), _queued(), 0, proof);
        vm.assertEq(rollup.committedBatches(), 2);
        vm.assertEq(rollup.batchHash(3), bytes32(0));
    }

    // --- reverts ---

    function test_commitAndProve_inTime_reverts() public {
        uint256[8] memory proof = _makeOverdue();
        uint256 deadline = uint256(NOW) + DEADLINE;
        vm.warp(deadline);
        vm.expectRevert(
            abi.encodeWithSelector(PriorityQueue.NotOverdue.selector, deadline, deadline)
        );
        rollup.commitAndProve(one, _next(), _queued(), 0, proof);
    }

    function test_commitAndProve_operationLeftOut_reverts() public {
        _makeOverdue();
        uint256 before = vm.snapshotState();
        Batch memory empty = rollup.commit(one, _next(), _streams("", ""));
        vm.revertToState(before);
        uint256[8] memory proof = _proof(one, empty);
        vm.expectRevert(abi.encodeWithSelector(Settlement.StillOverdue.selector, 1));
        rollup.commitAndProve(one, _next(), _streams("", ""), 0, proof);
    }

    function test_commitAndProve_noProof_reverts() public {
        uint256[8] memory proof = _makeOverdue();
        proof[0] ^= 1;
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        rollup.commitAndProve(one, _next(), _queued(), 0, proof);
    }

    function test_commitAndProve_notAfterLastProven_reverts() public {
        uint256[8] memory proof = _makeOverdue();
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongBatch.selector, 1, 0));
        rollup.commitAndProve(genesis, _next(), _queued(), 0, proof);
    }

    function test_commitAndProve_retiredCircuitSet_reverts() public {
        uint256[8] memory proof = _makeOverdue();
        rollup.retireCircuitSet(0);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetIsRetired.selector, 0));
        rollup.commitAndProve(one, _next(), _queued(), 0, proof);
    }

    function test_commitAndProve_paused_reverts() public {
        uint256[8] memory proof = _makeOverdue();
        rollup.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        rollup.commitAndProve(one, _next(), _queued(), 0, proof);
    }

    // --- helpers ---

    /// @dev Time passes, and the stranger makes a proof of what it is going to commit.
    function _makeOverdue() private returns (uint256[8] memory proof) {
        vm.warp(uint256(NOW) + DEADLINE + 1);
        uint256 before = vm.snapshotState();
        Batch memory batch = rollup.commit(one, _next(), _queued());
        vm.revertToState(before);
        return _proof(one, batch);
    }

    function _next() private pure returns (Commitment memory) {
        return _commitmentAt(uint256(NOW) + DEADLINE);
    }

    function _queued() private view returns (Streams memory streams) {
        streams = _streams("", "");
        streams.priority = _registerWords(1, 6);
        streams.origins = _origins(1);
    }
}
