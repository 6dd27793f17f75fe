// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {EscapeHatch} from "../../src/EscapeHatch.sol";
import {Governed} from "../../src/Governed.sol";
import {Batch, Rollup} from "../../src/Rollup.sol";
import {ForcedTransaction} from "../../src/libraries/ForcedTransactions.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {ReentrantRecipient, RefusingRecipient} from "../utils/Tokens.sol";

/// @dev Operations 0 and 1 are the tokens' registrations and proven; 2 and 3 are deposits and wait.
abstract contract DroppedTest is RollupTest {
    Batch internal batch;

    function setUp() public override {
        super.setUp();
        _registerTokens();
        batch = _commitQueued(genesis, _tokenWords(), _origins(2));
        _prove(genesis, batch);
        _depositEth(5 gwei);
        _depositToken(3_000_000);
    }
}

contract CustodyRefundTest is DroppedTest {
    // --- succeeds ---

    function test_refund_ethDeposit_succeeds() public {
        _freeze();
        vm.expectEmit(address(custody));
        emit EscapeHatch.Refunded(2, address(this));
        vm.prank(STRANGER);
        custody.refund(2, _depositWords(ETH, 5), address(this));
        vm.assertEq(custody.credit(address(this), address(0)), 5 gwei + FEE);
        vm.assertEq(custody.tokenAt(ETH).owed, 0);
        vm.assertTrue(custody.isRefunded(2));
        vm.assertFalse(custody.isRefunded(3));
    }

    function test_refund_tokenDeposit_succeeds() public {
        _freeze();
        custody.refund(3, _depositWords(TOKEN, 3), address(this));
        vm.assertEq(custody.credit(address(this), address(token)), 3_000_000);
        vm.assertEq(custody.credit(address(this), address(0)), FEE);
    }

    /// @dev Committed and not proven: it was never executed.
    function test_refund_committedDeposit_succeeds() public {
        Batch memory two = _commitQueued(
            batch, bytes.concat(_depositWords(ETH, 5), _depositWords(TOKEN, 3)), _origins(2)
        );
        vm.assertEq(two.priorityEnd, 4);
        _freeze();
        custody.refund(2, _depositWords(ETH, 5), address(this));
        vm.assertEq(custody.credit(address(this), address(0)), 5 gwei + FEE);
    }

    /// @dev What is not a deposit gets its fee back, and nothing else.
    function test_refund_otherOperations_succeeds() public {
        _register(address(0xdead), 0);
        vm.recordLogs();
        ForcedTransaction memory forced;
        forced.kind = 0x12;
        forced.amount = 7;
        vm.deal(ALICE, FEE);
        vm.prank(ALICE);
        custody.forceTransaction{value: FEE}(forced);
        (bytes memory words,) = _recordedOperations();
        _freeze();
        custody.refund(4, _registerWords(2, 0), address(this));
        custody.refund(5, words, ALICE);
        vm.assertEq(custody.credit(address(this), address(0)), FEE);
        vm.assertEq(custody.credit(ALICE, address(0)), FEE);
        vm.assertEq(custody.tokenAt(ETH).owed, 5);
    }

    // --- reverts ---

    function test_refund_twice_reverts() public {
        _freeze();
        custody.refund(2, _depositWords(ETH, 5), address(this));
        vm.expectRevert(abi.encodeWithSelector(EscapeHatch.AlreadyRefunded.selector, 2));
        custody.refund(2, _depositWords(ETH, 5), address(this));
    }

    function test_refund_notFrozen_reverts() public {
        vm.expectRevert(Governed.NotFrozen.selector);
        custody.refund(2, _depositWords(ETH, 5), address(this));
    }

    function test_refund_proven_reverts() public {
        _freeze();
        vm.expectRevert(abi.encodeWithSelector(Rollup.OperationProven.selector, 1, 2));
        custody.refund(1, _registerWords(1, 6), address(this));
    }

    function test_refund_anotherOrigin_reverts() public {
        _freeze();
        _expectMismatch(2);
        custody.refund(2, _depositWords(ETH, 5), STRANGER);
    }

    function test_refund_anotherAmount_reverts() public {
        _freeze();
        _expectMismatch(2);
        custody.refund(2, _depositWords(ETH, 6), address(this));
    }

    function test_refund_anotherPlace_reverts() public {
        _freeze();
        _expectMismatch(3);
        custody.refund(3, _depositWords(ETH, 5), address(this));
    }

    function test_refund_beyondQueue_reverts() public {
        _freeze();
        _expectMismatch(4);
        custody.refund(4, _depositWords(ETH, 5), address(this));
        _expectMismatch(type(uint64).max);
        custody.refund(type(uint64).max, _depositWords(ETH, 5), address(this));
    }

    function _expectMismatch(uint64 index) private {
        vm.expectRevert(abi.encodeWithSelector(Rollup.OperationMismatch.selector, index));
    }
}

