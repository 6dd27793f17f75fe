// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A Groth16 verifier over BN254 with one public input
/// @notice Implemented by `Groth16Verifier`, which Rust writes from the verifying key.
interface IVerifier {
    /// @notice The public input is not below the order of the scalar field: `x` and `x + r` would
    /// be the same statement.
    error PublicInputNotInField(uint256 publicInput);

    /// @notice The proof does not verify, or one of its points is not on the curve.
    error ProofInvalid();

    /// @notice Whether the key comes from a local set-up: who made it can forge proofs.
    function DEVELOPMENT_KEYS() external view returns (bool);

    /// @notice Returns iff the proof shows the statement that `publicInput` stands for.
    /// @param proof A (x, y), B (x1, x0, y1, y0), C (x, y): big-endian words as EIP-197 orders
    /// them.
    /// @param publicInput The statement, below the order of the scalar field.
    function verifyProof(uint256[8] calldata proof, uint256 publicInput) external view;
}
