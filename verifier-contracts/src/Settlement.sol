// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CircuitSets} from "./CircuitSets.sol";
import {DataAvailability, DataMode} from "./DataAvailability.sol";
import {PriorityQueue} from "./PriorityQueue.sol";
import {BlobEvaluation} from "./libraries/BlobEvaluation.sol";
import {Extension, GoldilocksExtension} from "./libraries/GoldilocksExtension.sol";
import {Header, Statement} from "./libraries/Statement.sol";
import {StreamEvaluation} from "./libraries/StreamEvaluation.sol";
import {WithdrawalTree} from "./libraries/WithdrawalTree.sol";

/// @notice What the contract remembers of a batch. It stores the hash; who refers to a batch brings
/// the record, as the event published it.
struct Batch {
    uint32 number;
    /// When the batch was opened, in seconds.
    uint32 timestamp;
    /// Priority operations executed by this batch and all before it.
    uint64 priorityEnd;
    /// State commitment after the batch.
    bytes32 state;
    /// `h_i` of docs/spec.md, section 6.
    bytes32 chainHash;
}

/// @notice What the committer says of a batch. Everything else in the header is the contract's own.
struct Commitment {
    uint32 timestamp;
    bytes32 state;
    bytes32 dataDigest;
    bytes32 priorityDigest;
    bytes32 withdrawalDigest;
    /// Where the data is, and how many words of it.
    DataMode dataMode;
    uint32 dataCount;
    /// The data's value at `x`, of data with the committee: a hint, true of the digest or the batch
    /// cannot be proven. Ignored in other modes.
    uint128 dataValue;
    /// The data's value at `z`, of data in blobs. Ignored in other modes.
    bytes32 blobValue;
}

/// @notice The words of a batch, one stream after the other.
struct Streams {
    /// By the mode: data words; openings of blobs, 128 bytes each; signatures, 65 bytes each.
    bytes data;
    /// The priority operations that the batch executes, in their turn.
    bytes priority;
    /// The origin of each of these operations, 20 bytes each.
    bytes origins;
    bytes withdrawals;
}

