//! Ledgers, played.

use std::io::Write as _;

use cairn_types::{DataItem, PriorityOperation};

use super::{
    figures::{Accepted, Times},
    ledger::tests::ledger,
    openings::tokens,
    *,
};

const LIMITS: Limits = Limits { data_words: 100, priority_words: 20, withdrawals: 10, chunks: 6 };
const FEES: Fees = Fees { transfer: 1, new_account: 10 };

/// What a ledger comes to: its batches, what became of the transfers, and why others are refused.
struct Played {
    batches: Vec<Sealed>,
    accepted: Accepted,
    refused: Vec<(usize, &'static str)>,
    state: String,
    times: Times,
}

fn play(ledger: &Ledger, openings: Option<Openings>, exponent: u8, limits: Limits) -> Played {
    let tokens = tokens(ledger, &[("t".to_owned(), exponent)]).unwrap();
    let openings = openings.unwrap_or_else(|| Openings::least(ledger, &tokens, FEES).unwrap());
    let setting = Setting::new(1_700_000_000, limits, FEES);
    let mut player = Player::new(ledger, &tokens, &openings, setting).unwrap();
    let mut batches = Vec::new();
    let bar = indicatif::ProgressBar::hidden();
    player
        .play(&bar, |sealed| {
            batches.push(sealed);
            Ok(())
        })
        .unwrap();
    assert_eq!(bar.position(), ledger.rows.len() as u64);
    let refused = player.refused.iter().map(|refused| (refused.row, refused.reason.word()));
    let (accepted, times, refused) = (player.accepted, player.times, refused.collect());
    let state = format!("{:?}", player.state());
    Played { batches, accepted, refused, state, times }
}

#[test]
fn a_ledger_that_could_happen_happens() {
    let ledger = ledger(&[
        ("-", "a", 500),
        ("a", "b", 100),
        ("b", "c", 40),
        ("c", "c", 5),
        ("c", "b", 0),
        ("b", "-", 20),
    ]);
    let played = play(&ledger, None, 0, LIMITS);
    assert_eq!(played.refused, []);
    let expected = Accepted {
        transfers: 2,
        new_accounts: 2,
        deposits: 1,
        withdrawals: 1,
        to_self: 1,
        of_nothing: 1,
    };
    // b and c start with nothing: the first transfer to each makes its account.
    assert_eq!((played.accepted, played.accepted.total()), (expected, 6));
    let [batch] = &played.batches[..] else { panic!("{} batches", played.batches.len()) };
    assert_eq!((batch.number, batch.transfers), (1, 6));
    assert_eq!((batch.witness.priority.len(), batch.witness.withdrawals.len()), (2, 1));
    assert!(played.times.sequencer_s() >= played.times.seal.wall_s);
    // The same ledger, the same state.
    assert_eq!(play(&ledger, None, 0, LIMITS).state, played.state);
    assert_ne!(play(&ledger, None, 1, LIMITS).state, played.state);
}

#[test]
fn each_refusal_has_its_own_reason() {
    let ledger = ledger(&[
        ("a", "b", 5_000),
        ("a", "b", 1_500),
        ("a", "b", (1 << 62) * 1_000),
        ("-", "-", 1_000),
        ("-", "b", 1_001),
        ("stranger", "a", 1_000),
        ("a", "b", 5_000),
        ("b", "-", 6_000),
        ("b", "-", 1_000),
    ]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "token,address,amount\nt,a,20000").unwrap();
    let known = tokens(&ledger, &[("t".to_owned(), 3)]).unwrap();
    let given = Openings::read(file.path(), &ledger, &known).unwrap();
    let played = play(&ledger, Some(given), 3, LIMITS);
    // a has 20, pays 5 and 10 for a new account, and lacks a quantum for the next; b has 5.
    assert_eq!(
        played.refused,
        [
            (1, "not_whole_quanta"),
            (2, "amount_too_large"),
            (3, "no_parties"),
            (4, "not_whole_quanta"),
            (5, "no_account"),
            (6, "balance"),
            (7, "balance"),
        ]
    );
    assert_eq!((played.accepted.new_accounts, played.accepted.withdrawals), (1, 1));
    assert_eq!(played.accepted.total() + played.refused.len() as u64, 9);
}

/// What it pays is refused, and those whom it would have paid lack nothing.
#[test]
fn a_contract_cannot_pay() {
    let mut ledger = ledger(&[("a", "pool", 50), ("pool", "b", 20), ("b", "a", 20)]);
    ledger.contracts.insert(1);
    assert_eq!(ledger.payers(), [0, 1, 2]);
    let played = play(&ledger, None, 0, LIMITS);
    assert_eq!(played.refused, [(1, "payer_is_a_contract")]);
    assert_eq!(played.accepted.total(), 2);
}

/// Ten deposits of two words each fit a batch, and twenty short transfers ten words of data.
#[test]
fn batches_are_full_and_begin_with_deposits() {
    let mut rows = Vec::new();
    for _ in 0..25 {
        rows.extend([("a", "b", 1), ("-", "b", 2)]);
    }
    let ledger = ledger(&rows);
    let limits = Limits { data_words: 10, ..LIMITS };
    let played = play(&ledger, None, 0, limits);
    assert_eq!(played.refused, []);
    let counts: Vec<_> = played
        .batches
        .iter()
        .map(|batch| {
            let deposits = PriorityOperation::decode_stream(&batch.witness.priority).unwrap().len();
            let data = DataItem::decode_stream(&batch.witness.data).unwrap();
            (batch.number, deposits, data.iter().flat_map(DataItem::transactions).count())
        })
        .collect();
    // 25 deposits in three batches, the last of which has room for transfers. The first transfer makes b's account in
    // no case: its deposit has.
    assert_eq!(counts, [(1, 10, 0), (2, 10, 0), (3, 5, 20), (4, 0, 5)]);
    let transfers: u32 = played.batches.iter().map(|batch| batch.transfers).sum();
    assert_eq!((transfers, played.accepted.total()), (50, 50));
}

#[test]
fn the_report_has_all_of_it_and_no_line_of_a_name() {
    let mut ledger = ledger(&[("a", "b", 5), ("b", "a", 3), ("a", "-", 1)]);
    ledger.tokens[0] = "t\u{1b}[2J\nx".to_owned();
    let options = Options {
        input: "file\n.csv".to_owned(),
        balances: None,
        quanta: Vec::new(),
        fees: FEES,
        data: DataMode::Blobs,
        prove: None,
        cache: None,
        threads: None,
        prices: Prices {
            gas_gwei: 1.0,
            blob_gas_gwei: 0.1,
            eth_usd: Some(3_000.0),
            core_hour_usd: Some(0.04),
        },
    };
    let Run { report, refused, openings, .. } = run(ledger, &options, &Bars::default()).unwrap();
    assert_eq!((refused.len(), report.refused, report.batches), (0, 0, 1));
    assert_eq!((report.accepted.total(), report.proofs.len()), (3, 0));
    assert_eq!((report.tokens[0].transfers, report.tokens[0].opening_accounts), (3, 1));
    assert_eq!(report.tokens[0].opening_quanta, openings.total(0).to_string());
    assert!(report.cost.ether > 0.0 && report.cost.proving_usd_per_transfer.is_none());
    assert!(report.sequencer_transfers_per_s > 0.0 && report.peak_rss_mb > 0);
    let text = report.to_string();
    assert!(
        !text.contains('\u{1b}') && text.contains("t\\u{1b}[2J\\nx") && text.contains("file\\n")
    );
    assert!(text.contains("accepted     3 (100.00 %)"), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["accepted"]["withdrawals"], 1);
    assert_eq!(json["cost"]["gas"]["prove"], cost::PROVE_GAS);
}

#[test]
fn calldata_holds_less() {
    let words = |data| limits(data).data_words;
    assert!(words(DataMode::Calldata) < 3_870);
    assert_eq!(words(DataMode::Blobs), 6 * 4_096);
}
