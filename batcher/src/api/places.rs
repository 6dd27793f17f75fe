//! Places of connections: of all, of one address, and some that are kept for the operator's machine.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    config::ApiConfig,
    limits::{Share, Shares, is_local},
};

/// Places beside all others that only this machine gets: however many clients there are, the operator comes in.
pub(super) const KEPT: u32 = 16;

/// The places of one server.
#[derive(Debug)]
pub(super) struct Places {
    among_all: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    of_addresses: Arc<Shares>,
    most: u32,
    most_of_address: usize,
    proxies: Vec<IpAddr>,
}

/// The place of a connection, among all or the kept ones and among those of its address.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    _of_address: Option<Share>,
}

impl Places {
    pub(super) fn new(config: &ApiConfig) -> Self {
        Self {
            among_all: Arc::new(Semaphore::new(config.max_connections as usize)),
            kept: Arc::new(Semaphore::new(KEPT as usize)),
            of_addresses: Arc::default(),
            most: config.max_connections,
            most_of_address: config.max_connections_per_address as usize,
            proxies: config.trusted_proxies.clone(),
        }
    }

    /// A place, if there is one for this peer.
    pub(super) fn take(&self, peer: IpAddr) -> Option<Place> {
        let free = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        // A proxy brings strangers, wherever it stands.
        let is_proxy = self.proxies.contains(&peer);
        let permit = match free(&self.among_all) {
            None if is_local(peer) && !is_proxy => free(&self.kept)?,
            permit => permit?,
        };
        let of_address = if is_local(peer) || is_proxy {
            None
        } else {
            Some(self.of_addresses.take(peer, 1, self.most_of_address)?)
        };
        Some(Place { _permit: permit, _of_address: of_address })
    }

    /// Returns when all connections have ended.
    pub(super) async fn all_free(&self) {
        let _among_all = self.among_all.acquire_many(self.most).await;
        let _kept = self.kept.acquire_many(KEPT).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_places_are_this_machines_alone() {
        let proxy = IpAddr::from([127, 0, 0, 2]);
        let config = ApiConfig {
            max_connections: 3,
            max_connections_per_address: 2,
            trusted_proxies: vec![proxy],
            ..ApiConfig::default()
        };
        let places = Places::new(&config);
        let (stranger, here) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([127, 0, 0, 1]));
        let mut taken: Vec<_> = (0..5).map_while(|_| places.take(stranger)).collect();
        assert_eq!(taken.len(), 2, "those of its address");
        taken.push(places.take(proxy).unwrap());
        assert!(places.take(IpAddr::from([10, 0, 0, 2])).is_none() && places.take(proxy).is_none());
        let kept: Vec<_> = (0..50).map_while(|_| places.take(here)).collect();
        assert_eq!(kept.len(), KEPT as usize);
        drop(taken);
        assert!(places.take(here).is_some());
    }
}
