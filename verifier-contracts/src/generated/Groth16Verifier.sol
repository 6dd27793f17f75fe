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
        0x0a8294e478c5c7baaf1b1784be10426a8a8852a4f18590f28ff161618e9be8c5;
    uint256 private constant ALPHA_Y =
        0x2cf632500fd07e60f5baf300836a7d859c4f5a0ca19e79f991b9c2348f18f82e;

    /// @dev G2 coordinates are X_1 u + X_0; the precompile takes the part with u first.
    uint256 private constant BETA_NEG_X_1 =
        0x184d4682f1c134b24fe96991c7ff8546e60175f1de1a2e7ffc8094b90883359a;
    uint256 private constant BETA_NEG_X_0 =
        0x29dcf1fcd74087797725e35457e55597e3abdb97af26309583cc80a241789580;
    uint256 private constant BETA_NEG_Y_1 =
        0x16805b52801332f77f23d759fd2a972616541676c673adb5e330517712b930f8;
    uint256 private constant BETA_NEG_Y_0 =
        0x0b5c0f5203aa842c07ddbd92e92fb3c823db92049b3ba2bce9edf7e4bbf8d8df;

    uint256 private constant GAMMA_NEG_X_1 =
        0x1815994e3f1a2bcd5d8b8f9ea72f4fc084a2d2afef872cddb352a80b7ba0e09d;
    uint256 private constant GAMMA_NEG_X_0 =
        0x1c81193b91f60bf66bf0e59668a9e2cdf8f6d1c241ce5a42a6637e6589ab5b76;
    uint256 private constant GAMMA_NEG_Y_1 =
        0x255c81ff7314bf722731ba2035bd8d3b74c8ffbb1ad0b67b23d838149b8d08a5;
    uint256 private constant GAMMA_NEG_Y_0 =
        0x0e17d48aba58b829df5512b88d06e1ed4fcd2370fc33e3da020ef9048f55a4a1;

    uint256 private constant DELTA_NEG_X_1 =
        0x25ea1a85f97bd0493457c4286c93d9886cd71e38799afc34354ac2f3e66db050;
    uint256 private constant DELTA_NEG_X_0 =
        0x08f7f281e8f61a4e9ff8646419df16be79626d39635aef184d5b2a5d5064605a;
    uint256 private constant DELTA_NEG_Y_1 =
        0x17602c7f244912e0dbf97bc3df43f39bc639dd346188c844e4c5ad2ba5817c13;
    uint256 private constant DELTA_NEG_Y_0 =
        0x2d175bfa91b463c256641989dfe78910842b21920608d80904f25c69802a9e48;

    uint256 private constant IC0_X =
        0x02fa35dd6128f7f6016f20088a2a5e2dca66045aacf69dca77f4ea7d2267374b;
    uint256 private constant IC0_Y =
        0x2b6e5366acccef1d9416dd3e68be02490425361b25f760674ceaf395d9ec81aa;
    uint256 private constant IC1_X =
        0x1dd0db3c644f6a691111238deb8ecf9223ba4bd5d06f4a3b8ec27d62bd080839;
    uint256 private constant IC1_Y =
        0x10a5a9c0db5ecfb5d0c22669ebe974e7b0a40b80cbf68b81785fd723a0c68657;

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
