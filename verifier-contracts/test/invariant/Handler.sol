// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DemoToken} from "../../script/DemoToken.sol";
import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {EscapeHatch} from "../../src/EscapeHatch.sol";
import {Batch, Commitment, Rollup, Streams} from "../../src/Rollup.sol";
import {Settlement} from "../../src/Settlement.sol";
import {ForcedTransaction} from "../../src/libraries/ForcedTransactions.sol";
import {Governance} from "./Governance.sol";
import {Model} from "./Model.sol";

/// @title Everything that can happen to a rollup, in any order
/// @notice Each action is a call of which the model says whether it must succeed or must fail. None does
/// nothing: one that has nothing to work on must fail. The handler holds every role.
contract Handler is Governance {
    constructor(Rollup rollup, DemoToken token, bytes32 circuitSetRoot, Batch memory genesis)
        Model(rollup, token, circuitSetRoot, genesis)
    {}

    receive() external payable {}

    /// @notice Registers both tokens and a committee; called once, by the governor that the handler is.
    function start() external onTime {
        vm.deal(address(this), 1000 ether);
        for (uint256 token = 0; token < TOKENS; ++token) {
            vm.recordLogs();
            CUSTODY.registerToken{value: FEE}(
                _asset(token), token == 0 ? 9 : 6, 2 ** 63 - 1, [uint64(1), 2, 3, 4, 5]
            );
            _note(Effect.NONE, 0, 0);
        }
        (address[] memory members,) = _members(generation);
        ROLLUP.setDataCommittee(members, THRESHOLD);
    }

    // --- into the queue ---

    function deposit(uint256 leaf, uint64 quanta) external onTime {
        leaf %= LEAVES;
        quanta = uint64(_within(quanta, 0, 1e9));
        uint256 amount = quanta * _quantum(leaf % TOKENS);
        uint256 value = FEE;
        if (leaf % TOKENS == 0) {
            value += amount;
        } else {
            TOKEN.mint(_owner(leaf), amount);
            vm.prank(_owner(leaf));
            TOKEN.approve(address(CUSTODY), amount);
        }
        uint64[5] memory key = [uint64(leaf + 1), 0, 0, 0, 0];
        bytes memory call =
            abi.encodeCall(Custody.deposit, (_leafId(leaf), uint16(leaf % TOKENS), amount, key));
        _enqueue("deposit", _owner(leaf), value, call);
        _note(Effect.DEPOSIT, leaf, quanta);
    }

    /// @notice A withdrawal of a leaf's owner: one that holds if the leaf has as much, or one that never does,
    /// for instance because its signature is wrong.
    function force(uint256 leaf, uint64 quanta, bool holds) public onTime {
        leaf %= LEAVES;
        ForcedTransaction memory forced;
        forced.kind = 0x12;
        forced.from = _leafId(leaf);
        forced.token = uint16(leaf % TOKENS);
        forced.amount = uint64(_within(quanta, 0, 1e9));
        uint160 recipient = uint160(_owner(leaf));
        forced.target[0] = uint64(recipient >> 124);
        forced.target[1] = uint64((recipient >> 62) % 2 ** 62);
        forced.target[2] = uint64(recipient % 2 ** 62);
        _enqueue("force", _owner(leaf), FEE, abi.encodeCall(Custody.forceTransaction, (forced)));
        _note(holds ? Effect.WITHDRAW : Effect.NONE, leaf, forced.amount);
    }

    function _enqueue(bytes32 action, address caller, uint256 value, bytes memory call) private {
        vm.deal(caller, caller.balance + value);
        vm.deal(address(this), address(this).balance + value);
        vm.recordLogs();
        _attempt(action, !ROLLUP.frozen(), caller, address(CUSTODY), value, call);
    }

    // --- settlement ---

    /// @notice Sometimes with a count of words that is not that of the data first.
    function commit(uint256 seed) external onTime {
        uint32 last = ROLLUP.committedBatches();
        (Commitment memory next, Streams memory streams) = _build(last, _mix(seed));
        if (_mix(~seed) % 4 == 0) {
            ++next.dataCount;
            _commit("commit wrongly", false, last, next, streams);
            --next.dataCount;
        }
        bytes memory answer =
            _commit("commit", !ROLLUP.frozen() && !ROLLUP.paused(), last, next, streams);
        if (answer.length != 0) records[last + 1] = abi.decode(answer, (Batch));
    }

    function _commit(
        bytes32 action,
        bool should,
        uint32 last,
        Commitment memory next,
        Streams memory streams
    ) private returns (bytes memory) {
        bytes memory call = abi.encodeCall(Settlement.commit, (records[last], next, streams));
        return _attempt(action, should, address(this), address(ROLLUP), 0, call);
    }

    /// @notice Any range, of any circuit set, by the prover or somebody else.
    function prove(uint256 seed) external onTime {
        seed = _mix(seed);
        uint32 proven = ROLLUP.provenBatches();
        uint32 committed = ROLLUP.committedBatches();
        uint32 to = uint32(_within(seed, committed == proven ? proven : proven + 1, committed));
        uint256 set = _pickSet(seed >> 32);
        address prover = (seed >> 128) % 4 == 0 ? person((seed >> 136) % PEOPLE) : address(this);

        bool may = prover == address(this) || ROLLUP.openProving() || ROLLUP.isOverdue();
        bool lives = !ROLLUP.frozen() && !ROLLUP.paused();
        uint256[8] memory proof = _proof(set, records[proven], records[to]);
        bytes memory call =
            abi.encodeCall(Settlement.prove, (records[proven], records[to], set, proof));
        _attempt(
            "prove", may && lives && to > proven && _usable(set), prover, address(ROLLUP), 0, call
        );
        _noteFinal(proven);
    }

    function revertBatches(uint256 seed) external onTime {
        uint32 proven = ROLLUP.provenBatches();
        uint32 committed = ROLLUP.committedBatches();
        bool any = committed > proven;
        uint32 last = any ? uint32(_within(_mix(seed), proven, committed - 1)) : committed;
        bytes memory call = abi.encodeCall(Settlement.revertBatches, (records[last]));
        bool should = any && !ROLLUP.frozen();
        _attempt("revertBatches", should, address(this), address(ROLLUP), 0, call);
    }

    /// @notice The stranger who goes on where the operator has stopped.
    function commitAndProve(uint256 seed) public onTime {
        seed = _mix(seed);
        uint32 proven = ROLLUP.provenBatches();
        uint256 set = _pickSet(seed >> 32);
        Commitment memory next;
        Streams memory streams;
        uint256[8] memory proof;
        bool paused = ROLLUP.paused();
        // A pause is the only reason to refuse it, and only tried where the model has no batch of this number yet.
        bool provable = !ROLLUP.frozen() && ROLLUP.isOverdue() && _usable(set)
            && (!paused || ROLLUP.committedBatches() == proven);
        if (provable) {
            // At least the operation that is overdue.
            (next, streams) = _build(proven, seed | 1);
            uint256 snapshot = vm.snapshotState();
            if (paused) ROLLUP.unpause();
            if (ROLLUP.committedBatches() != proven) ROLLUP.revertBatches(records[proven]);
            Batch memory batch = ROLLUP.commit(records[proven], next, streams);
            vm.revertToState(snapshot);
            proof = _proof(set, records[proven], batch);
        }
        bytes memory answer = _attempt(
            "commitAndProve",
            provable && !paused,
            person((seed >> 136) % PEOPLE),
            address(ROLLUP),
            0,
            abi.encodeCall(Settlement.commitAndProve, (records[proven], next, streams, set, proof))
        );
        if (answer.length != 0) records[proven + 1] = abi.decode(answer, (Batch));
        _noteFinal(proven);
    }

    function pass(uint256 time_) external {
        time += _within(_mix(time_), 1, 10 days);
    }

    /// @notice What is overdue is a reason to go on in the operator's place as well. A run that froze at its
    /// beginning would be refused everything but leaving.
    function freeze(uint256 seed) external onTime {
        bool freezes = allTried > 48;
        if (ROLLUP.isOverdue() && !ROLLUP.frozen() && !freezes) commitAndProve(seed);
        else _freeze();
    }

    function _freeze() private {
        bool should = ROLLUP.isOverdue() && !ROLLUP.frozen();
        bytes memory call = abi.encodeCall(Settlement.freeze, ());
        _attempt("freeze", should, person(0), address(ROLLUP), 0, call);
    }

    // --- out ---

    /// @notice Mostly something that can be claimed, if there is anything.
    function claim(uint256 seed) external onTime {
        seed = _mix(seed);
        uint32 proven = ROLLUP.provenBatches();
        uint32 batch = uint32(_within(seed, 0, proven));
        for (uint256 i = 0; i < proven && withdrawals[batch].length == 0; ++i) {
            batch = batch == proven ? 1 : batch + 1;
        }
        uint256 count = withdrawals[batch].length;
        uint256 index = count == 0 ? 0 : (seed >> 32) % count;
        for (uint256 i = 0; i < count && CUSTODY.isClaimed(batch, index); ++i) {
            index = (index + 1) % count;
        }
        _claim(batch, index);
    }

    function _claim(uint32 batch, uint256 index) private {
        bool there = index < withdrawals[batch].length;
        bytes31 word = there ? withdrawals[batch][index] : _withdrawalWord(0, 1);
        bytes32[] memory path = there ? _path(batch, index) : new bytes32[](0);
        bool should = there && !CUSTODY.isClaimed(batch, index);
        _attemptByAnyone("claim", should, abi.encodeCall(Custody.claim, (batch, index, word, path)));
    }

    function refund(uint256 seed) external onTime {
        seed = _mix(seed);
        uint256 proven = ROLLUP.provenOperations();
        uint256 index = seed % operations.length;
        if (proven < operations.length) index = _within(seed, proven, operations.length - 1);
        // Mostly one that waits.
        while (index + 1 < operations.length && CUSTODY.isRefunded(uint64(index))) ++index;
        _refund(index);
    }

    function _refund(uint256 index) private {
        bool waits = index >= ROLLUP.provenOperations() && !CUSTODY.isRefunded(uint64(index));
        Operation storage operation = operations[index];
        bytes memory call =
            abi.encodeCall(EscapeHatch.refund, (uint64(index), operation.words, operation.origin));
        _attemptByAnyone("refund", waits && ROLLUP.frozen(), call);
    }

    /// @notice A list of some leaves, of which some may have left.
    function exit(uint256 seed) external onTime {
        seed = _mix(seed);
        _exit(_pickSet(seed >> 32), seed & (seed >> 8));
    }

    function _exit(uint256 set, uint256 chosen) private {
        bytes memory leaves;
        bool anyLeft = false;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if ((chosen >> i) & 1 == 0) continue;
            uint64 balance = balances[ROLLUP.provenBatches()][i];
            leaves = abi.encodePacked(leaves, _leafId(i), uint16(i % TOKENS), balance, _owner(i));
            if (!CUSTODY.hasExited(_leafId(i))) anyLeft = true;
        }
        bool should = ROLLUP.frozen() && anyLeft && _usable(set);
        bytes memory call = abi.encodeCall(EscapeHatch.exit, (set, leaves, _exitProof(set, leaves)));
        _attemptByAnyone("exit", should, call);
    }

    /// @notice Somebody's credit, if anybody has some.
    function collect(uint256 seed) external onTime {
        seed = _mix(seed) % (PEOPLE * TOKENS);
        for (uint256 i = 0; i < PEOPLE * TOKENS; ++i) {
            uint256 next = (seed + i) % (PEOPLE * TOKENS);
            if (CUSTODY.credit(person(next / TOKENS), _asset(next % TOKENS)) != 0) seed = next;
        }
        _collect(person(seed / TOKENS), _asset(seed % TOKENS));
    }

    function _collect(address owner, address asset) private {
        bool should = CUSTODY.credit(owner, asset) != 0;
        _attemptByAnyone("collect", should, abi.encodeCall(EscapeHatch.collect, (owner, asset)));
    }

    function collectReward(uint256 seed) external onTime {
        address prover = _mix(seed) % 2 == 0 ? address(this) : person(_mix(seed) % PEOPLE);
        _collectReward(ROLLUP.rewards(prover) == 0 ? address(this) : prover);
    }

    function _collectReward(address prover) private {
        bool should = ROLLUP.rewards(prover) != 0;
        _attemptByAnyone("collectReward", should, abi.encodeCall(Custody.collectReward, (prover)));
    }

    function _attemptByAnyone(bytes32 action, bool should, bytes memory call) private {
        _attempt(action, should, person(1), address(CUSTODY), 0, call);
    }

    // --- the end ---

    /// @notice Nobody works any more. Everyone leaves.
    function drain() external onTime {
        if (!ROLLUP.frozen()) {
            if (ROLLUP.deadline() == type(uint256).max) force(0, 0, false);
            time += ROLLUP.PRIORITY_DEADLINE() + 1;
            vm.warp(time);
            _freeze();
        }
        for (uint256 i = 0; i < operations.length; ++i) {
            _refund(i);
        }
        // What the governor has registered counts by now, but too late.
        time += ROLLUP.UPGRADE_DELAY() + 1;
        vm.warp(time);
        for (uint256 set = 0; set < sets.length; ++set) {
            if (!_usable(set)) _exit(set, 2 ** LEAVES - 1);
        }
        _exit(_setToLeaveWith(), 2 ** LEAVES - 1);
        uint32 proven = ROLLUP.provenBatches();
        for (uint32 batch = 1; batch <= proven; ++batch) {
            for (uint256 i = 0; i < withdrawals[batch].length; ++i) {
                _claim(batch, i);
            }
        }
        _collect(address(this), address(0));
        _collectReward(address(this));
        for (uint256 i = 0; i < PEOPLE; ++i) {
            _collectReward(person(i));
            for (uint256 token = 0; token < TOKENS; ++token) {
                _collect(person(i), _asset(token));
            }
        }
    }

    /// @dev The batches after `before` have become final.
    function _noteFinal(uint32 before) private {
        for (uint32 batch = before + 1; batch <= ROLLUP.provenBatches(); ++batch) {
            finalRoot[batch] = ROLLUP.withdrawalsRoot(batch);
            finalHash[batch] = keccak256(abi.encode(records[batch]));
        }
    }
}
