//! What is looked at: the last answer, the view, how far it is scrolled.

use std::time::Instant;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::data::Data;

/// A view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Batches,
    Fleet,
    Alarms,
}

impl Tab {
    pub(super) const ALL: [Self; 4] = [Self::Overview, Self::Batches, Self::Fleet, Self::Alarms];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Batches => "batches",
            Self::Fleet => "fleet",
            Self::Alarms => "alarms",
        }
    }

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default();
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

/// All that a frame follows from.
#[derive(Debug)]
pub(super) struct App {
    /// The service, as it may be shown.
    pub(super) service: String,
    pub(super) tab: Tab,
    pub(super) scroll: u16,
    /// Whether news are kept from the screen.
    pub(super) is_frozen: bool,
    /// The last answer, and when it came.
    pub(super) last: Option<(Data, Instant)>,
    /// Why there is no newer one, if so.
    pub(super) trouble: Option<String>,
    is_over: bool,
}

impl App {
    pub(super) fn new(url: &str) -> Self {
        Self {
            service: cairn_batcher::console::line(url),
            tab: Tab::Overview,
            scroll: 0,
            is_frozen: false,
            last: None,
            trouble: Some("asking the service".to_owned()),
            is_over: false,
        }
    }

    /// Takes an answer, or that there is none.
    pub(super) fn see(&mut self, answer: Result<Data, String>, now: Instant) {
        if self.is_frozen {
            return;
        }
        match answer {
            Ok(data) => (self.last, self.trouble) = (Some((data, now)), None),
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    pub(super) fn press(&mut self, key: KeyEvent) {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if is_control => self.is_over = true,
            KeyCode::Char('q') | KeyCode::Esc => self.is_over = true,
            KeyCode::Char('p') => self.is_frozen = !self.is_frozen,
            KeyCode::Tab | KeyCode::Right => self.show(self.tab.step(1)),
            KeyCode::BackTab | KeyCode::Left => self.show(self.tab.step(Tab::ALL.len() - 1)),
            KeyCode::Char(digit @ '1'..='4') => {
                self.show(Tab::ALL[usize::from(digit as u8 - b'1')]);
            }
            KeyCode::Down => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_add(10),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::Home => self.scroll = 0,
            _ => {}
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    fn show(&mut self, tab: Tab) {
        (self.tab, self.scroll) = (tab, 0);
    }
}
