//! Who may do what on a server: the `accounts` of its configuration.
//!
//! Permissions alone do not hold a worker: a server before 2.10 does not check where an answer goes, and answers with its own rights. So the
//! workers of a rollup have an account of their own, without streams, which imports single services of the rollup's account. What a worker
//! sends to has its name in it, and its permissions fix the name.

use std::fmt::Write;

use crate::{message::WorkerId, names::Names, queue::Queue};

/// How somebody shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The public part of an nkey: the server knows no secret.
    Nkey(String),
    /// A name and a password: for a server of this machine.
    Password(String, String),
}

/// One rollup's users.
#[derive(Debug, Clone)]
pub struct Rollup {
    /// Its prefix.
    pub names: Names,
    /// Its operators: one, and one for each standby.
    pub coordinators: Vec<Credential>,
    /// Its workers.
    pub workers: Vec<(WorkerId, Credential)>,
}

impl Credential {
    fn line(&self) -> String {
        match self {
            Self::Nkey(key) => format!("nkey: {key:?}"),
            Self::Password(user, password) => format!("user: {user:?}, password: {password:?}"),
        }
    }
}

/// The `accounts` of a server for these rollups.
#[must_use]
pub fn accounts(rollups: &[Rollup]) -> String {
    let mut text = "accounts {\n".to_owned();
    for rollup in rollups {
        write_rollup(&mut text, rollup).expect("a text takes everything");
    }
    text + "}\n"
}

fn write_rollup(text: &mut String, rollup: &Rollup) -> std::fmt::Result {
    let Rollup { names, coordinators, workers } = rollup;
    let of_workers = format!("{names}_workers");
    let services = services(names);
    // In quotes: the server takes 10 and true for something else than names.
    let account = names.to_string();
    writeln!(text, "  {account:?} {{\n    jetstream: enabled\n    users: [")?;
    for coordinator in coordinators {
        writeln!(text, "      {{ {} }}", coordinator.line())?;
    }
    writeln!(text, "    ]\n    exports: [")?;
    for (service, is_stream) in &services {
        let response = if *is_stream { ", response_type: stream" } else { "" };
        writeln!(text, "      {{ service: {service:?}{response}, accounts: [{of_workers:?}] }}")?;
    }
    let orders = format!("{names}.to.*");
    writeln!(text, "      {{ stream: {orders:?}, accounts: [{of_workers:?}] }}\n    ]\n  }}")?;
    writeln!(text, "  {of_workers:?} {{\n    imports: [")?;
    for (service, _) in &services {
        writeln!(text, "      {{ service: {{ account: {account:?}, subject: {service:?} }} }}")?;
    }
    writeln!(text, "      {{ stream: {{ account: {account:?}, subject: {orders:?} }} }}")?;
    writeln!(text, "    ]\n    users: [")?;
    for (worker, credential) in workers {
        let rights = rights(names, worker);
        let hears = [format!("_INBOX.{worker}.>"), names.to(worker)];
        writeln!(
            text,
            "      {{ {}, permissions: {{ publish: {rights:?}, subscribe: {hears:?} }} }}",
            credential.line()
        )?;
    }
    writeln!(text, "    ]\n  }}")
}

/// What workers may be answered to, and whether by more than one message.
fn services(names: &Names) -> Vec<(String, bool)> {
    let pulls = Queue::ALL.into_iter().map(|queue| (names.next(queue), true));
    let read = format!("$JS.API.DIRECT.GET.{}.{names}.payload.*.*.*", names.payloads());
    let others = [
        read,
        names.ask("*"),
        names.beat("*"),
        format!("{names}.result.*.*"),
        format!("{names}.note.*.*"),
    ];
    pulls.chain(others.map(|service| (service, false))).collect()
}

/// What one worker may send to: with its own name wherever there is one.
fn rights(names: &Names, worker: &WorkerId) -> Vec<String> {
    let pulls = Queue::ALL.into_iter().map(|queue| names.next(queue));
    let own = [
        format!("$JS.API.DIRECT.GET.{}.{names}.payload.{worker}.*.*", names.payloads()),
        names.ask(worker.as_str()),
        names.beat(worker.as_str()),
        format!("{names}.result.{worker}.*"),
        format!("{names}.note.{worker}.*"),
    ];
    pulls.chain(own).collect()
}
