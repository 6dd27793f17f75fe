// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "../../script/Timelock.sol";
import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {Governed} from "../../src/Governed.sol";
import {Rollup} from "../../src/Rollup.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";

/// @notice A rollup with a timelock between the governor and the contracts, as `cairn deploy` makes
/// it. That it makes it so is for `cairn verify-deployment` and its tests.
contract TimelockTest {
    address private constant GOVERNOR = address(0x90b);
    uint256 private constant DELAY = 7 days;
    uint256 private constant FEE = 0.0002 ether;

    Rollup private rollup;
    TimelockController private timelock;

    function setUp() public {
        address[] memory governor = new address[](1);
        governor[0] = GOVERNOR;
        timelock = new TimelockController(DELAY, governor, governor, address(0));
        rollup = new Rollup(
            Rollup.Configuration({
                holders: Governed.Holders({
                    governor: address(timelock),
                    committer: address(0xc0),
                    prover: address(0x9e),
                    guardian: address(0x6a),
                    council: address(0xc1)
                }),
                verifier: new VerifierDouble(false),
                circuitSetRoot: bytes32(uint256(1)),
                genesisState: bytes32(uint256(2)),
                developmentKeys: false,
                priorityFee: FEE,
                priorityDeadline: 14 days,
                upgradeDelay: 30 days,
                forcedTransactions: false,
                dataModes: 3
            })
        );
    }

    /// @dev The governor reaches the contracts through the timelock, after its delay.
    function test_timelock_governorWaits_succeeds() public {
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

    function test_timelock_governorAlone_reverts() public {
        vm.assertFalse(rollup.isGovernor(GOVERNOR));
        vm.expectRevert();
        vm.prank(GOVERNOR);
        rollup.setOpenProving(true);
    }

    /// @dev Nobody but the timelock itself can change the timelock.
    function test_timelock_hasNoAdministrator_succeeds() public view {
        bytes32 admin = timelock.DEFAULT_ADMIN_ROLE();
        vm.assertFalse(timelock.hasRole(admin, GOVERNOR));
        vm.assertFalse(timelock.hasRole(admin, address(this)));
        vm.assertTrue(timelock.hasRole(admin, address(timelock)));
    }
}