contract CustodyCollectTest is DroppedTest {
    function test_collect_eth_succeeds() public {
        _freeze();
        custody.refund(2, _depositWords(ETH, 5), address(this));
        uint256 before = address(this).balance;
        vm.expectEmit(address(custody));
        emit EscapeHatch.CreditPaid(address(this), address(0), 5 gwei + FEE);
        vm.prank(STRANGER);
        custody.collect(address(this), address(0));
        vm.assertEq(address(this).balance, before + 5 gwei + FEE);
    }

    function test_collect_token_succeeds() public {
        _freeze();
        custody.refund(3, _depositWords(TOKEN, 3), address(this));
        custody.collect(address(this), address(token));
        vm.assertEq(token.balanceOf(address(this)), 3_000_000);
        vm.assertEq(token.balanceOf(address(custody)), 0);
    }

    function test_collect_ownerAcceptsLater_succeeds() public {
        RefusingRecipient owner = new RefusingRecipient();
        _freeze();
        _exit(_leaf(65_536, ETH, 5, address(owner)));
        vm.expectRevert(RefusingRecipient.Refused.selector);
        custody.collect(address(owner), address(0));
        owner.accept();
        custody.collect(address(owner), address(0));
        vm.assertEq(address(owner).balance, 5 gwei);
    }

    function test_collect_twice_reverts() public {
        _freeze();
        custody.refund(2, _depositWords(ETH, 5), address(this));
        custody.collect(address(this), address(0));
        vm.expectRevert(
            abi.encodeWithSelector(EscapeHatch.NoCredit.selector, address(this), address(0))
        );
        custody.collect(address(this), address(0));
    }
}

contract CustodyCollectRewardTest is DroppedTest {
    function test_collectReward_succeeds() public {
        uint256 before = address(this).balance;
        vm.prank(STRANGER);
        custody.collectReward(address(this));
        vm.assertEq(address(this).balance, before + 2 * FEE);
        vm.assertEq(rollup.rewards(address(this)), 0);
    }

    /// @dev What was earned is paid after a freeze too.
    function test_collectReward_frozen_succeeds() public {
        _freeze();
        uint256 before = address(this).balance;
        custody.collectReward(address(this));
        vm.assertEq(address(this).balance, before + 2 * FEE);
    }

    /// @dev The guard is one over all payments: a prover cannot start another while it is paid.
    function test_collectReward_reentrantProver_succeeds() public {
        ReentrantRecipient prover = new ReentrantRecipient(custody);
        rollup.grantRole(rollup.PROVER_ROLE(), address(prover));
        Batch memory next = _commitQueued(batch, _depositWords(ETH, 5), _origins(1));
        uint256[8] memory proof = _proof(batch, next);
        vm.prank(address(prover));
        rollup.prove(batch, next, 0, proof);

        prover.setCall(abi.encodeCall(Custody.collectReward, (address(this))));
        custody.collectReward(address(prover));
        vm.assertEq(address(prover).balance, FEE);
        vm.assertEq(
            prover.lastError(),
            abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(rollup.rewards(address(this)), 2 * FEE);
    }

    function test_collectReward_nothing_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Custody.NoReward.selector, STRANGER));
        custody.collectReward(STRANGER);
    }

    function test_collectReward_twice_reverts() public {
        custody.collectReward(address(this));
        vm.expectRevert(abi.encodeWithSelector(Custody.NoReward.selector, address(this)));
        custody.collectReward(address(this));
    }

    function test_takeReward_notCustody_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Rollup.NotCustody.selector, address(this)));
        rollup.takeReward(address(this));
    }
}
