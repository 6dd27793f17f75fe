//! What one client and all of them may ask: token buckets, shares of what there is, and a look at nesting before
//! parsing.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::error::ApiError;

/// Clients whose buckets are remembered. Beyond it, those that are full again are forgotten.
const CLIENTS: usize = 16_384;
/// How often it is looked for these at the most: it takes a look at every bucket.
const SWEEP: Duration = Duration::from_secs(1);

/// A bucket that fills at a rate and holds two seconds of it. It may be in debt: what an item costs is known only when
/// the item is there, or is more than the bucket holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(super) fn new(rate: f64, now: Instant) -> Self {
        Self { tokens: 2.0 * rate, filled: now }
    }

    fn fill(&mut self, rate: f64, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * rate).min(2.0 * rate);
        self.filled = now;
    }

    /// Takes so many tokens if there is one, or says when there will be one.
    pub(super) fn take(&mut self, rate: f64, tokens: f64, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= tokens;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / rate))
    }

    /// Takes tokens that were used already, as far as there are any: what one client has had keeps no other waiting.
    pub(super) fn charge(&mut self, rate: f64, tokens: f64, now: Instant) {
        self.fill(rate, now);
        self.tokens = self.tokens.min((self.tokens - tokens).max(0.0));
    }
}

/// So many a second of each client address.
#[derive(Debug)]
pub(super) struct RateLimiter {
    rate: u32,
    clients: Mutex<Clients>,
}

#[derive(Debug)]
struct Clients {
    buckets: HashMap<IpAddr, Bucket>,
    swept: Instant,
}

impl RateLimiter {
    pub(super) fn new(rate: u32, now: Instant) -> Self {
        Self { rate, clients: Mutex::new(Clients { buckets: HashMap::new(), swept: now }) }
    }

    /// Takes so many tokens of a client, which must have one, or says when it will.
    pub(super) fn take(&self, client: IpAddr, tokens: f64, now: Instant) -> Result<(), Duration> {
        self.with(client, now, |bucket, rate| bucket.take(rate, tokens, now)).unwrap_or(Ok(()))
    }

    /// Takes tokens that a client has used already.
    pub(super) fn charge(&self, client: IpAddr, tokens: f64, now: Instant) {
        self.with(client, now, |bucket, _| bucket.tokens -= tokens);
    }

