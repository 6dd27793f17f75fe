//! The accounts that load is made with: their keys follow from public numbers, so they are for development alone.

use cairn_primitives::schnorr::SecretKey;
use cairn_types::{AccountId, PublicKey};
use rayon::prelude::*;

use super::{LoadError, Progress};
pub use crate::development::{development_id, development_key};
use crate::{
    api::{methods, wire},
    client::Client,
};

/// Accounts that are looked up by key one by one, where they do not stand in their order.
const MOST_BY_KEY: u32 = 10_000;

/// An account to pay from.
#[derive(Debug, Clone)]
pub(super) struct LoadAccount {
    pub(super) id: AccountId,
    pub(super) secret: SecretKey,
    pub(super) public: PublicKey,
    pub(super) nonce: u32,
    pub(super) balance: u64,
}

/// The first `count` development accounts, with token 0.
pub(super) async fn find(
    client: &Client,
    info: &wire::Info,
    count: u32,
    progress: &dyn Progress,
) -> Result<Vec<LoadAccount>, LoadError> {
    let mut found = in_order(client, info, count, progress).await?;
    if found.len() < count as usize && count <= MOST_BY_KEY {
        found = by_key(client, count, progress).await?;
    }
    if found.len() == count as usize {
        return Ok(found);
    }
    let got = u32::try_from(found.len()).unwrap_or(u32::MAX);
    Err(LoadError::Accounts { expected: count, got })
}

/// Those that stand where a prepared state has them.
async fn in_order(
    client: &Client,
    info: &wire::Info,
    count: u32,
    progress: &dyn Progress,
) -> Result<Vec<LoadAccount>, LoadError> {
    let page = info.max_items.max(1);
    let mut found: Vec<LoadAccount> = Vec::new();
    for first in (0..count).step_by(page as usize) {
        let Some(from) = development_id(first) else { break };
        let range = wire::AccountRange { from, count: page.min(count - first) };
        let views = client.ask::<methods::Accounts>(&range).await?;
        let secrets: Vec<_> = (first..first + range.count)
            .into_par_iter()
            .map(|i| development_key(i.into()))
            .collect();
        let expected = from..;
        let pairs = expected.zip(secrets).zip(views);
        let fits = pairs.map_while(|((id, secret), view)| load_account(secret, &view, Some(id)));
        let before = found.len();
        found.extend(fits);
        progress.step("accounts", found.len() as u64, count.into());
        if found.len() - before < range.count as usize {
            break;
        }
    }
    Ok(found)
}

async fn by_key(
    client: &Client,
    count: u32,
    progress: &dyn Progress,
) -> Result<Vec<LoadAccount>, LoadError> {
    let mut found = Vec::new();
    for index in 0..count {
        let secret = development_key(index.into());
        let owned = client.accounts_of(secret.public().into()).await?;
        let fits = owned.iter().find_map(|view| load_account(secret.clone(), view, None));
        found.extend(fits);
        progress.step("accounts", index.into(), count.into());
    }
    Ok(found)
}

fn load_account(
    secret: SecretKey,
    view: &wire::AccountView,
    id: Option<AccountId>,
) -> Option<LoadAccount> {
    let public = PublicKey::from(secret.public());
    let is_it = view.key == public.into() && view.token == 0 && id.is_none_or(|id| id == view.id);
    is_it.then_some(LoadAccount {
        id: view.id,
        secret,
        public,
        nonce: view.next_nonce,
        balance: view.balance.0,
    })
}
