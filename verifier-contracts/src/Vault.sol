// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {TokenRegistry} from "./TokenRegistry.sol";

/// @title The two ways of money: in and out
/// @notice What the rollup owes of each token, and the only calls to assets. Who calls these holds
/// the one guard against reentrancy.
abstract contract Vault is TokenRegistry, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice The ETH sent is not what is due.
    error WrongValue(uint256 expected, uint256 got);

    /// @notice The token moved another amount than it was asked to.
    error WrongAmountReceived(uint256 expected, uint256 got);

    /// @notice There is less of the token than is owed, for instance because it takes back what it
    /// has given: what a newcomer brings would pay the others.
    error Underfunded(address asset, uint256 owed, uint256 balance);

    /// @notice The deposit would bring what is owed of the token above its cap.
    error DepositCapExceeded(uint16 token, uint256 cap, uint256 owed);

    /// @dev Draws `quanta` of a token, and `fee` wei on top, from the caller. A token that keeps a
    /// part of a transfer, or takes from balances, would leave the rollup owing more than it has.
    function _receive(uint16 token, Token memory info, uint256 quanta, uint256 fee) internal {
        uint256 owed = info.owed + quanta;
        uint256 cap = depositCap[token];
        require(owed <= cap, DepositCapExceeded(token, cap, owed));
        _tokens[token].owed = uint64(owed);

        uint256 quantum = 10 ** info.quantumExponent;
        uint256 amount = quanta * quantum;
        if (info.asset == address(0)) {
            require(msg.value == amount + fee, WrongValue(amount + fee, msg.value));
            return;
        }
        require(msg.value == fee, WrongValue(fee, msg.value));
        IERC20 asset = IERC20(info.asset);
        uint256 before = asset.balanceOf(address(this));
        uint256 due = info.owed * quantum;
        require(before >= due, Underfunded(info.asset, due, before));
        asset.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = asset.balanceOf(address(this)) - before;
        require(received == amount, WrongAmountReceived(amount, received));
    }

    /// @dev So many quanta are not owed any more to the rollup's accounts. Proven batches pay out
    /// what came in: `owed` covers them.
    /// @return asset Zero is ETH.
    /// @return amount Base units.
    function _release(uint16 token, uint256 quanta)
        internal
        returns (address asset, uint256 amount)
    {
        Token storage info = _tokens[token];
        require(info.registered, UnknownToken(token));
        info.owed -= uint64(quanta);
        return (info.asset, quanta * 10 ** info.quantumExponent);
    }

    /// @dev Pays base units. Whoever cannot take them stops nobody else.
    function _pay(address asset, address recipient, uint256 amount) internal {
        if (asset == address(0)) {
            Address.sendValue(payable(recipient), amount);
        } else {
            IERC20(asset).safeTransfer(recipient, amount);
        }
    }
}
