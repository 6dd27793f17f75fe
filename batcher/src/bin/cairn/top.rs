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
    path::PathBuf,
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
use crate::status::connect;

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
    /// The service.
    #[arg(
        long,
        value_name = "URL",
        env = "CAIRN_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8650"
    )]
    url: String,
    /// The file with the service's token, to see the workers of its fleet one by one.
    #[arg(long, value_name = "FILE", env = "CAIRN_ADMIN_TOKEN_FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let client = connect(&arguments.url, arguments.token_file.as_deref()).await?;
    ensure!(
        io::stdout().is_terminal() && io::stdin().is_terminal(),
        "cairn top needs a terminal: for a pipe or a file take cairn status, or cairn status --json"
    );
    let gatherer = Gatherer::new(client, arguments.token_file.is_some());
    let (publish, mut data) = watch::channel(Err("asking the service".to_owned()));
    let gathering = gather(gatherer, publish);
    let mut app = App::new(&arguments.url);
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
