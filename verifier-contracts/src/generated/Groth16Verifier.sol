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
    /// @dev Order of the scalar field.
    uint256 private constant R =
        0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    uint256 private constant ALPHA_X =
        0x1c8603bf8dbcc1953b4ebb5e52e21a4262d87c2f05a8881a0c379be15126ea25;
    uint256 private constant ALPHA_Y =
        0x134366185428801398425f99dc9573488c9c4803abfffd834794dee190f9c081;

    /// @dev G2 coordinates are X_1 u + X_0; the precompile takes the part with u first.
    uint256 private constant BETA_NEG_X_1 =
        0x294725ff36de29228201dc1d9b552a883b632de585e3446c9b4a2eccfbf05219;
    uint256 private constant BETA_NEG_X_0 =
        0x2040abae5954bd4128bd7dd68320ebe70c0b13cdfd14a7a635b80af8d5a66a36;
    uint256 private constant BETA_NEG_Y_1 =
        0x20d89f7f6c5acfc98012c9c03d998168c582abd72ac846324a0096218883698a;
    uint256 private constant BETA_NEG_Y_0 =
        0x028be3aded990b5d8589d2d0dc382b930262ccb0b539521d8eeef3ae42cd977e;

    uint256 private constant GAMMA_NEG_X_1 =
        0x08598fb0d5d9dd5110c41cd4083b0546332dc109d59c5d5638fb54b8a2287898;
    uint256 private constant GAMMA_NEG_X_0 =
        0x12cd706b24e14b8cdb093d043d6613c15dfc385c310cb1a5dd670da91496306b;
    uint256 private constant GAMMA_NEG_Y_1 =
        0x22f4d48eddd0490f4821ac8e54092368102e913f978b87d73bd9611567408353;
    uint256 private constant GAMMA_NEG_Y_0 =
        0x0af1dd10cf8448ab0cb0aba82e758110d54fc0fc0e9b761d8b5da563165f1b2c;

    uint256 private constant DELTA_NEG_X_1 =
        0x118637244f3204ca580b9936edfda19797fe5f34317f7a48890cff1c2f593791;
    uint256 private constant DELTA_NEG_X_0 =
        0x17126e8fe730e1c261e9ca08063d0c5e84481991f9d539c10ac4481f98e09066;
    uint256 private constant DELTA_NEG_Y_1 =
        0x0dd48825b4af8bb070018359d75951fb754fc90e126c2124cb78c262bfa40d8b;
    uint256 private constant DELTA_NEG_Y_0 =
        0x1fd702483b5e57e73a5bf63bcca8cf6bbb96a9ee56da4473f6a57f3cedf4fee5;

    uint256 private constant IC0_X =
        0x1e5440bc9479ee9b031543e2e8af3d0a45fd8e9110e641c6377a5064f7c1f334;
    uint256 private constant IC0_Y =
        0x00d7973e3ff8c326c6725993c5851dc721ddb086661441fac4785ed0e2064373;
    uint256 private constant IC1_X =
        0x22ddfa222f03bea6d8cda3e3861d17a151a6968944c543fcb0e81864e9720383;
    uint256 private constant IC1_Y =
        0x28c6097905772b1e790b48035fa9ef94f38bb1d904945dacda8ea6a8d2e322d7;

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
