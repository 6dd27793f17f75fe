// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {vm} from "../../script/Vm.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Settlement} from "../../src/Settlement.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";

contract RollupProveTest is RollupTest {
    Batch private one;
    Batch private two;
    Batch private three;

    function setUp() public override {
        super.setUp();
        one = _commitEmpty(genesis);
        two = _commitEmpty(one);
        three = _commitEmpty(two);
    }

    // --- succeeds ---

    function test_prove_oneBatch_succeeds() public {
        vm.expectEmit(address(rollup));
        emit Settlement.BatchesProven(1, 1, one.state);
        _prove(genesis, one);
        vm.assertEq(rollup.provenBatches(), 1);
        vm.assertEq(rollup.provenState(), one.state);
    }

    function test_prove_range_succeeds() public {
        _prove(genesis, one);
        vm.expectEmit(address(rollup));
        emit Settlement.BatchesProven(2, 3, three.state);
        _prove(one, three);
        vm.assertEq(rollup.provenBatches(), 3);
    }

    function test_prove_openToAnyone_succeeds() public {
        rollup.setOpenProving(true);
        uint256[8] memory proof = _proof(genesis, one);
        vm.prank(STRANGER);
        rollup.prove(genesis, one, 0, proof);
        vm.assertEq(rollup.provenBatches(), 1);
    }

    /// @dev Past the deadline a silent prover can be replaced without dropping what is committed.
    function test_prove_overdueByAnyone_succeeds() public {
        _register(address(0), 9);
        vm.warp(rollup.deadline() + 1);
        uint256[8] memory proof = _proof(genesis, two);
        vm.prank(STRANGER);
        rollup.prove(genesis, two, 0, proof);
        vm.assertEq(rollup.provenBatches(), 2);
    }

    function test_prove_feesGoToProver_succeeds() public {
        _registerTokens();
        Batch memory four = _commitQueued(three, _tokenWords(), _origins(2));
        _prove(genesis, three);
        vm.assertEq(rollup.rewards(address(this)), 0);
        rollup.setOpenProving(true);
        uint256[8] memory proof = _proof(three, four);
        vm.expectEmit(address(rollup));
        emit PriorityQueue.RewardEarned(ALICE, 2, 2 * FEE);
        vm.prank(ALICE);
        rollup.prove(three, four, 0, proof);
        vm.assertEq(rollup.rewards(ALICE), 2 * FEE);
        vm.assertEq(rollup.provenOperations(), 2);
    }

    function test_prove_feesAddUp_succeeds() public {
        _registerTokens();
        Batch memory four = _commitQueued(three, _registerWords(0, 9), _origins(1));
        Batch memory five = _commitQueued(four, _registerWords(1, 6), _origins(1));
        _prove(genesis, four);
        _prove(four, five);
        vm.assertEq(rollup.rewards(address(this)), 2 * FEE);
    }

    /// @dev Batches in flight settle with the set that they were made for, later ones with the new.
    function test_prove_oldAndNewCircuitSet_succeeds() public {
        bytes32 root = bytes32(uint256(0x2007));
        rollup.registerCircuitSet(root, new VerifierDouble(true));
        vm.warp(NOW + UPGRADE_DELAY);
        _prove(genesis, one);
        uint256[8] memory proof;
        proof[0] = Statement.publicInput(root, one.chainHash, two.chainHash);
        rollup.prove(one, two, 1, proof);
        _prove(two, three);
        vm.assertEq(rollup.provenBatches(), 3);
    }

    // --- reverts ---

    function test_prove_circuitSetMissing_reverts() public {
        uint256[8] memory proof = _proof(genesis, one);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetMissing.selector, 1, 1));
        rollup.prove(genesis, one, 1, proof);
    }

    function test_prove_circuitSetNotActive_reverts() public {
        rollup.registerCircuitSet(CIRCUIT_SET_ROOT, new VerifierDouble(true));
        uint256 activeAt = NOW + UPGRADE_DELAY;
        vm.warp(activeAt - 1);
        uint256[8] memory proof = _proof(genesis, one);
        vm.expectRevert(
            abi.encodeWithSelector(
                CircuitSets.CircuitSetNotActive.selector, 1, activeAt, activeAt - 1
            )
        );
        rollup.prove(genesis, one, 1, proof);
    }

    function test_prove_circuitSetRetired_reverts() public {
        rollup.retireCircuitSet(0);
        _expectRefused(
            genesis, one, abi.encodeWithSelector(CircuitSets.CircuitSetIsRetired.selector, 0)
        );
    }

    /// @dev A proof for one set is none for another, even with the same verifier.
    function test_prove_proofOfAnotherCircuitSet_reverts() public {
        rollup.installCircuitSet(bytes32(uint256(0x2007)), new VerifierDouble(true));
        uint256[8] memory proof = _proof(genesis, one);
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        rollup.prove(genesis, one, 1, proof);
    }

    function test_prove_inTimeByStranger_reverts() public {
        _register(address(0), 9);
        vm.warp(rollup.deadline());
        uint256[8] memory proof = _proof(genesis, one);
        _expectUnauthorized(rollup.PROVER_ROLE());
        rollup.prove(genesis, one, 0, proof);
    }

    function test_prove_notProver_reverts() public {
        uint256[8] memory proof = _proof(genesis, one);
        _expectUnauthorized(rollup.PROVER_ROLE());
        rollup.prove(genesis, one, 0, proof);
    }

    function test_prove_paused_reverts() public {
        rollup.pause();
        _expectRefused(genesis, one, abi.encodePacked(Pausable.EnforcedPause.selector));
    }

    function test_prove_twice_reverts() public {
        _prove(genesis, one);
        _expectRefused(genesis, one, abi.encodeWithSelector(Settlement.WrongBatch.selector, 1, 0));
    }

    function test_prove_skippedBatch_reverts() public {
        _expectRefused(one, two, abi.encodeWithSelector(Settlement.WrongBatch.selector, 0, 1));
    }

    function test_prove_emptyRange_reverts() public {
        _expectRefused(
            genesis, genesis, abi.encodeWithSelector(Settlement.BadRange.selector, 0, 0, 3)
        );
    }

    function test_prove_notCommitted_reverts() public {
        Batch memory four = three;
        four.number = 4;
        _expectRefused(genesis, four, abi.encodeWithSelector(Settlement.BadRange.selector, 0, 4, 3));
    }

    function test_prove_forgedFirstRecord_reverts() public {
        Batch memory forged = genesis;
        forged.chainHash = bytes32(uint256(1));
        _expectRefused(
            forged, one, abi.encodeWithSelector(Settlement.BatchHashMismatch.selector, 0)
        );
    }

    function test_prove_wrongRoot_reverts() public {
        Batch memory forged = one;
        forged.state = bytes32(uint256(666));
        _expectRefused(
            genesis, forged, abi.encodeWithSelector(Settlement.BatchHashMismatch.selector, 1)
        );
    }

    function test_prove_proofOfAnotherRange_reverts() public {
        uint256[8] memory proof = _proof(genesis, two);
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        rollup.prove(genesis, one, 0, proof);
    }

    /// @dev A statement made for other evaluations than the contract's: its chain hash differs.
    function test_prove_proofOfOtherData_reverts() public {
        bytes memory data = new bytes(31);
        uint256 beforeCommit = vm.snapshotState();
        Batch memory honest = rollup.commit(three, _commitmentOf(1), _streams(data, ""));
        uint256[8] memory proof = _proof(genesis, honest);
        vm.revertToState(beforeCommit);

        data[30] = 0x01;
        Batch memory forged = rollup.commit(three, _commitmentOf(1), _streams(data, ""));
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        rollup.prove(genesis, forged, 0, proof);
    }

    /// @dev The proof is made first: hashing its statement is a call, and the next call must
    /// revert.
    function _expectRefused(Batch memory from, Batch memory to, bytes memory reason) private {
        uint256[8] memory proof = _proof(from, to);
        vm.expectRevert(reason);
        rollup.prove(from, to, 0, proof);
    }
}
