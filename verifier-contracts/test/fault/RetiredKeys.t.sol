// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {Batch} from "../../src/Settlement.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {BatchFixture} from "../fixtures/BatchFixture.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";

/// @notice A circuit set turns out to be broken while batches are on their way.
contract RetiredKeysTest is RollupTest {
    bytes32 private constant NEW_ROOT = bytes32(uint256(0x2007));

    Batch private one;
    Batch private two;

    function setUp() public override {
        super.setUp();
        one = _commitEmpty(genesis);
        two = _commitEmpty(one);
        _prove(genesis, one);
    }

    /// @dev The council takes the old one away and puts a new one in its place: what is final stays,
    /// what is committed is proven anew.
    function test_retiredKeys_batchesInFlight_succeeds() public {
        rollup.retireCircuitSet(0);
        uint256[8] memory proof = _proof(one, two);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetIsRetired.selector, 0));
        rollup.prove(one, two, 0, proof);

        uint256 index = rollup.installCircuitSet(NEW_ROOT, new VerifierDouble(true));
        proof[0] = Statement.publicInput(NEW_ROOT, one.chainHash, two.chainHash);
        rollup.prove(one, two, index, proof);
        vm.assertEq(rollup.provenBatches(), 2);
    }

    /// @dev An upgrade that users do not want: all its delay long they can leave the old way.
    function test_retiredKeys_upgradeWaits_succeeds() public {
        rollup.registerCircuitSet(NEW_ROOT, new VerifierDouble(true));
        vm.warp(uint256(NOW) + UPGRADE_DELAY - 1);
        uint256[8] memory proof;
        proof[0] = Statement.publicInput(NEW_ROOT, one.chainHash, two.chainHash);
        vm.expectRevert();
        rollup.prove(one, two, 1, proof);
        bytes31 word = _withdrawal(ETH, ALICE, 1);
        _register(address(0), 9);
        _depositEth(1 gwei);
        Batch memory three = _commitWithdrawals(two, abi.encodePacked(word));
        _prove(one, three);
        custody.claim(3, 0, word, new bytes32[](0));
        vm.assertEq(ALICE.balance, 1 gwei);
    }
}

/// @notice The same with real keys: the retired set's own, valid proof.
contract RetiredRealKeysTest is BatchFixture {
    function test_retiredKeys_realProof_reverts() public {
        Batch memory batch = _commit();
        rollup.retireCircuitSet(0);
        uint256[8] memory proof = _proof();
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetIsRetired.selector, 0));
        rollup.prove(genesis, batch, 0, proof);

        // The same keys under a new index: nothing but the retirement stood in the way.
        uint256 index = rollup.installCircuitSet(rollup.circuitSetAt(0).root, verifier);
        rollup.prove(genesis, batch, index, proof);
        vm.assertEq(rollup.provenBatches(), 1);
    }

    /// @dev A statement plus the order of the field would be the same statement in the circuit.
    function test_publicInput_plusOrder_reverts() public {
        uint256 order = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
        uint256 input = uint256(vm.parseJsonBytes32(json, ".public_input"));
        uint256[8] memory proof = _proof();
        verifier.verifyProof(proof, input);
        for (uint256 k = 1; k <= 4; ++k) {
            uint256 shifted = input + k * order;
            vm.expectRevert(
                abi.encodeWithSelector(IVerifier.PublicInputNotInField.selector, shifted)
            );
            verifier.verifyProof(proof, shifted);
        }
    }

    function test_developmentKeys_generatedVerifier_succeeds() public view {
        vm.assertTrue(verifier.DEVELOPMENT_KEYS());
    }
}
