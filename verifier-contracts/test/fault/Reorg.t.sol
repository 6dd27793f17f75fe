// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Settlement} from "../../src/Settlement.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {ForcedTransaction} from "../../src/libraries/ForcedTransactions.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice L1 drops its last 1, 2 or 20 blocks and comes to the same height another way. What an operator has
/// made for the blocks that are gone is refused where it does not fit any more, and holds where it
/// does.
contract ReorgTest is RollupTest {
    uint256 private constant BLOCK = 12;

    struct Fork {
        uint256 state;
        uint256 head;
    }

    function setUp() public override {
        super.setUp();
        _register(address(0), 9);
        Batch memory batch = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        _prove(genesis, batch);
        genesis = batch;
        vm.deal(ALICE, 1 ether);
        vm.deal(BOB, 1 ether);
    }

    // --- a deposit ---

    function test_reorg_depositGone_reverts() public {
        _atEachDepth(_depositGone);
    }

    function _depositGone(uint256 blocks) private {
        Fork memory fork = _start(blocks);
        _depositFor(ALICE, 5);
        bytes memory origins = abi.encodePacked(ALICE);
        _commitQueued(genesis, _depositWords(ETH, 5), origins);
        _reorganize(fork);
        vm.expectRevert(abi.encodeWithSelector(PriorityQueue.QueueExhausted.selector, 2, 1));
        _commitQueued(genesis, _depositWords(ETH, 5), origins);
        _commitEmpty(genesis);
    }

    /// @dev Another deposit has its place in the queue: other words, or the same words of somebody else.
    function test_reorg_depositReplaced_reverts() public {
        _atEachDepth(_depositOfAnother);
        _atEachDepth(_depositOfAnotherAmount);
    }

    function _depositOfAnother(uint256 blocks) private {
        _depositReplaced(blocks, BOB, 5);
    }

    function _depositOfAnotherAmount(uint256 blocks) private {
        _depositReplaced(blocks, ALICE, 7);
    }

    function _depositReplaced(uint256 blocks, address depositor, uint256 quanta) private {
        Fork memory fork = _start(blocks);
        _depositFor(ALICE, 5);
        bytes memory origins = abi.encodePacked(ALICE);
        _commitQueued(genesis, _depositWords(ETH, 5), origins);
        _reorganize(fork);
        _depositFor(depositor, quanta);
        vm.expectRevert(abi.encodeWithSelector(PriorityQueue.QueueMismatch.selector, 1, 2));
        _commitQueued(genesis, _depositWords(ETH, 5), origins);
        // The queue does not stand still for it.
        _commitQueued(genesis, _depositWords(ETH, quanta), abi.encodePacked(depositor));
    }

    /// @dev The words of a forced transaction have the time of their block.
    function test_reorg_forcedTransactionLater_reverts() public {
        Fork memory fork = _start(2);
        ForcedTransaction memory forced;
        forced.kind = 0x12;
        vm.recordLogs();
        custody.forceTransaction{value: FEE}(forced);
        (bytes memory before, bytes memory origins) = _recordedOperations();
        _reorganize(fork);
        vm.recordLogs();
        custody.forceTransaction{value: FEE}(forced);
        (bytes memory words,) = _recordedOperations();
        vm.expectRevert(abi.encodeWithSelector(PriorityQueue.QueueMismatch.selector, 1, 2));
        _commitQueued(genesis, before, origins);
        _commitQueued(genesis, words, origins);
    }

    // --- a commitment ---

    function test_reorg_commitmentGone_succeeds() public {
        _atEachDepth(_commitmentGone);
    }

    /// @dev The record must be committed again; its bytes name no block, so the proof need not be made again.
    function _commitmentGone(uint256 blocks) private {
        Fork memory fork = _start(blocks);
        uint256 timestamp = block.timestamp;
        Batch memory batch = rollup.commit(genesis, _commitmentAt(timestamp), _streams("", ""));
        uint256[8] memory proof = _proof(genesis, batch);
        _reorganize(fork);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRange.selector, 1, 2, 1));
        rollup.prove(genesis, batch, 0, proof);

        Batch memory again = rollup.commit(genesis, _commitmentAt(timestamp), _streams("", ""));
        vm.assertEq(again.chainHash, batch.chainHash);
        rollup.prove(genesis, again, 0, proof);
    }

    /// @dev What was built on top of it falls with it.
    function test_reorg_commitmentReplaced_reverts() public {
        Fork memory fork = _start(20);
        Batch memory one = _commitEmpty(genesis);
        Batch memory two = _commitEmpty(one);
        uint256[8] memory proof = _proof(genesis, two);
        _reorganize(fork);
        Batch memory other = _commitWithdrawals(genesis, abi.encodePacked(_withdrawal(ETH, BOB, 1)));
        vm.expectRevert(abi.encodeWithSelector(Settlement.BatchHashMismatch.selector, 2));
        rollup.commit(one, _commitmentAt(block.timestamp), _streams("", ""));
        two = _commitEmpty(other);
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        rollup.prove(genesis, two, 0, proof);
    }

    // --- a proof ---

    function test_reorg_proofGone_succeeds() public {
        _atEachDepth(_proofGone);
    }

    /// @dev The withdrawal is not final any more, and it is again when the proof has been sent again.
    function _proofGone(uint256 blocks) private {
        uint256 bobs = BOB.balance;
        bytes31 word = _withdrawal(ETH, BOB, 1);
        _depositFor(ALICE, 1);
        Batch memory batch = _commitWithdrawals(genesis, abi.encodePacked(word));
        uint256[8] memory proof = _proof(genesis, batch);
        bytes32[] memory path = new bytes32[](0);

        Fork memory fork = _start(blocks);
        rollup.prove(genesis, batch, 0, proof);
        custody.claim(2, 0, word, path);
        _reorganize(fork);
        vm.expectRevert(abi.encodeWithSelector(Settlement.NotProven.selector, 2, 1));
        custody.claim(2, 0, word, path);
        rollup.prove(genesis, batch, 0, proof);
        custody.claim(2, 0, word, path);
        vm.assertEq(BOB.balance, bobs + 1 gwei);
    }

    // --- helpers ---

    function _atEachDepth(function(uint256) internal check) private {
        uint256[3] memory depths = [uint256(1), 2, 20];
        for (uint256 i = 0; i < depths.length; ++i) {
            uint256 clean = vm.snapshotState();
            check(depths[i]);
            vm.revertToState(clean);
        }
    }

    /// @dev What follows happens in the first of `blocks` blocks that will be dropped.
    function _start(uint256 blocks) private returns (Fork memory fork) {
        fork = Fork({state: vm.snapshotState(), head: block.timestamp + blocks * BLOCK});
        vm.warp(block.timestamp + BLOCK);
    }

    /// @dev The new chain is a block longer than the one that it replaces.
    function _reorganize(Fork memory fork) private {
        vm.revertToState(fork.state);
        vm.warp(fork.head + BLOCK);
    }

    function _depositFor(address depositor, uint256 quanta) private {
        vm.prank(depositor);
        custody.deposit{value: quanta * 1 gwei + FEE}(0, ETH, quanta * 1 gwei, _key());
    }
}
