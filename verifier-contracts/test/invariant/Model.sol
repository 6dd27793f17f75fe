// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DemoToken} from "../../script/DemoToken.sol";
import {Vm, vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Commitment, Rollup, Streams} from "../../src/Rollup.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {Reference} from "../utils/Reference.sol";

/// @title What the rollup should be, kept beside the real one
/// @notice Three people with one leaf for each of two tokens. The model has every leaf's balance
/// after every batch, every operation and every withdrawal, so it knows to the quantum what L1 owes
/// to whom.
abstract contract Model {
    uint256 internal constant PEOPLE = 3;
    uint256 internal constant TOKENS = 2;
    uint256 internal constant LEAVES = PEOPLE * TOKENS;
    uint32 internal constant FIRST_LEAF = 1 << 16;

    /// @notice What an operation does when its turn comes. A withdrawal that is more than the leaf has does
    /// nothing.
    enum Effect {
        NONE,
        DEPOSIT,
        WITHDRAW
    }

    struct Operation {
        bytes words;
        address origin;
        uint256 enqueued;
        Effect effect;
        uint256 leaf;
        uint64 quanta;
    }

    /// @notice What the list of circuit sets should say of one.
    struct Set {
        bytes32 root;
        uint256 activeAt;
        bool installed;
        bool retired;
    }

    Rollup public immutable ROLLUP;
    Custody public immutable CUSTODY;
    DemoToken public immutable TOKEN;
    uint256 internal immutable FEE;

    /// @notice The clock: cheat codes do not reach from one call into the next.
    uint256 public time;

    Operation[] internal operations;
    Set[] internal sets;
    mapping(uint32 batch => Batch) internal records;
    mapping(uint32 batch => uint64[LEAVES]) internal balances;
    mapping(uint32 batch => bytes31[]) internal withdrawals;
    /// What was final once, as it was then.
    mapping(uint32 batch => bytes32) internal finalRoot;
    mapping(uint32 batch => bytes32) internal finalHash;

    /// @notice An action that succeeded and should not have, or the other way round; zero if there is none.
    bytes32 public broken;

    /// @notice How often each action was tried, and how often it should succeed and did. The others should
    /// fail, and did.
    mapping(bytes32 action => uint256) public tried;
    mapping(bytes32 action => uint256) public done;
    uint256 public allTried;
    uint256 public allDone;

    modifier onTime() {
        vm.warp(time);
        _;
    }

    constructor(Rollup rollup, DemoToken token, bytes32 circuitSetRoot, Batch memory genesis) {
        ROLLUP = rollup;
        CUSTODY = rollup.CUSTODY();
        TOKEN = token;
        sets.push(Set(circuitSetRoot, 0, false, false));
        FEE = rollup.PRIORITY_FEE();
        records[0] = genesis;
        time = block.timestamp;
    }

    // --- what L1 owes ---

    /// @notice Quanta in leaves, in withdrawals that nobody has claimed and in the queue.
    function owed(uint16 token) external view returns (uint256 quanta) {
        uint32 proven = ROLLUP.provenBatches();
        for (uint256 i = token; i < LEAVES; i += TOKENS) {
            if (!CUSTODY.hasExited(_leafId(i))) quanta += balances[proven][i];
        }
        for (uint32 batch = 1; batch <= proven; ++batch) {
            for (uint256 i = 0; i < withdrawals[batch].length; ++i) {
                (uint16 paidIn, uint64 amount) = _readWithdrawal(withdrawals[batch][i]);
                if (paidIn == token && !CUSTODY.isClaimed(batch, i)) quanta += amount;
            }
        }
        for (uint64 i = ROLLUP.provenOperations(); i < operations.length; ++i) {
            Operation storage operation = operations[i];
            bool counts = operation.effect == Effect.DEPOSIT && operation.leaf % TOKENS == token;
            if (counts && !CUSTODY.isRefunded(i)) quanta += operation.quanta;
        }
    }

    /// @notice Wei of fees that nobody has earned and nobody has got back.
    function openFees() external view returns (uint256 wei_) {
        for (uint64 i = ROLLUP.provenOperations(); i < operations.length; ++i) {
            if (!CUSTODY.isRefunded(i)) wei_ += FEE;
        }
    }

    /// @notice Base units that wait to be collected.
    function credits(address asset) external view returns (uint256 amount) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            amount += CUSTODY.credit(person(i), asset);
        }
    }

    /// @notice Whether each final batch is what it was when it became final.
    function finalStands() external view returns (bool) {
        uint32 proven = ROLLUP.provenBatches();
        for (uint32 batch = 1; batch <= proven; ++batch) {
            if (ROLLUP.withdrawalsRoot(batch) != finalRoot[batch]) return false;
        }
        if (proven != 0 && ROLLUP.batchHash(proven) != finalHash[proven]) return false;
        return ROLLUP.provenState() == records[proven].state;
    }

    /// @notice Whether batches that wait are as they were committed, one after the other in the queue.
    function committedStands() external view returns (bool) {
        uint32 committed = ROLLUP.committedBatches();
        uint64 position = ROLLUP.provenOperations();
        if (records[ROLLUP.provenBatches()].priorityEnd != position) return false;
        for (uint32 batch = ROLLUP.provenBatches() + 1; batch <= committed; ++batch) {
            if (ROLLUP.batchHash(batch) != keccak256(abi.encode(records[batch]))) return false;
            if (records[batch].priorityEnd < position) return false;
            position = records[batch].priorityEnd;
        }
        return position <= ROLLUP.queueLength() && ROLLUP.batchHash(committed + 1) == 0;
    }

    /// @notice Whether each operation is executed, given back, in time, or a reason to freeze.
    function nothingIsForgotten() external view returns (bool) {
        if (ROLLUP.queueLength() != operations.length) return false;
        if (ROLLUP.frozen()) return true;
        for (uint64 i = ROLLUP.provenOperations(); i < operations.length; ++i) {
            bool late = time > operations[i].enqueued + ROLLUP.PRIORITY_DEADLINE();
            if (late && !ROLLUP.isOverdue()) return false;
        }
        return true;
    }

    function person(uint256 index) public pure returns (address) {
        return address(uint160(0xaa00 + index));
    }

    // --- helpers ---

    /// @dev The one way to the contracts: a call that should succeed, or should not.
    function _attempt(
        bytes32 action,
        bool should,
        address caller,
        address target,
        uint256 value,
        bytes memory call
    ) internal returns (bytes memory answer) {
        bool success;
        vm.prank(caller);
        // A refused opening of a blob burns all gas that it gets.
        (success, answer) = target.call{value: value, gas: 30_000_000}(call);
        if (success != should) broken = action;
        ++tried[action];
        ++allTried;
        if (!success) return "";
        ++done[action];
        ++allDone;
    }

    /// @dev Notes what the call before has queued; the events since `vm.recordLogs` hold it.
    function _note(Effect effect, uint256 leaf, uint64 quanta) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != PriorityQueue.PriorityOperationQueued.selector) continue;
            (bytes memory words, address origin) = abi.decode(logs[i].data, (bytes, address));
            operations.push(Operation(words, origin, block.timestamp, effect, leaf, quanta));
        }
    }

    /// @dev Whether proofs of this set should be accepted.
    function _usable(uint256 index) internal view returns (bool) {
        Set storage set = sets[index];
        uint256 frozenAt = ROLLUP.frozenAt();
        bool late = frozenAt != 0 && !set.installed && set.activeAt > frozenAt;
        return !set.retired && set.activeAt <= time && !late;
    }

    /// @dev Mostly a set that should be accepted, if there is one.
    function _pickSet(uint256 seed) internal view returns (uint256 index) {
        index = seed % sets.length;
        if ((seed >> 64) % 8 == 0) return index;
        for (uint256 i = 0; i < sets.length && !_usable(index); ++i) {
            index = (index + 1) % sets.length;
        }
    }

    /// @dev The statement that `VerifierDouble` takes for a proof.
    function _proof(uint256 set, Batch memory from, Batch memory to)
        internal
        view
        returns (uint256[8] memory proof)
    {
        proof[0] = Statement.publicInput(sets[set].root, from.chainHash, to.chainHash);
    }

    function _exitProof(uint256 set, bytes memory leaves)
        internal
        view
        returns (uint256[8] memory proof)
    {
        bytes32 list = sha256(bytes.concat(ROLLUP.DOMAIN(), leaves));
        bytes memory statement =
            abi.encodePacked(uint32(2), sets[set].root, ROLLUP.provenState(), list);
        proof[0] = uint256(sha256(statement)) % 2 ** 252;
    }

    function _path(uint32 batch, uint256 index) internal view returns (bytes32[] memory) {
        return Reference.withdrawalPath(withdrawals[batch], index);
    }

    function _quantum(uint256 token) internal pure returns (uint256) {
        return token == 0 ? 1 gwei : 1e6;
    }

    function _asset(uint256 token) internal view returns (address) {
        return token == 0 ? address(0) : address(TOKEN);
    }

    function _leafId(uint256 leaf) internal pure returns (uint32) {
        return FIRST_LEAF + uint32(leaf);
    }

    function _owner(uint256 leaf) internal pure returns (address) {
        return person(leaf / TOKENS);
    }

    function _withdrawalWord(uint256 leaf, uint64 quanta) internal pure returns (bytes31) {
        uint256 value = (uint256(0x30) << 240) | ((leaf % TOKENS) << 222)
            | (uint256(uint160(_owner(leaf))) << 62) | quanta;
        return bytes31(uint248(value));
    }

    function _readWithdrawal(bytes31 word) internal pure returns (uint16 token, uint64 quanta) {
        uint256 value = uint248(word);
        return (uint16(value >> 222), uint64(value % 2 ** 62));
    }

    /// @dev Forge likes small numbers, which have no high bits to choose by.
    function _mix(uint256 seed) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    function _within(uint256 seed, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + seed % (high - low + 1);
    }
}
