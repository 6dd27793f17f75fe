//! Frames of a few states, as they are in `frames/`: `CAIRN_WRITE_FRAMES=1 cargo test` writes them anew, to be read.

use std::{fs, path::PathBuf, time::Duration};

use cairn_batcher::{
    api::{
        hex::{Decimal, Hash, Hex},
        wire,
    },
    fleet::totals::Totals,
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

use super::{alarms::alarms, app::Tab, *};
use crate::status::{Fleet, Status};

/// What a terminal would obey: clears the screen, breaks the line, turns the direction of text.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nx\u{202e}";

const METRICS: &str = "cairn_fleet_workers 2\n\
    cairn_fleet_workers_quarantined 1\n\
    cairn_fleet_owed{queue=\"leaf-small\"} 7\n\
    cairn_fleet_held{queue=\"leaf-small\"} 2\n\
    cairn_fleet_results_total{outcome=\"accepted\"} 31\n\
    cairn_priority_queue_deadline_used_ratio 0.02\n";

fn status() -> Status {
    let stage = |stage: &str, unit: &str, head, behind, oldest_ms| wire::StageLag {
        stage: stage.to_owned(),
        unit: unit.to_owned(),
        head,
        behind,
        oldest_ms,
    };
    Status {
        info: wire::Info {
            version: "0.1.0".to_owned(),
            chain_id: 31_337,
            rollup: Hex([0x11; 20]),
            custody: Hex([0x22; 20]),
            domain: Hex([0x33; 31]),
            circuit_set_root: Hex([0x44; 32]),
            receipt_signer: Hex([0x55; 20]),
            data_modes: vec!["blobs".to_owned()],
            max_request_bytes: 1,
            max_items: 1,
            max_batch_calls: 1,
            max_depth: 1,
            requests_per_second: 1,
        },
        head: wire::Head {
            block: 1_234,
            batch: 57,
            state: Hex([0xab; 32]),
            made_ms: 1_700_000_000_000,
            next_id: 65_600,
            next_token: 2,
            sealed: 56,
            committed: 56,
            proven: 55,
            finalized: 54,
            l1_block: 19_000_000,
            l1_timestamp: 1_700_000_000,
            l1_paused: false,
            standing: "running".to_owned(),
            halted: None,
        },
        lag: wire::Lag {
            stages: vec![
                stage("mempool", "transactions", 80_000, 12, Some(400)),
                stage("priority", "operations", 40, 0, None),
                stage("sealing", "blocks", 1_230, 4, Some(2_000)),
                stage("publishing", "batches", 56, 0, None),
                stage("proving", "batches", 55, 1, Some(61_000)),
                stage("committing", "batches", 56, 0, None),
                stage("settling", "batches", 55, 1, Some(7_300_000)),
                stage("finalizing", "batches", 54, 2, Some(400_000_000)),
            ],
            throttled: None,
        },
        fleet: None,
    }
}

fn batch(number: u32) -> wire::BatchView {
    let hash: Hash = Hex([number as u8; 32]);
    let on_l1 =
        wire::OnL1 { at_ms: 1_700_000_000_000, block: 7, block_hash: hash, transaction: hash };
    let proven = (number <= 55).then_some(on_l1);
    wire::BatchView {
        number,
        timestamp: 1_700_000_000,
        first_block: 1,
        last_block: 2,
        state_before: hash,
        state_after: hash,
        priority_end: 40,
        operations: 8_192,
        transfers: 8_000,
        data_words: 4_096,
        reason: "age".to_owned(),
        opened_ms: 1_700_000_000_000,
        sealed_ms: 1_700_000_000_000,
        publication: (number <= 56).then(|| wire::PublicationView {
            data_mode: "blobs".to_owned(),
            blobs: Vec::new(),
            estimate_wei: Decimal(0),
            published_ms: 1_700_000_001_000,
        }),
        proof_made_ms: (number <= 55).then_some(1_700_000_060_000),
        proof: None,
        l1: (number <= 56).then_some(wire::BatchOnL1 {
            committed: on_l1,
            proven,
            state: hash,
            chain_hash: hash,
            withdrawals_root: hash,
        }),
        finalized: number <= 54,
        finalized_ms: (number <= 54).then_some(1_700_000_500_000),
    }
}

fn worker(name: &str, standing: &str) -> wire::FleetWorker {
    wire::FleetWorker {
        name: name.to_owned(),
        standing: standing.to_owned(),
        machine: "x86".to_owned(),
        threads: 2,
        memory_mb: 7_680,
        queues: Vec::new(),
        holds: vec!["b57-leaf-0-11".to_owned()],
        done: 30,
        failures: 1,
        busy_s: 360.0,
        took: Vec::new(),
        heard_s: 1.4,
    }
}

fn fleet(workers: Option<Vec<wire::FleetWorker>>) -> Fleet {
    let totals = Totals::from_metrics(METRICS).unwrap();
    let assignments = vec![wire::FleetAssignment {
        name: "b56-seal-22".to_owned(),
        queue: "recursion".to_owned(),
        offers: 0,
        holders: Vec::new(),
        failures: Vec::new(),
        quarantined: true,
    }];
    Fleet { totals, workers, assignments }
}

/// An answer with these alarms besides its own.
fn data(status: Status, metrics: &str) -> Data {
    let alarms = alarms(&status, Some(metrics), 1_700_000_090_000);
    let batches = (53..=57).rev().map(batch).collect();
    Data { status, batches, alarms, asked_ms: 1_700_000_090_000 }
}

/// An app that has seen this three seconds before `now`.
fn app(answer: Result<Data, String>) -> (App, Instant) {
    let seen = Instant::now();
    let mut app = App::new("http://user:secret@operator:8650/secret");
    app.see(answer, seen);
    (app, seen + Duration::from_secs(3))
}

fn press(app: &mut App, code: KeyCode) {
    app.press(KeyEvent::new(code, KeyModifiers::NONE));
}

/// The frame as text, without spaces at the ends of lines.
fn frame((app, now): &(App, Instant), width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(frame, app, *now)).unwrap();
    let buffer = terminal.backend().buffer();
    let cells = buffer.content().chunks(width.max(1).into());
    let text = |row: &[ratatui::buffer::Cell]| -> String {
        row.iter().map(ratatui::buffer::Cell::symbol).collect()
    };
    cells.map(|row| text(row).trim_end().to_owned() + "\n").collect()
}

