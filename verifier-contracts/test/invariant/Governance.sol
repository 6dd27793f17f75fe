// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DataCommittee} from "../../src/DataCommittee.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {Governed} from "../../src/Governed.sol";
import {Settlement} from "../../src/Settlement.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";
import {Batches} from "./Batches.sol";

/// @title What governor, guardian and council do
/// @notice Each action is tried by the handler, which has the role, or by somebody who has none.
abstract contract Governance is Batches {
    /// @notice Circuit sets that a run may add: the list is walked often.
    uint256 private constant MOST_SETS = 8;

    VerifierDouble private immutable VERIFIER = new VerifierDouble(true);

    /// @notice Seldom for long: nothing settles meanwhile.
    function pause(uint256 seed) external onTime {
        seed = _mix(seed);
        bool paused = ROLLUP.paused();
        bytes memory call =
            paused ? abi.encodeCall(Governed.unpause, ()) : abi.encodeCall(Governed.pause, ());
        _govern("pause", true, seed, call);
        if (ROLLUP.paused() && !paused && seed % 4 != 0) {
            _govern("unpause", true, 1, abi.encodeCall(Governed.unpause, ()));
        }
    }

    function openProving(uint256 seed) external onTime {
        seed = _mix(seed);
        bytes memory call = abi.encodeCall(Settlement.setOpenProving, (seed % 2 == 0));
        _govern("openProving", true, seed, call);
    }

    function replaceCommittee(uint256 seed) public onTime {
        seed = _mix(seed);
        (address[] memory members,) = _members(generation + 1);
        uint64 threshold = seed % 8 == 1 ? uint64(members.length + 1) : THRESHOLD;
        bytes memory call = abi.encodeCall(DataCommittee.setDataCommittee, (members, threshold));
        uint64 before = ROLLUP.committee();
        _govern("committee", threshold == THRESHOLD, seed, call);
        if (ROLLUP.committee() != before) ++generation;
    }

    /// @notice The governor's: it counts later.
    function registerSet(uint256 seed) external onTime {
        seed = _mix(seed);
        bytes32 root = bytes32(seed);
        bool should = !ROLLUP.frozen() && sets.length < MOST_SETS;
        if (sets.length == MOST_SETS) seed = 0;
        _govern(
            "registerSet",
            should,
            seed,
            abi.encodeCall(CircuitSets.registerCircuitSet, (root, VERIFIER))
        );
        _noteSet(root, time + ROLLUP.UPGRADE_DELAY(), false);
    }

    /// @notice The council's: it counts at once.
    function installSet(uint256 seed) external onTime {
        seed = _mix(seed);
        if (sets.length == MOST_SETS) seed = 0;
        _install(seed);
    }

    /// @notice Seldom the last one that counts.
    function retireSet(uint256 seed) external onTime {
        seed = _mix(seed);
        uint256 index = seed % (sets.length + 1);
        if (_usableSets() < 2 && (seed >> 32) % 8 != 0) index = sets.length;
        bool should = index < sets.length && !sets[index].retired;
        uint256 before = allDone;
        _govern("retireSet", should, seed, abi.encodeCall(CircuitSets.retireCircuitSet, (index)));
        if (allDone != before) sets[index].retired = true;
    }

    /// @dev A set to leave with: the council's, if the others are gone.
    function _setToLeaveWith() internal returns (uint256) {
        if (_usableSets() == 0) _install(1);
        return _pickSet(1 << 64);
    }

    function _install(uint256 seed) private {
        bytes32 root = bytes32(seed);
        _govern(
            "installSet",
            true,
            seed,
            abi.encodeCall(CircuitSets.installCircuitSet, (root, VERIFIER))
        );
        _noteSet(root, time, true);
    }

    function _noteSet(bytes32 root, uint256 activeAt, bool installed) private {
        if (ROLLUP.circuitSetCount() == sets.length) return;
        sets.push(Set(root, activeAt, installed, false));
    }

    function _usableSets() private view returns (uint256 count) {
        for (uint256 i = 0; i < sets.length; ++i) {
            if (_usable(i)) ++count;
        }
    }

    /// @dev Each eighth time by somebody who may not.
    function _govern(bytes32 action, bool should, uint256 seed, bytes memory call) private {
        bool stranger = seed % 8 == 0;
        address caller = stranger ? person(0) : address(this);
        _attempt(action, should && !stranger, caller, address(ROLLUP), 0, call);
    }
}
