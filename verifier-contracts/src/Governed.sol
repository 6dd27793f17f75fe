// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title Who may do what, and what stops everyone
/// @notice docs/security.md has the whole table. The governor (`DEFAULT_ADMIN_ROLE`, meant to be a
/// timelock) gives and takes every role but the council's, which is the council's own to pass on:
/// no other role can reach what the council can do at once.
abstract contract Governed is AccessControl, Pausable {
    /// @notice Who holds the roles at the start.
    struct Holders {
        address governor;
        address committer;
        address prover;
        address guardian;
        address council;
    }

    /// @notice May commit batches, and take back those that are not proven.
    bytes32 public constant COMMITTER_ROLE = keccak256("COMMITTER_ROLE");

    /// @notice May prove batches, unless proving is open to anyone.
    bytes32 public constant PROVER_ROLE = keccak256("PROVER_ROLE");

    /// @notice May pause settlement.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @notice May retire a circuit set at once, and install one.
    bytes32 public constant COUNCIL_ROLE = keccak256("COUNCIL_ROLE");

    /// @notice When the rollup was frozen, in seconds; zero while it lives.
    uint64 public frozenAt;

    /// @notice The rollup is frozen.
    error RollupFrozen();

    /// @notice The rollup is not frozen.
    error NotFrozen();

    /// @dev For everything that goes on only while the rollup lives.
    modifier whenNotFrozen() {
        require(!frozen(), RollupFrozen());
        _;
    }

    constructor(Holders memory holders) {
        _setRoleAdmin(COUNCIL_ROLE, COUNCIL_ROLE);
        _grantRole(DEFAULT_ADMIN_ROLE, holders.governor);
        _grantRole(COMMITTER_ROLE, holders.committer);
        _grantRole(PROVER_ROLE, holders.prover);
        _grantRole(GUARDIAN_ROLE, holders.guardian);
        _grantRole(COUNCIL_ROLE, holders.council);
    }

    /// @notice Whether the rollup has been frozen, for good: what is proven is final, and all that
    /// is left to do is to leave.
    function frozen() public view returns (bool) {
        return frozenAt != 0;
    }

    /// @notice Stops settlement. Deposits, claims, the deadline of the queue and exits go on.
    function pause() external onlyRole(GUARDIAN_ROLE) {
        _pause();
    }

    /// @notice Lets settlement go on.
    function unpause() external onlyRole(GUARDIAN_ROLE) {
        _unpause();
    }
}
