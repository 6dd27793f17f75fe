//! Who pays whom. The same traffic, accounts and seed give the same transfers on every machine.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use cairn_batcher::{
    demo::scenario::{Action, Scenario},
    parse, transfers,
};
use cairn_types::TokenId;
use rand::{
    Rng, SeedableRng,
    distr::{Distribution, weighted::WeightedIndex},
    seq::{SliceRandom, index},
};
use rand_chacha::ChaCha8Rng;

use crate::error::BenchError;

/// Who pays whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Traffic {
    /// Payer and payee are any two accounts.
    Uniform,
    /// Both are drawn by rank: the account of rank r with a weight of `r^-exponent`.
    Zipf {
        /// Above 0.
        exponent: f64,
    },
    /// One account is paid in so many of 100 transfers, all else is uniform.
    Merchant {
        /// Above 0, at most 100.
        percent: f64,
    },
    /// Real transfers, in the file's order.
    Csv {
        /// With the columns timestamp,token,from,to,amount.
        file: PathBuf,
    },
}

/// What [`Traffic::from_str`] takes.
pub const FORMS: [(&str, &str); 4] = [
    ("uniform", "payer and payee are any two accounts"),
    ("zipf:S", "payer and payee by rank, weight rank^-S (S above 0, such as 1.1)"),
    ("merchant:P", "one account is paid in P of 100 transfers, else uniform"),
    ("csv:FILE", "real transfers: columns timestamp,token,from,to,amount"),
];

impl FromStr for Traffic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let forms = || FORMS.map(|(form, _)| form).join(", ");
        let unknown = || format!("unknown traffic {text:?}: expected one of {}", forms());
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let number = |max: f64, range: &str| match parse::fraction(value) {
            Ok(number) if number > 0.0 && number <= max => Ok(number),
            _ => Err(format!("traffic {text:?}: expected a number {range}, got {value:?}")),
        };
        match name {
            "uniform" if text == name => Ok(Self::Uniform),
            "zipf" => Ok(Self::Zipf { exponent: number(10.0, "above 0 and at most 10")? }),
            "merchant" => Ok(Self::Merchant { percent: number(100.0, "above 0 and at most 100")? }),
            "csv" if !value.is_empty() => Ok(Self::Csv { file: value.into() }),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Traffic {
    /// As on the command line; of a file the name without its folder, so that records of two machines compare.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Zipf { exponent } => write!(f, "zipf:{exponent}"),
            Self::Merchant { percent } => write!(f, "merchant:{percent}"),
            Self::Csv { file } => {
                let name = file.file_name().unwrap_or(file.as_os_str());
                write!(f, "csv:{}", name.display())
            }
        }
    }
}

/// One transfer between two accounts, each a number below the count of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Payer and signer.
    pub from: u32,
    /// Payee.
    pub to: u32,
    /// Quanta.
    pub amount: u64,
    /// Quanta.
    pub fee: u64,
}

/// The transfers of a batch, and what their accounts hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfers {
    /// In order.
    pub list: Vec<Transfer>,
    /// Tokens there are.
    pub tokens: TokenId,
    /// What accounts hold; all that are not here hold token 0.
    pub token_of: BTreeMap<u32, TokenId>,
}

impl Traffic {
    /// The first `count` transfers among so many accounts.
    ///
    /// # Errors
    /// A bad file, or one with too few transfers or too many accounts.
    pub fn transfers(
        &self,
        count: usize,
        accounts: u32,
        seed: u64,
    ) -> Result<Transfers, BenchError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let list = match self {
            Self::Csv { file } => return from_file(file.clone(), count, accounts, &mut rng),
            Self::Uniform => generate(count, &mut rng, |rng| {
                (rng.random_range(0..accounts), rng.random_range(0..accounts))
            }),
            Self::Zipf { exponent } => {
                // Ranks are spread over the tree: busy accounts need not be old ones.
                let mut of_rank: Vec<u32> = (0..accounts).collect();
                of_rank.shuffle(&mut rng);
                let weights = (1..=accounts).map(|rank| f64::from(rank).powf(-exponent));
                let ranks = WeightedIndex::new(weights)
                    .map_err(|error| BenchError::usage(format!("traffic {self}: {error}")))?;
                generate(count, &mut rng, |rng| {
                    (of_rank[ranks.sample(rng)], of_rank[ranks.sample(rng)])
                })
            }
            Self::Merchant { percent } => {
                let merchant = rng.random_range(0..accounts);
                generate(count, &mut rng, |rng| {
                    let from = rng.random_range(0..accounts);
                    let to = if rng.random_bool(percent / 100.0) {
                        merchant
                    } else {
                        rng.random_range(0..accounts)
                    };
                    (from, to)
                })
            }
        };
        Ok(Transfers { list, tokens: 1, token_of: BTreeMap::new() })
    }
}

/// Amounts and fees have an exact short form.
fn generate(
    count: usize,
    rng: &mut ChaCha8Rng,
    mut pair: impl FnMut(&mut ChaCha8Rng) -> (u32, u32),
) -> Vec<Transfer> {
    (0..count)
        .map(|_| {
            let (from, to) = pair(rng);
            let (amount, fee) = (rng.random_range(1..=100_000_000), rng.random_range(1..=2_000));
            Transfer { from, to, amount, fee }
        })
        .collect()
}

