//! The terminal: taken on opening, given back on any end, a panic and a signal too: both drop what runs.

use std::{
    io::{self, Stdout, stdout},
    time::Duration,
};

use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{self, Event, KeyEvent, KeyEventKind},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};
use tokio::sync::mpsc;

/// How often it is looked whether anybody still waits for keys.
const POLL: Duration = Duration::from_millis(100);
/// Keys that wait to be handled; what is pressed beyond is lost.
const KEYS: usize = 64;

/// The terminal while it is ours.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    _taken: Taken,
}

/// Gives the terminal back.
#[derive(Debug)]
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        // Where the terminal is gone, nobody misses it.
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        // From here on whatever fails gives it back.
        let taken = Taken;
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen)?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(stdout()))?, _taken: taken })
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }
}

/// Keys, read by a thread of its own, which ends when nobody waits for them.
#[derive(Debug)]
pub(super) struct Keys(mpsc::Receiver<io::Result<KeyEvent>>);

impl Keys {
    pub(super) fn listen() -> Self {
        let (send, keys) = mpsc::channel(KEYS);
        std::thread::spawn(move || {
            while !send.is_closed() {
                let key = match event::poll(POLL) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let is_over = key.is_err();
                let key = match key {
                    Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => Ok(key),
                    // The next frame has the new size.
                    Ok(_) => continue,
                    Err(error) => Err(error),
                };
                let _ = send.try_send(key);
                if is_over {
                    return;
                }
            }
        });
        Self(keys)
    }

    /// The next one; none when no more will come.
    pub(super) async fn next(&mut self) -> Option<io::Result<KeyEvent>> {
        self.0.recv().await
    }
}
