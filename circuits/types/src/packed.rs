//! Packed amounts: decimal floating point with one encoding a value.

use crate::AMOUNT_BITS;

const EXPONENT_BITS: u32 = 5;

/// The amount of a short transfer: 35-bit mantissa.
pub type PackedAmount = Packed<35>;
/// The fee of a short transfer: 11-bit mantissa.
pub type PackedFee = Packed<11>;

/// `mantissa * 10^exponent < 2^62`, with the smallest exponent at which the mantissa fits
/// `MANTISSA_BITS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packed<const MANTISSA_BITS: u32> {
    mantissa: u64,
    exponent: u32,
    value: u64,
}

/// A value or an encoding that packed amounts exclude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The value is too large or would need a longer mantissa.
    #[error("{value} is not representable as mantissa * 10^exponent with a {bits}-bit mantissa")]
    NotRepresentable {
        /// The value.
        value: u64,
        /// Bits of the mantissa.
        bits: u32,
    },
    /// `mantissa * 10^exponent` is not below `2^62`.
    #[error("{mantissa} * 10^{exponent} is out of range, expected less than 2^62")]
    OutOfRange {
        /// As encoded.
        mantissa: u64,
        /// As encoded.
        exponent: u32,
    },
    /// A smaller exponent would do.
    #[error(
        "{mantissa} * 10^{exponent} is not canonical, expected {expected_mantissa} * 10^{expected_exponent}"
    )]
    NotCanonical {
        /// As encoded.
        mantissa: u64,
        /// As encoded.
        exponent: u32,
        /// The one encoding of the value.
        expected_mantissa: u64,
        /// The one encoding of the value.
        expected_exponent: u32,
    },
}

impl<const MANTISSA_BITS: u32> Packed<MANTISSA_BITS> {
    /// Length of [`Self::bits`].
    pub const BITS: u32 = MANTISSA_BITS + EXPONENT_BITS;
    /// The largest mantissa.
    pub const MAX_MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;

    /// Packs a value that is exactly representable, refuses all others.
    pub fn new(value: u64) -> Result<Self, PackError> {
        let refuse = PackError::NotRepresentable { value, bits: MANTISSA_BITS };
        if value >> AMOUNT_BITS != 0 {
            return Err(refuse);
        }
        let (mut mantissa, mut exponent) = (value, 0);
        while mantissa > Self::MAX_MANTISSA {
            if !mantissa.is_multiple_of(10) {
                return Err(refuse);
            }
            mantissa /= 10;
            exponent += 1;
        }
        Ok(Self { mantissa, exponent, value })
    }

    /// `mantissa << 5 | exponent`.
    pub const fn bits(&self) -> u64 {
        self.mantissa << EXPONENT_BITS | self.exponent as u64
    }

    /// Inverse of [`Self::bits`] on the low [`Self::BITS`]; higher bits are ignored.
    pub fn from_bits(bits: u64) -> Result<Self, PackError> {
        let mantissa = bits >> EXPONENT_BITS & Self::MAX_MANTISSA;
        let exponent = (bits & ((1 << EXPONENT_BITS) - 1)) as u32;
        let value = 10u64
            .checked_pow(exponent)
            .and_then(|power| mantissa.checked_mul(power))
            .filter(|value| value >> AMOUNT_BITS == 0);
        // Zero is zero at every exponent, also where the power overflows.
        let value = if mantissa == 0 { Some(0) } else { value };
        let value = value.ok_or(PackError::OutOfRange { mantissa, exponent })?;
        let canonical = Self::new(value)?;
        if (canonical.mantissa, canonical.exponent) != (mantissa, exponent) {
            return Err(PackError::NotCanonical {
                mantissa,
                exponent,
                expected_mantissa: canonical.mantissa,
                expected_exponent: canonical.exponent,
            });
        }
        Ok(canonical)
    }

    /// Quanta.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The decimal mantissa, at most [`Self::MAX_MANTISSA`].
    pub const fn mantissa(&self) -> u64 {
        self.mantissa
    }

    /// The power of ten.
    pub const fn exponent(&self) -> u32 {
        self.exponent
    }
}
