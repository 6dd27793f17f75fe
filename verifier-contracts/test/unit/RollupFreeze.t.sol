// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm, vm} from "../../script/Vm.sol";
import {Governed} from "../../src/Governed.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Settlement} from "../../src/Settlement.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract RollupFreezeTest is RollupTest {
    uint256 private constant LAST_SECOND = uint256(NOW) + DEADLINE;

    function setUp() public override {
        super.setUp();
        _register(address(0), 9);
    }

    // --- succeeds ---

    function test_freeze_byStranger_succeeds() public {
        Batch memory one = _commitEmpty(genesis);
        _prove(genesis, one);
        _commitQueued(one, _registerWords(0, 9), _origins(1));

        vm.warp(LAST_SECOND + 1);
        vm.assertTrue(rollup.isOverdue());
        vm.expectEmit(address(rollup));
        emit Settlement.BatchesReverted(2, 2);
        vm.expectEmit(address(rollup));
        emit Settlement.Frozen(1, one.state);
        vm.prank(STRANGER);
        rollup.freeze();
        vm.assertTrue(rollup.frozen());
        vm.assertEq(rollup.committedBatches(), 1);
        vm.assertEq(rollup.provenState(), one.state);
    }

    /// @dev Nothing is taken back where nothing waits: one event only.
    function test_freeze_nothingUnproven_succeeds() public {
        vm.warp(LAST_SECOND + 1);
        vm.recordLogs();
        rollup.freeze();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].topics[0], Settlement.Frozen.selector);
    }

    function test_freeze_paused_succeeds() public {
        rollup.pause();
        vm.warp(LAST_SECOND + 1);
        rollup.freeze();
        vm.assertTrue(rollup.frozen());
    }

    /// @dev What counts is the oldest operation that is not proven.
    function test_deadline_movesWithProofs_succeeds() public {
        vm.assertEq(rollup.deadline(), LAST_SECOND);
        vm.warp(NOW + 7);
        _register(address(token), 6);
        vm.assertEq(rollup.deadline(), LAST_SECOND);

        Batch memory one = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        vm.assertEq(rollup.deadline(), LAST_SECOND);
        _prove(genesis, one);
        vm.assertEq(rollup.deadline(), LAST_SECOND + 7);

        Batch memory two = _commitQueued(one, _registerWords(1, 6), _origins(1));
        _prove(one, two);
        vm.assertEq(rollup.deadline(), type(uint256).max);
        vm.warp(type(uint64).max);
        vm.assertFalse(rollup.isOverdue());
    }

    // --- reverts ---

    function test_freeze_lastSecond_reverts() public {
        vm.warp(LAST_SECOND);
        vm.assertFalse(rollup.isOverdue());
        vm.expectRevert(
            abi.encodeWithSelector(PriorityQueue.NotOverdue.selector, LAST_SECOND, LAST_SECOND)
        );
        rollup.freeze();
    }

    function test_freeze_nothingWaits_reverts() public {
        _prove(genesis, _commitQueued(genesis, _registerWords(0, 9), _origins(1)));
        vm.warp(LAST_SECOND + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                PriorityQueue.NotOverdue.selector, type(uint256).max, LAST_SECOND + 1
            )
        );
        rollup.freeze();
    }

    function test_freeze_twice_reverts() public {
        _freeze();
        vm.expectRevert(Governed.RollupFrozen.selector);
        rollup.freeze();
    }

    /// @dev For good: no role can make a frozen rollup go on.
    function test_freeze_everythingStops_reverts() public {
        Batch memory one = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        _freeze();
        uint256[8] memory proof = _proof(genesis, one);
        vm.expectRevert(Governed.RollupFrozen.selector);
        rollup.prove(genesis, one, 0, proof);
        vm.expectRevert(Governed.RollupFrozen.selector);
        rollup.commitAndProve(genesis, _commitment(), _streams("", ""), 0, proof);
        vm.expectRevert(Governed.RollupFrozen.selector);
        custody.deposit{value: 1 gwei + FEE}(0, ETH, 1 gwei, _key());
        vm.expectRevert(Governed.RollupFrozen.selector);
        custody.registerToken{value: FEE}(address(token), 6, NO_CAP, _key());
    }
}
