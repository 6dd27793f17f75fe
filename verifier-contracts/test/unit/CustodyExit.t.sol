// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {EscapeHatch} from "../../src/EscapeHatch.sol";
import {Governed} from "../../src/Governed.sol";
import {TokenRegistry} from "../../src/TokenRegistry.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract CustodyExitTest is RollupTest {
    function setUp() public override {
        super.setUp();
        _registerTokens();
        _depositEth(100 gwei);
        _depositToken(50_000_000);
        bytes memory words =
            bytes.concat(_tokenWords(), _depositWords(ETH, 100), _depositWords(TOKEN, 50));
        _prove(genesis, _commitQueued(genesis, words, _origins(4)));
        _depositEth(1 gwei);
    }

    // --- succeeds ---

    function test_exit_manyLeaves_succeeds() public {
        _freeze();
        bytes memory leaves = bytes.concat(
            _leaf(65_536, ETH, 60, ALICE),
            _leaf(65_537, TOKEN, 50, BOB),
            _leaf(type(uint32).max, ETH, 30, ALICE),
            // The fee account of token 0.
            _leaf(0, ETH, 10, BOB)
        );
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectEmit(address(custody));
        emit EscapeHatch.Credited(ALICE, address(0), 60 gwei);
        vm.expectEmit(address(custody));
        emit EscapeHatch.Exited(65_536, ALICE, ETH, 60 gwei);
        vm.prank(STRANGER);
        custody.exit(0, leaves, proof);

        vm.assertEq(custody.credit(ALICE, address(0)), 90 gwei);
        vm.assertEq(custody.credit(BOB, address(0)), 10 gwei);
        vm.assertEq(custody.credit(BOB, address(token)), 50_000_000);
        // The queued deposit is left.
        vm.assertEq(custody.tokenAt(ETH).owed, 1);
        vm.assertEq(custody.tokenAt(TOKEN).owed, 0);
        vm.assertTrue(custody.hasExited(0));
        vm.assertTrue(custody.hasExited(type(uint32).max));
        vm.assertFalse(custody.hasExited(1));
    }

    /// @dev Who leaves on its own before a list with it arrives does not stop the list.
    function test_exit_listWithLeafThatLeft_succeeds() public {
        _freeze();
        bytes memory first = _leaf(65_536, ETH, 60, ALICE);
        _exit(first);
        _exit(bytes.concat(first, _leaf(65_537, ETH, 40, BOB)));
        vm.assertEq(custody.credit(ALICE, address(0)), 60 gwei);
        vm.assertEq(custody.credit(BOB, address(0)), 40 gwei);
    }

    function test_exit_leafTwiceInOneList_succeeds() public {
        _freeze();
        bytes memory leaf = _leaf(65_536, ETH, 60, ALICE);
        _exit(bytes.concat(leaf, leaf));
        vm.assertEq(custody.credit(ALICE, address(0)), 60 gwei);
    }

    /// @dev Another recipient is another signature; the leaf still has one turn.
    function test_exit_secondRecipient_reverts() public {
        _freeze();
        _exit(_leaf(65_536, ETH, 60, ALICE));
        bytes memory again = _leaf(65_536, ETH, 60, BOB);
        uint256[8] memory proof = _exitProof(again);
        vm.expectRevert(EscapeHatch.AlreadyExited.selector);
        custody.exit(0, again, proof);
    }

    function test_exit_paused_succeeds() public {
        rollup.pause();
        _freeze();
        _exit(_leaf(65_536, ETH, 60, ALICE));
        vm.assertEq(custody.credit(ALICE, address(0)), 60 gwei);
    }

    function test_exit_newCircuitSetOfCouncil_succeeds() public {
        _freeze();
        vm.warp(block.timestamp + 1 days);
        uint256 index = rollup.installCircuitSet(CIRCUIT_SET_ROOT, rollup.circuitSetAt(0).verifier);
        rollup.retireCircuitSet(0);
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        custody.exit(index, leaves, _exitProof(leaves));
        vm.assertEq(custody.credit(ALICE, address(0)), 60 gwei);
    }

    // --- reverts ---

    function test_exit_twice_reverts() public {
        _freeze();
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        _exit(leaves);
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(EscapeHatch.AlreadyExited.selector);
        custody.exit(0, leaves, proof);
    }

    function test_exit_emptyList_reverts() public {
        _freeze();
        uint256[8] memory proof = _exitProof("");
        vm.expectRevert(EscapeHatch.AlreadyExited.selector);
        custody.exit(0, "", proof);
    }

    function test_exit_notFrozen_reverts() public {
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(Governed.NotFrozen.selector);
        custody.exit(0, leaves, proof);
    }

    function test_exit_partOfEntry_reverts() public {
        _freeze();
        bytes memory leaves = bytes.concat(_leaf(65_536, ETH, 60, ALICE), hex"00");
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(abi.encodeWithSelector(EscapeHatch.LeavesLength.selector, 35));
        custody.exit(0, leaves, proof);
    }

    /// @dev Each byte of the list is proven.
    function test_exit_changedList_reverts() public {
        _freeze();
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] ^= 0x01;
            vm.expectRevert(IVerifier.ProofInvalid.selector);
            custody.exit(0, leaves, proof);
            leaves[i] ^= 0x01;
        }
    }

    /// @dev A proof of batches with the same payload is no exit.
    function test_exit_proofOfAnotherKind_reverts() public {
        _freeze();
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        bytes32 list = sha256(bytes.concat(rollup.DOMAIN(), leaves));
        bytes memory statement =
            abi.encodePacked(uint32(1), CIRCUIT_SET_ROOT, rollup.provenState(), list);
        uint256[8] memory proof;
        proof[0] = uint256(sha256(statement)) % 2 ** 252;
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        custody.exit(0, leaves, proof);
    }

    function test_exit_anotherState_reverts() public {
        _freeze();
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        bytes32 list = sha256(bytes.concat(rollup.DOMAIN(), leaves));
        bytes memory statement = abi.encodePacked(uint32(2), CIRCUIT_SET_ROOT, GENESIS_STATE, list);
        uint256[8] memory proof;
        proof[0] = uint256(sha256(statement)) % 2 ** 252;
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        custody.exit(0, leaves, proof);
    }

    function test_exit_circuitSetRetired_reverts() public {
        _freeze();
        rollup.retireCircuitSet(0);
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetIsRetired.selector, 0));
        custody.exit(0, leaves, proof);
    }

    /// @dev The governor cannot outwait those who leave late.
    function test_exit_circuitSetOfGovernorTooLate_reverts() public {
        uint256 activeAt = rollup.deadline() + 2;
        vm.warp(activeAt - UPGRADE_DELAY);
        // The same verifier and circuits as before: nothing but the time is wrong.
        uint256 index = rollup.registerCircuitSet(CIRCUIT_SET_ROOT, rollup.circuitSetAt(0).verifier);
        _freeze();
        vm.warp(activeAt + 1);
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(
            abi.encodeWithSelector(
                CircuitSets.CircuitSetTooLate.selector, index, activeAt, activeAt - 1
            )
        );
        custody.exit(index, leaves, proof);
    }

    function test_exit_circuitSetOfGovernorInTime_succeeds() public {
        uint256 activeAt = rollup.deadline() + 1;
        vm.warp(activeAt - UPGRADE_DELAY);
        uint256 index = rollup.registerCircuitSet(CIRCUIT_SET_ROOT, rollup.circuitSetAt(0).verifier);
        _freeze();
        vm.assertEq(rollup.frozenAt(), activeAt);
        bytes memory leaves = _leaf(65_536, ETH, 60, ALICE);
        custody.exit(index, leaves, _exitProof(leaves));
        vm.assertEq(custody.credit(ALICE, address(0)), 60 gwei);
    }

    function test_exit_unknownToken_reverts() public {
        _freeze();
        bytes memory leaves = _leaf(65_536, 2, 60, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(abi.encodeWithSelector(TokenRegistry.UnknownToken.selector, 2));
        custody.exit(0, leaves, proof);
    }

    /// @dev No proof shows such a list. If one did, what came in would still bound what goes out.
    function test_exit_moreThanOwed_reverts() public {
        _freeze();
        bytes memory leaves = _leaf(65_536, ETH, 102, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        custody.exit(0, leaves, proof);
    }
}
