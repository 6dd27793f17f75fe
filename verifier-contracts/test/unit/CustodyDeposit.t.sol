// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {DemoToken} from "../../script/DemoToken.sol";
import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {TokenRegistry} from "../../src/TokenRegistry.sol";
import {Vault} from "../../src/Vault.sol";
import {Words} from "../../src/libraries/Words.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {
    BonusToken,
    FalseToken,
    FeeOnTransferToken,
    RebasingToken,
    ReentrantToken
} from "../utils/Tokens.sol";

contract CustodyDepositTest is RollupTest {
    uint64 private constant P = 0xffffffff00000001;

    function setUp() public override {
        super.setUp();
        _registerTokens();
        vm.deal(address(this), type(uint128).max);
    }

    // --- succeeds ---

    function test_deposit_eth_succeeds() public {
        vm.expectEmit(address(custody));
        emit Custody.Deposited(2, address(this), ETH, 7, 5 gwei, _key());
        custody.deposit{value: 5 gwei + FEE}(7, ETH, 5 gwei, _key());
        vm.assertEq(address(custody).balance, 5 gwei + 3 * FEE);
        vm.assertEq(custody.tokenAt(ETH).owed, 5);
        vm.assertEq(rollup.queueLength(), 3);
    }

    function test_deposit_erc20_succeeds() public {
        _depositToken(3_000_000);
        vm.assertEq(token.balanceOf(address(custody)), 3_000_000);
        vm.assertEq(custody.tokenAt(TOKEN).owed, 3);
    }

    function test_deposit_largestAmounts_succeeds() public {
        uint256 largest = (2 ** 62 - 1) * 1 gwei;
        _depositEth(largest);
        _depositEth(largest);
        _depositEth(1 gwei);
        vm.assertEq(custody.tokenAt(ETH).owed, 2 ** 63 - 1);
    }

    function test_deposit_largestKeyElements_succeeds() public {
        uint64[5] memory key;
        for (uint256 i = 0; i < 5; ++i) {
            key[i] = P - 1;
        }
        custody.deposit{value: 1 gwei + FEE}(0, ETH, 1 gwei, key);
        vm.assertEq(rollup.queueLength(), 3);
    }

    function test_deposit_upToCap_succeeds() public {
        custody.setDepositCap(ETH, 7);
        _depositEth(3 gwei);
        _depositEth(4 gwei);
        vm.assertEq(custody.tokenAt(ETH).owed, 7);
    }

    function test_deposit_paused_succeeds() public {
        rollup.pause();
        _depositEth(1 gwei);
        vm.assertEq(custody.tokenAt(ETH).owed, 1);
    }

    // --- reverts ---

    function test_deposit_aboveCap_reverts() public {
        custody.setDepositCap(ETH, 7);
        _depositEth(3 gwei);
        vm.expectRevert(abi.encodeWithSelector(Vault.DepositCapExceeded.selector, ETH, 7, 8));
        custody.deposit{value: 5 gwei + FEE}(0, ETH, 5 gwei, _key());
    }

    function test_deposit_withoutFee_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongValue.selector, 1 gwei + FEE, 1 gwei));
        custody.deposit{value: 1 gwei}(0, ETH, 1 gwei, _key());
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongValue.selector, FEE, 0));
        custody.deposit(0, TOKEN, 1_000_000, _key());
    }

    /// @dev A token that has taken back what it gave: a newcomer's money would pay the others.
    function test_deposit_underfunded_reverts() public {
        RebasingToken asset = new RebasingToken();
        uint16 index = _fund(asset);
        custody.deposit{value: FEE}(0, index, 1000, _key());
        asset.rebase(address(custody), 999);
        vm.expectRevert(
            abi.encodeWithSelector(Vault.Underfunded.selector, address(asset), 1000, 999)
        );
        custody.deposit{value: FEE}(0, index, 1000, _key());
    }

    function test_deposit_unknownToken_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(TokenRegistry.UnknownToken.selector, 2));
        custody.deposit{value: FEE}(0, 2, 0, _key());
    }

    function test_deposit_zeroKey_reverts() public {
        uint64[5] memory zero;
        vm.expectRevert(Words.KeyZero.selector);
        custody.deposit{value: 1 gwei + FEE}(0, ETH, 1 gwei, zero);
    }

    function test_deposit_keyElementNotCanonical_reverts() public {
        for (uint256 i = 0; i < 5; ++i) {
            uint64[5] memory key = _key();
            key[i] = P;
            vm.expectRevert(abi.encodeWithSelector(Words.KeyElementNotCanonical.selector, i, P));
            custody.deposit{value: 1 gwei + FEE}(0, ETH, 1 gwei, key);
        }
    }

    function test_deposit_partOfQuantum_reverts() public {
        uint256 amount = 1 gwei + 1;
        vm.expectRevert(abi.encodeWithSelector(Custody.NotWholeQuanta.selector, amount, 1 gwei));
        custody.deposit{value: amount + FEE}(0, ETH, amount, _key());
    }

    function test_deposit_amountTooLarge_reverts() public {
        uint256 amount = 2 ** 62 * 1 gwei;
        vm.expectRevert(abi.encodeWithSelector(Custody.AmountTooLarge.selector, 2 ** 62));
        custody.deposit{value: amount + FEE}(0, ETH, amount, _key());
    }

    function test_deposit_tokenFull_reverts() public {
        uint256 largest = (2 ** 62 - 1) * 1 gwei;
        _depositEth(largest);
        _depositEth(largest);
        _depositEth(1 gwei);
        vm.expectRevert(
            abi.encodeWithSelector(Vault.DepositCapExceeded.selector, ETH, 2 ** 63 - 1, 2 ** 63)
        );
        custody.deposit{value: 1 gwei + FEE}(0, ETH, 1 gwei, _key());
    }

    function test_deposit_lessEthThanAmount_reverts() public {
        vm.expectRevert(
            abi.encodeWithSelector(Vault.WrongValue.selector, 2 gwei + FEE, 1 gwei + FEE)
        );
        custody.deposit{value: 1 gwei + FEE}(0, ETH, 2 gwei, _key());
    }

    function test_deposit_moreEthThanAmount_reverts() public {
        vm.expectRevert(
            abi.encodeWithSelector(Vault.WrongValue.selector, 1 gwei + FEE, 2 gwei + FEE)
        );
        custody.deposit{value: 2 gwei + FEE}(0, ETH, 1 gwei, _key());
    }

    /// @dev What comes on top would belong to nobody, and the token lies about amounts.
    function test_deposit_bonusOnTransfer_reverts() public {
        uint16 index = _fund(new BonusToken());
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongAmountReceived.selector, 1000, 1001));
        custody.deposit{value: FEE}(0, index, 1000, _key());
    }

    function test_deposit_ethWithErc20_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongValue.selector, FEE, FEE + 1));
        custody.deposit{value: FEE + 1}(0, TOKEN, 1_000_000, _key());
    }

    function test_deposit_feeOnTransfer_reverts() public {
        uint16 index = _fund(new FeeOnTransferToken());
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongAmountReceived.selector, 1000, 999));
        custody.deposit{value: FEE}(0, index, 1000, _key());
    }

    function test_deposit_falseReturningToken_reverts() public {
        DemoToken asset = new FalseToken();
        uint16 index = _fund(asset);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, asset));
        custody.deposit{value: FEE}(0, index, 1000, _key());
    }

    /// @dev A deposit inside a deposit would be counted twice by the measured difference.
    function test_deposit_reentrantToken_reverts() public {
        ReentrantToken asset = new ReentrantToken();
        uint16 index = _fund(asset);
        asset.setCall(address(custody), abi.encodeCall(Custody.deposit, (0, index, 500, _key())));
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        custody.deposit{value: FEE}(0, index, 1000, _key());
    }

    /// @dev Registers `asset` with a quantum of one base unit and gives this contract some of it.
    function _fund(DemoToken asset) private returns (uint16) {
        asset.mint(address(this), 10_000);
        asset.approve(address(custody), type(uint256).max);
        return _register(address(asset), 0);
    }
}
