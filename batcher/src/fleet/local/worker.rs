//! A worker of this machine: its process, started again when it has ended.

use std::{
    fs::File,
    io,
    path::PathBuf,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use cairn_fleet::{lifeline::tied, message::WorkerId};
use rustix::process::{Pid, Signal, kill_process};
use tracing::warn;

use super::{URL, memory::classes};

/// How long one that has ended is not started again, at first.
const PAUSE: Duration = Duration::from_secs(1);
/// And at the most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Who lived so long had begun its work: what ended it need not be there any more.
const LONG_LIFE: Duration = Duration::from_secs(60);

/// How a worker is started.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) program: PathBuf,
    pub(super) name: WorkerId,
    /// The server, with its password.
    pub(super) url: String,
    pub(super) threads: usize,
    pub(super) memory_mb: u64,
    pub(super) cache: Option<PathBuf>,
    /// What it says is there, in a file of its name.
    pub(super) folder: PathBuf,
}

impl Recipe {
    fn spawn(&self) -> io::Result<Child> {
        let log = self.folder.join(format!("{}.log", self.name));
        let log = File::options().create(true).append(true).open(log)?;
        let classes: Vec<_> = classes(self.memory_mb).map(|class| class.name()).collect();
        let gib = self.memory_mb as f64 / 1_024.0;
        let mut command = tied(&self.program);
        command.arg("run").args(["--name", self.name.as_str(), "--log", "text"]);
        // It is told to stop with the whole fleet: who would take what it has begun?
        command.args(["--grace", "0", "--threads", &self.threads.to_string()]);
        command.args(["--memory", &format!("{gib:.4}"), "--classes", &classes.join(",")]);
        if let Some(cache) = &self.cache {
            command.arg("--cache").arg(cache);
        }
        // Everyone on this machine can read a command line.
        command.env(URL, &self.url).stdout(Stdio::null()).stderr(log).spawn()
    }
}

/// A worker.
#[derive(Debug)]
pub(super) struct LocalWorker {
    recipe: Recipe,
    state: State,
    pause: Pause,
}

#[derive(Debug)]
enum State {
    /// Since then.
    Runs(Child, Instant),
    /// Until it is started again.
    Waits(Instant),
}

impl LocalWorker {
    /// Starts it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn start(recipe: Recipe) -> io::Result<Self> {
        let state = State::Runs(recipe.spawn()?, Instant::now());
        Ok(Self { recipe, state, pause: Pause::default() })
    }

    /// Starts it again where it has ended, after a pause.
    pub(super) fn look(&mut self) {
        let (name, now) = (&self.recipe.name, Instant::now());
        match &mut self.state {
            State::Runs(child, since) => {
                let Ok(Some(status)) = child.try_wait() else { return };
                let pause = self.pause.after(now.duration_since(*since));
                warn!(worker = %name, %status, ?pause, "a worker has ended: it is started again");
                self.state = State::Waits(now + pause);
            }
            State::Waits(until) if now < *until => {}
            State::Waits(_) => match self.recipe.spawn() {
                Ok(child) => self.state = State::Runs(child, now),
                Err(error) => {
                    let pause = self.pause.after(Duration::ZERO);
                    warn!(worker = %name, %error, ?pause, "it does not start: it is tried again");
                    self.state = State::Waits(now + pause);
                }
            },
        }
    }

    /// Asks it to end.
    pub(super) fn ask(&self) {
        let State::Runs(child, _) = &self.state else { return };
        if let Some(id) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
    }

    /// Returns when it has ended, which it must by then.
    pub(super) fn end(&mut self, by: Instant) {
        let State::Runs(child, _) = &mut self.state else { return };
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > by {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// How long it is waited before a new start: twice as long each time, until a life was long.
#[derive(Debug)]
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSE)
    }
}

impl Pause {
    /// The pause after a life of this length.
    fn after(&mut self, life: Duration) -> Duration {
        let pause = if life >= LONG_LIFE { PAUSE } else { self.0 };
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_a_life_was_long() {
        let mut pause = Pause::default();
        let mut after = |life_s| pause.after(Duration::from_secs(life_s)).as_secs();
        assert_eq!([0, 5, 59, 0, 0, 0, 0].map(&mut after), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!([60, 0, 3_600, 0].map(&mut after), [1, 2, 1, 2]);
    }

    /// A worker that fails at once is not started again at once; one that does not end when it is
    /// asked is killed.
    #[test]
    fn a_worker_that_fails_waits_and_one_that_stays_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = |program: &str| Recipe {
            program: program.into(),
            name: "w".parse().unwrap(),
            url: String::new(),
            threads: 1,
            memory_mb: 5_000,
            cache: None,
            folder: folder.path().to_owned(),
        };
        let mut failing = LocalWorker::start(recipe("/bin/false")).unwrap();
        let started = Instant::now();
        while matches!(failing.state, State::Runs(..)) {
            assert!(started.elapsed() < Duration::from_secs(10));
            failing.look();
        }
        failing.look();
        assert!(matches!(failing.state, State::Waits(until) if until > Instant::now()));
        failing.end(Instant::now());

        let script = folder.path().join("stays");
        std::fs::write(&script, "trap '' TERM; echo up >&2; while :; do sleep 1; done").unwrap();
        let mut command = tied(std::path::Path::new("/bin/sh"));
        let child = command.arg(&script).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let mut up = [0; 2];
        std::io::Read::read_exact(&mut child.stderr.take().unwrap(), &mut up).unwrap();
        let state = State::Runs(child, Instant::now());
        let mut staying =
            LocalWorker { recipe: recipe("/bin/false"), state, pause: Pause::default() };
        staying.ask();
        staying.end(Instant::now() + Duration::from_millis(200));
        let State::Runs(child, _) = &mut staying.state else { panic!("{staying:?}") };
        assert!(child.try_wait().unwrap().is_some());
    }
}
