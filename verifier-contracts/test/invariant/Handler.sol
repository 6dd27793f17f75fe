// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DemoToken} from "../../script/DemoToken.sol";
import {vm} from "../../script/Vm.sol";
import {Batch, Commitment, Rollup, Streams} from "../../src/Rollup.sol";
import {ForcedTransaction} from "../../src/libraries/ForcedTransactions.sol";
import {Model} from "./Model.sol";

/// @title Everything that can happen to a rollup, in any order
/// @notice Each action is one that must succeed, or one that must fail and says so if it does not.
/// An action that has nothing to work on does nothing. The handler holds every role.
contract Handler is Model {
    constructor(Rollup rollup, DemoToken token, bytes32 circuitSetRoot, Batch memory genesis)
        Model(rollup, token, circuitSetRoot, genesis)
    {}

    receive() external payable {}

    /// @notice Registers both tokens; called once, by the governor that the handler is.
    function start() external onTime {
        vm.deal(address(this), 1000 ether);
        for (uint256 token = 0; token < TOKENS; ++token) {
            vm.recordLogs();
            CUSTODY.registerToken{value: FEE}(
                _asset(token), token == 0 ? 9 : 6, 2 ** 63 - 1, [uint64(1), 2, 3, 4, 5]
            );
            _note(false, 0, 0);
        }
    }

    // --- into the queue ---

    function deposit(uint256 leaf, uint64 quanta) external onTime {
        if (ROLLUP.frozen()) return;
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
        vm.deal(_owner(leaf), _owner(leaf).balance + value);
        vm.recordLogs();
        vm.prank(_owner(leaf));
        CUSTODY.deposit{value: value}(
            _leafId(leaf), uint16(leaf % TOKENS), amount, [uint64(leaf + 1), 0, 0, 0, 0]
        );
        _note(true, leaf, quanta);
        ++done["deposit"];
    }

    function force(uint256 who, uint64 amount) public onTime {
        if (ROLLUP.frozen()) return;
        ForcedTransaction memory forced;
        forced.kind = 0x12;
        forced.amount = amount % 2 ** 62;
        address sender = person(who % PEOPLE);
        vm.deal(sender, sender.balance + FEE);
        vm.recordLogs();
        vm.prank(sender);
        CUSTODY.forceTransaction{value: FEE}(forced);
        _note(false, 0, 0);
        ++done["force"];
    }

    // --- settlement ---

    function commit(uint256 seed) external onTime {
        uint32 last = ROLLUP.committedBatches();
        if (ROLLUP.frozen() || last - ROLLUP.provenBatches() == ROLLUP.MAX_UNPROVEN()) return;
        (Commitment memory next, Streams memory streams) = _build(last, seed);
        records[last + 1] = ROLLUP.commit(records[last], next, streams);
        ++done["commit"];
    }

    function prove(uint256 seed) external onTime {
        uint32 proven = ROLLUP.provenBatches();
        uint32 committed = ROLLUP.committedBatches();
        if (ROLLUP.frozen() || committed == proven) return;
        uint32 to = uint32(_within(seed, proven + 1, committed));
        ROLLUP.prove(records[proven], records[to], 0, _proof(records[proven], records[to]));
        _noteFinal(proven);
        ++done["prove"];
    }

    function revertBatches(uint256 seed) external onTime {
        uint32 proven = ROLLUP.provenBatches();
        uint32 committed = ROLLUP.committedBatches();
        if (ROLLUP.frozen() || committed == proven) return;
        ROLLUP.revertBatches(records[uint32(_within(seed, proven, committed - 1))]);
        ++done["revert"];
    }

    /// @notice The stranger who goes on where the operator has stopped.
    function commitAndProve(uint256 seed) external onTime {
        if (ROLLUP.frozen() || !ROLLUP.isOverdue()) return;
        uint32 proven = ROLLUP.provenBatches();
        // At least the operation that is overdue.
        (Commitment memory next, Streams memory streams) = _build(proven, seed | 1);

        uint256 snapshot = vm.snapshotState();
        if (ROLLUP.committedBatches() != proven) ROLLUP.revertBatches(records[proven]);
        Batch memory batch = ROLLUP.commit(records[proven], next, streams);
        vm.revertToState(snapshot);

        vm.prank(person(seed % PEOPLE));
        records[proven + 1] = ROLLUP.commitAndProve(
            records[proven], next, streams, 0, _proof(records[proven], batch)
        );
        _noteFinal(proven);
        ++done["commitAndProve"];
    }

    function pass(uint256 time_) external {
        time += _within(time_, 1, 16 days);
    }

    /// @notice Frozen if, and only if, something is overdue.
    function freeze(uint256 seed) public onTime {
        if (ROLLUP.frozen()) return;
        bool overdue = ROLLUP.isOverdue();
        // Seldom, or every run would end before it has begun.
        if (overdue && seed % 2 == 0) return;
        try ROLLUP.freeze() {
            if (!overdue) broken = true;
            ++done["freeze"];
        } catch {
            if (overdue) broken = true;
        }
    }

    // --- out ---

    function claim(uint256 seed) external onTime {
        uint32 proven = ROLLUP.provenBatches();
        if (proven == 0) return;
        uint32 batch = uint32(_within(seed, 1, proven));
        if (withdrawals[batch].length == 0) return;
        claimOne(batch, (seed >> 32) % withdrawals[batch].length);
    }

    function claimOne(uint32 batch, uint256 index) public onTime {
        bool claimed = CUSTODY.isClaimed(batch, index);
        try CUSTODY.claim(batch, index, withdrawals[batch][index], _path(batch, index)) {
            if (claimed) broken = true;
            ++done["claim"];
        } catch {
            if (!claimed) broken = true;
        }
    }

    function refund(uint256 seed) public onTime {
        if (!ROLLUP.frozen()) return;
        uint64 index = uint64(seed % operations.length);
        bool due = index >= ROLLUP.provenOperations() && !CUSTODY.isRefunded(index);
        try CUSTODY.refund(index, operations[index].words, operations[index].origin) {
            if (!due) broken = true;
            ++done["refund"];
        } catch {
            if (due) broken = true;
        }
    }

    /// @notice A list of some leaves, of which some may have left.
    function exit(uint256 seed) public onTime {
        if (!ROLLUP.frozen()) return;
        bytes memory leaves;
        bool anyLeft = false;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if ((seed >> i) & 1 == 0) continue;
            uint64 balance = balances[ROLLUP.provenBatches()][i];
            leaves = abi.encodePacked(leaves, _leafId(i), uint16(i % TOKENS), balance, _owner(i));
            if (!CUSTODY.hasExited(_leafId(i))) anyLeft = true;
        }
        try CUSTODY.exit(0, leaves, _exitProof(leaves)) {
            if (!anyLeft) broken = true;
            ++done["exit"];
        } catch {
            if (anyLeft) broken = true;
        }
    }

    function collect(uint256 who, uint256 token) public onTime {
        who %= PEOPLE;
        address asset = _asset(token % TOKENS);
        if (CUSTODY.credit(person(who), asset) == 0) return;
        CUSTODY.collect(person(who), asset);
        ++done["collect"];
    }

    function collectReward(uint256 who) public onTime {
        address prover = who % (PEOPLE + 1) == PEOPLE ? address(this) : person(who % (PEOPLE + 1));
        if (ROLLUP.rewards(prover) == 0) return;
        CUSTODY.collectReward(prover);
        ++done["reward"];
    }

    // --- the end ---

    /// @notice Nobody works any more. Everyone leaves.
    function drain() external {
        if (!ROLLUP.frozen()) {
            if (ROLLUP.deadline() == type(uint256).max) force(0, 0);
            time += ROLLUP.PRIORITY_DEADLINE() + 1;
            freeze(1);
        }
        for (uint256 i = 0; i < operations.length; ++i) {
            refund(i);
        }
        exit(2 ** LEAVES - 1);
        uint32 proven = ROLLUP.provenBatches();
        for (uint32 batch = 1; batch <= proven; ++batch) {
            for (uint256 i = 0; i < withdrawals[batch].length; ++i) {
                claimOne(batch, i);
            }
        }
        if (CUSTODY.credit(address(this), address(0)) != 0) {
            CUSTODY.collect(address(this), address(0));
        }
        for (uint256 i = 0; i <= PEOPLE; ++i) {
            collectReward(i);
            for (uint256 token = 0; i < PEOPLE && token < TOKENS; ++token) {
                collect(i, token);
            }
        }
    }

    // --- helpers ---

    /// @dev The batch after `last`: operations, a transfer, withdrawals. The model goes with it.
    function _build(uint32 last, uint256 seed)
        private
        returns (Commitment memory next, Streams memory streams)
    {
        uint64[LEAVES] memory state = balances[last];
        uint256 first = records[last].priorityEnd;
        uint256 left = operations.length - first;
        uint256 count = left < seed % 8 ? left : seed % 8;
        for (uint256 i = first; i < first + count; ++i) {
            Operation storage operation = operations[i];
            streams.priority = bytes.concat(streams.priority, operation.words);
            streams.origins = abi.encodePacked(streams.origins, operation.origin);
            if (operation.isDeposit) state[operation.leaf] += operation.quanta;
        }

        uint256 from = (seed >> 8) % LEAVES;
        uint64 moved = uint64(_within(seed >> 16, 0, state[from]));
        state[from] -= moved;
        state[(from + TOKENS) % LEAVES] += moved;

        delete withdrawals[last + 1];
        for (uint256 i = 0; i < (seed >> 80) % 4; ++i) {
            uint256 leaf = (seed >> (88 + 8 * i)) % LEAVES;
            uint64 quanta = uint64(_within(seed >> (120 + 8 * i), 0, state[leaf]));
            state[leaf] -= quanta;
            withdrawals[last + 1].push(_withdrawalWord(leaf, quanta));
            streams.withdrawals =
                abi.encodePacked(streams.withdrawals, _withdrawalWord(leaf, quanta));
        }
        balances[last + 1] = state;
        next.timestamp = uint32(block.timestamp);
        next.state = keccak256(abi.encode(state, seed));
    }

    /// @dev The batches after `before` have become final.
    function _noteFinal(uint32 before) private {
        for (uint32 batch = before + 1; batch <= ROLLUP.provenBatches(); ++batch) {
            finalRoot[batch] = ROLLUP.withdrawalsRoot(batch);
            finalHash[batch] = keccak256(abi.encode(records[batch]));
        }
    }
}
