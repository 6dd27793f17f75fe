//! A client's connection, which takes nothing more from a client that does not take what it has asked for.
//!
//! A WebSocket's messages become tasks, and their answers wait for the socket with nothing that bounds them: a client
//! that asks and does not read would fill the memory. Three rules stand against it, all below the protocol:
//!
//! - While [`MOST_RUNNING`](super::calls::MOST_RUNNING) calls run, nothing is read.
//! - Once the socket takes no more, nothing is read until all answers are out. A write that waits for longer than the
//!   client may be patient with ends the connection, and with it everything that waits.
//! - A WebSocket that sends too much that is no call ends: no limit of calls sees that.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::calls::Calls;

/// A socket that was full has everything when nobody has written to it for so long: answers that wait are written one
/// right after the other.
const QUIET: Duration = Duration::from_millis(10);

/// A connection under these rules.
#[derive(Debug)]
pub(super) struct Link<S> {
    socket: S,
    calls: Arc<Calls>,
    patience: Duration,
    /// Runs while the socket takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// The socket was full, and has not been seen quiet since.
    behind: bool,
    /// When it took something last.
    wrote: Instant,
    /// Wakes the reader when the socket may be quiet.
    quiet: Pin<Box<Sleep>>,
    /// Who reads, while nothing may be read.
    reader: Option<Waker>,
    dead: bool,
    /// Something was written since all was sent: for a WebSocket, a message.
    has_written: bool,
}

impl<S> Link<S> {
    pub(super) fn new(socket: S, patience: Duration, calls: Arc<Calls>) -> Self {
        Self {
            socket,
            calls,
            patience,
            stalled: None,
            behind: false,
            wrote: Instant::now(),
            quiet: Box::pin(sleep(Duration::ZERO)),
            reader: None,
            dead: false,
            has_written: false,
        }
    }

    /// Whether all that was to be written is, as far as can be seen.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.behind {
            if self.stalled.is_some() {
                return Poll::Pending;
            }
            self.quiet.set(sleep_until(self.wrote + QUIET));
            std::task::ready!(self.quiet.as_mut().poll(cx));
            self.behind = false;
        }
        Poll::Ready(())
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

fn wasteful() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the client sends what is no call")
}

fn too_slow() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the client does not read")
}

