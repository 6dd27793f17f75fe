//! What an operator can tell the sequencer.

use tokio::sync::{mpsc, oneshot};

/// Commands that wait, at the most.
const WAITING: usize = 16;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Make no more blocks and batches until [`Self::Resume`], also after a restart. Takes a drain back.
    Pause,
    /// Go on.
    Resume,
    /// Seal the open batch.
    Seal,
    /// Accept nothing more, execute what was accepted, and settle it. Holds until [`Self::Resume`], also after a restart.
    Drain,
}

/// Tells the sequencer what to do; clones share it.
#[derive(Debug, Clone)]
pub struct Commands(mpsc::Sender<Request>);

/// The sequencer's end of [`Commands`].
#[derive(Debug)]
pub struct CommandReceiver(mpsc::Receiver<Request>);

pub(super) type Answer = Result<(), String>;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// Both ends of the operator's line to the sequencer.
#[must_use]
pub fn commands() -> (Commands, CommandReceiver) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Commands(sender), CommandReceiver(receiver))
}

impl Commands {
    /// Gives a command and waits until it is carried out.
    ///
    /// # Errors
    /// Why it cannot be, in a sentence.
    pub async fn give(&self, command: Command) -> Result<(), String> {
        let gone = "the sequencer has stopped";
        let (answer, answered) = oneshot::channel();
        self.0.send(Request { command, answer }).await.map_err(|_| gone)?;
        answered.await.map_err(|_| gone)?
    }
}

impl CommandReceiver {
    /// The next command. Never returns once nobody can give one.
    pub(super) async fn next(&mut self) -> Request {
        match self.0.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }
}
