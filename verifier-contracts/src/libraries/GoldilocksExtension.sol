// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice An element `c0 + c1 X` of GF(p^2) = GF(p)[X] / (X^2 - 7), both coefficients below p.
struct Extension {
    uint256 c0;
    uint256 c1;
}

/// @title The quadratic extension of the Goldilocks field, p = 2^64 - 2^32 + 1
library GoldilocksExtension {
    uint256 internal constant P = 0xffffffff00000001;

    /// @notice X^2.
    uint256 internal constant NON_RESIDUE = 7;

    /// @notice `a * b`.
    /// @dev Products of coefficients stay below 2^131, so plain arithmetic cannot overflow.
    function mul(Extension memory a, Extension memory b)
        internal
        pure
        returns (Extension memory c)
    {
        unchecked {
            c.c0 = (a.c0 * b.c0 + NON_RESIDUE * a.c1 * b.c1) % P;
            c.c1 = (a.c0 * b.c1 + a.c1 * b.c0) % P;
        }
    }

    /// @notice The 16 bytes that stand for an element in a header: two big-endian u64, c0 first.
    function pack(Extension memory a) internal pure returns (uint128) {
        return uint128((a.c0 << 64) | a.c1);
    }
}
