//! What the system asks of the process: to stop, and to stop at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use super::service::{Node, STOP_LIMIT};

/// Listens to SIGINT, SIGTERM and SIGHUP from its making on; the process does not end by them any more.
#[derive(Debug)]
pub struct StopRequests {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
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
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one. Nothing is lost when this future is dropped.
    pub async fn next(&mut self) -> StopRequest {
        tokio::select! {
            _ = self.interrupt.recv() => StopRequest::Interrupt,
            _ = self.terminate.recv() => StopRequest::Terminate,
            _ = self.hang_up.recv() => StopRequest::HangUp,
        }
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
