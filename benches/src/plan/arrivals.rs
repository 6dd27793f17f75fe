//! When transfers come. The same arrivals, seconds and seed give the same times.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use cairn_batcher::{
    parse::{self, shown, table},
    transfers,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    error::BenchError,
    sample::Second,
    schedule::{Nanosecond, nanoseconds},
};

/// Transfers of a profile, at the most: each takes sixteen bytes, and some nanoseconds for each fleet that is tried.
pub const MOST_TRANSFERS: usize = 10_000_000;
/// Seconds of a profile, at the most: thirty days.
pub const MOST_SECONDS: u32 = 30 * 86_400;
/// Seconds of a profile that does not say so itself.
const HOUR_S: u32 = 3_600;

/// When transfers come.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// Each for itself, so many a second.
    Poisson {
        /// Above 0.
        rate: f64,
    },
    /// The same with rates that change.
    Burst {
        /// With the columns seconds,rate: for how long, and transfers a second.
        file: PathBuf,
    },
    /// When real transfers came.
    Csv {
        /// With the columns timestamp,token,from,to,amount.
        file: PathBuf,
    },
}

/// The forms that [`Arrivals::from_str`] takes.
const FORMS: &str = "poisson:R, burst:FILE, csv:FILE";

impl FromStr for Arrivals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':').unwrap_or((text, "")) {
            ("poisson", value) => match parse::fraction(value) {
                Ok(rate) if rate > 0.0 => Ok(Self::Poisson { rate }),
                _ => Err(format!("arrivals {text:?}: expected transfers a second, above 0")),
            },
            ("burst", file) if !file.is_empty() => Ok(Self::Burst { file: file.into() }),
            ("csv", file) if !file.is_empty() => Ok(Self::Csv { file: file.into() }),
            _ => Err(format!("unknown arrivals {text:?}: expected one of {FORMS}")),
        }
    }
}

impl fmt::Display for Arrivals {
    /// As on the command line; of a file the name without its folder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, file) = match self {
            Self::Poisson { rate } => return write!(f, "poisson:{rate}"),
            Self::Burst { file } => ("burst", file),
            Self::Csv { file } => ("csv", file),
        };
        let name = file.file_name().unwrap_or(file.as_os_str());
        write!(f, "{form}:{}", name.display())
    }
}

/// The transfers of a traffic, by when they are submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// In order, from the start on.
    pub arrivals: Vec<Nanosecond>,
    /// How long it takes.
    pub duration: Nanosecond,
}

/// So many seconds with a rate.
type Segment = (Second, f64);

impl Arrivals {
    /// The profile of so many seconds: files are begun again where they are shorter. Without `seconds` an hour of
    /// poisson, and a file once. `speed` divides all times of a file.
    ///
    /// # Errors
    /// A bad file, no transfers, or more or longer than can be planned.
    pub fn profile(
        &self,
        seconds: Option<u32>,
        speed: f64,
        seed: u64,
    ) -> Result<Profile, BenchError> {
        let seconds = seconds.map(f64::from);
        let profile = match self {
            Self::Poisson { rate } => {
                let seconds = seconds.unwrap_or(f64::from(HOUR_S));
                poisson(&[(seconds, *rate)], seconds, seed)?
            }
            Self::Burst { file } => {
                let segments: Vec<Segment> = table::read(file, ["seconds", "rate"], 0, segment)?
                    .into_iter()
                    .map(|(seconds, rate)| (seconds / speed, rate * speed))
                    .collect();
                let once = segments.iter().map(|(seconds, _)| seconds).sum();
                poisson(&segments, seconds.unwrap_or(once), seed)?
            }
            Self::Csv { file } => real(file, seconds, speed)?,
        };
        if profile.arrivals.is_empty() {
            return Err(BenchError::usage(format!(
                "arrivals {self}: there is not one transfer: give a higher rate or more --seconds"
            )));
        }
        Ok(profile)
    }
}

fn segment([seconds, rate]: [&str; 2]) -> Result<Segment, String> {
    let number = |column, text: &str| {
        parse::fraction(text).map_err(|error| format!("{column}: {error}, got {}", shown(text)))
    };
    let (seconds, rate) = (number("seconds", seconds)?, number("rate", rate)?);
    if seconds <= 0.0 {
        return Err("seconds: expected more than 0".to_owned());
    }
    Ok((seconds, rate))
}

