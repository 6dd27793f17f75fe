// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Governed} from "./Governed.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";

/// @title What proofs may be made of
/// @notice A circuit set is the root over the keys that the recursion may use, with the verifier of
/// its last layer. Sets stand in a list, and a proof names its own: an old and a new one serve side
/// by side, so batches in flight settle across an upgrade. The governor's sets wait before they
/// count, longer than anyone needs to leave. Only the council's do not, and only the council takes
/// one away.
abstract contract CircuitSets is Governed {
    /// @notice A member of the list.
    struct CircuitSet {
        /// Merkle root over the digests of the verifier keys that the recursion may use.
        bytes32 root;
        IVerifier verifier;
        /// From when on proofs are accepted, in seconds.
        uint64 activeAt;
        /// By the council.
        bool installed;
        bool retired;
    }

    /// @notice The only chain (anvil's) where development keys are accepted.
    uint256 public constant DEVELOPMENT_CHAIN = 31_337;

    /// @notice Seconds from the registration of a circuit set by the governor until it counts.
    uint256 public immutable UPGRADE_DELAY;

    CircuitSet[] private _circuitSets;

    /// @notice A circuit set has been added; proofs of it are accepted from `activeAt` on.
    event CircuitSetAdded(
        uint256 indexed index, bytes32 indexed root, IVerifier verifier, uint64 activeAt
    );

    /// @notice Proofs of a circuit set are not accepted any more.
    event CircuitSetRetired(uint256 indexed index);

    /// @notice Development keys on a chain that is not for development.
    error DevelopmentKeysRefused(uint256 chainId);

    /// @notice The list has no such member.
    error CircuitSetMissing(uint256 index, uint256 count);

    /// @notice The circuit set does not count yet.
    error CircuitSetNotActive(uint256 index, uint64 activeAt, uint256 blockTimestamp);

    /// @notice The governor's circuit set did not count yet when the rollup was frozen: it never
    /// will.
    error CircuitSetTooLate(uint256 index, uint64 activeAt, uint64 frozenAt);

    /// @notice The circuit set has been retired.
    error CircuitSetIsRetired(uint256 index);

    constructor(bytes32 root, IVerifier verifier, uint32 upgradeDelay) {
        UPGRADE_DELAY = upgradeDelay;
        _add(root, verifier, block.timestamp, false);
    }

    // --- changes --------------------------------------------------------------------------------

    /// @notice Adds a circuit set that counts after `UPGRADE_DELAY`, unless the rollup is frozen by
    /// then: those who have not left yet could not leave before it.
    function registerCircuitSet(bytes32 root, IVerifier verifier)
        external
        whenNotFrozen
        onlyRole(DEFAULT_ADMIN_ROLE)
        returns (uint256 index)
    {
        return _add(root, verifier, block.timestamp + UPGRADE_DELAY, false);
    }

    /// @notice Adds a circuit set that counts at once.
    function installCircuitSet(bytes32 root, IVerifier verifier)
        external
        onlyRole(COUNCIL_ROLE)
        returns (uint256 index)
    {
        return _add(root, verifier, block.timestamp, true);
    }

    /// @notice Retires a circuit set at once: neither batches nor exits can be proven with it.
    function retireCircuitSet(uint256 index) external onlyRole(COUNCIL_ROLE) {
        require(!circuitSetAt(index).retired, CircuitSetIsRetired(index));
        _circuitSets[index].retired = true;
        emit CircuitSetRetired(index);
    }

    // --- views ----------------------------------------------------------------------------------

    /// @notice How many circuit sets there have been.
    function circuitSetCount() external view returns (uint256) {
        return _circuitSets.length;
    }

    /// @notice Circuit set `index`, active or not.
    function circuitSetAt(uint256 index) public view returns (CircuitSet memory) {
        require(index < _circuitSets.length, CircuitSetMissing(index, _circuitSets.length));
        return _circuitSets[index];
    }

    // --- internals ------------------------------------------------------------------------------

    /// @dev The circuit set, if proofs of it are accepted.
    function _activeCircuitSet(uint256 index) internal view returns (CircuitSet memory set) {
        set = circuitSetAt(index);
        require(!set.retired, CircuitSetIsRetired(index));
        require(
            set.activeAt <= block.timestamp,
            CircuitSetNotActive(index, set.activeAt, block.timestamp)
        );
        require(
            !frozen() || set.installed || set.activeAt <= frozenAt,
            CircuitSetTooLate(index, set.activeAt, frozenAt)
        );
    }

    function _add(bytes32 root, IVerifier verifier, uint256 activeAt, bool installed)
        private
        returns (uint256 index)
    {
        require(
            block.chainid == DEVELOPMENT_CHAIN || !verifier.DEVELOPMENT_KEYS(),
            DevelopmentKeysRefused(block.chainid)
        );
        index = _circuitSets.length;
        _circuitSets.push(
            CircuitSet({
                root: root,
                verifier: verifier,
                activeAt: uint64(activeAt),
                installed: installed,
                retired: false
            })
        );
        emit CircuitSetAdded(index, root, verifier, uint64(activeAt));
    }
}
