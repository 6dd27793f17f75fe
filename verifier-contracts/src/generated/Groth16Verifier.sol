// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by cairn-wrap from a verification key. Do not edit.
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";

/// @title Groth16 verifier over BN254 with one public input
/// @notice INSECURE development keys: their secrets follow from a public seed, so anyone can forge proofs
/// @dev Checks e(A, B) e(alpha, -beta) e(IC0 + publicInput IC1, -gamma) e(C, -delta) = 1 (Groth, "On the
/// size of pairing-based non-interactive arguments", eprint 2016/260) with the precompiles of EIP-196
/// and EIP-197, which refuse coordinates that are not below the base field's order and points that are
/// not on the curve or, in G2, not in the subgroup; a refusal burns the gas of the call. Proofs are
/// malleable: never take one for an identity.
contract Groth16Verifier is IVerifier {
    /// @inheritdoc IVerifier
    bool public constant DEVELOPMENT_KEYS = true;

    /// @dev Order of the scalar field.
    uint256 private constant R =
        0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    uint256 private constant ALPHA_X =
        0x0db34e3bb8cceb564bad832ab979e437e2c980b20d20e8509f3dbb5ddc5b1e5b;
    uint256 private constant ALPHA_Y =
        0x1d81f27493ae6a63c5187d927c1d2fd2381bd2cad97e5746248a10c2f2246408;

    /// @dev G2 coordinates are X_1 u + X_0; the precompile takes the part with u first.
    uint256 private constant BETA_NEG_X_1 =
        0x03720b7637dcaa67345f3abb508728ded46f357676377928fb977dd64da03b9c;
    uint256 private constant BETA_NEG_X_0 =
        0x1b5efcef6098b2dc02426ea4e9ebb608de7da2e1e2361654d98d4b655269ff74;
    uint256 private constant BETA_NEG_Y_1 =
        0x0d2fc1708822e7d1fe1bcef6ce63c03b56b7d9d7606d82393f34b7ad282f5aa7;
    uint256 private constant BETA_NEG_Y_0 =
        0x0482674d1d5f37177397475c5ea78e6de24020eba247dd05320958acc21eacf7;

    uint256 private constant GAMMA_NEG_X_1 =
        0x1fbe68e66791be63c6707179e3034b704260dfb491de58a47c0eb119675ac214;
    uint256 private constant GAMMA_NEG_X_0 =
        0x0e0f6a124486fc16ed0953a148ba1ae05258e41938bfb335c9de2cd173daa428;
    uint256 private constant GAMMA_NEG_Y_1 =
        0x0ba71161260c85553e82dcdabbdb16a886b624208da4177475b61e2412862da0;
    uint256 private constant GAMMA_NEG_Y_0 =
        0x1736bf67f44318e6e1527e5f055bed1e3fede5f7d60d972bd3a22f31a9a597d3;

    uint256 private constant DELTA_NEG_X_1 =
        0x28b292191f625bcbdd37bbea71a9831d4129336b06aa1529258713d69dda868e;
    uint256 private constant DELTA_NEG_X_0 =
        0x1adfaacfee32d7a67c152364daa7c24d7dd65098ef5f0150d99604318a0ed440;
    uint256 private constant DELTA_NEG_Y_1 =
        0x2f09f99a6aa0c5ce902bcefc4f033c0f5d7c3744ca84797c5c5ea6132034befe;
    uint256 private constant DELTA_NEG_Y_0 =
        0x0925da78c7d796d37d604a6e05a62cb64c09d00c389a325803f031e4593ff31a;

    uint256 private constant IC0_X =
        0x29df215b724108887c1ab6cdfce135cc076c227927b9fb15ed2db498eb7d0c32;
    uint256 private constant IC0_Y =
        0x0bf9af46c603e8ef75490970e0940f87316f7793d229921d140da78b6f63e16b;
    uint256 private constant IC1_X =
        0x13ed637299a70a08ff2170e15e76db7407f779c8c96d8d4a9eeaf30f45e5b01a;
    uint256 private constant IC1_Y =
        0x1ec21bcd8155cfa41eb8a966c841df77e3f2e9bc96deea30419f97d21835f7c0;

    /// @inheritdoc IVerifier
    function verifyProof(
        uint256[8] calldata proof,
        uint256 publicInput
    ) external view {
        require(publicInput < R, PublicInputNotInField(publicInput));
        bool valid;
        assembly ("memory-safe") {
            // Four pairs of a G1 point (2 words) and a G2 point (4 words): 24 words.
            let pairs := mload(0x40)
            // A and B lie in the calldata as the precompile wants them.
            calldatacopy(pairs, proof, 0xc0)

            mstore(add(pairs, 0xc0), ALPHA_X)
            mstore(add(pairs, 0xe0), ALPHA_Y)
            mstore(add(pairs, 0x100), BETA_NEG_X_1)
            mstore(add(pairs, 0x120), BETA_NEG_X_0)
            mstore(add(pairs, 0x140), BETA_NEG_Y_1)
            mstore(add(pairs, 0x160), BETA_NEG_Y_0)

            // publicInput IC1 goes where the sum belongs, IC0 behind it.
            let sum := add(pairs, 0x180)
            mstore(sum, IC1_X)
            mstore(add(sum, 0x20), IC1_Y)
            mstore(add(sum, 0x40), publicInput)
            valid := staticcall(gas(), 0x07, sum, 0x60, sum, 0x40)
            mstore(add(sum, 0x40), IC0_X)
            mstore(add(sum, 0x60), IC0_Y)
            valid := and(valid, staticcall(gas(), 0x06, sum, 0x80, sum, 0x40))
            mstore(add(pairs, 0x1c0), GAMMA_NEG_X_1)
            mstore(add(pairs, 0x1e0), GAMMA_NEG_X_0)
            mstore(add(pairs, 0x200), GAMMA_NEG_Y_1)
            mstore(add(pairs, 0x220), GAMMA_NEG_Y_0)

            calldatacopy(add(pairs, 0x240), add(proof, 0xc0), 0x40)
            mstore(add(pairs, 0x280), DELTA_NEG_X_1)
            mstore(add(pairs, 0x2a0), DELTA_NEG_X_0)
            mstore(add(pairs, 0x2c0), DELTA_NEG_Y_1)
            mstore(add(pairs, 0x2e0), DELTA_NEG_Y_0)

            // A failed call leaves 0 behind, not whatever the memory held.
            mstore(0x00, 0)
            valid := and(valid, staticcall(gas(), 0x08, pairs, 0x300, 0x00, 0x20))
            valid := and(valid, eq(mload(0x00), 1))
        }
        require(valid, ProofInvalid());
    }
}