/// Segments one after the other, again and again until the end.
fn poisson(segments: &[Segment], end: Second, seed: u64) -> Result<Profile, BenchError> {
    let duration = length(end)?;
    let once: Second = segments.iter().map(|(seconds, _)| seconds).sum();
    let expected: f64 = segments.iter().map(|(seconds, rate)| seconds * rate).sum();
    let highest = segments.iter().map(|&(_, rate)| rate).fold(0.0, f64::max);
    // Beyond a transfer each 100 ns the sum of the times between them would stand still.
    count(highest)?;
    count(expected.max(segments.len() as f64) * (end / once).max(1.0))?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut arrivals, mut start) = (Vec::new(), 0.0);
    for &(seconds, rate) in segments.iter().cycle() {
        let stop = end.min(start + seconds);
        // The time to the next of events that do not know of each other: 1 - u is above 0. At rate 0 there is no next.
        let mut next = |at: Second| at - (1.0 - rng.random::<f64>()).ln() / rate;
        let mut at = next(start);
        while at < stop {
            arrivals.push(nanoseconds(at));
            at = next(at);
        }
        start += seconds;
        if start >= end {
            break;
        }
    }
    Ok(Profile { arrivals, duration })
}

/// Transfers of a file, whose last second is a whole one, again and again until the end.
fn real(file: &Path, seconds: Option<Second>, speed: f64) -> Result<Profile, BenchError> {
    let mut stamps: Vec<u64> =
        transfers::read(file)?.into_iter().map(|transfer| transfer.timestamp).collect();
    stamps.sort_unstable();
    let first = stamps.first().copied().unwrap_or_default();
    let last = stamps.last().copied().unwrap_or_default();
    let once = ((last - first) as f64 + 1.0) / speed;
    let end = seconds.unwrap_or(once);
    let duration = length(end)?;
    count(stamps.len() as f64 * (end / once).max(1.0))?;
    let arrivals = (0_u32..)
        .flat_map(|round| stamps.iter().map(move |stamp| (round, stamp - first)))
        .map(|(round, offset)| f64::from(round) * once + offset as f64 / speed)
        .take_while(|&at| at < end)
        .map(nanoseconds)
        .collect();
    Ok(Profile { arrivals, duration })
}

/// The length of a profile, unless it is too long.
fn length(seconds: Second) -> Result<Nanosecond, BenchError> {
    if seconds <= f64::from(MOST_SECONDS) {
        return Ok(nanoseconds(seconds));
    }
    Err(BenchError::usage(format!(
        "expected a profile of at most {MOST_SECONDS} s, got {seconds:.0} s: give --seconds, or a \
         higher --speed"
    )))
}

