// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CircuitSets} from "./CircuitSets.sol";
import {Custody} from "./Custody.sol";
import {DataAvailability} from "./DataAvailability.sol";
import {Governed} from "./Governed.sol";
import {PriorityQueue} from "./PriorityQueue.sol";
import {Batch, Commitment, Settlement, Streams} from "./Settlement.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {Statement} from "./libraries/Statement.sol";

/// @title Cairn's rollup on L1
/// @notice Puts the parts together, and answers to custody. How batches settle is in `Settlement`,
/// the order of L1's own operations in `PriorityQueue`, what proofs are made of in `CircuitSets`,
/// who may do what in `Governed`. The money is in `Custody`, where no role reaches it.
contract Rollup is IRollup, Settlement {
    /// @notice How a rollup starts; all but the holders is fixed for good.
    struct Configuration {
        Governed.Holders holders;
        IVerifier verifier;
        /// Merkle root over the digests of the verifier keys that the recursion may use.
        bytes32 circuitSetRoot;
        /// State commitment of the empty tree.
        bytes32 genesisState;
        /// The verifying key comes from a local set-up: who made it can forge proofs.
        bool developmentKeys;
        /// Wei that each priority operation pays to whoever proves it.
        uint256 priorityFee;
        /// Seconds that a priority operation may wait until it is proven.
        uint32 priorityDeadline;
        /// Seconds from the governor's registration of a circuit set until it counts.
        uint32 upgradeDelay;
        /// The circuits execute forced transactions.
        bool forcedTransactions;
        /// Where batches may have their data: bit i allows mode i of `DataMode`.
        uint8 dataModes;
    }

    /// @notice Holds the assets, takes deposits and pays withdrawals.
    Custody public immutable CUSTODY;

    /// @notice The caller is not custody.
    error NotCustody(address caller);

    /// @notice A proven batch has executed the operation.
    error OperationProven(uint64 index, uint64 proven);

    /// @notice The operation is not this one.
    error OperationMismatch(uint64 index);

    modifier onlyCustody() {
        require(msg.sender == address(CUSTODY), NotCustody(msg.sender));
        _;
    }

    /// @notice Starts the rollup at its genesis state and deploys its custody.
    constructor(Configuration memory configuration)
        Governed(configuration.holders)
        PriorityQueue(configuration.priorityFee, configuration.priorityDeadline)
        CircuitSets(
            configuration.circuitSetRoot, configuration.verifier, configuration.upgradeDelay
        )
        DataAvailability(configuration.dataModes)
        Settlement(configuration.genesisState)
    {
        // The verifier says it itself (`CircuitSets`); the deployer must not say otherwise.
        require(
            !configuration.developmentKeys || block.chainid == DEVELOPMENT_CHAIN,
            DevelopmentKeysRefused(block.chainid)
        );
        CUSTODY = new Custody(configuration.priorityFee, configuration.forcedTransactions);
    }

    // --- for custody ----------------------------------------------------------------------------

    /// @inheritdoc IRollup
    function enqueue(bytes calldata words, address origin)
        external
        onlyCustody
        whenNotFrozen
        returns (uint64 index)
    {
        return _enqueue(words, origin);
    }

    /// @inheritdoc IRollup
    function takeReward(address prover) external onlyCustody returns (uint256 amount) {
        amount = rewards[prover];
        delete rewards[prover];
    }

    // --- views ----------------------------------------------------------------------------------

    /// @inheritdoc IRollup
    function withdrawalsRoot(uint32 number) external view returns (bytes32) {
        return _provenRoot(number);
    }

    /// @inheritdoc IRollup
    function isGovernor(address account) external view returns (bool) {
        return hasRole(DEFAULT_ADMIN_ROLE, account);
    }

    /// @inheritdoc IRollup
    function checkDropped(uint64 index, bytes calldata words, address origin) external view {
        require(frozen(), NotFrozen());
        require(index >= provenOperations, OperationProven(index, provenOperations));
        require(_isQueued(index, words, origin), OperationMismatch(index));
    }

    /// @inheritdoc IRollup
    function checkExit(uint256 circuitSet, bytes calldata leaves, uint256[8] calldata proof)
        external
        view
    {
        require(frozen(), NotFrozen());
        CircuitSet memory set = _activeCircuitSet(circuitSet);
        set.verifier.verifyProof(proof, Statement.exitInput(set.root, provenState, DOMAIN, leaves));
    }
}
