// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "../../src/interfaces/IVerifier.sol";

/// @title A test helper, for tests that are not about proofs
/// @notice Its proof of a statement is the statement itself, so a proof holds for one statement
/// only. The real verifier with real proofs is under `test/fixtures/`.
contract VerifierDouble is IVerifier {
    /// @inheritdoc IVerifier
    bool public immutable DEVELOPMENT_KEYS;

    constructor(bool developmentKeys) {
        DEVELOPMENT_KEYS = developmentKeys;
    }

    /// @inheritdoc IVerifier
    function verifyProof(uint256[8] calldata proof, uint256 publicInput) external pure {
        require(proof[0] == publicInput, ProofInvalid());
    }
}
