// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The queue of L1's own operations
/// @notice Priority operations are executed strictly in the order in which L1 accepted them. An
/// operation is two words. The queue keeps one hash for each prefix of itself, so that a committer
/// brings the words of a range and the contract needs two reads to check them, however many they
/// are.
abstract contract PriorityQueue {
    /// @notice Bytes of an operation: two 31-byte words.
    uint256 internal constant OPERATION_BYTES = 62;

    /// @notice The number of operations that L1 has accepted.
    uint64 public queueLength;

    /// @notice `queuePrefix(n)` stands for the first n operations: `keccak256(queuePrefix(n - 1) ||
    /// first word || second word)`, and zero for n = 0.
    mapping(uint64 length => bytes32 hash) public queuePrefix;

    /// @notice Operation `index` has been accepted.
    event PriorityOperationQueued(uint64 indexed index, bytes31 first, bytes31 second);

    /// @notice The bytes are not whole operations.
    error PriorityWordsLength(uint256 length);

    /// @notice The range ends beyond the last operation that L1 has accepted.
    error QueueExhausted(uint256 end, uint64 length);

    /// @notice The words are not those of the operations whose turn it is.
    error QueueMismatch(uint64 start, uint64 end);

    /// @dev Appends an operation.
    function _enqueue(bytes31 first, bytes31 second) internal returns (uint64 index) {
        index = queueLength;
        queueLength = index + 1;
        queuePrefix[index + 1] = keccak256(abi.encodePacked(queuePrefix[index], first, second));
        emit PriorityOperationQueued(index, first, second);
    }

    /// @dev Checks that `words` are exactly the operations from `start` on, and returns where they
    /// end. Where the queue stands is the caller's to keep: it advances with each batch.
    function _consume(uint64 start, bytes calldata words) internal view returns (uint64 end) {
        require(words.length % OPERATION_BYTES == 0, PriorityWordsLength(words.length));
        if (words.length == 0) return start;

        uint256 last = start + words.length / OPERATION_BYTES;
        require(last <= queueLength, QueueExhausted(last, queueLength));
        end = uint64(last);

        bytes32 hash = queuePrefix[start];
        for (uint256 i = 0; i < words.length; i += OPERATION_BYTES) {
            hash = keccak256(bytes.concat(hash, words[i:i + OPERATION_BYTES]));
        }
        require(hash == queuePrefix[end], QueueMismatch(start, end));
    }
}
