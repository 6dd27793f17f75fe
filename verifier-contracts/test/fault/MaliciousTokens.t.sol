// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {DemoToken} from "../../script/DemoToken.sol";
import {vm} from "../../script/Vm.sol";
import {EscapeHatch} from "../../src/EscapeHatch.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {
    BlacklistToken,
    FalseToken,
    RebasingToken,
    ReentrantRecipient,
    ReentrantToken,
    SilentToken
} from "../utils/Tokens.sol";

/// @notice Tokens that lie, refuse or call back while they pay out of a frozen rollup. Each stops
/// itself, and nobody else. (Deposits and claims of such tokens: `CustodyDeposit`, `CustodyClaim`.)
contract MaliciousTokensTest is RollupTest {
    uint16 private index;

    function test_collect_reentrantToken_reverts() public {
        ReentrantToken asset = new ReentrantToken();
        _freezeWith(asset);
        asset.setCall(address(custody), abi.encodeCall(EscapeHatch.collect, (BOB, address(0))));
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        custody.collect(ALICE, address(asset));
        _othersAreFree();
    }

    /// @dev The recipient of ETH calls back: it is paid once.
    function test_collect_reentrantRecipient_succeeds() public {
        ReentrantRecipient recipient = new ReentrantRecipient(custody);
        recipient.setCall(abi.encodeCall(EscapeHatch.collect, (address(recipient), address(0))));
        _register(address(0), 9);
        _depositEth(2 gwei);
        _freeze();
        _exit(_leaf(65_536, ETH, 1, address(recipient)));
        custody.collect(address(recipient), address(0));
        vm.assertEq(address(recipient).balance, 1 gwei);
        vm.assertEq(
            recipient.lastError(),
            abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
    }

    function test_collect_falseReturningToken_reverts() public {
        FalseToken asset = new FalseToken();
        asset.setRefusing(false);
        _freezeWith(asset);
        asset.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, asset));
        custody.collect(ALICE, address(asset));
        _othersAreFree();

        asset.setRefusing(false);
        custody.collect(ALICE, address(asset));
        vm.assertEq(asset.balanceOf(ALICE), 40);
    }

    function test_collect_tokenWithoutReturnValue_succeeds() public {
        SilentToken asset = new SilentToken();
        _freezeWith(DemoToken(address(asset)));
        custody.collect(ALICE, address(asset));
        vm.assertEq(asset.balanceOf(ALICE), 40);
    }

    /// @dev Someone on a blacklist waits alone.
    function test_collect_blacklisted_reverts() public {
        BlacklistToken asset = new BlacklistToken();
        _freezeWith(asset);
        asset.setBlacklisted(ALICE, true);
        vm.expectRevert(abi.encodeWithSelector(BlacklistToken.Blacklisted.selector, ALICE));
        custody.collect(ALICE, address(asset));
        custody.collect(BOB, address(asset));
        vm.assertEq(asset.balanceOf(BOB), 10);
        _othersAreFree();

        asset.setBlacklisted(ALICE, false);
        custody.collect(ALICE, address(asset));
        vm.assertEq(asset.balanceOf(ALICE), 40);
    }

    /// @dev A token that has taken from custody pays who comes first; ETH is not touched by it.
    function test_collect_rebasedToken_reverts() public {
        RebasingToken asset = new RebasingToken();
        _freezeWith(asset);
        asset.rebase(address(custody), 10);
        vm.expectRevert();
        custody.collect(ALICE, address(asset));
        custody.collect(BOB, address(asset));
        vm.assertEq(asset.balanceOf(BOB), 10);
        _othersAreFree();
    }

    /// @dev An asset that has no code at all takes nothing in.
    function test_deposit_assetWithoutCode_reverts() public {
        _register(address(0), 9);
        uint16 noToken = _register(address(0xdead), 0);
        vm.expectRevert();
        custody.deposit{value: FEE}(0, noToken, 50, _key());
        _depositEth(1 gwei);
        vm.assertEq(custody.tokenAt(ETH).owed, 1);
    }

    // --- helpers ---

    /// @dev Frozen with 40 of the asset and 1 gwei for Alice, 10 and 2 gwei for Bob.
    function _freezeWith(DemoToken asset) private {
        _register(address(0), 9);
        index = _register(address(asset), 0);
        asset.mint(address(this), 50);
        // Without looking at the return value: not every token has one.
        (bool approved,) =
            address(asset).call(abi.encodeCall(IERC20.approve, (address(custody), 50)));
        vm.assertTrue(approved);
        custody.deposit{value: FEE}(0, index, 50, _key());
        _depositEth(3 gwei);
        _freeze();
        _exit(
            bytes.concat(
                _leaf(65_536, index, 40, ALICE),
                _leaf(65_537, ETH, 1, ALICE),
                _leaf(65_538, index, 10, BOB),
                _leaf(65_539, ETH, 2, BOB)
            )
        );
    }

    function _othersAreFree() private {
        custody.collect(ALICE, address(0));
        custody.collect(BOB, address(0));
        vm.assertEq(ALICE.balance, 1 gwei);
        vm.assertEq(BOB.balance, 2 gwei);
    }
}