/// Refuses more transfers, or rows that bring none, than can be planned.
fn count(transfers: f64) -> Result<(), BenchError> {
    if transfers <= MOST_TRANSFERS as f64 {
        return Ok(());
    }
    Err(BenchError::usage(format!(
        "expected at most {MOST_TRANSFERS} transfers, got about {transfers:.0}: give fewer \
         --seconds or a lower rate"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::seconds as seconds_in;

    fn arrivals(text: &str) -> Arrivals {
        text.parse().unwrap()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn burst(text: &str) -> (tempfile::NamedTempFile, Arrivals) {
        let file = file(text);
        let arrivals = Arrivals::Burst { file: file.path().into() };
        (file, arrivals)
    }

    #[test]
    fn forms_are_read_and_printed() {
        for text in ["poisson:0.5", "burst:a.csv", "csv:a.csv"] {
            assert_eq!(arrivals(text).to_string(), text);
        }
        assert_eq!(arrivals("csv:some/folder/a.csv").to_string(), "csv:a.csv");
        for text in ["", "poisson", "poisson:0", "poisson:1e3", "poisson:-1", "burst:", "flood:1"] {
            let error = text.parse::<Arrivals>().unwrap_err();
            assert!(!error.contains('\n') && error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn poisson_comes_as_often_as_asked_for_and_as_the_seed_says() {
        let profile = |seed| arrivals("poisson:50").profile(Some(1_000), 1.0, seed).unwrap();
        let one = profile(1);
        assert_eq!(one, profile(1));
        assert_ne!(one, profile(2));
        // 50,000 with a deviation of 224.
        assert!((49_000..51_000).contains(&one.arrivals.len()));
        assert!(one.arrivals.is_sorted() && one.arrivals.iter().all(|at| *at < one.duration));
        assert_eq!(seconds_in(one.duration), 1_000.0);
        assert_eq!(
            arrivals("poisson:1").profile(None, 1.0, 1).unwrap().duration,
            nanoseconds(3.6e3)
        );
    }

    #[test]
    fn a_burst_has_its_rates_at_its_times() {
        let (_file, burst) = burst("seconds,rate\n100,0\n50,40\n50,10\n");
        let within = |profile: &Profile, from: f64, to: f64| {
            let is_in = |at: &&Nanosecond| (from..to).contains(&seconds_in(**at));
            profile.arrivals.iter().filter(is_in).count()
        };
        let once = burst.profile(None, 1.0, 1).unwrap();
        assert_eq!((seconds_in(once.duration), within(&once, 0.0, 100.0)), (200.0, 0));
        assert!((1_800..2_200).contains(&within(&once, 100.0, 150.0)));
        assert!((400..600).contains(&within(&once, 150.0, 200.0)));
        let again = burst.profile(Some(350), 1.0, 1).unwrap();
        assert_eq!((seconds_in(again.duration), within(&again, 200.0, 300.0)), (350.0, 0));
        assert!((1_800..2_200).contains(&within(&again, 300.0, 350.0)));
        let fast = burst.profile(None, 2.0, 1).unwrap();
        assert_eq!((seconds_in(fast.duration), within(&fast, 0.0, 50.0)), (100.0, 0));
        assert!((2_200..2_800).contains(&fast.arrivals.len()));
    }

    #[test]
    fn real_transfers_come_when_they_came() {
        let head = "timestamp,token,from,to,amount";
        let file = file(&format!("{head}\n107,eth,a,b,5\n100,eth,b,a,7\n100,eth,b,a,2\n"));
        let real = Arrivals::Csv { file: file.path().into() };
        let times = |seconds, speed| {
            let profile = real.profile(seconds, speed, 1).unwrap();
            let times: Vec<f64> = profile.arrivals.iter().map(|at| seconds_in(*at)).collect();
            (times, seconds_in(profile.duration))
        };
        assert_eq!(times(None, 1.0), (vec![0.0, 0.0, 7.0], 8.0));
        assert_eq!(times(None, 2.0), (vec![0.0, 0.0, 3.5], 4.0));
        assert_eq!(times(Some(9), 1.0), (vec![0.0, 0.0, 7.0, 8.0, 8.0], 9.0));
        assert_eq!(times(Some(3), 1.0), (vec![0.0, 0.0], 3.0));
    }

    #[test]
    fn what_cannot_be_planned_is_refused_in_a_line() {
        let refused = |arrivals: &Arrivals, seconds, needle: &str| {
            let error = arrivals.profile(seconds, 1.0, 1).unwrap_err().to_string();
            assert!(error.contains(needle) && error.lines().count() == 1, "{error}");
        };
        refused(&arrivals("poisson:3000"), None, "at most 10000000 transfers, got about 10800000");
        refused(&arrivals("poisson:20000000"), Some(1), "at most 10000000 transfers");
        refused(&arrivals("poisson:0.000001"), Some(1), "not one transfer");
        refused(&arrivals("csv:nowhere.csv"), None, "nowhere.csv");
        let (_file, long) = burst("seconds,rate\n2592001,1\n");
        refused(&long, None, "at most 2592000 s, got 2592001 s");
        refused(&long, Some(10_000_000), "at most 2592000 s");
        for (row, needle) in [("0,1", "more than 0"), ("1,-1", "rate: "), ("1e3,1", "seconds: ")] {
            let (_file, bad) = burst(&format!("seconds,rate\n5,5\n{row}\n"));
            refused(&bad, None, "line 3");
            refused(&bad, None, needle);
        }
    }
}
