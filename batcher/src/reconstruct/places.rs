//! Places that may have what is asked for. None is trusted, and one that is wrong, slow or gone must not hide the next.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use alloy::primitives::B256;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::{
    committee::OtherWords,
    console::{MAX_REASON, shortened},
    l1::Fault,
};

/// What one place may take for one answer, with all the requests that this needs and all that are repeated.
const PATIENCE: Duration = Duration::from_secs(150);

/// Answers in a row without what was asked for, after which a place is asked behind those that have had it. One that
/// has a part, and is near, stays in front of an archive that has all.
const MOST_ABSENCES: u32 = 4;

/// Why a place does not give what it was asked for, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It says so itself.
    #[error("does not have it")]
    Absent,
    /// A beacon node that has nothing there: it prunes, or its clock is wrong.
    #[error("has no blobs of slot {slot}")]
    NoBlobs {
        /// Of the block with the blob.
        slot: u128,
    },
    /// Bytes of another length.
    #[error("has {got} bytes in its place, expected {expected}")]
    Length {
        /// Of a blob.
        expected: usize,
        /// Found.
        got: u64,
    },
    /// A blob with another name.
    #[error("has another blob in its place, {got}")]
    OtherBlob {
        /// Its versioned hash.
        got: B256,
    },
    /// Bytes that are no elements of the field.
    #[error("has no blob in its place ({0})")]
    NoBlob(String),
    /// Several blobs, all with other names.
    #[error("has {got} other blobs in its place")]
    OtherBlobs {
        /// How many.
        got: usize,
    },
    /// Words with another digest.
    #[error(transparent)]
    Words(#[from] OtherWords),
    /// The file system.
    #[error("{0}")]
    File(String),
    /// The server, when asked for this path.
    #[error("{path}: {fault}")]
    Server {
        /// Of the request, without what is secret of the URL.
        path: String,
        /// What is wrong.
        fault: Fault,
    },
    /// A server of something else.
    #[error("{path}: its answer is not a beacon node's ({reason}): check the URL")]
    NoBeacon {
        /// Of the request.
        path: String,
        /// What the answer is instead.
        reason: String,
    },
    /// A beacon node whose clock cannot be.
    #[error("its {what} is {got}, expected {expected}")]
    Clock {
        /// The name that the API has for it.
        what: &'static str,
        /// As it says.
        got: String,
        /// What could be.
        expected: String,
    },
    /// L1's node, asked as if it were anvil.
    #[error("{0}")]
    Node(String),
    /// It was asked several things, and none of them ended early enough.
    #[error("took longer than {} s", .0.as_secs_f64())]
    TooSlow(Duration),
    /// A thread of ours ended early.
    #[error("checking it: {0}")]
    Task(String),
}

impl Refusal {
    /// A file that cannot be read.
    pub(super) fn of_file(folder: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if folder.is_dir() => Self::Absent,
            io::ErrorKind::NotFound => Self::File("there is no such folder".to_owned()),
            _ => Self::File(error.to_string()),
        }
    }

    /// Whether the place has answered, and there is nothing wrong with it but that it lacks what it was asked for.
    fn is_absence(&self) -> bool {
        matches!(self, Self::Absent | Self::NoBlobs { .. })
    }

    /// Whether to learn of it may have taken as long as a server is given.
    fn is_slow(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Node(_) | Self::TooSlow(_))
    }
}

/// What all places have answered, in the order in which they were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(Vec<(String, Refusal)>);

impl Answers {
    /// Whether the same places should be spared more questions.
    pub(super) fn are_slow(&self) -> bool {
        self.0.iter().any(|(_, refusal)| refusal.is_slow())
    }

    /// Others' answers, too; what the same place has said already is not said again.
    pub(super) fn extend(&mut self, others: Self) {
        for answer in others.0 {
            if !self.0.contains(&answer) {
                self.0.push(answer);
            }
        }
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nobody was asked");
        }
        // Each by itself: a line that is too long is cut in its middle, where others' answers are.
        let told = |(place, refusal): &(String, Refusal)| {
            format!("{place}: {}", shortened(&refusal.to_string(), MAX_REASON))
        };
        f.write_str(&self.0.iter().map(told).collect::<Vec<_>>().join("; "))
    }
}

impl std::error::Error for Answers {}

/// Places, in the order in which they were named.
#[derive(Debug)]
pub(super) struct Places<T> {
    places: Vec<Place<T>>,
    /// Questions that are asked at a time: each holds an answer of its largest size, whoever sends it.
    turns: Semaphore,
    patience: Duration,
}

#[derive(Debug)]
struct Place<T> {
    place: T,
    /// In a row.
    failures: AtomicU32,
    /// In a row: what it was asked for and does not have.
    absences: AtomicU32,
}

impl<T> Place<T> {
    /// Where it comes among the others, by what it last did: those that fail are last, before them those that have
    /// nothing.
    fn rank(&self) -> (u32, bool) {
        let is_empty = self.absences.load(Ordering::Relaxed) >= MOST_ABSENCES;
        (self.failures.load(Ordering::Relaxed), is_empty)
    }

