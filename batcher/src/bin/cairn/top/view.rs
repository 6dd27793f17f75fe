//! A frame from what is known. Whatever a service or a worker says is one line that no terminal obeys.

use std::time::Instant;

use cairn_batcher::{api::wire, console::line};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Cell, Paragraph, Row, Table, Wrap},
};

use super::{
    alarms::{Alarm, Severity},
    app::{App, Tab},
    data::Data,
};
use crate::{fleet::table::results_in_words, status::Fleet};

/// The smallest terminal that something is shown on.
const LEAST: (u16, u16) = (20, 5);

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, now: Instant) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        frame.render_widget(Paragraph::new("larger, please"), area);
        return;
    }
    let rows =
        [Constraint::Length(1), Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)];
    let [title, tabs, body, foot] = Layout::vertical(rows).areas(area);
    frame.render_widget(Paragraph::new(title_line(app)), title);
    frame.render_widget(Paragraph::new(tabs_line(app)), tabs);
    frame.render_widget(Paragraph::new(foot_line(app, now)), foot);
    let Some((data, _)) = &app.last else { return };
    match app.tab {
        Tab::Overview => overview(frame, body, data, app.scroll),
        Tab::Batches => batches(frame, body, data, app.scroll),
        Tab::Fleet => fleet(frame, body, data, app.scroll),
        Tab::Alarms => {
            // To the end of each: here is room.
            let alarms = scrolled(alarm_lines(&data.alarms), app.scroll);
            frame.render_widget(alarms.wrap(Wrap { trim: false }), body);
        }
    }
}

fn title_line(app: &App) -> Line<'_> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled("cairn top", bold), Span::raw(format!("  {}", app.service))];
    if let Some((Data { status, .. }, _)) = &app.last {
        let standing = line(&status.head.standing).to_uppercase();
        let style = match standing.as_str() {
            "RUNNING" => Style::new().fg(Color::Green),
            "HALTED" => alarming(Severity::Critical),
            _ => alarming(Severity::Warning),
        };
        spans.push(Span::raw("  "));
        spans.push(Span::styled(standing, style.add_modifier(Modifier::BOLD)));
        let (rollup, chain) = (status.info.rollup, status.info.chain_id);
        spans.push(Span::raw(format!("  {} on chain {chain}", short(&rollup.to_string()))));
    }
    Line::from(spans)
}

fn tabs_line(app: &App) -> Line<'_> {
    let alarms = app.last.as_ref().map_or(0, |(data, _)| data.alarms.len());
    let tab = |(tab, number): (Tab, usize)| {
        let mark = match tab {
            Tab::Alarms if alarms > 0 => format!(" ({alarms})"),
            _ => String::new(),
        };
        let style = match tab == app.tab {
            true => Style::new().add_modifier(Modifier::REVERSED),
            false => Style::new(),
        };
        [Span::styled(format!(" {number} {}{mark} ", tab.name()), style), Span::raw(" ")]
    };
    Line::from(Tab::ALL.into_iter().zip(1..).flat_map(tab).collect::<Vec<_>>())
}

fn foot_line(app: &App, now: Instant) -> Line<'_> {
    let age = app.last.as_ref().map(|(_, at)| now.saturating_duration_since(*at).as_secs());
    let age = age.map_or_else(String::new, |seconds| format!("  {seconds} s ago"));
    let keys = "q ends  tab, arrows  p freezes";
    match (app.is_frozen, &app.trouble) {
        (true, _) => {
            let style = alarming(Severity::Warning);
            Line::from(vec![Span::styled("FROZEN", style), Span::raw(format!("{age}  {keys}"))])
        }
        (false, Some(trouble)) => {
            let style = alarming(Severity::Critical);
            Line::from(vec![
                Span::styled("NO NEWS", style),
                Span::raw(format!("{age}  q ends  {}", line(trouble))),
            ])
        }
        (false, None) => Line::raw(format!("{keys}{age}")),
    }
}

fn overview(frame: &mut Frame<'_>, area: Rect, data: &Data, scroll: u16) {
    let stages = u16::try_from(data.status.lag.stages.len()).unwrap_or(u16::MAX);
    let rows =
        [Constraint::Length(5), Constraint::Length(stages.saturating_add(2)), Constraint::Min(0)];
    let [head, lag, alarms] = Layout::vertical(rows).areas(area);
    frame.render_widget(Paragraph::new(head_lines(&data.status.head)), head);
    frame.render_widget(lag_table(&data.status.lag), lag);
    frame.render_widget(scrolled(alarm_lines(&data.alarms), scroll), alarms);
}