    /// None where more clients are busy than fit: then only what holds for all together holds for the newcomers.
    fn with<R>(
        &self,
        client: IpAddr,
        now: Instant,
        change: impl FnOnce(&mut Bucket, f64) -> R,
    ) -> Option<R> {
        let rate = f64::from(self.rate);
        let mut clients = self.clients();
        let Clients { buckets, swept } = &mut *clients;
        let client = network(client);
        let is_new = !buckets.contains_key(&client);
        if is_new && buckets.len() >= CLIENTS && now.saturating_duration_since(*swept) >= SWEEP {
            *swept = now;
            buckets.retain(|_, bucket| {
                bucket.fill(rate, now);
                bucket.tokens < 2.0 * rate
            });
        }
        if is_new && buckets.len() >= CLIENTS {
            return None;
        }
        Some(change(buckets.entry(client).or_insert_with(|| Bucket::new(rate, now)), rate))
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a refusal for a rate says.
pub(super) fn rate_error(what: &'static str, limit: u32, all: bool, wait: Duration) -> ApiError {
    let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
    ApiError::Rate { what, limit, all, retry_after_ms }
}

/// What each client address holds of something that there is only so much of.
#[derive(Debug, Default)]
pub(super) struct Shares(Mutex<HashMap<IpAddr, usize>>);

/// A part of it; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    client: IpAddr,
    count: usize,
}

impl Shares {
    /// Takes so much for a client, if it then holds no more than `most`, or held nothing.
    pub(super) fn take(
        self: &Arc<Self>,
        client: IpAddr,
        count: usize,
        most: usize,
    ) -> Option<Share> {
        let client = network(client);
        let mut held = self.held();
        let holds = held.get(&client).copied().unwrap_or(0);
        if holds > 0 && holds.saturating_add(count) > most {
            return None;
        }
        held.insert(client, holds.saturating_add(count));
        Some(Share { shares: Arc::clone(self), client, count })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        if let Some(holds) = held.get_mut(&self.client) {
            *holds = holds.saturating_sub(self.count);
            if *holds == 0 {
                held.remove(&self.client);
            }
        }
    }
}

/// Whether a client is on this machine.
pub(super) fn is_local(client: IpAddr) -> bool {
    client.to_canonical().is_loopback()
}

/// Whoever has one IPv6 address has the 2^64 of its network.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whether JSON text opens more than `limit` levels of arrays and objects. Looks at bytes alone, in constant memory.
pub(super) fn is_deeper_than(json: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_rate_and_says_when_it_has_more() {
        let start = Instant::now();
        let limiter = RateLimiter::new(10, start);
        let client = IpAddr::from([10, 0, 0, 1]);
        let count = |now| (0..100).filter(|_| limiter.take(client, 1.0, now).is_ok()).count();
        assert_eq!(count(start), 20, "two seconds at once");
        assert_eq!(limiter.take(client, 1.0, start), Err(Duration::from_millis(100)));
        let other = IpAddr::from([10, 0, 0, 2]);
        assert!(limiter.take(other, 1.0, start).is_ok(), "others are not held");
        assert!(limiter.take(client, 1.0, start + Duration::from_millis(101)).is_ok());
        assert_eq!(count(start + Duration::from_secs(60)), 20, "it never holds more");
    }

    #[test]
    fn what_costs_more_than_there_is_must_be_waited_for_afterwards() {
        let start = Instant::now();
        let limiter = RateLimiter::new(10, start);
        let client = IpAddr::from([10, 0, 0, 1]);
        assert!(limiter.take(client, 45.0, start).is_ok());
        assert_eq!(limiter.take(client, 1.0, start), Err(Duration::from_millis(2_600)));
        limiter.charge(client, 10.0, start);
        assert_eq!(limiter.take(client, 1.0, start), Err(Duration::from_millis(3_600)));
    }

    #[test]
    fn memory_is_bounded_and_looked_through_once_a_second() {
        let start = Instant::now();
        let limiter = RateLimiter::new(10, start);
        let client = |i: u32| IpAddr::from(i.to_be_bytes());
        for i in 0..100_000 {
            let _ = limiter.take(client(i), 1.0, start);
        }
        assert_eq!(limiter.clients().buckets.len(), CLIENTS);
        let soon = start + Duration::from_millis(900);
        assert!(limiter.take(client(200_000), 1.0, soon).is_ok(), "the total alone decides");
        assert_eq!(
            limiter.clients().buckets.len(),
            CLIENTS,
            "all are full again, none is forgotten"
        );
        let later = start + Duration::from_secs(10);
        assert!(limiter.take(client(200_000), 1.0, later).is_ok());
        assert_eq!(limiter.clients().buckets.len(), 1);
    }

    #[test]
    fn a_share_is_given_back() {
        let shares = Arc::new(Shares::default());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = shares.take(one, 6, 10).unwrap();
        assert!(shares.take(one, 5, 10).is_none());
        let second = shares.take(one, 4, 10).unwrap();
        let large = shares.take(other, 50, 10).expect("more than fits, but alone");
        drop((first, second, large));
        assert!(shares.held().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let address = |text: &str| text.parse().unwrap();
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8:0:0:ffff::9")));
        assert_ne!(network(address("2001:db8::1")), network(address("2001:db8:0:1::1")));
        assert_eq!(network(address("::ffff:10.0.0.1")), network(address("10.0.0.1")));
    }

    #[test]
    fn depth_is_that_of_arrays_and_objects_outside_strings() {
        assert!(!is_deeper_than(r#"[[1],{"a":[2]}]"#, 3));
        assert!(is_deeper_than(r#"[[1],{"a":[2]}]"#, 2));
        assert!(!is_deeper_than(r#"["[[[[", "\"[[["]"#, 1));
        assert!(is_deeper_than(&"[".repeat(1 << 20), 100));
        assert!(!is_deeper_than("]]]]", 0));
    }
}
