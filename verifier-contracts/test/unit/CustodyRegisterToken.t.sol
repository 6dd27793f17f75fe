// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {TokenRegistry} from "../../src/TokenRegistry.sol";
import {Vault} from "../../src/Vault.sol";
import {Words} from "../../src/libraries/Words.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @dev The registry with its counter within reach: 65,536 registrations are too slow for a test.
contract FullRegistry is TokenRegistry {
    function fill(uint256 count) external {
        tokenCount = count;
    }

    function register(address asset) external returns (uint16) {
        return _register(asset, 0);
    }
}

contract CustodyRegisterTokenTest is RollupTest {
    function test_registerToken_queued_succeeds() public {
        // Key 1, 2, 3, 4, 5; token 0; quantum 10^9.
        bytes31 first = bytes31(uint248((0x20 << 240) | (1 << 124) | (9 << 62)));
        bytes31 second = bytes31(uint248((2 << 186) | (3 << 124) | (4 << 62) | 5));
        vm.expectEmit(address(custody));
        emit TokenRegistry.TokenRegistered(0, address(0), 9);
        vm.expectEmit(address(rollup));
        emit PriorityQueue.PriorityOperationQueued(
            0, abi.encodePacked(first, second), address(this)
        );
        vm.assertEq(custody.registerToken{value: FEE}(address(0), 9, NO_CAP, _key()), 0);
        vm.assertEq(custody.registerToken{value: FEE}(address(token), 6, NO_CAP, _key()), 1);
        vm.assertEq(custody.tokenCount(), 2);
        vm.assertEq(custody.tokenAt(1).asset, address(token));
        vm.assertEq(custody.tokenAt(1).quantumExponent, 6);
    }

    function test_registerToken_notGovernor_reverts() public {
        vm.deal(STRANGER, FEE);
        vm.expectRevert(abi.encodeWithSelector(Custody.NotGovernor.selector, STRANGER));
        vm.prank(STRANGER);
        custody.registerToken{value: FEE}(address(token), 0, NO_CAP, _key());
    }

    function test_registerToken_withoutFee_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongValue.selector, FEE, 0));
        custody.registerToken(address(token), 0, NO_CAP, _key());
    }

    function test_registerToken_twice_reverts() public {
        _registerTokens();
        vm.expectRevert(
            abi.encodeWithSelector(TokenRegistry.TokenAlreadyRegistered.selector, address(token))
        );
        custody.registerToken{value: FEE}(address(token), 0, NO_CAP, _key());
    }

    function test_registerToken_quantumTooLarge_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(TokenRegistry.QuantumTooLarge.selector, 37));
        custody.registerToken{value: FEE}(address(token), 37, NO_CAP, _key());
    }

    function test_registerToken_zeroKey_reverts() public {
        uint64[5] memory zero;
        vm.expectRevert(Words.KeyZero.selector);
        custody.registerToken{value: FEE}(address(token), 0, NO_CAP, zero);
    }

    function test_registerToken_largestQuantum_succeeds() public {
        custody.registerToken{value: FEE}(address(token), 36, NO_CAP, _key());
        vm.assertEq(custody.tokenAt(0).quantumExponent, 36);
    }

    function test_registerToken_lastIndex_succeeds() public {
        FullRegistry registry = new FullRegistry();
        registry.fill(65_535);
        vm.assertEq(registry.register(address(token)), 65_535);
        vm.assertEq(registry.tokenCount(), 65_536);
        vm.assertEq(registry.tokenAt(65_535).asset, address(token));
    }

    function test_registerToken_noIndexLeft_reverts() public {
        FullRegistry registry = new FullRegistry();
        registry.fill(65_536);
        vm.expectRevert(TokenRegistry.TooManyTokens.selector);
        registry.register(address(token));
    }
}

contract CustodySetDepositCapTest is RollupTest {
    function setUp() public override {
        super.setUp();
        _registerTokens();
    }

    function test_setDepositCap_succeeds() public {
        vm.expectEmit(address(custody));
        emit TokenRegistry.DepositCapSet(TOKEN, 12);
        custody.setDepositCap(TOKEN, 12);
        vm.assertEq(custody.depositCap(TOKEN), 12);
        vm.assertEq(custody.depositCap(ETH), NO_CAP);
    }

    /// @dev What is in stays in, and comes out.
    function test_setDepositCap_belowWhatIsOwed_succeeds() public {
        _depositEth(10 gwei);
        custody.setDepositCap(ETH, 0);
        bytes31 word = _withdrawal(ETH, ALICE, 10);
        _proveWithdrawals(abi.encodePacked(word));
        custody.claim(1, 0, word, new bytes32[](0));
        vm.assertEq(ALICE.balance, 10 gwei);
    }

    function test_setDepositCap_notGovernor_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Custody.NotGovernor.selector, STRANGER));
        vm.prank(STRANGER);
        custody.setDepositCap(ETH, 1);
    }

    function test_setDepositCap_unknownToken_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(TokenRegistry.UnknownToken.selector, 2));
        custody.setDepositCap(2, 1);
    }

    function test_setDepositCap_tooLarge_reverts() public {
        uint64 tooLarge = NO_CAP + 1;
        vm.expectRevert(
            abi.encodeWithSelector(TokenRegistry.DepositCapTooLarge.selector, NO_CAP, tooLarge)
        );
        custody.setDepositCap(ETH, tooLarge);
        vm.expectRevert(
            abi.encodeWithSelector(TokenRegistry.DepositCapTooLarge.selector, NO_CAP, tooLarge)
        );
        custody.registerToken{value: FEE}(address(0xdead), 0, tooLarge, _key());
    }
}
