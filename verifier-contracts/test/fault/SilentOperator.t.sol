// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Commitment, Streams} from "../../src/Settlement.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice The operator has gone, or leaves someone out. Nobody needs it: a stranger freezes the
/// rollup or goes on in its place, with what is on L1.
contract SilentOperatorTest is RollupTest {
    bytes31 private immutable WITHDRAWAL = _withdrawal(ETH, BOB, 10);

    Batch private batch;
    uint256 private deadline;

    /// @dev Proven: 90 ETH quanta and 50 of the token in leaves, 10 withdrawn and not claimed.
    /// Committed only: a batch that withdraws 20. Queued: a deposit.
    function setUp() public override {
        super.setUp();
        _registerTokens();
        _depositEth(100 gwei);
        _depositToken(50_000_000);
        Streams memory streams = Streams({
            data: "",
            priority: bytes.concat(
                _tokenWords(), _depositWords(ETH, 100), _depositWords(TOKEN, 50)
            ),
            origins: _origins(4),
            withdrawals: abi.encodePacked(WITHDRAWAL)
        });
        batch = rollup.commit(genesis, _commitment(), streams);
        _prove(genesis, batch);
        _commitWithdrawals(batch, abi.encodePacked(_withdrawal(ETH, STRANGER, 20)));
        _depositEth(5 gwei);
        deadline = rollup.deadline();
    }

    function test_silentOperator_everyoneLeaves_succeeds() public {
        vm.warp(deadline + 1);
        vm.prank(STRANGER);
        rollup.freeze();

        // All by the stranger, from what L1 has published.
        bytes memory leaves = bytes.concat(
            _leaf(65_536, ETH, 85, ALICE), _leaf(65_537, TOKEN, 50, ALICE), _leaf(0, ETH, 5, BOB)
        );
        uint256[8] memory proof = _exitProof(leaves);
        uint256 before = address(this).balance;
        vm.prank(STRANGER);
        custody.exit(0, leaves, proof);
        vm.prank(STRANGER);
        custody.refund(4, _depositWords(ETH, 5), address(this));
        vm.prank(STRANGER);
        custody.claim(1, 0, WITHDRAWAL, new bytes32[](0));
        custody.collect(ALICE, address(0));
        custody.collect(ALICE, address(token));
        custody.collect(BOB, address(0));
        custody.collect(address(this), address(0));
        custody.collectReward(address(this));

        vm.assertEq(ALICE.balance, 85 gwei);
        vm.assertEq(token.balanceOf(ALICE), 50_000_000);
        vm.assertEq(BOB.balance, 15 gwei);
        // The deposit with its fee, and the fees of four proven operations.
        vm.assertEq(address(this).balance - before, 5 gwei + 5 * FEE);
        vm.assertEq(address(custody).balance, 0);
        vm.assertEq(token.balanceOf(address(custody)), 0);
    }

    /// @dev What was committed and not proven never happened.
    function test_silentOperator_unprovenWithdrawal_reverts() public {
        vm.warp(deadline + 1);
        rollup.freeze();
        bytes31 word = _withdrawal(ETH, STRANGER, 20);
        vm.expectRevert();
        custody.claim(2, 0, word, new bytes32[](0));
    }

    function test_silentOperator_freezeJustBeforeExpiry_reverts() public {
        vm.warp(deadline);
        vm.expectRevert(
            abi.encodeWithSelector(PriorityQueue.NotOverdue.selector, deadline, deadline)
        );
        vm.prank(STRANGER);
        rollup.freeze();
    }

    /// @dev The operator proves in the last second: there is nothing to freeze for.
    function test_silentOperator_provesInLastSecond_succeeds() public {
        vm.warp(deadline);
        Batch memory committed = _recommit();
        _prove(batch, committed);
        vm.warp(deadline + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                PriorityQueue.NotOverdue.selector, type(uint256).max, deadline + 1
            )
        );
        rollup.freeze();
    }

    /// @dev Pausing does not hold anyone back.
    function test_silentOperator_pausedUntilExpiry_succeeds() public {
        rollup.pause();
        vm.warp(deadline + 1);
        vm.prank(STRANGER);
        rollup.freeze();
        _exit(_leaf(65_536, ETH, 90, ALICE));
        custody.collect(ALICE, address(0));
        vm.assertEq(ALICE.balance, 90 gwei);
    }

    function test_silentOperator_strangerGoesOn_succeeds() public {
        vm.warp(deadline + 1);
        uint256 snapshot = vm.snapshotState();
        Batch memory next = _recommit();
        vm.revertToState(snapshot);

        uint256[8] memory proof = _proof(batch, next);
        vm.prank(STRANGER);
        rollup.commitAndProve(batch, _commitmentAt(block.timestamp), _deposit(), 0, proof);
        vm.assertFalse(rollup.isOverdue());
        custody.collectReward(STRANGER);
        vm.assertEq(STRANGER.balance, FEE);
    }

    function _recommit() private returns (Batch memory) {
        rollup.revertBatches(batch);
        return rollup.commit(batch, _commitmentAt(block.timestamp), _deposit());
    }

    function _deposit() private view returns (Streams memory streams) {
        streams.priority = _depositWords(ETH, 5);
        streams.origins = _origins(1);
    }
}
