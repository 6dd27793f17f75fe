//! How many bytes of answers wait for their clients to take them: of all clients, and of each address.
//!
//! What a client asks for is made at once, and waits in memory until the client's socket has taken it. Who asks on many
//! connections and reads from none would fill the memory, however little one connection may have.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::limits::network;

/// One address may have this part of what all may have.
const SHARE: usize = 8;

/// Bytes that wait.
#[derive(Debug)]
pub(super) struct Debts {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    of_addresses: HashMap<IpAddr, usize>,
}

impl Debts {
    /// At the most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// Whether a client may ask for more.
    pub(super) fn has_room(&self, client: IpAddr) -> bool {
        self.held().has_room(network(client), 1, self.most)
    }

    /// What is to be owed to a client: nothing yet.
    pub(super) fn to(self: &Arc<Self>, client: IpAddr) -> Debt {
        Debt { debts: Arc::clone(self), client: network(client), bytes: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// An address that has nothing gets one answer of any length, if there is room for it among all.
    fn has_room(&self, client: IpAddr, bytes: usize, most: usize) -> bool {
        let holds = self.of_addresses.get(&client).copied().unwrap_or(0);
        let has_share = holds == 0 || holds.saturating_add(bytes) <= most / SHARE;
        has_share && self.all.saturating_add(bytes) <= most
    }

    fn add(&mut self, client: IpAddr, bytes: usize) {
        if bytes > 0 {
            self.all += bytes;
            *self.of_addresses.entry(client).or_default() += bytes;
        }
    }
}

/// Bytes that wait for one client; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Debt {
    debts: Arc<Debts>,
    client: IpAddr,
    bytes: usize,
}

impl Debt {
    /// Adds an answer, if there is room for it.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let mut held = self.debts.held();
        let has_room = held.has_room(self.client, bytes, self.debts.most);
        if has_room {
            held.add(self.client, bytes);
            self.bytes += bytes;
        }
        has_room
    }

    /// Adds what must be said in any case.
    pub(super) fn grow_anyway(&mut self, bytes: usize) {
        self.debts.held().add(self.client, bytes);
        self.bytes += bytes;
    }

    /// Takes off what the client has taken, and says how much that was more than this.
    pub(super) fn shrink(&mut self, bytes: usize) -> usize {
        let gone = bytes.min(self.bytes);
        self.bytes -= gone;
        let mut held = self.debts.held();
        held.all = held.all.saturating_sub(gone);
        if let Some(holds) = held.of_addresses.get_mut(&self.client) {
            *holds = holds.saturating_sub(gone);
            if *holds == 0 {
                held.of_addresses.remove(&self.client);
            }
        }
        bytes - gone
    }

    /// Adds another to this one, if it is to the same client.
    pub(super) fn join(&mut self, mut other: Self) -> Option<Self> {
        if other.client != self.client {
            return Some(other);
        }
        // The bytes stay counted.
        self.bytes += std::mem::take(&mut other.bytes);
        None
    }

    /// Whether all of it was taken.
    pub(super) const fn is_paid(&self) -> bool {
        self.bytes == 0
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_an_eighth_and_all_have_the_whole() {
        let debts = Arc::new(Debts::new(800));
        let client = |last: u8| IpAddr::from([10, 0, 0, last]);
        let mut first = debts.to(client(1));
        assert!(first.grow(60) && !first.grow(41) && first.grow(40));
        assert!(!debts.has_room(client(1)) && debts.has_room(client(2)));
        let mut second = debts.to(client(1));
        assert!(!second.grow(1), "it is the address that has no more");
        assert_eq!(first.shrink(30), 0);
        assert!(second.grow(30));
        // A long answer, but alone; then there is no room for anybody.
        let mut long = debts.to(client(2));
        assert!(long.grow(700) && !debts.has_room(client(3)));
        second.grow_anyway(5);
        assert_eq!(second.shrink(40), 5);
        drop((first, second, long));
        let held = debts.held();
        assert_eq!((held.all, held.of_addresses.len()), (0, 0));
    }

    #[test]
    fn what_is_joined_is_counted_once() {
        let debts = Arc::new(Debts::new(800));
        let client = |last: u8| IpAddr::from([10, 0, 0, last]);
        let debt = |last: u8, bytes: usize| {
            let mut debt = debts.to(client(last));
            assert!(debt.grow(bytes));
            debt
        };
        let mut first = debt(1, 10);
        assert!(first.join(debt(1, 5)).is_none());
        let other = first.join(debt(2, 7));
        assert_eq!(debts.held().all, 22);
        drop(other);
        assert_eq!((debts.held().all, first.bytes), (15, 15));
        assert_eq!(first.shrink(20), 5);
        assert!(first.is_paid());
    }
}
