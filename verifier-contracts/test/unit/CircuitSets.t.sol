// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {vm} from "../../script/Vm.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {Governed} from "../../src/Governed.sol";
import {Rollup} from "../../src/Rollup.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";

/// @dev Governor and council apart, so that neither passes for the other.
abstract contract CircuitSetsTest is RollupTest {
    address internal constant GOVERNOR = address(0x90b);
    address internal constant COUNCIL = address(0xc0c);
    bytes32 internal constant ROOT = bytes32(uint256(0x2007));

    IVerifier internal verifier;

    function setUp() public virtual override {
        super.setUp();
        verifier = new VerifierDouble(false);
    }

    function _configuration() internal override returns (Rollup.Configuration memory config) {
        config = super._configuration();
        config.holders.governor = GOVERNOR;
        config.holders.council = COUNCIL;
    }

    function _expectUnauthorized(address caller, bytes32 role) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, caller, role
            )
        );
        vm.prank(caller);
    }
}

contract RegisterCircuitSetTest is CircuitSetsTest {
    function test_registerCircuitSet_countsLater_succeeds() public {
        vm.expectEmit(address(rollup));
        emit CircuitSets.CircuitSetAdded(1, ROOT, verifier, uint64(NOW) + UPGRADE_DELAY);
        vm.prank(GOVERNOR);
        vm.assertEq(rollup.registerCircuitSet(ROOT, verifier), 1);
        vm.assertEq(rollup.circuitSetCount(), 2);

        CircuitSets.CircuitSet memory set = rollup.circuitSetAt(1);
        vm.assertEq(set.root, ROOT);
        vm.assertEq(address(set.verifier), address(verifier));
        vm.assertEq(set.activeAt, uint256(NOW) + UPGRADE_DELAY);
        vm.assertFalse(set.installed);
        vm.assertFalse(set.retired);
    }

    function test_registerCircuitSet_notGovernor_reverts() public {
        _expectUnauthorized(STRANGER, bytes32(0));
        rollup.registerCircuitSet(ROOT, verifier);
        _expectUnauthorized(COUNCIL, bytes32(0));
        rollup.registerCircuitSet(ROOT, verifier);
    }

    function test_registerCircuitSet_frozen_reverts() public {
        vm.prank(address(custody));
        rollup.enqueue(_registerWords(0, 9), ALICE);
        _freeze();
        vm.expectRevert(Governed.RollupFrozen.selector);
        vm.prank(GOVERNOR);
        rollup.registerCircuitSet(ROOT, verifier);
    }

    function test_registerCircuitSet_developmentKeysElsewhere_reverts() public {
        vm.chainId(1);
        verifier = new VerifierDouble(true);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.DevelopmentKeysRefused.selector, 1));
        vm.prank(GOVERNOR);
        rollup.registerCircuitSet(ROOT, verifier);
    }

    function test_registerCircuitSet_realKeysElsewhere_succeeds() public {
        vm.chainId(1);
        vm.prank(GOVERNOR);
        vm.assertEq(rollup.registerCircuitSet(ROOT, verifier), 1);
    }
}

contract InstallCircuitSetTest is CircuitSetsTest {
    function test_installCircuitSet_countsAtOnce_succeeds() public {
        vm.expectEmit(address(rollup));
        emit CircuitSets.CircuitSetAdded(1, ROOT, verifier, NOW);
        vm.prank(COUNCIL);
        vm.assertEq(rollup.installCircuitSet(ROOT, verifier), 1);
        vm.assertEq(rollup.circuitSetAt(1).activeAt, NOW);
        vm.assertTrue(rollup.circuitSetAt(1).installed);
    }

    function test_installCircuitSet_notCouncil_reverts() public {
        bytes32 role = rollup.COUNCIL_ROLE();
        _expectUnauthorized(STRANGER, role);
        rollup.installCircuitSet(ROOT, verifier);
        _expectUnauthorized(GOVERNOR, role);
        rollup.installCircuitSet(ROOT, verifier);
    }

    function test_installCircuitSet_developmentKeysElsewhere_reverts() public {
        vm.chainId(1);
        verifier = new VerifierDouble(true);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.DevelopmentKeysRefused.selector, 1));
        vm.prank(COUNCIL);
        rollup.installCircuitSet(ROOT, verifier);
    }
}

contract RetireCircuitSetTest is CircuitSetsTest {
    function test_retireCircuitSet_atOnce_succeeds() public {
        vm.expectEmit(address(rollup));
        emit CircuitSets.CircuitSetRetired(0);
        vm.prank(COUNCIL);
        rollup.retireCircuitSet(0);
        vm.assertTrue(rollup.circuitSetAt(0).retired);
    }

    /// @dev One that has not come to count never will.
    function test_retireCircuitSet_pending_succeeds() public {
        vm.prank(GOVERNOR);
        rollup.registerCircuitSet(ROOT, verifier);
        vm.prank(COUNCIL);
        rollup.retireCircuitSet(1);
        vm.assertTrue(rollup.circuitSetAt(1).retired);
        vm.assertFalse(rollup.circuitSetAt(0).retired);
    }

    function test_retireCircuitSet_notCouncil_reverts() public {
        bytes32 role = rollup.COUNCIL_ROLE();
        _expectUnauthorized(STRANGER, role);
        rollup.retireCircuitSet(0);
        _expectUnauthorized(GOVERNOR, role);
        rollup.retireCircuitSet(0);
    }

    function test_retireCircuitSet_missing_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetMissing.selector, 1, 1));
        vm.prank(COUNCIL);
        rollup.retireCircuitSet(1);
    }

    function test_retireCircuitSet_twice_reverts() public {
        vm.prank(COUNCIL);
        rollup.retireCircuitSet(0);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.CircuitSetIsRetired.selector, 0));
        vm.prank(COUNCIL);
        rollup.retireCircuitSet(0);
    }
}

contract CouncilRoleTest is CircuitSetsTest {
    /// @dev Else the governor could make itself the council, and wait for nothing.
    function test_grantRole_councilByGovernor_reverts() public {
        bytes32 role = rollup.COUNCIL_ROLE();
        _expectUnauthorized(GOVERNOR, role);
        rollup.grantRole(role, GOVERNOR);
        _expectUnauthorized(GOVERNOR, role);
        rollup.revokeRole(role, COUNCIL);
    }

    function test_grantRole_councilByCouncil_succeeds() public {
        bytes32 role = rollup.COUNCIL_ROLE();
        vm.prank(COUNCIL);
        rollup.grantRole(role, ALICE);
        vm.assertTrue(rollup.hasRole(role, ALICE));
    }

    /// @dev The others are the governor's: it replaces an operator.
    function test_grantRole_operatorsByGovernor_succeeds() public {
        bytes32[3] memory roles =
            [rollup.COMMITTER_ROLE(), rollup.PROVER_ROLE(), rollup.GUARDIAN_ROLE()];
        for (uint256 i = 0; i < roles.length; ++i) {
            vm.prank(GOVERNOR);
            rollup.revokeRole(roles[i], address(this));
            vm.prank(GOVERNOR);
            rollup.grantRole(roles[i], ALICE);
            vm.assertFalse(rollup.hasRole(roles[i], address(this)));
            vm.assertTrue(rollup.hasRole(roles[i], ALICE));
        }
    }
}
