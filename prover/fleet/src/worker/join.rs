//! How a worker comes to its fleet.

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{
    Config, Event, Perform,
    link::{AGAIN, Link, Offers},
    run::{BEAT, Run, quarantined},
};
use crate::{
    error::FleetError,
    ledger::Denial,
    message::{Answer, Ask},
};

impl Run {
    /// Connects and asks to be let in, for as long as it takes; nothing if it is told to stop
    /// meanwhile.
    pub(super) async fn join(
        config: Config,
        perform: Arc<dyn Perform>,
        mut stop: watch::Receiver<bool>,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Option<Self>, FleetError> {
        let mut told = Vec::new();
        let mut waits = |reason: String, tell: &mut dyn FnMut(Event)| {
            if !told.contains(&reason) {
                told.push(reason.clone());
                tell(Event::Waits(reason));
            }
        };
        let (bus, offers) = loop {
            let connected = async {
                let bus = config.target.connect(Some(&config.worker)).await?;
                let offers = Offers::new(&bus.client).await?;
                Ok((bus, offers))
            };
            match connected.await {
                Ok(connected) => break connected,
                Err(error) if FleetError::is_transient(&error) => waits(error.to_string(), tell),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            }
        };
        let (client, names) = (bus.client.clone(), config.names.clone());
        let link = Link { client, names, worker: config.worker.clone() };
        let version = perform.version();
        loop {
            let answer = link.ask(&Ask::Join { version: version.clone() }).await;
            match answer.map(|(answer, _)| answer) {
                Some(Answer::Welcome) => break,
                Some(Answer::Version(expected)) => {
                    return Err(FleetError::Version { expected, got: version });
                }
                Some(Answer::Denied(Denial::Quarantined)) => return Err(quarantined(&config)),
                _ if bus.refusal.borrow().is_some() => {
                    let reason = bus.refusal.borrow().clone().unwrap_or_default();
                    return Err(FleetError::Credentials { url: config.target.shown(), reason });
                }
                _ => waits(format!("no coordinator of the fleet {} answers", config.names), tell),
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            }
        }
        let subject = config.names.to(&config.worker);
        let orders = bus.client.subscribe(subject).await.map_err(|error| FleetError::Stream {
            what: "subscribing".to_owned(),
            reason: error.to_string(),
        })?;
        tell(Event::Joined);
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Some(Self {
            config,
            perform,
            version,
            stop,
            bus,
            link,
            offers,
            orders,
            beats,
            told: None,
            expected: None,
            holds: Vec::new(),
            has_said: false,
            drains: false,
        }))
    }
}
