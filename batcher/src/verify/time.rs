//! Times as people say them.

use std::fmt;

use alloy::primitives::U256;

/// Seconds of an hour.
pub(super) const HOUR: u64 = 60 * 60;
/// Seconds of a day.
pub(super) const DAY: u64 = 24 * HOUR;
/// Seconds of a year, without its leap day.
pub(super) const YEAR: u64 = 365 * DAY;

/// What people count in.
const UNITS: [(&str, u64); 4] = [("year", YEAR), ("day", DAY), ("hour", HOUR), ("minute", 60)];
/// Units of one time that are said: nobody would read more.
const MOST_UNITS: usize = 2;

/// Seconds. They are shown as the number, and beside it as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) U256);

impl From<u64> for Seconds {
    fn from(seconds: u64) -> Self {
        Self(U256::from(seconds))
    }
}

impl From<u32> for Seconds {
    fn from(seconds: u32) -> Self {
        Self(U256::from(seconds))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut parts, mut rest) = (Vec::new(), self.0);
        for (unit, length) in UNITS {
            let length = U256::from(length);
            let count = rest / length;
            if parts.len() < MOST_UNITS && !count.is_zero() {
                let plural = if count == U256::ONE { "" } else { "s" };
                parts.push(format!("{count} {unit}{plural}"));
                rest %= length;
            }
        }
        let about = if rest.is_zero() { "" } else { "about " };
        match parts.is_empty() {
            true => write!(f, "{} s", self.0),
            false => write!(f, "{} s ({about}{})", self.0, parts.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_said_as_people_say_them() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "60 s (1 minute)"),
            (3_600, "3600 s (1 hour)"),
            (5_430, "5430 s (about 1 hour 30 minutes)"),
            (604_800, "604800 s (7 days)"),
            (1_209_600, "1209600 s (14 days)"),
            (93_600, "93600 s (1 day 2 hours)"),
            (93_660, "93660 s (about 1 day 2 hours)"),
            (u64::from(u32::MAX), "4294967295 s (about 136 years 70 days)"),
        ] {
            assert_eq!(Seconds::from(seconds).to_string(), said);
        }
        assert!(Seconds(U256::MAX).to_string().contains(" years"));
    }
}