impl<S: AsyncRead + Unpin> AsyncRead for Link<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.dead {
            return Poll::Ready(Err(too_slow()));
        }
        if this.calls.is_wasteful() {
            metrics::counter!("cairn_api_wasteful_connections_total").increment(1);
            return Poll::Ready(Err(wasteful()));
        }
        let may_read = this.calls.poll_room(cx).is_ready() && this.poll_quiet(cx).is_ready();
        if may_read && let Poll::Ready(read) = Pin::new(&mut this.socket).poll_read(cx, buffer) {
            return Poll::Ready(read);
        }
        // The end of the writer's patience is the reader's too.
        this.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Link<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.dead {
            return Poll::Ready(Err(too_slow()));
        }
        if let Poll::Ready(written) = Pin::new(&mut this.socket).poll_write(cx, bytes) {
            this.wrote = Instant::now();
            if let Ok(bytes) = written {
                this.calls.taken(bytes);
                this.has_written = true;
            }
            if this.stalled.take().is_some() {
                this.wake_reader();
            }
            return Poll::Ready(written);
        }
        this.behind = true;
        let patience = this.patience;
        let stalled = this.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        std::task::ready!(stalled.as_mut().poll(cx));
        this.dead = true;
        this.wake_reader();
        metrics::counter!("cairn_api_slow_connections_total").increment(1);
        Poll::Ready(Err(too_slow()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_ready() && std::mem::take(&mut self.has_written) {
            self.calls.told();
            if self.calls.is_wasteful() {
                self.wake_reader();
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};

    use super::*;
    use crate::api::{calls::MOST_RUNNING, debts::Debts};

    const PATIENCE: Duration = Duration::from_secs(1);
    /// More than enough for a socket to be quiet.
    const MOMENT: Duration = Duration::from_millis(40);

    fn link(room: usize) -> (Link<DuplexStream>, DuplexStream, Arc<Calls>) {
        let (server, client) = duplex(room);
        let calls = Arc::new(Calls::default());
        (Link::new(server, PATIENCE, Arc::clone(&calls)), client, calls)
    }

    async fn passes<T>(limit: Duration, what: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(limit, what).await.ok()
    }

    #[tokio::test]
    async fn who_does_not_read_is_not_read_and_then_dropped() {
        let (link, mut client, _) = link(64);
        let (mut reader, mut writer) = split(link);
        client.write_all(b"asks").await.unwrap();
        let mut asked = [0; 4];
        reader.read_exact(&mut asked).await.unwrap();
        let writing = tokio::spawn(async move { writer.write_all(&[7; 1_000]).await });
        tokio::task::yield_now().await;
        client.write_all(b"more").await.unwrap();
        assert!(passes(MOMENT, reader.read_exact(&mut asked)).await.is_none());
        let read = passes(2 * PATIENCE, reader.read_exact(&mut asked)).await.expect("it ends");
        assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(writing.await.unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_slowly_is_read_again_when_all_is_out() {
        let (link, mut client, _) = link(64);
        let (mut reader, mut writer) = split(link);
        let writing = tokio::spawn(async move {
            for _ in 0..10 {
                writer.write_all(&[7; 100]).await.unwrap();
            }
            writer
        });
        tokio::task::yield_now().await;
        client.write_all(b"more").await.unwrap();
        let mut asked = [0; 4];
        let mut answer = [0; 50];
        for _ in 0..18 {
            assert!(passes(MOMENT, reader.read_exact(&mut asked)).await.is_none());
            client.read_exact(&mut answer).await.unwrap();
        }
        client.read_exact(&mut [0; 100]).await.unwrap();
        reader.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"more");
        writing.await.unwrap();
    }

    #[tokio::test]
    async fn calls_that_run_hold_back_more() {
        let (mut link, mut client, calls) = link(64);
        let mut running: Vec<_> = (0..MOST_RUNNING - 3).map(|_| calls.begin(1)).collect();
        running.push(calls.begin(3)); // a batch
        client.write_all(b"more").await.unwrap();
        let mut asked = [0; 4];
        assert!(passes(MOMENT, link.read_exact(&mut asked)).await.is_none());
        let reading = tokio::spawn(async move { link.read_exact(&mut asked).await.map(|_| asked) });
        tokio::task::yield_now().await;
        running.pop();
        assert_eq!(&reading.await.unwrap().unwrap(), b"more");
    }

    #[tokio::test]
    async fn what_the_socket_has_taken_is_not_owed_any_more() {
        let (mut link, mut client, calls) = link(64);
        let debts = Arc::new(Debts::new(100));
        let address = std::net::IpAddr::from([10, 0, 0, 1]);
        let mut debt = debts.to(address);
        assert!(debt.grow(90));
        calls.owe(debt);
        assert!(!debts.has_room(address));
        assert!(passes(MOMENT, link.write_all(&[7; 90])).await.is_none(), "64 of them fit");
        assert!(!debts.has_room(address), "26 are owed, and an address may have 12");
        client.read_exact(&mut [0; 64]).await.unwrap();
        link.write_all(&[7; 26]).await.unwrap();
        assert!(debts.has_room(address));
    }

    #[tokio::test]
    async fn a_websocket_that_sends_no_calls_ends() {
        let (mut link, mut client, calls) = link(1 << 20);
        calls.speaks_websocket();
        let tell = async |link: &mut Link<DuplexStream>| {
            link.write_all(b"a message").await.unwrap();
            link.flush().await.unwrap();
        };
        for _ in 0..1_000 {
            calls.expect();
            tell(&mut link).await;
        }
        client.write_all(b"good").await.unwrap();
        link.read_exact(&mut [0; 4]).await.unwrap();
        for _ in 0..1_000 {
            tell(&mut link).await;
        }
        let read = link.read_exact(&mut [0; 4]).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
