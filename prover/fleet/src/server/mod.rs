//! A NATS server of one's own: for development and tests. In earnest it is somebody's service, with the same rights
//! ([`rights`]).

pub mod cluster;
pub mod rights;

use std::{
    fs,
    io::{self, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;

use crate::lifeline::tied;

/// Names the program, where it is not found otherwise.
pub const PROGRAM: &str = "CAIRN_NATS_SERVER";
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to stop.
const END: Duration = Duration::from_secs(5);

/// Why there is no server.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Its program.
    #[error(
        "nats-server is not installed: `./x tools` brings it, or install Debian's nats-server, or name it in ${PROGRAM}"
    )]
    Missing,
    /// A file.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It ended, or does not answer.
    #[error("nats-server does not start; its last words, in {}: {said}", .log.display())]
    Start {
        /// Its log.
        log: PathBuf,
        /// The log's last line.
        said: String,
    },
}

/// A running server; it ends with this value, and with this process.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
    program: PathBuf,
}

/// Where the program is: named, installed, or brought by `./x tools` beside this program.
///
/// # Errors
/// [`ServerError::Missing`].
pub fn program() -> Result<PathBuf, ServerError> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Ok(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let brought = std::env::current_exe().ok().and_then(|exe| {
        let built = exe.ancestors().find(|folder| folder.join("tools/nats").is_dir())?;
        Some(built.join("tools/nats/usr/sbin"))
    });
    let folders = folders.into_iter().chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let mut programs = folders.chain(brought).map(|folder| folder.join("nats-server"));
    programs.find(|program| program.is_file()).ok_or(ServerError::Missing)
}

/// A port that nobody has now.
///
/// # Errors
/// The system has none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Server {
    /// Starts a server on a port of this machine, with its data in `folder`, and these accounts: see [`rights`].
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub fn start(folder: &Path, port: u16, accounts: &str) -> Result<Self, ServerError> {
        let program = program()?;
        let file = |source| ServerError::File { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(file)?;
        let config = format!(
            "listen: 127.0.0.1:{port}\nmax_payload: 2MB\njetstream {{ store_dir: {:?} }}\n{accounts}",
            folder.join("data")
        );
        // Passwords are in it.
        let opened = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(folder.join("server.conf"));
        opened.and_then(|mut opened| opened.write_all(config.as_bytes())).map_err(file)?;
        let child = spawn(&program, folder)?;
        let mut server = Self { child, port, folder: folder.to_owned(), program };
        server.wait()?;
        Ok(server)
    }

    /// Waits until it answers.
    fn wait(&mut self) -> Result<(), ServerError> {
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let has_ended = self.child.try_wait().ok().flatten().is_some();
            if has_ended || started.elapsed() > PATIENCE {
                let log = self.folder.join("server.log");
                let text = fs::read_to_string(&log).unwrap_or_default();
                let said = text.lines().next_back().unwrap_or_default().to_owned();
                return Err(ServerError::Start { log, said });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its address, without a user.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its address for a user with a password.
    #[must_use]
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("nats://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, signal);
        }
    }

    /// Ends it at once, and starts it again; `wipe` takes its disk away between.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self, wipe: bool) -> Result<(), ServerError> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if wipe {
            let _ = fs::remove_dir_all(self.folder.join("data"));
        }
        self.child = spawn(&self.program, &self.folder)?;
        self.wait()
    }

    /// Whether it has ended of itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some()
    }
}

fn spawn(program: &Path, folder: &Path) -> Result<Child, ServerError> {
    let path = folder.join("server.log");
    let log = fs::OpenOptions::new().create(true).append(true).open(&path);
    let file = |source| ServerError::File { path: path.clone(), source };
    let log = log.map_err(file)?;
    tied(program)
        .arg("-c")
        .arg(folder.join("server.conf"))
        .env_clear()
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|source| ServerError::File { path: program.to_owned(), source })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < END {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
