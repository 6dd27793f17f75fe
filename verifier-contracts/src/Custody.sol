// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {TokenRegistry} from "./TokenRegistry.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {WithdrawalTree} from "./libraries/WithdrawalTree.sol";
import {Words} from "./libraries/Words.sol";

/// @title Holds what the rollup's users own
/// @notice Money comes in by deposits, which enter the rollup through its queue of priority
/// operations, and goes out by claims against the withdrawals of proven batches. No role can move
/// it, and no pause stops a claim.
contract Custody is TokenRegistry, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using BitMaps for BitMaps.BitMap;

    /// @notice Quanta of one token inside the rollup: no account's balance can leave its 63 bits.
    uint256 public constant OWED_BOUND = 1 << 63;

    /// @notice The rollup whose assets these are.
    IRollup public immutable ROLLUP;

    mapping(uint32 batch => BitMaps.BitMap) private _claimed;

    /// @notice `depositor` has deposited; operation `queueIndex` will credit the account.
    event Deposited(
        uint64 indexed queueIndex,
        address indexed depositor,
        uint16 indexed token,
        uint32 leaf,
        uint256 amount,
        uint64[5] key
    );

    /// @notice Withdrawal `index` of `batch` has been paid.
    event Claimed(
        uint32 indexed batch,
        uint256 index,
        address indexed recipient,
        uint16 indexed token,
        uint256 amount
    );

    /// @notice The caller is not the governor.
    error NotGovernor(address caller);

    /// @notice The ETH sent is not the amount (zero for any other token).
    error WrongValue(uint256 expected, uint256 got);

    /// @notice The token moved another amount than it was asked to.
    error WrongAmountReceived(uint256 expected, uint256 got);

    /// @notice The amount is not a whole number of quanta.
    error NotWholeQuanta(uint256 amount, uint256 quantum);

    /// @notice The amount is not below 2^62 quanta.
    error AmountTooLarge(uint256 quanta);

    /// @notice The rollup would hold 2^63 quanta of the token or more.
    error TokenFull(uint16 token, uint256 owed);

    /// @notice The word is not at this index of the batch's withdrawals.
    error NotWithdrawn(uint32 batch, uint256 index);

    /// @notice The withdrawal has been paid.
    error AlreadyClaimed(uint32 batch, uint256 index);

    /// @notice Deployed by the rollup itself, so that neither can have another partner.
    constructor() {
        ROLLUP = IRollup(msg.sender);
    }

    // --- tokens ---------------------------------------------------------------------------------

    /// @notice Registers a token, on L1 now and in the rollup in its turn.
    /// @param asset L1 contract; zero is ETH.
    /// @param quantumExponent A quantum is `10 ** quantumExponent` base units, for good.
    /// @param feeKey Key of the account that collects the token's fees.
    /// @return token The token's index.
    function registerToken(address asset, uint8 quantumExponent, uint64[5] calldata feeKey)
        external
        returns (uint16 token)
    {
        require(ROLLUP.isGovernor(msg.sender), NotGovernor(msg.sender));
        token = _register(asset, quantumExponent);
        (bytes31 first, bytes31 second) = Words.registerToken(token, quantumExponent, feeKey);
        ROLLUP.enqueue(first, second);
    }

    // --- deposits -------------------------------------------------------------------------------

    /// @notice Deposits `amount` base units of a token. ETH comes with the call, other tokens are
    /// drawn from the caller's allowance.
    /// @param leaf The account to credit. If it has another key or token when the deposit's turn
    /// comes, a new account with this key gets the amount.
    /// @param token Index of the token.
    /// @param amount Base units: a whole number of quanta, below 2^62 of them.
    /// @param key Public key of the account. One that nobody can sign for is accepted: it is the
    /// caller's loss.
    function deposit(uint32 leaf, uint16 token, uint256 amount, uint64[5] calldata key)
        external
        payable
        nonReentrant
    {
        Token memory info = tokenAt(token);
        uint256 quanta = _toQuanta(amount, info.quantumExponent);
        uint256 owed = info.owed + quanta;
        require(owed < OWED_BOUND, TokenFull(token, owed));
        _tokens[token].owed = uint64(owed);

        _receive(info.asset, amount);

        (bytes31 first, bytes31 second) = Words.deposit(leaf, token, quanta, key);
        uint64 queueIndex = ROLLUP.enqueue(first, second);
        emit Deposited(queueIndex, msg.sender, token, leaf, amount, key);
    }

    // --- withdrawals ----------------------------------------------------------------------------

    /// @notice Pays a withdrawal of a proven batch to the recipient that it names. Anyone may call.
    /// @param batch Number of the batch.
    /// @param index Position of the word among the batch's withdrawals.
    /// @param word The withdrawal word.
    /// @param path Siblings in the tree over the batch's withdrawals, the leaf's first.
    function claim(uint32 batch, uint256 index, bytes31 word, bytes32[] calldata path)
        external
        nonReentrant
    {
        require(
            WithdrawalTree.contains(ROLLUP.withdrawalsRoot(batch), index, word, path),
            NotWithdrawn(batch, index)
        );
        require(!_claimed[batch].get(index), AlreadyClaimed(batch, index));
        _claimed[batch].set(index);

        (uint16 token, address recipient, uint256 quanta) = Words.readWithdrawal(word);
        Token memory info = tokenAt(token);
        // A proven batch pays out what came in: `owed` covers it.
        _tokens[token].owed = info.owed - uint64(quanta);
        uint256 amount = quanta * 10 ** info.quantumExponent;
        emit Claimed(batch, index, recipient, token, amount);

        if (info.asset == address(0)) {
            Address.sendValue(payable(recipient), amount);
        } else {
            IERC20(info.asset).safeTransfer(recipient, amount);
        }
    }

    /// @notice Whether withdrawal `index` of `batch` has been paid.
    function isClaimed(uint32 batch, uint256 index) external view returns (bool) {
        return _claimed[batch].get(index);
    }

    // --- internals ------------------------------------------------------------------------------

    function _toQuanta(uint256 amount, uint8 exponent) private pure returns (uint256 quanta) {
        uint256 quantum = 10 ** exponent;
        require(amount % quantum == 0, NotWholeQuanta(amount, quantum));
        quanta = amount / quantum;
        require(quanta < Words.AMOUNT_BOUND, AmountTooLarge(quanta));
    }

    /// @dev A token that keeps a part of a transfer would leave the rollup owing more than it has.
    function _receive(address asset, uint256 amount) private {
        if (asset == address(0)) {
            require(msg.value == amount, WrongValue(amount, msg.value));
            return;
        }
        require(msg.value == 0, WrongValue(0, msg.value));
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(asset).balanceOf(address(this)) - before;
        require(received == amount, WrongAmountReceived(amount, received));
    }
}