/// Holds a frame of 80 by 24 against its file.
#[track_caller]
fn expect(name: &str, app: &(App, Instant)) {
    let got = frame(app, 80, 24);
    assert!(!got.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{got}");
    assert!(!got.contains("secret"), "{got}");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/bin/cairn/top/frames");
    let file = folder.join(name);
    if std::env::var_os("CAIRN_WRITE_FRAMES").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, &got).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap();
    assert_eq!(got, expected, "{name}: {got}");
}

#[test]
fn a_running_operator() {
    let mut app = app(Ok(data(status(), METRICS)));
    expect("running.txt", &app);
    press(&mut app.0, KeyCode::Tab);
    expect("batches.txt", &app);
    press(&mut app.0, KeyCode::Right);
    assert_eq!(app.0.tab, Tab::Fleet);
    expect("no_fleet.txt", &app);
}

#[test]
fn a_paused_operator() {
    let mut status = status();
    status.head.standing = "paused".to_owned();
    status.head.l1_paused = true;
    status.lag.throttled =
        Some("proving lags: 60000 operations wait, at most 60000 may".to_owned());
    expect("paused.txt", &app(Ok(data(status, METRICS))));
}

#[test]
fn a_halted_operator_with_hostile_words() {
    let mut status = status();
    status.head.standing = "halted".to_owned();
    status.head.halted = Some(format!("batch 57: {HOSTILE}"));
    status.lag.stages[0].stage = HOSTILE.to_owned();
    status.lag.stages[0].unit = HOSTILE.to_owned();
    let workers = vec![worker("spot-7", "working"), worker(HOSTILE, "quarantined")];
    status.fleet = Some(fleet(Some(workers)));
    let metrics = format!(
        "cairn_frozen 1\nsettlement_alarm{{what=\"balance\"}} 1\ncairn_role_lost{{role=\"{}\"}} 1\n",
        HOSTILE.replace(['\n', '\r'], "")
    );
    let mut app = app(Ok(data(status, &metrics)));
    expect("halted.txt", &app);
    app.0.tab = Tab::Fleet;
    expect("fleet.txt", &app);
    app.0.tab = Tab::Alarms;
    app.0.scroll = 1;
    expect("alarms.txt", &app);
}

#[test]
fn a_fleet_without_the_token() {
    let mut status = status();
    status.fleet = Some(fleet(None));
    let mut app = app(Ok(data(status, METRICS)));
    press(&mut app.0, KeyCode::Char('3'));
    expect("fleet_of_others.txt", &app);
}

#[test]
fn an_operator_that_does_not_answer() {
    let mut app = app(Err(format!("no answer from http://operator: {HOSTILE}")));
    expect("unreachable.txt", &app);
    // What was known stays.
    app.0.see(Ok(data(status(), METRICS)), app.1 - Duration::from_secs(9));
    app.0.see(Err("no answer for 5 s".to_owned()), app.1);
    expect("silent.txt", &app);
}

#[test]
fn any_terminal_will_do() {
    let mut status = status();
    status.fleet = Some(fleet(Some(vec![worker("spot-7", "working")])));
    let mut app = app(Ok(data(status, METRICS)));
    for tab in Tab::ALL {
        app.0.tab = tab;
        for (width, height) in
            [(1, 1), (2, 9), (19, 4), (20, 5), (30, 8), (80, 3), (80, 24), (300, 100)]
        {
            for scroll in [0, 3, u16::MAX] {
                app.0.scroll = scroll;
                let lines = frame(&app, width, height);
                assert_eq!(lines.lines().count(), usize::from(height));
            }
        }
    }
}

#[test]
fn keys_do_what_the_foot_says() {
    let (mut app, now) = app(Ok(data(status(), METRICS)));
    for expected in [Tab::Batches, Tab::Fleet, Tab::Alarms, Tab::Overview] {
        press(&mut app, KeyCode::Tab);
        assert_eq!(app.tab, expected);
    }
    press(&mut app, KeyCode::Left);
    assert_eq!(app.tab, Tab::Alarms);
    for (code, scroll) in
        [(KeyCode::Up, 0), (KeyCode::Down, 1), (KeyCode::PageDown, 11), (KeyCode::Home, 0)]
    {
        press(&mut app, code);
        assert_eq!(app.scroll, scroll, "{code:?}");
    }
    press(&mut app, KeyCode::Char('p'));
    app.see(Err("gone".to_owned()), now);
    assert!(app.is_frozen && app.trouble.is_none());
    assert!(frame(&(app, now), 80, 24).contains("FROZEN"));
    for key in [KeyCode::Char('q'), KeyCode::Esc] {
        let (mut app, _) = self::app(Err(String::new()));
        assert!(!app.is_over());
        press(&mut app, key);
        assert!(app.is_over());
    }
    let (mut app, _) = self::app(Err(String::new()));
    app.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(app.is_over());
}