/// @title The life of a batch: committed, proven, final
/// @notice The contract never trusts a committer: it builds each batch's header from its own
/// storage and from the bytes in front of it, and a proof holds for that header only. A wrong
/// digest, state or point makes a batch that cannot be proven, never one that is proven wrongly;
/// such a batch is taken back, and the queue goes back with it, because its position is part of the
/// batch's record.
abstract contract Settlement is PriorityQueue, CircuitSets, DataAvailability {
    using GoldilocksExtension for Extension;

    // --- constants ------------------------------------------------------------------------------

    /// @notice Seconds that a batch may be older than the block that commits it.
    uint256 public constant MAX_BATCH_AGE = 24 hours;

    /// @notice Batches that may wait for a proof: all of them can be taken back in one transaction.
    uint256 public constant MAX_UNPROVEN = 256;

    /// @dev The last proven batch, and as many as may wait.
    uint256 private constant LIVE_BATCHES = MAX_UNPROVEN + 1;

    /// @notice Binds signatures and proofs to this chain and this contract.
    bytes32 public immutable DOMAIN;

    // --- storage --------------------------------------------------------------------------------

    /// @notice The last batch that has been committed; 0 is genesis.
    uint32 public committedBatches;

    /// @notice The last batch that has been proven.
    uint32 public provenBatches;

    /// @notice Whether anyone may prove.
    bool public openProving;

    /// @notice State commitment after the last proven batch.
    bytes32 public provenState;

    /// @dev `keccak256(abi.encode(Batch))` of the batches that records are checked against: the last
    /// proven one and those that wait. Batch n is at n mod `LIVE_BATCHES`: a slot that is used again
    /// costs 17,100 gas less than a new one.
    mapping(uint256 position => bytes32 hash) private _batchHash;

    /// @dev Roots of committed batches, proven or not; zero for a batch without withdrawals.
    mapping(uint32 number => bytes32 root) private _withdrawalsRoot;

    // --- events and errors ----------------------------------------------------------------------

    /// @notice A batch has been committed. `batch` is the record that later calls must bring. With
    /// digest and count, whoever rebuilds the state knows the data whoever gives it out, without the
    /// call that has committed it: a contract may have made that.
    event BatchCommitted(
        uint32 indexed number,
        Batch batch,
        bytes32 withdrawalsRoot,
        DataMode dataMode,
        bytes32 dataDigest,
        uint32 dataCount
    );

    /// @notice The data words of a batch in calldata that was not committed by a transaction of its
    /// own: they are in no transaction's input, and nobody need trace calls to read them.
    event BatchData(uint32 indexed number, bytes data);

    /// @notice The batches `first` to `last` have been proven and are final.
    event BatchesProven(uint32 indexed first, uint32 indexed last, bytes32 state);

    /// @notice The batches `first` to `last`, not proven, have been taken back.
    event BatchesReverted(uint32 indexed first, uint32 indexed last);

    /// @notice The rollup is frozen for good after its last proven batch.
    event Frozen(uint32 indexed number, bytes32 state);

    /// @notice Proving has been opened to anyone, or closed.
    event OpenProvingSet(bool open);

    /// @notice The record is not that of the batch that must come next in turn.
    error WrongBatch(uint32 expected, uint32 got);

    /// @notice The record is not the one that was committed.
    error BatchHashMismatch(uint32 number);

    /// @notice The last batch of a range is not after the first or not committed.
    error BadRange(uint32 from, uint32 to, uint32 committed);

    /// @notice The batch has not been proven.
    error NotProven(uint32 number, uint32 proven);

    /// @notice Batches up to this one are proven: no other can take their place.
    error AlreadyProven(uint32 number, uint32 proven);

    /// @notice No batch after this one has been committed.
    error NothingToRevert(uint32 number, uint32 committed);

    /// @notice As many batches as may wait for a proof are waiting.
    error TooManyUnproven(uint256 limit);

    /// @notice The batch leaves the overdue operation where it is.
    error StillOverdue(uint64 operation);

    /// @notice The batch is older than the one before it.
    error TimestampDecreases(uint32 previous, uint32 timestamp);

    /// @notice The batch is from the future.
    error TimestampInFuture(uint32 timestamp, uint256 blockTimestamp);

    /// @notice The batch waited too long for its commitment.
    error TimestampTooOld(uint32 timestamp, uint256 blockTimestamp);

    constructor(bytes32 genesisState) {
        DOMAIN = Statement.domainOf(block.chainid, address(this));
        Batch memory genesis;
        genesis.state = genesisState;
        _batchHash[0] = keccak256(abi.encode(genesis));
        provenState = genesisState;
        emit BatchCommitted(0, genesis, bytes32(0), DataMode.CALLDATA, bytes32(0), 0);
    }

    // --- settlement -----------------------------------------------------------------------------

    /// @notice Commits the next batch. Its bytes are published here; they need not be valid to be
    /// committed, but then no proof exists.
    /// @param previous The record of the last committed batch.
    /// @param next What the committer says of the new one.
    /// @param streams Its words.
    /// @return batch The record of the new batch, as the event publishes it.
    function commit(Batch calldata previous, Commitment calldata next, Streams calldata streams)
        external
        whenNotPaused
        whenNotFrozen
        onlyRole(COMMITTER_ROLE)
        returns (Batch memory batch)
    {
        return _commit(previous, next, streams);
    }

    /// @notice Proves the batches after `from` up to `to`: from now on they are final. Anyone may,
    /// if proving is open or an operation is overdue.
    /// @param from The record of the last proven batch.
    /// @param to The record of the last batch that the proof covers.
    /// @param circuitSet Index of the circuit set that the proof is made of.
    /// @param proof As `IVerifier.verifyProof` takes it.
    function prove(
        Batch calldata from,
        Batch calldata to,
        uint256 circuitSet,
        uint256[8] calldata proof
    ) external whenNotPaused whenNotFrozen {
        if (!openProving && !isOverdue()) _checkRole(PROVER_ROLE);
        require(to.number <= committedBatches, BadRange(from.number, to.number, committedBatches));
        _checkRecord(to);
        _prove(from, to, circuitSet, proof);
    }

    /// @notice Commits a batch and proves it at once: once an operation is overdue, anyone may, so
    /// that a silent operator can be replaced instead of frozen. Batches that wait for a proof are
    /// dropped; who would rather prove those calls `prove`.
    /// @param from The record of the last proven batch.
    /// @param next What the caller says of the new one; it must execute the overdue operation.
    /// @param streams Its words.
    /// @param circuitSet Index of the circuit set that the proof is made of.
    /// @param proof As `IVerifier.verifyProof` takes it.
    function commitAndProve(
        Batch calldata from,
        Commitment calldata next,
        Streams calldata streams,
        uint256 circuitSet,
        uint256[8] calldata proof
    ) external whenNotPaused whenNotFrozen returns (Batch memory batch) {
        require(isOverdue(), NotOverdue(deadline(), block.timestamp));
        _dropUnproven(provenBatches);
        batch = _commit(from, next, streams);
        require(batch.priorityEnd > provenOperations, StillOverdue(provenOperations));
        _prove(from, batch, circuitSet, proof);
    }

    /// @notice Takes back the batches after `last`, none of which is proven. Also while paused.
    /// @param last The record of the last batch that stays.
    function revertBatches(Batch calldata last) external whenNotFrozen onlyRole(COMMITTER_ROLE) {
        require(last.number >= provenBatches, AlreadyProven(last.number, provenBatches));
        require(last.number < committedBatches, NothingToRevert(last.number, committedBatches));
        _checkRecord(last);
        _dropUnproven(last.number);
    }

    /// @notice Freezes the rollup for good, once an operation is overdue: what is proven is final,
    /// what is only committed is dropped, and custody pays everyone out. Anyone may, also while
    /// settlement is paused.
    function freeze() external whenNotFrozen {
        require(isOverdue(), NotOverdue(deadline(), block.timestamp));
        frozenAt = uint64(block.timestamp);
        _dropUnproven(provenBatches);
        emit Frozen(provenBatches, provenState);
    }

    /// @notice Opens proving to anyone, or closes it.
    function setOpenProving(bool open) external onlyRole(DEFAULT_ADMIN_ROLE) {
        openProving = open;
        emit OpenProvingSet(open);
    }

    /// @notice `keccak256(abi.encode(Batch))` of the last proven batch or one that waits; zero for all
    /// others.
    function batchHash(uint32 number) external view returns (bytes32) {
        if (number < provenBatches || number > committedBatches) return bytes32(0);
        return _batchHash[number % LIVE_BATCHES];
    }

    // --- internals ------------------------------------------------------------------------------

    /// @dev The root of a proven batch's withdrawals.
    function _provenRoot(uint32 number) internal view returns (bytes32) {
        require(number <= provenBatches, NotProven(number, provenBatches));
        return _withdrawalsRoot[number];
    }

    function _commit(Batch calldata previous, Commitment calldata next, Streams calldata streams)
        private
        returns (Batch memory batch)
    {
        require(previous.number == committedBatches, WrongBatch(committedBatches, previous.number));
        require(committedBatches - provenBatches < MAX_UNPROVEN, TooManyUnproven(MAX_UNPROVEN));
        _checkRecord(previous);
        _checkTimestamp(previous.timestamp, next.timestamp);

        batch.number = previous.number + 1;
        batch.timestamp = next.timestamp;
        batch.priorityEnd = _consume(previous.priorityEnd, streams.priority, streams.origins);
        batch.state = next.state;
        batch.chainHash = Statement.chainHash(_buildHeader(previous, next, streams));
        bytes32 root = WithdrawalTree.root(streams.withdrawals);

        committedBatches = batch.number;
        _batchHash[batch.number % LIVE_BATCHES] = keccak256(abi.encode(batch));
        if (root != 0) _withdrawalsRoot[batch.number] = root;
        emit BatchCommitted(
            batch.number, batch, root, next.dataMode, next.dataDigest, next.dataCount
        );
        if (next.dataMode == DataMode.CALLDATA && !_isOwnTransaction()) {
            emit BatchData(batch.number, streams.data);
        }
    }

    /// @dev The caller has checked the record of `to`.
    function _prove(
        Batch calldata from,
        Batch memory to,
        uint256 circuitSet,
        uint256[8] calldata proof
    ) private {
        require(from.number == provenBatches, WrongBatch(provenBatches, from.number));
        require(from.number < to.number, BadRange(from.number, to.number, committedBatches));
        _checkRecord(from);
        CircuitSet memory set = _activeCircuitSet(circuitSet);
        set.verifier
            .verifyProof(proof, Statement.publicInput(set.root, from.chainHash, to.chainHash));

        provenBatches = to.number;
        provenState = to.state;
        _settleOperations(to.priorityEnd, msg.sender);
        emit BatchesProven(from.number + 1, to.number, to.state);
    }

    /// @dev Forgets the batches after `last`.
    function _dropUnproven(uint32 last) private {
        uint32 committed = committedBatches;
        if (committed == last) return;
        committedBatches = last;
        for (uint32 number = last + 1; number <= committed; ++number) {
            delete _batchHash[number % LIVE_BATCHES];
            delete _withdrawalsRoot[number];
        }
        emit BatchesReverted(last + 1, committed);
    }

    function _buildHeader(
        Batch calldata previous,
        Commitment calldata next,
        Streams calldata streams
    ) private view returns (Header memory header) {
        header.previousChainHash = previous.chainHash;
        header.domain = DOMAIN;
        header.number = previous.number + 1;
        header.timestamp = next.timestamp;
        header.stateBefore = previous.state;
        header.stateAfter = next.state;
        header.dataDigest = next.dataDigest;
        header.dataCount = next.dataCount;
        header.priorityDigest = next.priorityDigest;
        header.priorityCount = _countWords(streams.priority);
        header.withdrawalDigest = next.withdrawalDigest;
        header.withdrawalCount = _countWords(streams.withdrawals);

        (bytes32 dataHash, bytes32[] memory versionedHashes) =
            _locateData(next.dataMode, header, streams.data);
        bytes32 priorityHash = keccak256(streams.priority);
        bytes32 withdrawalsHash = keccak256(streams.withdrawals);
        Extension memory point = StreamEvaluation.pointFromHash(
            Statement.pointHash(Statement.POINT, header, dataHash, priorityHash, withdrawalsHash)
        );
        header.point = point.pack();
        StreamEvaluation.Powers memory powers = StreamEvaluation.powersOf(point);
        header.priorityValue = StreamEvaluation.evaluate(streams.priority, powers).pack();
        header.withdrawalValue = StreamEvaluation.evaluate(streams.withdrawals, powers).pack();
        // The data has its value at one point; the other value is zero, and so is z outside of blobs.
        if (next.dataMode == DataMode.CALLDATA) {
            header.dataValue = StreamEvaluation.evaluate(streams.data, powers).pack();
        } else if (next.dataMode == DataMode.COMMITTEE) {
            header.dataValue = next.dataValue;
        } else {
            bytes32 hash = Statement.pointHash(
                Statement.BLOB_POINT, header, dataHash, priorityHash, withdrawalsHash
            );
            uint256 blobPoint = uint256(hash) % BlobEvaluation.R;
            BlobEvaluation.check(
                uint256(next.blobValue), header.dataCount, blobPoint, versionedHashes, streams.data
            );
            header.blobPoint = bytes32(blobPoint);
            header.blobValue = next.blobValue;
        }
    }

    /// @dev Whether the input of the call is that of the transaction. An account that signs may have
    /// code (EIP-7702) and call from there; without code it can send transactions only.
    function _isOwnTransaction() private view returns (bool) {
        return msg.sender == tx.origin && msg.sender.code.length == 0;
    }

    function _checkRecord(Batch calldata batch) private view {
        require(
            keccak256(abi.encode(batch)) == _batchHash[batch.number % LIVE_BATCHES],
            BatchHashMismatch(batch.number)
        );
    }

    function _checkTimestamp(uint32 previous, uint32 timestamp) private view {
        require(previous <= timestamp, TimestampDecreases(previous, timestamp));
        require(timestamp <= block.timestamp, TimestampInFuture(timestamp, block.timestamp));
        require(
            timestamp + MAX_BATCH_AGE >= block.timestamp,
            TimestampTooOld(timestamp, block.timestamp)
        );
    }
}
