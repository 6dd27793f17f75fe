// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What `Custody` asks of the rollup
interface IRollup {
    /// @notice Appends a priority operation; only custody may.
    function enqueue(bytes31 first, bytes31 second) external returns (uint64 index);

    /// @notice The root of a proven batch's withdrawals; reverts for any other batch.
    function withdrawalsRoot(uint32 number) external view returns (bytes32);

    /// @notice Whether `account` holds the governor's role.
    function isGovernor(address account) external view returns (bool);
}
