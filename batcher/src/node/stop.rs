//! What the system asks of the process: to stop, and to stop at once.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};
use tracing::{error, info, warn};

use super::service::{Node, STOP_LIMIT};

/// What work that is dropped may take to end what it has begun.
const DROP_LIMIT: Duration = Duration::from_secs(20);

/// Listens to SIGINT, SIGTERM and SIGHUP from its making on; the process does not end by them any more.
#[derive(Debug)]
pub struct StopRequests {
    interrupt: Signal,
    terminate: Signal,
    /// None under nohup, which has it ignored.
    hang_up: Option<Signal>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone. Stops like SIGTERM.
    HangUp,
}

impl StopRequest {
    /// As a shell has it: 128 and the signal's number. For a process that does not wait until all is done.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HangUp => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

impl StopRequests {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if is_hang_up_ignored() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// The next one. Nothing is lost when this future is dropped.
    pub async fn next(&mut self) -> StopRequest {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => StopRequest::Interrupt,
            _ = self.terminate.recv() => StopRequest::Terminate,
            _ = hang_up => StopRequest::HangUp,
        }
    }
}

/// Whether the process was started with SIGHUP ignored: it is the first bit of the mask that the kernel shows.
fn is_hang_up_ignored() -> bool {
    // Where the system has no such file, it is taken not to be.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Does work until it is done or the process is asked to stop; the work is dropped then, which ends what it has begun. A second
/// request ends the process at once, also while something is dropped or does not let go of its thread.
///
/// # Errors
/// The system does not let us listen.
pub async fn unless_stopped<T>(
    work: impl Future<Output = T>,
) -> io::Result<Result<T, StopRequest>> {
    let mut requests = StopRequests::listen()?;
    let (ask, asked) = oneshot::channel();
    let watch = tokio::spawn(async move {
        let first = requests.next().await;
        // Nobody listens where the work is done.
        let _ = ask.send(first);
        let last = tokio::select! {
            second = requests.next() => second,
            () = tokio::time::sleep(DROP_LIMIT) => first,
        };
        std::process::exit(last.exit_code().into())
    });
    tokio::select! {
        done = work => {
            watch.abort();
            Ok(Ok(done))
        }
        Ok(request) = asked => Ok(Err(request)),
    }
}

/// Runs the service until it fails or is asked to stop, then stops it; gives the process's exit code: 0, or 1 after a failure,
/// or that of a second request, which ends it at once.
pub async fn until_stopped(mut node: Node, requests: &mut StopRequests) -> u8 {
    let ended = tokio::select! {
        ended = node.ended() => ended,
        request = requests.next() => {
            info!(signal = request.name(), limit_s = STOP_LIMIT.as_secs(), "stopping");
            Ok(())
        }
    };
    if let Err(failure) = &ended {
        error!("{failure}");
    }
    let stopped = tokio::select! {
        stopped = node.stop() => stopped,
        request = requests.next() => {
            warn!(signal = request.name(), "ended at once");
            return request.exit_code();
        }
    };
    match ended.and_then(|()| stopped.inspect_err(|failure| error!("{failure}"))) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}
