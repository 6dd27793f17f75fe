//! Users who pay each other, one transaction after the other, and remember what they were promised.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cairn_batcher::{
    api::{
        hex::Hash,
        wire::{Info, Stage},
    },
    client::Client,
    load::accounts::development_key,
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::sign;
use cairn_types::{AccountId, Authorization, PublicKey, SignedTransaction, Transaction, Word};
use tokio::task::JoinHandle;

/// How long a user tries to have a transaction taken.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two transactions of a user under load.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Users {
    client: Client,
    domain: Word,
    fee: u64,
    users: Vec<User>,
}

struct User {
    leaf: AccountId,
    secret: SecretKey,
    key: PublicKey,
    /// Acknowledged, in the order of their nonces.
    promised: Mutex<Vec<(SignedTransaction, Hash)>>,
    /// One transaction at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Users {
    /// The owners of these leaves, once the operator knows them.
    pub(crate) async fn meet(client: Client, leaves: Vec<AccountId>) -> Self {
        // A door opens once somebody behind it is ready.
        let started = Instant::now();
        let Info { domain, .. } = loop {
            match client.info().await {
                Ok(info) => break info,
                Err(error) => assert!(started.elapsed() < PATIENCE, "nobody serves: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let users = (0..).zip(leaves).map(|(index, leaf)| {
            let secret = development_key(index);
            let key = secret.public().into();
            User { leaf, secret, key, promised: Mutex::default(), turn: Default::default() }
        });
        let domain = Word::new(domain.0);
        let met = Self { client, domain, fee: 1_000_000, users: users.collect() };
        for user in &met.users {
            met.wait_for(user.leaf).await;
        }
        met
    }

    /// Waits until the operator knows this leaf.
    pub(crate) async fn wait_for(&self, leaf: AccountId) {
        let started = Instant::now();
        while !matches!(self.client.account(leaf).await, Ok(Some(_))) {
            assert!(started.elapsed() < PATIENCE, "leaf {leaf} does not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The next transfer of a user: to its neighbour, one quantum more each time.
    pub(crate) fn next(&self, user: usize) -> SignedTransaction {
        let nonce = self.users[user].promised.lock().unwrap().len() as u32;
        self.transfer(user, nonce, self.fee)
    }

    /// With any nonce and fee.
    pub(crate) fn transfer(&self, user: usize, nonce: u32, fee: u64) -> SignedTransaction {
        let User { leaf, secret, .. } = &self.users[user];
        let to = &self.users[(user + 1) % self.users.len()];
        let amount = 1 + u64::from(nonce);
        let transaction = Transaction::Transfer { from: *leaf, to: to.leaf, amount, fee };
        let (domain, recipient) = (self.domain, to.key);
        let authorization = Authorization { domain, token: 0, nonce, expiry: 0, recipient };
        sign(secret, transaction, authorization)
    }

    /// Has a transaction of a user taken, and remembers it; asks again and again with the same bytes.
    async fn pay_once(&self, user: usize) {
        let _turn = self.users[user].turn.lock().await;
        let signed = self.next(user);
        let started = Instant::now();
        let accepted = loop {
            match self.client.submit(&signed).await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    assert!(error.is_transient(), "user {user} is refused: {error}");
                    assert!(started.elapsed() < PATIENCE, "user {user} is not served: {error}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        };
        self.users[user].promised.lock().unwrap().push((signed, accepted.hash));
    }

    /// Each pays so often, all at the same time.
    pub(crate) async fn pay(self: &Arc<Self>, times: u32) {
        self.pay_of(0..self.users.len(), times).await;
    }

    /// Each of some pays so often, all at the same time.
    pub(crate) async fn pay_of(self: &Arc<Self>, users: Range<usize>, times: u32) {
        let pay = |user| {
            let users = self.clone();
            tokio::spawn(async move {
                for _ in 0..times {
                    users.pay_once(user).await;
                }
            })
        };
        for user in users.map(pay).collect::<Vec<_>>() {
            user.await.unwrap();
        }
    }

    /// They pay on, until the load is ended.
    pub(crate) fn load(self: &Arc<Self>) -> Load {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let pay = |user| {
            let (users, stopped) = (self.clone(), stopped.clone());
            tokio::spawn(async move {
                while !*stopped.borrow() {
                    users.pay_once(user).await;
                    tokio::time::sleep(PAUSE).await;
                }
            })
        };
        Load { stop, users: (0..self.users.len()).map(pay).collect() }
    }

    /// How many transactions were acknowledged.
    pub(crate) fn promised(&self) -> u64 {
        self.users.iter().map(|user| user.promised.lock().unwrap().len() as u64).sum()
    }

    /// All of them, a user's in the order of their nonces.
    pub(crate) fn promises(&self) -> Vec<SignedTransaction> {
        let all = self.users.iter().flat_map(|user| user.promised.lock().unwrap().clone());
        all.map(|(signed, _)| signed).collect()
    }

    /// The last ones of each user.
    pub(crate) fn latest(&self) -> Vec<Hash> {
        let of = |user: &User| -> Vec<_> {
            user.promised.lock().unwrap().iter().rev().take(5).map(|(_, hash)| *hash).collect()
        };
        self.users.iter().flat_map(of).collect()
    }

    /// Whether each user's last transaction has come so far, as the operator says.
    pub(crate) async fn are(&self, stage: Stage) -> bool {
        for user in &self.users {
            let last = user.promised.lock().unwrap().last().map(|(_, hash)| *hash);
            let Some(hash) = last else { continue };
            let Ok(Some(seen)) = self.client.transaction(hash).await else { return false };
            assert_eq!(seen.life.dropped, None, "an acknowledged transaction was dropped");
            if seen.life.stage < stage {
                return false;
            }
        }
        true
    }

    /// The leaf of a user, and the nonce that it has if every promise was kept.
    pub(crate) fn nonces(&self) -> impl Iterator<Item = (AccountId, u32)> {
        self.users.iter().map(|user| (user.leaf, user.promised.lock().unwrap().len() as u32))
    }
}

/// Users who pay on.
pub(crate) struct Load {
    stop: tokio::sync::watch::Sender<bool>,
    users: Vec<JoinHandle<()>>,
}

impl Load {
    /// Ends it, once what they are at is acknowledged.
    pub(crate) async fn end(self) {
        self.stop.send_replace(true);
        for user in self.users {
            user.await.unwrap();
        }
    }
}
