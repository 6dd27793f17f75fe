// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Extension, GoldilocksExtension} from "./GoldilocksExtension.sol";

/// @title The value of a stream at a random point
/// @notice A stream of 31-byte words is a polynomial: its coefficients are the words' limbs of 62
/// bits, the first limb of the first word on top. The contract evaluates the bytes that it has, the
/// circuit the limbs behind the digest that it has. The point is drawn after both are fixed, so
/// equal values mean equal streams but for a chance of (limbs / p^2).
library StreamEvaluation {
    using GoldilocksExtension for Extension;

    /// @notice Bytes of a word.
    uint256 internal constant WORD = 31;

    /// @notice Powers of the point, laid out for the loop of `evaluate`.
    /// @dev A packed power holds c0 in the low and c1 in the high 128 bits: multiplied by a limb
    /// (62 bits) each half stays below 2^126, and three of them do not carry into each other.
    struct Powers {
        uint256 x4c0;
        uint256 x4c1;
        uint256 x4c1Times7;
        uint256 x3Packed;
        uint256 x2Packed;
        uint256 x1Packed;
    }

    /// @notice The point of GF(p^2) that a hash draws: its lowest two u64, each reduced.
    function pointFromHash(bytes32 hash) internal pure returns (Extension memory x) {
        x.c0 = uint256(uint64(uint256(hash))) % GoldilocksExtension.P;
        x.c1 = uint256(uint64(uint256(hash) >> 64)) % GoldilocksExtension.P;
    }

    /// @notice What `evaluate` needs to know of the point.
    function powersOf(Extension memory x) internal pure returns (Powers memory powers) {
        Extension memory x2 = x.mul(x);
        Extension memory x3 = x2.mul(x);
        Extension memory x4 = x2.mul(x2);
        powers.x4c0 = x4.c0;
        powers.x4c1 = x4.c1;
        powers.x4c1Times7 = mulmod(x4.c1, GoldilocksExtension.NON_RESIDUE, GoldilocksExtension.P);
        powers.x3Packed = (x3.c1 << 128) | x3.c0;
        powers.x2Packed = (x2.c1 << 128) | x2.c0;
        powers.x1Packed = (x.c1 << 128) | x.c0;
    }

    /// @notice `y := y * x + limb` over all limbs in order, from y = 0.
    /// @dev Four limbs a step: `y := y x^4 + l0 x^3 + l1 x^2 + l2 x + l3`, two reductions a word.
    /// @param words Whole 31-byte words: the caller has checked that the length is a multiple of
    /// 31.
    function evaluate(bytes calldata words, Powers memory powers)
        internal
        pure
        returns (Extension memory y)
    {
        uint256 y0;
        uint256 y1;
        // Reads calldata and `powers` only; writes no memory.
        assembly ("memory-safe") {
            let a0 := mload(powers)
            let a1 := mload(add(powers, 0x20))
            let a1Times7 := mload(add(powers, 0x40))
            let b := mload(add(powers, 0x60))
            let c := mload(add(powers, 0x80))
            let d := mload(add(powers, 0xa0))
            let next := words.offset
            let end := add(next, words.length)

            for {} lt(next, end) { next := add(next, 31) } {
                // The word is the upper 31 bytes; the last byte belongs to what follows it.
                let word := calldataload(next)

                // Both coefficients of l0 x^3 + l1 x^2 + l2 x + l3, each below 2^128.
                let low :=
                    add(
                        add(
                            mul(shr(194, word), b),
                            mul(and(shr(132, word), 0x3fffffffffffffff), c)
                        ),
                        add(
                            mul(and(shr(70, word), 0x3fffffffffffffff), d),
                            and(shr(8, word), 0x3fffffffffffffff)
                        )
                    )

                // y x^4 + low. Each sum is below 3 * 2^128.
                word := mod(
                    add(
                        add(mul(y0, a0), mul(y1, a1Times7)),
                        and(low, 0xffffffffffffffffffffffffffffffff)
                    ),
                    0xffffffff00000001
                )
                y1 := mod(add(add(mul(y0, a1), mul(y1, a0)), shr(128, low)), 0xffffffff00000001)
                y0 := word
            }
        }
        y.c0 = y0;
        y.c1 = y1;
    }
}
