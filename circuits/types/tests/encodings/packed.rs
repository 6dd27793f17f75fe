//! Packed amounts have one encoding a value.

use cairn_types::{PackError, Packed, PackedAmount, PackedFee};
use proptest::prelude::*;

/// The definition, searched: all encodings of `value`, smallest exponent first.
fn encodings(value: u64, max_mantissa: u64) -> Vec<(u64, u32)> {
    let fits =
        |e: &u32| value.is_multiple_of(10u64.pow(*e)) && value / 10u64.pow(*e) <= max_mantissa;
    (0..19).filter(fits).map(|e| (value / 10u64.pow(e), e)).collect()
}

fn check<const BITS: u32>(value: u64) {
    let all = encodings(value, Packed::<BITS>::MAX_MANTISSA);
    let packed = Packed::<BITS>::new(value).ok();
    assert_eq!(packed.map(|p| (p.mantissa(), p.exponent())), all.first().copied());
    for (mantissa, exponent) in all {
        let decoded = Packed::<BITS>::from_bits(mantissa << 5 | u64::from(exponent));
        if packed.map(|p| p.exponent()) == Some(exponent) {
            assert_eq!(decoded.ok(), packed);
        } else {
            assert!(matches!(decoded, Err(PackError::NotCanonical { .. })));
        }
    }
}

proptest! {
    #[test]
    fn values_pack_as_the_definition_says(mantissa: u64, exponent in 0..19u32, cut in 0..64u32) {
        let value = (mantissa >> cut).saturating_mul(10u64.pow(exponent)) % (1 << 62);
        check::<35>(value);
        check::<11>(value);
    }

    #[test]
    fn every_decoded_encoding_is_the_one_of_its_value(bits in 0..1u64 << 40) {
        if let Ok(packed) = PackedAmount::from_bits(bits) {
            prop_assert_eq!(packed.bits(), bits);
            prop_assert_eq!(PackedAmount::new(packed.value()), Ok(packed));
        }
        let bits = bits % (1 << 16);
        if let Ok(packed) = PackedFee::from_bits(bits) {
            prop_assert_eq!(packed.bits(), bits);
            prop_assert_eq!(PackedFee::new(packed.value()), Ok(packed));
        }
    }
}

#[test]
fn limits() {
    for value in [0, 1, 2047, 2048, 2050, 20470, 20480, (1 << 35) - 1, 1 << 35, 10 << 35] {
        check::<35>(value);
        check::<11>(value);
    }
    // 10^18 < 2^62 < 5 * 10^18.
    assert!(PackedFee::new(4 * 10u64.pow(18)).is_ok());
    assert!(PackedFee::new(5 * 10u64.pow(18)).is_err());
    assert!(PackedFee::from_bits(500 << 5 | 16).is_err());
    assert!(matches!(PackedAmount::new(u64::MAX), Err(PackError::NotRepresentable { .. })));
    assert_eq!((PackedAmount::BITS, PackedFee::BITS), (40, 16));
}
