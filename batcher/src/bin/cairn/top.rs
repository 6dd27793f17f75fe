//! `cairn top`: a running operator in a terminal, again every second.
//!
//! ```text
//! service -> data (asked in a task of its own) -> app (what is looked at) -> view (pure: a frame) -> screen
//! ```

mod alarms;
mod app;
mod data;
mod screen;
#[cfg(test)]
mod tests;
mod view;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::{Duration, Instant},
};

use eyre::{Result, ensure};
use tokio::{sync::watch, time::timeout};

use self::{
    app::App,
    data::{Data, Gatherer},
    screen::{Keys, Screen},
};
use crate::service::Watched;

/// How often the service is asked.
const REFRESH: Duration = Duration::from_secs(1);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "Examples:
  cairn top
  cairn top --url http://operator:8650 --token-file admin-token

Keys: tab and arrows change the view and scroll, p freezes what is shown, q ends.
cairn status --json is the same for scripts.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    service: Watched,
}

pub(crate) async fn run(Arguments { service }: Arguments) -> Result<ExitCode> {
    let client = service.connect().await?;
    ensure!(
        io::stdout().is_terminal() && io::stdin().is_terminal(),
        "cairn top needs a terminal: for a pipe or a file take cairn status, or cairn status --json"
    );
    let gatherer = Gatherer::new(client, service.is_operator());
    let (publish, mut data) = watch::channel(Err("asking the service".to_owned()));
    let gathering = gather(gatherer, publish);
    let mut app = App::new(service.url());
    let mut screen = Screen::open()?;
    let mut keys = Keys::listen();
    let showing = async {
        let mut ticks = tokio::time::interval(REFRESH);
        loop {
            screen.draw(|frame| view::draw(frame, &app, Instant::now()))?;
            tokio::select! {
                key = keys.next() => match key {
                    Some(key) => app.press(key?),
                    None => return Ok(()),
                },
                changed = data.changed() => {
                    // The other half of this select ends with the channel.
                    if changed.is_ok() {
                        app.see(data.borrow_and_update().clone(), Instant::now());
                    }
                }
                _ = ticks.tick() => {}
            }
            if app.is_over() {
                return Ok(());
            }
        }
    };
    tokio::select! {
        shown = showing => shown.map(|()| ExitCode::SUCCESS),
        never = gathering => match never {},
    }
}

/// Asks again and again: an answer that does not come is said, and keeps nobody from the keys.
async fn gather(
    mut gatherer: Gatherer,
    publish: watch::Sender<Result<Data, String>>,
) -> std::convert::Infallible {
    let mut ticks = tokio::time::interval(REFRESH);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let answer = match timeout(PATIENCE, gatherer.ask()).await {
            Ok(Ok(data)) => Ok(data),
            Ok(Err(error)) => Err(crate::line(&error)),
            Err(_) => Err(format!("no answer for {} s", PATIENCE.as_secs())),
        };
        // What was asked before is not needed.
        drop(publish.send_replace(answer));
    }
}
