// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Governed} from "../../src/Governed.sol";
import {Batch, Settlement} from "../../src/Settlement.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract RollupRevertBatchesTest is RollupTest {
    Batch private one;
    Batch private two;
    Batch private three;

    function setUp() public override {
        super.setUp();
        _registerTokens();
        one = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        two = _commitWithdrawals(one, abi.encodePacked(_withdrawal(ETH, ALICE, 1)));
        three = _commitQueued(two, _registerWords(1, 6), _origins(1));
    }

    // --- succeeds ---

    function test_revertBatches_some_succeeds() public {
        vm.expectEmit(address(rollup));
        emit Settlement.BatchesReverted(2, 3);
        rollup.revertBatches(one);
        vm.assertEq(rollup.committedBatches(), 1);
        vm.assertEq(rollup.batchHash(1), keccak256(abi.encode(one)));
        vm.assertEq(rollup.batchHash(2), bytes32(0));
        vm.assertEq(rollup.batchHash(3), bytes32(0));
    }

    /// @dev The queue stands where the record says: operation 1 is free again, operation 0 is not.
    function test_revertBatches_queueRewinds_succeeds() public {
        rollup.revertBatches(one);
        Batch memory again = _commitQueued(one, _registerWords(1, 6), _origins(1));
        vm.assertEq(again.number, 2);
        vm.assertEq(again.priorityEnd, 2);
        _prove(genesis, again);
        vm.assertEq(rollup.provenOperations(), 2);
    }

    /// @dev A root of the batch that was taken back must not serve the one in its place.
    function test_revertBatches_withdrawalsAreForgotten_succeeds() public {
        rollup.revertBatches(one);
        Batch memory empty = _commitEmpty(one);
        _prove(genesis, empty);
        vm.assertEq(rollup.withdrawalsRoot(2), bytes32(0));
    }

    function test_revertBatches_toLastProven_succeeds() public {
        _prove(genesis, one);
        rollup.revertBatches(one);
        vm.assertEq(rollup.committedBatches(), 1);
        vm.assertEq(rollup.provenState(), one.state);
    }

    function test_revertBatches_paused_succeeds() public {
        rollup.pause();
        rollup.revertBatches(genesis);
        vm.assertEq(rollup.committedBatches(), 0);
    }

    /// @dev As many as there can be, within the gas of a transaction (EIP-7825).
    function test_revertBatches_mostThereCanBe_succeeds() public {
        Batch memory last = three;
        bytes memory withdrawals = abi.encodePacked(_withdrawal(ETH, ALICE, 1));
        for (uint256 i = 3; i < 256; ++i) {
            last = _commitWithdrawals(last, withdrawals);
        }
        rollup.revertBatches{gas: 1 << 24}(genesis);
        vm.assertEq(rollup.committedBatches(), 0);
    }

    // --- reverts ---

    function test_revertBatches_notCommitter_reverts() public {
        _expectUnauthorized(rollup.COMMITTER_ROLE());
        rollup.revertBatches(one);
    }

    function test_revertBatches_proven_reverts() public {
        _prove(genesis, two);
        vm.expectRevert(abi.encodeWithSelector(Settlement.AlreadyProven.selector, 1, 2));
        rollup.revertBatches(one);
    }

    function test_revertBatches_nothing_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToRevert.selector, 3, 3));
        rollup.revertBatches(three);
    }

    function test_revertBatches_forgedRecord_reverts() public {
        Batch memory forged = one;
        forged.priorityEnd = 0;
        vm.expectRevert(abi.encodeWithSelector(Settlement.BatchHashMismatch.selector, 1));
        rollup.revertBatches(forged);
    }

    function test_revertBatches_provingWhatIsGone_reverts() public {
        rollup.revertBatches(one);
        uint256[8] memory proof = _proof(genesis, two);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRange.selector, 0, 2, 1));
        rollup.prove(genesis, two, 0, proof);
    }

    function test_revertBatches_frozen_reverts() public {
        _freeze();
        vm.expectRevert(Governed.RollupFrozen.selector);
        rollup.revertBatches(genesis);
    }
}
