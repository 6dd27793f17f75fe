// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {Deploy} from "../../script/Deploy.s.sol";
import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {Rollup} from "../../src/Rollup.sol";

/// @notice The deploy script, with a timelock between the governor and the contracts.
contract DeployTest {
    string private constant MANIFEST = "deployments/test-deploy.json";
    address private constant GOVERNOR = address(0x90b);
    uint256 private constant DELAY = 7 days;
    uint256 private constant FEE = 0.0002 ether;

    string private json;
    Rollup private rollup;
    TimelockController private timelock;

    function setUp() public {
        vm.setEnv("CAIRN_GOVERNOR", vm.toString(GOVERNOR));
        vm.setEnv("CAIRN_TIMELOCK_DELAY", vm.toString(DELAY));
        vm.setEnv("CAIRN_COMMITTER", vm.toString(address(0xc0)));
        vm.setEnv("CAIRN_PROVER", vm.toString(address(0x9e)));
        vm.setEnv("CAIRN_GUARDIAN", vm.toString(address(0x6a)));
        vm.setEnv("CAIRN_COUNCIL", vm.toString(address(0xc1)));
        vm.setEnv("CAIRN_CIRCUIT_SET_ROOT", vm.toString(bytes32(uint256(1))));
        vm.setEnv("CAIRN_GENESIS_STATE", vm.toString(bytes32(uint256(2))));
        vm.setEnv("CAIRN_PRIORITY_FEE", vm.toString(FEE));
        vm.setEnv("CAIRN_PRIORITY_DEADLINE", vm.toString(uint256(14 days)));
        vm.setEnv("CAIRN_UPGRADE_DELAY", vm.toString(uint256(30 days)));
        vm.setEnv("CAIRN_FORCED_TRANSACTIONS", "false");
        vm.setEnv("CAIRN_DATA_MODES", "3");
        vm.setEnv("CAIRN_DEVELOPMENT_KEYS", "true");
        vm.setEnv("CAIRN_DEMO_TOKENS", "1");
        vm.setEnv("CAIRN_MANIFEST", MANIFEST);
        new Deploy().run();

        json = vm.readFile(MANIFEST);
        rollup = Rollup(vm.parseJsonAddress(json, ".rollup"));
        timelock = TimelockController(payable(vm.parseJsonAddress(json, ".governor")));
    }

    function test_run_manifest_succeeds() public view {
        vm.assertEq(vm.parseJsonAddress(json, ".custody"), address(rollup.CUSTODY()));
        vm.assertEq(vm.parseJsonBytes32(json, ".domain"), rollup.DOMAIN());
        vm.assertEq(vm.parseJsonUint(json, ".priority_deadline"), rollup.PRIORITY_DEADLINE());
        vm.assertEq(vm.parseJsonUint(json, ".upgrade_delay"), rollup.UPGRADE_DELAY());
        vm.assertEq(vm.parseJsonUint(json, ".priority_fee"), rollup.PRIORITY_FEE());
        vm.assertEq(vm.parseJsonUint(json, ".timelock_delay"), DELAY);
        vm.assertEq(vm.parseJsonBytes32(json, ".rollup_code_hash"), address(rollup).codehash);
        vm.assertTrue(rollup.hasRole(rollup.GUARDIAN_ROLE(), address(0x6a)));
        vm.assertTrue(rollup.hasRole(rollup.COUNCIL_ROLE(), address(0xc1)));
        vm.assertEq(rollup.DATA_MODES(), 3);
        vm.assertFalse(rollup.CUSTODY().FORCED_TRANSACTIONS());
    }

    /// @dev The governor reaches the contracts through the timelock, after its delay.
    function test_run_governorWaits_succeeds() public {
        address custody = address(rollup.CUSTODY());
        bytes memory call =
            abi.encodeCall(Custody.registerToken, (address(0), 9, 1000, [uint64(1), 2, 3, 4, 5]));
        vm.deal(GOVERNOR, FEE);
        vm.prank(GOVERNOR);
        timelock.schedule(custody, FEE, call, bytes32(0), bytes32(0), DELAY);

        vm.warp(block.timestamp + DELAY - 1);
        vm.expectRevert();
        vm.prank(GOVERNOR);
        timelock.execute{value: FEE}(custody, FEE, call, bytes32(0), bytes32(0));

        vm.warp(block.timestamp + 1);
        vm.prank(GOVERNOR);
        timelock.execute{value: FEE}(custody, FEE, call, bytes32(0), bytes32(0));
        vm.assertEq(Custody(custody).tokenCount(), 1);
    }

    function test_run_governorAlone_reverts() public {
        vm.assertFalse(rollup.isGovernor(GOVERNOR));
        vm.expectRevert();
        vm.prank(GOVERNOR);
        rollup.setOpenProving(true);
    }

    /// @dev Nobody but the timelock itself can change the timelock.
    function test_run_timelockHasNoAdministrator_succeeds() public view {
        bytes32 admin = timelock.DEFAULT_ADMIN_ROLE();
        vm.assertFalse(timelock.hasRole(admin, GOVERNOR));
        vm.assertFalse(timelock.hasRole(admin, address(this)));
        vm.assertTrue(timelock.hasRole(admin, address(timelock)));
    }
}