fn head_lines(head: &wire::Head) -> Vec<Line<'static>> {
    let wire::Head { block, batch, sealed, committed, proven, finalized, .. } = head;
    vec![
        Line::raw(format!(
            "head      block {block}, batch {batch}, state {}",
            short(&head.state.to_string())
        )),
        Line::raw(format!(
            "batches   sealed {sealed}, committed {committed}, proven {proven}, finalized {finalized}"
        )),
        Line::raw(format!("L1        block {}, its clock {}", head.l1_block, head.l1_timestamp)),
        Line::raw(format!("accounts  next id {}, next token {}", head.next_id, head.next_token)),
        Line::raw(""),
    ]
}

fn lag_table(lag: &wire::Lag) -> Table<'static> {
    let row = |stage: &wire::StageLag| {
        let oldest = stage.oldest_ms.map_or_else(|| "-".to_owned(), |ms| age(ms / 1_000));
        let style = match stage.behind {
            0 => Style::new().add_modifier(Modifier::DIM),
            _ => Style::new(),
        };
        Row::new([
            Cell::from(line(&stage.stage)),
            right(stage.head.to_string(), 12),
            right(stage.behind.to_string(), 10),
            right(oldest, 10),
            Cell::from(line(&stage.unit)),
        ])
        .style(style)
    };
    let widths = [12, 12, 10, 10, 14].map(Constraint::Length);
    let names = ["stage", "done up to", "waiting", "oldest", "unit"];
    let header = header(names, &[(1, 12), (2, 10), (3, 10)]);
    Table::new(lag.stages.iter().map(row), widths).header(header)
}

fn batches(frame: &mut Frame<'_>, area: Rect, data: &Data, scroll: u16) {
    let now_ms = data.asked_ms;
    let row = |batch: &wire::BatchView| {
        let (stage, style) = stage(batch);
        let data = batch.publication.as_ref().map_or("-".to_owned(), |p| line(&p.data_mode));
        let took = |from: u64, to: Option<u64>| {
            to.map_or_else(|| "-".to_owned(), |to| age(to.saturating_sub(from) / 1_000))
        };
        Row::new([
            right(batch.number.to_string(), 7),
            Cell::from(stage).style(style),
            right(batch.operations.to_string(), 7),
            right(batch.data_words.to_string(), 6),
            Cell::from(line(&batch.reason)),
            Cell::from(data),
            right(age(now_ms.saturating_sub(batch.sealed_ms) / 1_000), 8),
            right(took(batch.sealed_ms, batch.proof_made_ms), 8),
            right(took(batch.sealed_ms, batch.finalized_ms), 8),
        ])
    };
    let names = ["batch", "stage", "ops", "words", "sealed by", "data", "age", "proof", "final"];
    let widths = [7, 10, 7, 6, 9, 9, 8, 8, 8].map(Constraint::Length);
    let header = header(names, &[(0, 7), (2, 7), (3, 6), (6, 8), (7, 8), (8, 8)]);
    let rows = data.batches.iter().skip(scroll.into()).map(row);
    frame.render_widget(Table::new(rows, widths).header(header), area);
}

/// How far a batch is.
fn stage(batch: &wire::BatchView) -> (&'static str, Style) {
    let dim = Style::new().add_modifier(Modifier::DIM);
    match (&batch.l1, batch.proof_made_ms) {
        _ if batch.finalized => ("finalized", dim),
        (Some(l1), _) if l1.proven.is_some() => ("proven", Style::new().fg(Color::Green)),
        (Some(_), Some(_)) => ("has proof", Style::new().fg(Color::Yellow)),
        (Some(_), None) => ("committed", Style::new().fg(Color::Yellow)),
        (None, _) if batch.publication.is_some() => ("published", Style::new()),
        (None, _) => ("sealed", Style::new()),
    }
}

fn fleet(frame: &mut Frame<'_>, area: Rect, data: &Data, scroll: u16) {
    let Some(fleet) = &data.status.fleet else {
        let text = "The operator proves in its own process, or does not show its metrics.";
        frame.render_widget(Paragraph::new(text), area);
        return;
    };
    let queues = u16::try_from(fleet.totals.queues.len()).unwrap_or(u16::MAX);
    let rows =
        [Constraint::Length(4), Constraint::Length(queues.saturating_add(2)), Constraint::Min(0)];
    let [totals, tasks, workers] = Layout::vertical(rows).areas(area);
    let [well, ill] = results_in_words(&fleet.totals.results);
    let (believed, quarantined) = (fleet.totals.believed, fleet.totals.quarantined);
    let lines = vec![
        Line::raw(format!("workers   {believed}, {quarantined} QUARANTINED")),
        Line::raw(format!("results   {well}")),
        Line::raw(format!("          {ill}")),
        Line::raw(""),
    ];
    frame.render_widget(Paragraph::new(lines), totals);
    frame.render_widget(queue_table(fleet), tasks);
    workers_table(frame, workers, fleet, scroll);
}