/// Each account and token of the file is a leaf of its own, somewhere in the tree.
fn from_file(
    file: PathBuf,
    count: usize,
    accounts: u32,
    rng: &mut ChaCha8Rng,
) -> Result<Transfers, BenchError> {
    let mut records = transfers::read(&file)?;
    if records.len() < count {
        let got = records.len();
        let file = file.display();
        return Err(BenchError::usage(format!(
            "{file}: expected at least {count} transfers for the batch, got {got}"
        )));
    }
    records.truncate(count);
    let scenario = Scenario::from_records(&records);
    let mut leaves = BTreeMap::new();
    let mut leaf = |account, token| {
        let next = leaves.len();
        *leaves.entry((account, token)).or_insert(next)
    };
    let mut list: Vec<(usize, usize, u64, u64)> = Vec::with_capacity(count);
    for action in &scenario.actions {
        if let Action::Transfer { from, to, token, amount, fee } = *action {
            list.push((leaf(from, token), leaf(to, token), amount, fee));
        }
    }
    if leaves.len() > accounts as usize {
        return Err(BenchError::usage(format!(
            "{}: its transfers touch {} accounts, --accounts is {accounts}",
            file.display(),
            leaves.len()
        )));
    }
    let places = index::sample(rng, accounts as usize, leaves.len());
    let place = |leaf: usize| places.index(leaf) as u32;
    let tokens = TokenId::try_from(scenario.tokens.len())
        .map_err(|_| BenchError::usage(format!("{}: over 65,535 tokens", file.display())))?;
    Ok(Transfers {
        list: list
            .into_iter()
            .map(|(from, to, amount, fee)| Transfer {
                from: place(from),
                to: place(to),
                amount,
                fee,
            })
            .collect(),
        tokens,
        token_of: leaves
            .iter()
            .map(|(&(_, token), &leaf)| (place(leaf), token as TokenId))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(text: &str) -> Traffic {
        text.parse().unwrap()
    }

    #[test]
    fn forms_are_read_and_printed() {
        for text in ["uniform", "zipf:1.1", "merchant:50", "csv:transfers.csv"] {
            assert_eq!(traffic(text).to_string(), text);
        }
        assert_eq!(traffic("csv:some/folder/a.csv").to_string(), "csv:a.csv");
        for text in [
            "",
            "uniform:1",
            "zipf",
            "zipf:0",
            "zipf:x",
            "zipf:NaN",
            "zipf:+1",
            "merchant:1e1",
            "merchant:101",
            "csv:",
        ] {
            let error = text.parse::<Traffic>().unwrap_err();
            assert!(!error.contains('\n') && error.contains(text), "{error}");
        }
    }

    #[test]
    fn the_seed_decides() {
        for traffic in ["uniform", "zipf:1.1", "merchant:50"].map(traffic) {
            let transfers = |seed| traffic.transfers(200, 1_000, seed).unwrap();
            assert_eq!(transfers(1), transfers(1));
            assert_ne!(transfers(1), transfers(2));
            assert!(transfers(1).list.iter().all(|t| t.from < 1_000 && t.to < 1_000));
        }
    }

    /// How many of 2,000 transfers pay the account that is paid most.
    fn most_paid(traffic: &str) -> usize {
        let mut paid = BTreeMap::new();
        for transfer in self::traffic(traffic).transfers(2_000, 1_000, 1).unwrap().list {
            *paid.entry(transfer.to).or_insert(0) += 1;
        }
        paid.into_values().max().unwrap()
    }

    #[test]
    fn skew_is_as_asked_for() {
        // Means: 2; 2,000 / sum of r^-1.1 = 358; 1,001.
        assert!(most_paid("uniform") < 15);
        assert!((300..420).contains(&most_paid("zipf:1.1")));
        assert!((930..1_070).contains(&most_paid("merchant:50")));
        assert_eq!(most_paid("merchant:100"), 2_000);
    }

    #[test]
    fn a_file_keeps_its_order_and_its_accounts() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "timestamp,token,from,to,amount\n1,eth,a,b,5\n2,c,b,a,7\n3,eth,b,a,2\n";
        std::fs::write(file.path(), text).unwrap();
        let traffic = Traffic::Csv { file: file.path().into() };
        let transfers = traffic.transfers(3, 10, 1).unwrap();
        let [first, second, third] = transfers.list[..] else { panic!("three transfers") };
        assert_eq!([first.amount, second.amount, third.amount], [5, 7, 2]);
        assert_eq!((first.from, first.to), (third.to, third.from));
        assert_ne!(second.from, first.to, "a leaf of another token");
        assert_eq!(transfers.tokens, 2);
        assert_eq!(transfers.token_of[&second.from], 1);
        assert!(matches!(traffic.transfers(4, 10, 1), Err(BenchError::Usage(_))));
        assert!(matches!(traffic.transfers(3, 3, 1), Err(BenchError::Usage(_))));
    }
}