    /// Notes what it has answered.
    fn note<R>(&self, answer: &Result<R, Refusal>) {
        match answer {
            Ok(_) => {
                self.failures.store(0, Ordering::Relaxed);
                self.absences.store(0, Ordering::Relaxed);
            }
            Err(refusal) if refusal.is_absence() => {
                self.absences.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl<T: fmt::Display> Places<T> {
    /// None yet; of so many questions at a time.
    pub(super) fn new(at_a_time: usize) -> Self {
        Self { places: Vec::new(), turns: Semaphore::new(at_a_time), patience: PATIENCE }
    }

    pub(super) fn push(&mut self, place: T) {
        let (failures, absences) = (AtomicU32::new(0), AtomicU32::new(0));
        self.places.push(Place { place, failures, absences });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().map(|place| &place.place)
    }

    /// What the first place gives that has it. All are asked, those last that have failed, and before them those that
    /// had nothing of late: one that is silent, or slow to say no, costs its time a few times, not with each batch.
    ///
    /// # Errors
    /// None has it: what each has said.
    pub(super) async fn first<'a, R, F>(&'a self, ask: impl Fn(&'a T) -> F) -> Result<R, Answers>
    where
        F: Future<Output = Result<R, Refusal>>,
    {
        // It is never closed.
        let _turn = self.turns.acquire().await;
        let mut order: Vec<_> = self.places.iter().enumerate().collect();
        order.sort_by_cached_key(|(_, place)| place.rank());
        let mut answers = BTreeMap::new();
        for (number, asked) in order {
            let place = &asked.place;
            let answer = tokio::time::timeout(self.patience, ask(place)).await;
            let answer = answer.unwrap_or(Err(Refusal::TooSlow(self.patience)));
            asked.note(&answer);
            match answer {
                Ok(found) => return Ok(found),
                Err(refusal) => {
                    tracing::debug!(%place, %refusal, "data is not here");
                    answers.insert(number, (place.to_string(), refusal));
                }
            }
        }
        Err(Answers(answers.into_values().collect()))
    }
}

/// Runs what takes long on no thread that talks to servers.
pub(super) async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|e| Err(Refusal::Task(e.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_fails_is_asked_last_and_named_in_its_order() {
        let patience = Duration::from_millis(20);
        let mut places = Places { patience, ..Places::new(1) };
        ["silent", "lacks", "has"].into_iter().for_each(|place| places.push(place));
        let asked = std::sync::Mutex::new(Vec::new());
        let ask = async |place: &'static str, has: bool| {
            asked.lock().unwrap().push(place);
            match place {
                "silent" => std::future::pending().await,
                "has" if has => Ok(7),
                _ => Err(Refusal::Absent),
            }
        };
        for _ in 0..3 {
            assert_eq!(places.first(|place| ask(place, true)).await, Ok(7));
        }
        let calls = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(calls, ["silent", "lacks", "has", "lacks", "has", "lacks", "has"]);
        let answers = places.first(|place| ask(place, false)).await.unwrap_err().to_string();
        let expected =
            "silent: took longer than 0.02 s; lacks: does not have it; has: does not have it";
        assert_eq!(answers, expected);
        assert_eq!(Answers::default().to_string(), "nobody was asked");
    }

    /// Each blob waited for the first place's 404, however slow.
    #[tokio::test]
    async fn a_place_that_lacks_what_others_have_is_asked_behind_them() {
        let mut places = Places::new(1);
        ["lacks", "part", "has"].into_iter().for_each(|place| places.push(place));
        let asked = std::sync::Mutex::new(Vec::new());
        let ask = async |place: &'static str, who: &[&str]| {
            asked.lock().unwrap().push(place);
            if who.contains(&place) { Ok(7) } else { Err(Refusal::Absent) }
        };
        let order = async |who: &[&str]| {
            let found = places.first(|place| ask(place, who)).await;
            (found.is_ok(), std::mem::take(&mut *asked.lock().unwrap()))
        };
        for _ in 0..MOST_ABSENCES {
            assert_eq!(order(&["part"]).await, (true, vec!["lacks", "part"]));
        }
        for _ in 0..MOST_ABSENCES {
            assert_eq!(order(&["has"]).await, (true, vec!["part", "has"]));
        }
        assert_eq!(order(&["has"]).await, (true, vec!["has"]));
        // Whoever may have it is asked, and comes to its place again with what it has.
        assert_eq!(order(&[]).await, (false, vec!["has", "lacks", "part"]));
        assert_eq!(order(&["lacks"]).await, (true, vec!["has", "lacks"]));
        assert_eq!(order(&["lacks"]).await, (true, vec!["lacks"]));
    }

    #[test]
    fn a_long_answer_does_not_hide_the_next() {
        let long = |place: &str| (place.to_owned(), Refusal::NoBlob("x".repeat(5_000)));
        let answers =
            Answers(vec![long("one"), long("two"), ("three".to_owned(), Refusal::Absent)]);
        let line = answers.to_string();
        for part in ["one: has no blob", "two: has no blob", "x); two", "three: does not have it"] {
            assert!(line.contains(part), "{line}");
        }
        assert!(line.chars().count() < 3 * MAX_REASON, "{line}");
    }
}
