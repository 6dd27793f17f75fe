//! The last blocks as subscribers get them: read and written down once, however many want them.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use serde_json::value::{RawValue, to_raw_value};

use super::{error::ApiError, service::Service, view};
use crate::signals::{Listener, Shutdown, Signal};

/// Blocks that are kept. Who is further behind reads the store.
const KEPT: usize = 256;
/// Blocks that are read at once.
const PAGE_BLOCKS: usize = 64;

/// Blocks with their numbers.
pub(super) type Page = Vec<(u64, Box<RawValue>)>;

/// The last blocks, without their operations.
#[derive(Debug)]
pub(super) struct Headlines {
    recent: RwLock<Recent>,
    news: Signal,
}

#[derive(Debug)]
struct Recent {
    /// The number of the first.
    first: u64,
    rows: VecDeque<Arc<RawValue>>,
}

impl Recent {
    fn next(&self) -> u64 {
        self.first + self.rows.len() as u64
    }
}

impl Headlines {
    /// From a block on.
    pub(super) fn new(first: u64) -> Self {
        let recent = RwLock::new(Recent { first, rows: VecDeque::new() });
        Self { recent, news: Signal::default() }
    }

    /// Hears of every block that comes from now on.
    pub(super) fn listen(&self) -> Listener {
        self.news.listen()
    }

    /// The number of the next block.
    pub(super) fn next(&self) -> u64 {
        self.recent().next()
    }

    /// The blocks from a number on; none if its block is not kept any more.
    pub(super) fn from(&self, number: u64) -> Option<Page> {
        let recent = self.recent();
        let skip = usize::try_from(number.checked_sub(recent.first)?).ok()?;
        let numbered = (recent.first..).zip(&recent.rows).skip(skip);
        Some(numbered.map(|(number, row)| (number, (**row).to_owned())).collect())
    }

    fn add(&self, page: Page) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.rows.extend(page.into_iter().map(|(_, row)| Arc::from(row)));
        let over = recent.rows.len().saturating_sub(KEPT);
        recent.rows.drain(..over);
        recent.first += over as u64;
        drop(recent);
        self.news.ring();
    }

    fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Blocks of the store from a number on.
pub(super) fn read(service: &Service, from: u64) -> Result<Page, ApiError> {
    let rows = service.sources.store.blocks.range(from..).take(PAGE_BLOCKS);
    let write = |(number, block)| {
        let row = to_raw_value(&view::block_header(&block));
        Ok((number, row.map_err(|_| ApiError::Internal("a block has no encoding"))?))
    };
    rows.map(|row| write(row?)).collect()
}

/// Reads every block once, until shutdown.
pub(super) async fn follow(service: Arc<Service>, mut shutdown: Shutdown) {
    let mut blocks = service.sources.signals.block.listen();
    loop {
        let next = service.headlines.next();
        let page = service.read_patiently(move |service| read(service, next)).await;
        match page {
            Ok(page) if !page.is_empty() => {
                service.headlines.add(page);
                continue;
            }
            Ok(_) => {}
            // A store that cannot be read ends the service elsewhere.
            Err(error) => tracing::error!(%error, "api: reading new blocks"),
        }
        tokio::select! {
            () = blocks.changed() => {}
            () = shutdown.stopped() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(numbers: std::ops::Range<u64>) -> Page {
        numbers.map(|number| (number, to_raw_value(&number).unwrap())).collect()
    }

    #[test]
    fn the_last_are_kept_and_the_rest_is_for_the_store() {
        let headlines = Headlines::new(5);
        assert_eq!((headlines.next(), headlines.from(5).map(|page| page.len())), (5, Some(0)));
        headlines.add(page(5..8));
        let of = |from| {
            headlines.from(from).map(|page| page.iter().map(|row| row.0).collect::<Vec<_>>())
        };
        assert_eq!(of(6), Some(vec![6, 7]));
        assert_eq!(of(4), None);
        headlines.add(page(8..8 + KEPT as u64));
        assert_eq!((headlines.next(), of(7)), (8 + KEPT as u64, None));
        let (number, row) = &headlines.from(8).unwrap()[0];
        assert_eq!((*number, row.get()), (8, "8"), "the number is the row's own");
    }
}