fn queue_table(fleet: &Fleet) -> Table<'static> {
    let widths = [16, 10, 10, 12].map(Constraint::Length);
    let header = header(["queue", "owed", "held", "quarantined"], &[(1, 10), (2, 10), (3, 12)]);
    let rows: Vec<_> = fleet
        .totals
        .queues
        .iter()
        .map(|queue| {
            Row::new([
                Cell::from(queue.queue.to_string()),
                right(queue.owed.to_string(), 10),
                right(queue.held.to_string(), 10),
                right(queue.quarantined.to_string(), 12),
            ])
        })
        .collect();
    Table::new(rows, widths).header(header)
}

fn workers_table(frame: &mut Frame<'_>, area: Rect, fleet: &Fleet, scroll: u16) {
    let Some(workers) = &fleet.workers else {
        let text = "Workers one by one: --token-file FILE, admin-token in the operator's data_dir.";
        frame.render_widget(Paragraph::new(text), area);
        return;
    };
    let row = |worker: &wire::FleetWorker| {
        let style = match worker.standing.as_str() {
            "quarantined" => alarming(Severity::Critical),
            "working" => Style::new(),
            _ => Style::new().add_modifier(Modifier::DIM),
        };
        Row::new([
            Cell::from(line(&worker.name)),
            Cell::from(line(&worker.standing)),
            right(worker.threads.to_string(), 7),
            right(worker.done.to_string(), 7),
            right(worker.failures.to_string(), 6),
            right(format!("{:.0} s", worker.heard_s.clamp(0.0, 1e6)), 8),
            Cell::from(worker.holds.first().map_or_else(|| "-".to_owned(), |at| line(at))),
        ])
        .style(style)
    };
    let failed = |assignment: &&wire::FleetAssignment| assignment.quarantined;
    let assignment = |assignment: &wire::FleetAssignment| {
        Row::new([
            Cell::from(line(&assignment.name)),
            Cell::from("QUARANTINED"),
            Cell::from(""),
            Cell::from(""),
            right(assignment.failures.len().to_string(), 6),
            Cell::from(""),
            Cell::from("cairn fleet tasks says why"),
        ])
        .style(alarming(Severity::Critical))
    };
    let names = ["worker", "standing", "threads", "done", "failed", "heard", "at"];
    let widths = [16, 12, 7, 7, 6, 8].map(Constraint::Length);
    let widths = widths.into_iter().chain([Constraint::Min(10)]);
    let header = header(names, &[(2, 7), (3, 7), (4, 6), (5, 8)]);
    let rows = fleet.assignments.iter().filter(failed).map(assignment);
    let rows = rows.chain(workers.iter().map(row)).skip(scroll.into());
    frame.render_widget(Table::new(rows, widths).header(header), area);
}

fn alarm_lines(alarms: &[Alarm]) -> Vec<Line<'static>> {
    if alarms.is_empty() {
        return vec![Line::styled("no alarms", Style::new().fg(Color::Green))];
    }
    let shown = |alarm: &Alarm| {
        let name = match alarm.severity {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "warning ",
        };
        let text = Span::raw(format!(" {}", line(&alarm.text)));
        Line::from(vec![Span::styled(name, alarming(alarm.severity)), text])
    };
    alarms.iter().map(shown).collect()
}

fn scrolled(lines: Vec<Line<'static>>, scroll: u16) -> Paragraph<'static> {
    Paragraph::new(lines).scroll((scroll, 0))
}

fn alarming(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Severity::Warning => Style::new().fg(Color::Yellow),
    }
}

/// Names of columns; of those that are named with a width, above the end of their numbers.
fn header<const N: usize>(names: [&'static str; N], ends: &[(usize, usize)]) -> Row<'static> {
    let cell = |(index, name): (usize, &'static str)| match ends
        .iter()
        .find(|(column, _)| *column == index)
    {
        Some((_, width)) => right(name.to_owned(), *width),
        None => Cell::from(name),
    };
    let cells: Vec<_> = names.into_iter().enumerate().map(cell).collect();
    Row::new(cells).style(Style::new().add_modifier(Modifier::BOLD))
}

/// A number, at the end of its column.
fn right(text: String, width: usize) -> Cell<'static> {
    Cell::from(format!("{text:>width$}"))
}

/// The beginning of a hash, and its end.
fn short(hash: &str) -> String {
    match (hash.get(..10), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(first), Some(last)) if hash.len() > 16 => format!("{first}..{last}"),
        _ => hash.to_owned(),
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
