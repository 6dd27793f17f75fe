//! How much one client and all of them may ask: token buckets, and a look at nesting before parsing.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::error::ApiError;

/// Clients whose buckets are remembered. Beyond it, those that are full again are forgotten.
const CLIENTS: usize = 16_384;

/// A bucket that fills at a rate and holds two seconds of it.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(rate: f64, now: Instant) -> Self {
        Self { tokens: 2.0 * rate, filled: now }
    }

    fn fill(&mut self, rate: f64, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * rate).min(2.0 * rate);
        self.filled = now;
    }

    /// Takes a token, or says when there will be one.
    fn take(&mut self, rate: f64, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / rate))
    }
}

/// Requests a second: of each client address, and of all together.
#[derive(Debug)]
pub(super) struct RateLimiter {
    client_rate: u32,
    total_rate: u32,
    buckets: Mutex<(Bucket, HashMap<IpAddr, Bucket>)>,
}

impl RateLimiter {
    pub(super) fn new(client_rate: u32, total_rate: u32, now: Instant) -> Self {
        let buckets = Mutex::new((Bucket::new(total_rate.into(), now), HashMap::new()));
        Self { client_rate, total_rate, buckets }
    }

    /// Takes one request of a client.
    pub(super) fn take(&self, client: IpAddr, now: Instant) -> Result<(), ApiError> {
        let (client_rate, total_rate) = (f64::from(self.client_rate), f64::from(self.total_rate));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (total, clients) = &mut *buckets;
        let client = network(client);
        if clients.len() >= CLIENTS && !clients.contains_key(&client) {
            clients.retain(|_, bucket| {
                bucket.fill(client_rate, now);
                bucket.tokens < 2.0 * client_rate
            });
        }
        let refuse = |limit, all, wait: Duration| {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            ApiError::Rate { limit, all, retry_after_ms }
        };
        // More clients than fit, all of them busy: the total alone decides for the newcomers.
        if clients.len() < CLIENTS || clients.contains_key(&client) {
            let bucket = clients.entry(client).or_insert_with(|| Bucket::new(client_rate, now));
            let taken = bucket.take(client_rate, now);
            taken.map_err(|wait| refuse(self.client_rate, false, wait))?;
        }
        total.take(total_rate, now).map_err(|wait| refuse(self.total_rate, true, wait))
    }
}

/// Whoever has one IPv6 address has the 2^64 of its network.
fn network(address: IpAddr) -> IpAddr {
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
        let limiter = RateLimiter::new(10, 1_000, start);
        let client = IpAddr::from([10, 0, 0, 1]);
        let taken = (0..100).filter(|_| limiter.take(client, start).is_ok()).count();
        assert_eq!(taken, 20, "two seconds at once");
        let Err(ApiError::Rate { limit: 10, all: false, retry_after_ms: 100 }) =
            limiter.take(client, start)
        else {
            panic!("the next token is there after 100 ms")
        };
        assert!(limiter.take(IpAddr::from([10, 0, 0, 2]), start).is_ok(), "others are not held");
        assert!(limiter.take(client, start + Duration::from_millis(101)).is_ok());
        let later = start + Duration::from_secs(60);
        let taken = (0..100).filter(|_| limiter.take(client, later).is_ok()).count();
        assert_eq!(taken, 20, "it never holds more");
    }

    #[test]
    fn all_clients_share_the_total_and_memory_is_bounded() {
        let start = Instant::now();
        let limiter = RateLimiter::new(10, 50, start);
        let client = |i: u32| IpAddr::from(i.to_be_bytes());
        let taken = (0..1_000).filter(|&i| limiter.take(client(i), start).is_ok()).count();
        assert_eq!(taken, 100);
        for i in 0..100_000 {
            let _ = limiter.take(client(i), start);
        }
        assert!(limiter.buckets.lock().unwrap().1.len() <= CLIENTS);
        let later = start + Duration::from_secs(10);
        assert!(limiter.take(client(200_000), later).is_ok(), "forgotten when full again");
        assert_eq!(limiter.buckets.lock().unwrap().1.len(), 1);
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
