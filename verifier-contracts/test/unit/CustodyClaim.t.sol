// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {Batch, Settlement} from "../../src/Settlement.sol";
import {TokenRegistry} from "../../src/TokenRegistry.sol";
import {Words} from "../../src/libraries/Words.sol";
import {Reference} from "../utils/Reference.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {
    FalseToken,
    ReentrantRecipient,
    ReentrantToken,
    RefusingRecipient,
    SilentToken
} from "../utils/Tokens.sol";

contract CustodyClaimTest is RollupTest {
    function setUp() public override {
        super.setUp();
        _registerTokens();
        _depositEth(100 gwei);
        _depositToken(100_000_000);
    }

    // --- succeeds ---

    function test_claim_eth_succeeds() public {
        (bytes31[] memory words, Batch memory batch) = _proveThree();
        bytes32[] memory path = Reference.withdrawalPath(words, 0);
        vm.expectEmit(address(custody));
        emit Custody.Claimed(batch.number, 0, ALICE, ETH, 10 gwei);
        vm.prank(STRANGER);
        custody.claim(1, 0, words[0], path);
        vm.assertEq(ALICE.balance, 10 gwei);
        vm.assertEq(custody.tokenAt(ETH).owed, 90);
        vm.assertTrue(custody.isClaimed(1, 0));
        vm.assertFalse(custody.isClaimed(1, 1));
    }

    function test_claim_erc20_succeeds() public {
        (bytes31[] memory words,) = _proveThree();
        custody.claim(1, 1, words[1], Reference.withdrawalPath(words, 1));
        vm.assertEq(token.balanceOf(BOB), 20_000_000);
    }

    function test_claim_lastOfOddTree_succeeds() public {
        (bytes31[] memory words,) = _proveThree();
        custody.claim(1, 2, words[2], Reference.withdrawalPath(words, 2));
        vm.assertEq(BOB.balance, 30 gwei);
    }

    function test_claim_equalWordsEachOnce_succeeds() public {
        bytes31[] memory words = new bytes31[](2);
        words[0] = _withdrawal(ETH, ALICE, 10);
        words[1] = words[0];
        _proveWithdrawals(Reference.join(words));
        custody.claim(1, 0, words[0], Reference.withdrawalPath(words, 0));
        custody.claim(1, 1, words[1], Reference.withdrawalPath(words, 1));
        vm.assertEq(ALICE.balance, 20 gwei);
    }

    /// @dev What is paid is remembered for each batch on its own.
    function test_claim_sameIndexOfTwoBatches_succeeds() public {
        bytes31 word = _withdrawal(ETH, ALICE, 10);
        Batch memory one = _proveWithdrawals(abi.encodePacked(word));
        Batch memory two = _commitWithdrawals(one, abi.encodePacked(word));
        _prove(one, two);
        bytes32[] memory path = new bytes32[](0);
        custody.claim(2, 0, word, path);
        vm.expectRevert(abi.encodeWithSelector(Custody.AlreadyClaimed.selector, 2, 0));
        custody.claim(2, 0, word, path);
        vm.assertFalse(custody.isClaimed(1, 0));
        custody.claim(1, 0, word, path);
        vm.assertEq(ALICE.balance, 20 gwei);
    }

    function test_claim_tokenWithoutReturnValue_succeeds() public {
        SilentToken asset = new SilentToken();
        asset.mint(address(this), 50);
        asset.approve(address(custody), 50);
        uint16 index = _register(address(asset), 0);
        custody.deposit{value: FEE}(0, index, 50, _key());
        bytes31 word = _withdrawal(index, ALICE, 50);
        _proveWithdrawals(abi.encodePacked(word));
        custody.claim(1, 0, word, new bytes32[](0));
        vm.assertEq(asset.balanceOf(ALICE), 50);
    }

    function test_claim_paused_succeeds() public {
        (bytes31[] memory words,) = _proveThree();
        rollup.pause();
        custody.claim(1, 0, words[0], Reference.withdrawalPath(words, 0));
        vm.assertEq(ALICE.balance, 10 gwei);
    }

    function test_claim_recipientAcceptsLater_succeeds() public {
        RefusingRecipient recipient = new RefusingRecipient();
        bytes31 word = _withdrawal(ETH, address(recipient), 10);
        _proveWithdrawals(abi.encodePacked(word));
        vm.expectRevert(RefusingRecipient.Refused.selector);
        custody.claim(1, 0, word, new bytes32[](0));
        recipient.accept();
        custody.claim(1, 0, word, new bytes32[](0));
        vm.assertEq(address(recipient).balance, 10 gwei);
    }

    // --- reverts ---

    function test_claim_twice_reverts() public {
        (bytes31[] memory words,) = _proveThree();
        bytes32[] memory path = Reference.withdrawalPath(words, 0);
        custody.claim(1, 0, words[0], path);
        vm.expectRevert(abi.encodeWithSelector(Custody.AlreadyClaimed.selector, 1, 0));
        custody.claim(1, 0, words[0], path);
    }

    /// @dev A tree of depth 2 has four positions: index 4 has the bits of index 0 along the path.
    function test_claim_aliasOfIndex_reverts() public {
        (bytes31[] memory words,) = _proveThree();
        bytes32[] memory path = Reference.withdrawalPath(words, 0);
        custody.claim(1, 0, words[0], path);
        vm.expectRevert(abi.encodeWithSelector(Custody.NotWithdrawn.selector, 1, 4));
        custody.claim(1, 4, words[0], path);
    }

    function test_claim_anotherOnesPath_reverts() public {
        (bytes31[] memory words,) = _proveThree();
        bytes32[] memory path = Reference.withdrawalPath(words, 1);
        vm.expectRevert(abi.encodeWithSelector(Custody.NotWithdrawn.selector, 1, 0));
        custody.claim(1, 0, words[0], path);
    }

    function test_claim_anotherRecipient_reverts() public {
        (bytes31[] memory words,) = _proveThree();
        bytes32[] memory path = Reference.withdrawalPath(words, 0);
        vm.expectRevert(abi.encodeWithSelector(Custody.NotWithdrawn.selector, 1, 0));
        custody.claim(1, 0, _withdrawal(ETH, STRANGER, 10), path);
    }

    /// @dev The missing leaf of an odd tree is zero, which is no word's hash.
    function test_claim_paddingLeaf_reverts() public {
        (bytes31[] memory words,) = _proveThree();
        bytes32[] memory path = Reference.withdrawalPath(words, 2);
        path[0] = keccak256(abi.encodePacked(words[2]));
        vm.expectRevert(abi.encodeWithSelector(Custody.NotWithdrawn.selector, 1, 3));
        custody.claim(1, 3, bytes31(0), path);
    }

    function test_claim_notProven_reverts() public {
        bytes31 word = _withdrawal(ETH, ALICE, 10);
        _commitWithdrawals(genesis, abi.encodePacked(word));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NotProven.selector, 1, 0));
        custody.claim(1, 0, word, new bytes32[](0));
    }

    function test_claim_batchWithoutWithdrawals_reverts() public {
        _proveWithdrawals("");
        vm.expectRevert(abi.encodeWithSelector(Custody.NotWithdrawn.selector, 1, 0));
        custody.claim(1, 0, _withdrawal(ETH, ALICE, 10), new bytes32[](0));
    }

    function test_claim_foreignTag_reverts() public {
        bytes31 word = bytes31(uint248(_withdrawal(ETH, ALICE, 10)) ^ (1 << 240));
        _proveWithdrawals(abi.encodePacked(word));
        vm.expectRevert(abi.encodeWithSelector(Words.NotAWithdrawal.selector, word));
        custody.claim(1, 0, word, new bytes32[](0));
    }

    function test_claim_unknownToken_reverts() public {
        bytes31 word = _withdrawal(9, ALICE, 10);
        _proveWithdrawals(abi.encodePacked(word));
        vm.expectRevert(abi.encodeWithSelector(TokenRegistry.UnknownToken.selector, 9));
        custody.claim(1, 0, word, new bytes32[](0));
    }

    /// @dev No proof shows such a batch. If one did, what came in would still bound what goes out.
    function test_claim_moreThanOwed_reverts() public {
        bytes31 word = _withdrawal(ETH, ALICE, 101);
        _proveWithdrawals(abi.encodePacked(word));
        vm.deal(address(custody), 1 ether);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        custody.claim(1, 0, word, new bytes32[](0));
    }

    /// @dev A token that calls claim again while it pays.
    function test_claim_reentrantToken_reverts() public {
        ReentrantToken asset = new ReentrantToken();
        asset.mint(address(this), 50);
        asset.approve(address(custody), 50);
        uint16 index = _register(address(asset), 0);
        custody.deposit{value: FEE}(0, index, 50, _key());

        bytes31[] memory words = new bytes31[](2);
        words[0] = _withdrawal(index, ALICE, 20);
        words[1] = _withdrawal(ETH, ALICE, 1);
        _proveWithdrawals(Reference.join(words));
        bytes32[] memory path = Reference.withdrawalPath(words, 1);
        asset.setCall(address(custody), abi.encodeCall(Custody.claim, (1, 1, words[1], path)));
        path = Reference.withdrawalPath(words, 0);
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        custody.claim(1, 0, words[0], path);
    }

    /// @dev A false-returning token blocks its own claim, stays claimable, and stops nobody else.
    function test_claim_falseReturningToken_reverts() public {
        FalseToken asset = new FalseToken();
        asset.setRefusing(false);
        asset.mint(address(this), 50);
        asset.approve(address(custody), 50);
        uint16 index = _register(address(asset), 0);
        custody.deposit{value: FEE}(0, index, 50, _key());

        bytes31[] memory words = new bytes31[](2);
        words[0] = _withdrawal(index, ALICE, 50);
        words[1] = _withdrawal(ETH, ALICE, 1);
        _proveWithdrawals(Reference.join(words));
        bytes32[] memory path = Reference.withdrawalPath(words, 0);

        asset.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, asset));
        custody.claim(1, 0, words[0], path);

        custody.claim(1, 1, words[1], Reference.withdrawalPath(words, 1));
        asset.setRefusing(false);
        custody.claim(1, 0, words[0], path);
        vm.assertEq(asset.balanceOf(ALICE), 50);
    }

    /// @dev The recipient tries to be paid again while it is paid: refused, and paid once.
    function test_claim_reentrantRecipient_reverts() public {
        ReentrantRecipient recipient = new ReentrantRecipient(custody);
        bytes31 word = _withdrawal(ETH, address(recipient), 10);
        _proveWithdrawals(abi.encodePacked(word));
        bytes32[] memory path = new bytes32[](0);
        recipient.setCall(abi.encodeCall(Custody.claim, (1, 0, word, path)));
        custody.claim(1, 0, word, path);
        vm.assertEq(address(recipient).balance, 10 gwei);
        vm.assertEq(
            recipient.lastError(),
            abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
    }

    // --- helpers ---

    function _proveThree() private returns (bytes31[] memory words, Batch memory batch) {
        words = new bytes31[](3);
        words[0] = _withdrawal(ETH, ALICE, 10);
        words[1] = _withdrawal(TOKEN, BOB, 20);
        words[2] = _withdrawal(ETH, BOB, 30);
        batch = _proveWithdrawals(Reference.join(words));
    }
}
