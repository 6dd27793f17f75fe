// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Governed} from "./Governed.sol";
import {Words} from "./libraries/Words.sol";

/// @title The queue of L1's own operations
/// @notice Priority operations are executed strictly in the order in which L1 accepted them. The
/// queue keeps one slot for each prefix of itself, with a hash over it, so that a committer brings
/// the operations of a range and the contract needs two reads to check them, however many they are.
/// Each operation has a deadline until it must be *proven*: a rollup that misses it can be frozen by
/// anyone.
abstract contract PriorityQueue is Governed {
    /// @notice What the queue remembers of a prefix: one slot.
    struct Prefix {
        /// `keccak256(hash of the prefix before || words || origin)`, cut to 224 bits; zero for no
        /// operations.
        bytes28 hash;
        /// When the last operation of the prefix was accepted, in seconds.
        uint32 enqueued;
    }

    /// @notice Wei that each operation pays to whoever proves it.
    uint256 public immutable PRIORITY_FEE;

    /// @notice Seconds that an operation may wait until it is proven.
    uint256 public immutable PRIORITY_DEADLINE;

    /// @notice Bytes of an origin.
    uint256 private constant ORIGIN_BYTES = 20;

    /// @notice The number of operations that L1 has accepted.
    uint64 public queueLength;

    /// @notice The number of operations that proven batches have executed.
    uint64 public provenOperations;

    /// @notice `queuePrefix(n)` stands for the first n operations.
    mapping(uint64 length => Prefix) public queuePrefix;

    /// @notice Fees earned and not yet paid out, in wei; custody holds them.
    mapping(address prover => uint256 amount) public rewards;

    /// @notice Operation `index` has been accepted. A committer brings `words` and `origin`.
    event PriorityOperationQueued(uint64 indexed index, bytes words, address origin);

    /// @notice `prover` has earned the fees of `operations`.
    event RewardEarned(address indexed prover, uint64 operations, uint256 amount);

    /// @notice Words and origins are not those of whole operations, one origin each.
    error OperationsLength(uint256 wordBytes, uint256 originBytes);

    /// @notice The range ends beyond the last operation that L1 has accepted.
    error QueueExhausted(uint64 end, uint64 length);

    /// @notice The operations are not those whose turn it is.
    error QueueMismatch(uint64 start, uint64 end);

    /// @notice The oldest operation still has time; `deadline` is the largest number if none waits.
    error NotOverdue(uint256 deadline, uint256 blockTimestamp);

    constructor(uint256 priorityFee, uint32 priorityDeadline) {
        PRIORITY_FEE = priorityFee;
        PRIORITY_DEADLINE = priorityDeadline;
    }

    /// @notice The last second in which the oldest operation that is not proven is in time.
    function deadline() public view returns (uint256) {
        if (provenOperations == queueLength) return type(uint256).max;
        return queuePrefix[provenOperations + 1].enqueued + PRIORITY_DEADLINE;
    }

    /// @notice Whether an operation has waited too long.
    function isOverdue() public view returns (bool) {
        return block.timestamp > deadline();
    }

    /// @dev Appends an operation.
    function _enqueue(bytes calldata words, address origin) internal returns (uint64 index) {
        index = queueLength;
        queueLength = index + 1;
        queuePrefix[index + 1] = Prefix({
            hash: _extend(queuePrefix[index].hash, words, abi.encodePacked(origin)),
            enqueued: uint32(block.timestamp)
        });
        emit PriorityOperationQueued(index, words, origin);
    }

    /// @dev Checks that these are exactly the operations from `start` on, and returns where they
    /// end. Where the queue stands is the caller's to keep: it advances with each batch.
    function _consume(uint64 start, bytes calldata words, bytes calldata origins)
        internal
        view
        returns (uint64 end)
    {
        if (words.length == 0 && origins.length == 0) return start;
        uint256 count = origins.length / ORIGIN_BYTES;
        end = start + uint64(count);
        require(end <= queueLength, QueueExhausted(end, queueLength));

        uint256 position = 0;
        bytes28 hash = queuePrefix[start].hash;
        for (uint256 i = 0; i < count; ++i) {
            require(position < words.length, OperationsLength(words.length, origins.length));
            uint256 next = position + Words.operationLength(uint8(words[position]));
            require(next <= words.length, OperationsLength(words.length, origins.length));
            hash = _extend(
                hash, words[position:next], origins[i * ORIGIN_BYTES:(i + 1) * ORIGIN_BYTES]
            );
            position = next;
        }
        require(
            position == words.length && origins.length == count * ORIGIN_BYTES,
            OperationsLength(words.length, origins.length)
        );
        require(hash == queuePrefix[end].hash, QueueMismatch(start, end));
    }

    /// @dev The operations up to `end` are proven: `prover` has earned their fees.
    function _settleOperations(uint64 end, address prover) internal {
        uint64 operations = end - provenOperations;
        if (operations == 0) return;
        provenOperations = end;
        uint256 amount = operations * PRIORITY_FEE;
        rewards[prover] += amount;
        emit RewardEarned(prover, operations, amount);
    }

    /// @dev Whether operation `index` of the queue is this one.
    function _isQueued(uint64 index, bytes calldata words, address origin)
        internal
        view
        returns (bool)
    {
        return index < queueLength
            && _extend(queuePrefix[index].hash, words, abi.encodePacked(origin))
                == queuePrefix[index + 1].hash;
    }

    function _extend(bytes28 hash, bytes calldata words, bytes memory origin)
        private
        pure
        returns (bytes28)
    {
        return bytes28(keccak256(abi.encodePacked(hash, words, origin)));
    }
}
