// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {EscapeHatch} from "./EscapeHatch.sol";
import {ForcedTransaction, ForcedTransactions} from "./libraries/ForcedTransactions.sol";
import {WithdrawalTree} from "./libraries/WithdrawalTree.sol";
import {Words} from "./libraries/Words.sol";

/// @title Holds what the rollup's users own
/// @notice Money comes in by deposits, which enter the rollup through its queue of priority
/// operations, and goes out by claims against the withdrawals of proven batches, or through the
/// escape hatch. No role can move it, and no pause stops a claim or an exit. Each priority operation
/// pays one flat fee in ETH, for whoever proves it.
contract Custody is EscapeHatch {
    using BitMaps for BitMaps.BitMap;

    /// @notice Whether the rollup's circuits execute forced transactions.
    bool public immutable FORCED_TRANSACTIONS;

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

    /// @notice The fees that `prover` had earned have been paid.
    event RewardPaid(address indexed prover, uint256 amount);

    /// @notice The caller is not the governor.
    error NotGovernor(address caller);

    /// @notice The circuits of this rollup do not execute forced transactions.
    error ForcedTransactionsOff();

    /// @notice The amount is not a whole number of quanta.
    error NotWholeQuanta(uint256 amount, uint256 quantum);

    /// @notice The amount is not below 2^62 quanta.
    error AmountTooLarge(uint256 quanta);

    /// @notice The word is not at this index of the batch's withdrawals.
    error NotWithdrawn(uint32 batch, uint256 index);

    /// @notice The withdrawal has been paid.
    error AlreadyClaimed(uint32 batch, uint256 index);

    /// @notice The prover has earned nothing since it was paid.
    error NoReward(address prover);

    modifier onlyGovernor() {
        require(ROLLUP.isGovernor(msg.sender), NotGovernor(msg.sender));
        _;
    }

    /// @notice Deployed by the rollup itself, so that neither can have another partner.
    constructor(uint256 priorityFee, bool forcedTransactions) EscapeHatch(priorityFee) {
        FORCED_TRANSACTIONS = forcedTransactions;
    }

    // --- tokens ---------------------------------------------------------------------------------

    /// @notice Registers a token, on L1 now and in the rollup in its turn. The fee comes with it.
    /// @param asset L1 contract; zero is ETH.
    /// @param quantumExponent A quantum is `10 ** quantumExponent` base units, for good.
    /// @param cap Quanta that deposits may bring the rollup up to.
    /// @param feeKey Key of the account that collects the token's fees.
    /// @return token The token's index.
    function registerToken(
        address asset,
        uint8 quantumExponent,
        uint64 cap,
        uint64[5] calldata feeKey
    ) external payable onlyGovernor returns (uint16 token) {
        require(msg.value == PRIORITY_FEE, WrongValue(PRIORITY_FEE, msg.value));
        token = _register(asset, quantumExponent);
        _setDepositCap(token, cap);
        (bytes31 first, bytes31 second) = Words.registerToken(token, quantumExponent, feeKey);
        ROLLUP.enqueue(abi.encodePacked(first, second), msg.sender);
    }

    /// @notice Sets how many quanta of a token deposits may bring the rollup up to. What is there
    /// stays.
    function setDepositCap(uint16 token, uint64 cap) external onlyGovernor {
        tokenAt(token);
        _setDepositCap(token, cap);
    }

    // --- into the queue -------------------------------------------------------------------------

    /// @notice Deposits `amount` base units of a token. The fee comes with the call, and so does
    /// ETH; other tokens are drawn from the caller's allowance.
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
        _receive(token, info, quanta, PRIORITY_FEE);

        (bytes31 first, bytes31 second) = Words.deposit(leaf, token, quanta, key);
        uint64 queueIndex = ROLLUP.enqueue(abi.encodePacked(first, second), msg.sender);
        emit Deposited(queueIndex, msg.sender, token, leaf, amount, key);
    }

    /// @notice Queues a signed transaction, so that the operator cannot leave it out. The fee comes
    /// with the call. It is executed if it holds when its turn comes (its expiry against the time of
    /// this call), else it changes nothing. What no transaction can be is refused at once.
    function forceTransaction(ForcedTransaction calldata forced)
        external
        payable
        returns (uint64 queueIndex)
    {
        require(FORCED_TRANSACTIONS, ForcedTransactionsOff());
        require(msg.value == PRIORITY_FEE, WrongValue(PRIORITY_FEE, msg.value));
        bytes memory words = ForcedTransactions.encode(forced, uint32(block.timestamp));
        return ROLLUP.enqueue(words, msg.sender);
    }

    // --- out ------------------------------------------------------------------------------------

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
        BitMaps.BitMap storage claimed = _claimed[batch];
        require(!claimed.get(index), AlreadyClaimed(batch, index));
        claimed.set(index);

        (uint16 token, address recipient, uint256 quanta) = Words.readWithdrawal(word);
        (address asset, uint256 amount) = _release(token, quanta);
        emit Claimed(batch, index, recipient, token, amount);
        _pay(asset, recipient, amount);
    }

    /// @notice Pays the fees that `prover` has earned to it. Anyone may call.
    function collectReward(address prover) external nonReentrant {
        uint256 amount = ROLLUP.takeReward(prover);
        require(amount != 0, NoReward(prover));
        emit RewardPaid(prover, amount);
        _pay(address(0), prover, amount);
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
}
