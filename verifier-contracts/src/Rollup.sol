// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Custody} from "./Custody.sol";
import {PriorityQueue} from "./PriorityQueue.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
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
}

/// @title Cairn's settlement on L1: batches are committed, then proven
/// @notice The contract never trusts a committer: it builds each batch's header from its own
/// storage and from the bytes in front of it, and a proof holds for that header only. A wrong
/// digest, state or point makes a batch that cannot be proven, never one that is proven wrongly.
/// A committed batch cannot be taken back, and one that cannot be proven stops settlement for good:
/// the committer is trusted with the rollup's progress, not with its state.
contract Rollup is IRollup, PriorityQueue, AccessControl, Pausable {
    using GoldilocksExtension for Extension;

    /// @notice How a rollup starts; fixed for good.
    struct Configuration {
        address governor;
        address committer;
        address prover;
        IVerifier verifier;
        /// Merkle root over the digests of the verifier keys that the recursion may use.
        bytes32 circuitSetRoot;
        /// State commitment of the empty tree.
        bytes32 genesisState;
        /// The verifying key comes from a local set-up: who made it can forge proofs.
        bool developmentKeys;
    }

    // --- constants ------------------------------------------------------------------------------

    /// @notice May commit batches.
    bytes32 public constant COMMITTER_ROLE = keccak256("COMMITTER_ROLE");

    /// @notice May prove batches, unless proving is open to anyone.
    bytes32 public constant PROVER_ROLE = keccak256("PROVER_ROLE");

    /// @notice Bytes of data that a batch may carry in calldata.
    uint256 public constant MAX_DATA_BYTES = 120_000;

    /// @notice Seconds that a batch may be older than the block that commits it.
    uint256 public constant MAX_BATCH_AGE = 24 hours;

    /// @notice The only chain (anvil's) where development keys are accepted.
    uint256 public constant DEVELOPMENT_CHAIN = 31_337;

    /// @notice Binds signatures and proofs to this chain and this contract.
    bytes32 public immutable DOMAIN;

    /// @notice Root of the set of circuits that proofs may be made of.
    bytes32 public immutable CIRCUIT_SET_ROOT;

    /// @notice Checks the proofs.
    IVerifier public immutable VERIFIER;

    /// @notice Holds the assets, takes deposits and pays withdrawals.
    Custody public immutable CUSTODY;

    // --- storage --------------------------------------------------------------------------------

    /// @notice The last batch that has been committed; 0 is genesis.
    uint32 public committedBatches;

    /// @notice The last batch that has been proven.
    uint32 public provenBatches;

    /// @notice Whether anyone may prove.
    bool public openProving;

    /// @notice State commitment after the last proven batch.
    bytes32 public provenState;

    /// @notice `keccak256(abi.encode(Batch))` of every committed batch.
    mapping(uint32 number => bytes32 hash) public batchHash;

    /// @dev Roots of committed batches, proven or not; zero for a batch without withdrawals.
    mapping(uint32 number => bytes32 root) private _withdrawalsRoot;

    // --- events and errors ----------------------------------------------------------------------

    /// @notice A batch has been committed. `batch` is the record that later calls must bring.
    event BatchCommitted(uint32 indexed number, Batch batch, bytes32 withdrawalsRoot);

    /// @notice The batches `first` to `last` have been proven and are final.
    event BatchesProven(uint32 indexed first, uint32 indexed last, bytes32 state);

    /// @notice Proving has been opened to anyone, or closed.
    event OpenProvingSet(bool open);

    /// @notice Development keys on a chain that is not for development.
    error DevelopmentKeysRefused(uint256 chainId);

    /// @notice The caller is not custody.
    error NotCustody(address caller);

    /// @notice The record is not that of the batch that must come next in turn.
    error WrongBatch(uint32 expected, uint32 got);

    /// @notice The record is not the one that was committed.
    error BatchHashMismatch(uint32 number);

    /// @notice The last batch of a range is not after the first or not committed.
    error BadRange(uint32 from, uint32 to, uint32 committed);

    /// @notice The batch has not been proven.
    error NotProven(uint32 number, uint32 proven);

    /// @notice The batch is older than the one before it.
    error TimestampDecreases(uint32 previous, uint32 timestamp);

    /// @notice The batch is from the future.
    error TimestampInFuture(uint32 timestamp, uint256 blockTimestamp);

    /// @notice The batch waited too long for its commitment.
    error TimestampTooOld(uint32 timestamp, uint256 blockTimestamp);

    /// @notice More data than a batch may carry.
    error TooMuchData(uint256 length);

    /// @notice The bytes of a stream are not whole words.
    error NotWholeWords(uint256 length);

    // --- deployment -----------------------------------------------------------------------------

    /// @notice Starts the rollup at its genesis state and deploys its custody.
    constructor(Configuration memory configuration) {
        require(
            !configuration.developmentKeys || block.chainid == DEVELOPMENT_CHAIN,
            DevelopmentKeysRefused(block.chainid)
        );
        DOMAIN = Statement.domainOf(block.chainid, address(this));
        CIRCUIT_SET_ROOT = configuration.circuitSetRoot;
        VERIFIER = configuration.verifier;
        CUSTODY = new Custody();

        _grantRole(DEFAULT_ADMIN_ROLE, configuration.governor);
        _grantRole(COMMITTER_ROLE, configuration.committer);
        _grantRole(PROVER_ROLE, configuration.prover);

        Batch memory genesis;
        genesis.state = configuration.genesisState;
        batchHash[0] = keccak256(abi.encode(genesis));
        provenState = configuration.genesisState;
        emit BatchCommitted(0, genesis, bytes32(0));
    }

    // --- settlement -----------------------------------------------------------------------------

    /// @notice Commits the next batch. Its bytes are published here; they need not be valid to be
    /// committed, but then no proof exists.
    /// @param previous The record of the last committed batch.
    /// @param next What the committer says of the new one.
    /// @param data Data words.
    /// @param priorityWords The words of the priority operations that the batch executes, in their
    /// turn.
    /// @param withdrawals Withdrawal words.
    /// @return batch The record of the new batch, as the event publishes it.
    function commit(
        Batch calldata previous,
        Commitment calldata next,
        bytes calldata data,
        bytes calldata priorityWords,
        bytes calldata withdrawals
    ) external whenNotPaused onlyRole(COMMITTER_ROLE) returns (Batch memory batch) {
        require(previous.number == committedBatches, WrongBatch(committedBatches, previous.number));
        _checkRecord(previous);
        _checkTimestamp(previous.timestamp, next.timestamp);
        require(data.length <= MAX_DATA_BYTES, TooMuchData(data.length));

        batch.number = previous.number + 1;
        batch.timestamp = next.timestamp;
        batch.priorityEnd = _consume(previous.priorityEnd, priorityWords);
        batch.state = next.state;
        batch.chainHash =
            Statement.chainHash(_buildHeader(previous, next, data, priorityWords, withdrawals));
        bytes32 root = WithdrawalTree.root(withdrawals);

        committedBatches = batch.number;
        batchHash[batch.number] = keccak256(abi.encode(batch));
        if (root != 0) _withdrawalsRoot[batch.number] = root;
        emit BatchCommitted(batch.number, batch, root);
    }

    /// @notice Proves the batches after `from` up to `to`: from now on they are final.
    /// @param from The record of the last proven batch.
    /// @param to The record of the last batch that the proof covers.
    /// @param proof As `IVerifier.verifyProof` takes it.
    function prove(Batch calldata from, Batch calldata to, uint256[8] calldata proof)
        external
        whenNotPaused
    {
        if (!openProving) _checkRole(PROVER_ROLE);
        require(from.number == provenBatches, WrongBatch(provenBatches, from.number));
        require(
            from.number < to.number && to.number <= committedBatches,
            BadRange(from.number, to.number, committedBatches)
        );
        _checkRecord(from);
        _checkRecord(to);
        VERIFIER.verifyProof(
            proof, Statement.publicInput(CIRCUIT_SET_ROOT, from.chainHash, to.chainHash)
        );

        provenBatches = to.number;
        provenState = to.state;
        emit BatchesProven(from.number + 1, to.number, to.state);
    }

    /// @inheritdoc IRollup
    function enqueue(bytes31 first, bytes31 second) external returns (uint64 index) {
        require(msg.sender == address(CUSTODY), NotCustody(msg.sender));
        return _enqueue(first, second);
    }

    // --- governance -----------------------------------------------------------------------------

    /// @notice Opens proving to anyone, or closes it.
    function setOpenProving(bool open) external onlyRole(DEFAULT_ADMIN_ROLE) {
        openProving = open;
        emit OpenProvingSet(open);
    }

    /// @notice Stops settlement. Deposits and claims go on.
    function pause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pause();
    }

    /// @notice Lets settlement go on.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    // --- views ----------------------------------------------------------------------------------

    /// @inheritdoc IRollup
    function withdrawalsRoot(uint32 number) external view returns (bytes32) {
        require(number <= provenBatches, NotProven(number, provenBatches));
        return _withdrawalsRoot[number];
    }

    /// @inheritdoc IRollup
    function isGovernor(address account) external view returns (bool) {
        return hasRole(DEFAULT_ADMIN_ROLE, account);
    }

    // --- internals ------------------------------------------------------------------------------

    function _buildHeader(
        Batch calldata previous,
        Commitment calldata next,
        bytes calldata data,
        bytes calldata priorityWords,
        bytes calldata withdrawals
    ) private view returns (Header memory header) {
        header.previousChainHash = previous.chainHash;
        header.domain = DOMAIN;
        header.number = previous.number + 1;
        header.timestamp = next.timestamp;
        header.stateBefore = previous.state;
        header.stateAfter = next.state;
        header.dataDigest = next.dataDigest;
        header.dataCount = _countWords(data);
        header.priorityDigest = next.priorityDigest;
        header.priorityCount = _countWords(priorityWords);
        header.withdrawalDigest = next.withdrawalDigest;
        header.withdrawalCount = _countWords(withdrawals);

        Extension memory point = StreamEvaluation.pointFromHash(
            Statement.pointHash(header, data, priorityWords, withdrawals)
        );
        StreamEvaluation.Powers memory powers = StreamEvaluation.powersOf(point);
        header.point = point.pack();
        header.dataValue = StreamEvaluation.evaluate(data, powers).pack();
        header.priorityValue = StreamEvaluation.evaluate(priorityWords, powers).pack();
        header.withdrawalValue = StreamEvaluation.evaluate(withdrawals, powers).pack();
    }

    function _countWords(bytes calldata words) private pure returns (uint32) {
        require(words.length % StreamEvaluation.WORD == 0, NotWholeWords(words.length));
        return uint32(words.length / StreamEvaluation.WORD);
    }

    function _checkRecord(Batch calldata batch) private view {
        require(
            keccak256(abi.encode(batch)) == batchHash[batch.number], BatchHashMismatch(batch.number)
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
