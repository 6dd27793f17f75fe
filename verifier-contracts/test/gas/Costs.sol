// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";

/// @title What the calls may cost at most, in gas
/// @notice The targets of the project. A figure that has one is written to the snapshot and held against
/// it; the others are only written. `./x gas` measures whole transactions, which is what the targets are
/// about; a plain run without `--isolate` leaves out their base price and calldata.
library Costs {
    uint256 internal constant COMMIT_ONE_BLOB = 125_000;
    uint256 internal constant COMMIT_FURTHER_BLOB = 60_000;
    uint256 internal constant COMMIT_DEPOSIT = 6000;
    uint256 internal constant COMMIT_FORCED = 10_000;
    uint256 internal constant COMMIT_WITHDRAWAL = 2500;
    uint256 internal constant PROVE_ONE_BATCH = 300_000;
    uint256 internal constant PROVE_FURTHER_BATCH = 25_000;
    uint256 internal constant DEPOSIT_ETH = 80_000;
    uint256 internal constant CLAIM_ETH = 75_000;
    /// A transfer of a full blob: its part of commitment and proof.
    uint256 internal constant TRANSFER = 55;
    uint256 internal constant TRANSFER_BLOB_GAS = 16;

    /// @notice Short transfers of a full blob.
    uint256 internal constant TRANSFERS_PER_BLOB = 8192;

    /// @notice Notes the gas of the last call.
    function ofLastCall(string memory name, uint256 target) internal {
        _hold(name, vm.snapshotGasLastCall(name), target);
    }

    /// @notice Notes a figure that has been computed.
    function ofValue(string memory name, uint256 gas, uint256 target) internal {
        vm.snapshotValue(name, gas);
        _hold(name, gas, target);
    }

    /// @notice What each of `count` things costs that a call has more than another. Rounded up; nothing
    /// if the call with them is the cheaper one.
    function each(uint256 with, uint256 without, uint256 count) internal pure returns (uint256) {
        return with <= without ? 0 : (with - without + count - 1) / count;
    }

    function _hold(string memory name, uint256 gas, uint256 target) private pure {
        string memory figures =
            string.concat(vm.toString(gas), " gas, at most ", vm.toString(target), " wanted");
        vm.assertLe(gas, target, string.concat(name, ": ", figures));
    }
}
