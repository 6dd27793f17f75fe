// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What `Custody` asks of the rollup
interface IRollup {
    /// @notice Appends a priority operation; only custody may.
    /// @param words The operation.
    /// @param origin Who has paid for it, and gets it back if the rollup freezes first.
    function enqueue(bytes calldata words, address origin) external returns (uint64 index);

    /// @notice Empties the prover's account of fees; only custody may, which pays them.
    function takeReward(address prover) external returns (uint256 amount);

    /// @notice The root of a proven batch's withdrawals; reverts for any other batch.
    function withdrawalsRoot(uint32 number) external view returns (bytes32);

    /// @notice Whether `account` holds the governor's role.
    function isGovernor(address account) external view returns (bool);

    /// @notice Returns iff the rollup is frozen and operation `index` is one that no proven batch
    /// has executed, with these words and this origin.
    function checkDropped(uint64 index, bytes calldata words, address origin) external view;

    /// @notice Returns iff the rollup is frozen and the proof shows that these leaves of its last
    /// proven state exit.
    /// @param circuitSet The circuit set that the proof is made of.
    /// @param leaves As `Statement.exitInput` takes them.
    /// @param proof As `IVerifier.verifyProof` takes it.
    function checkExit(uint256 circuitSet, bytes calldata leaves, uint256[8] calldata proof)
        external
        view;
}
