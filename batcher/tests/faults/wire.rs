//! Wires between operators, their server and their users, which a scenario cuts and moves.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// How often a door asks who is ready.
const LOOK: Duration = Duration::from_millis(100);

/// An address whose connections go on to another.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Where connections go; without one they end.
    target: Option<SocketAddr>,
    /// Nothing passes, and no connection ends.
    is_cut: bool,
}

impl Wire {
    pub(crate) async fn to(target: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, watched) = watch::channel(State { target, is_cut: false });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, watched.clone()));
            }
        });
        Self { address, state }
    }

    /// A door to whichever of these operators says that it is ready, as a load balancer is.
    pub(crate) async fn door(operators: Vec<SocketAddr>) -> Self {
        let door = Self::to(None).await;
        let state = door.state.clone();
        tokio::spawn(async move {
            let http = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
            let is_ready = async |address: SocketAddr| {
                let answer = http.get(format!("http://{address}/ready")).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            };
            loop {
                let now = state.borrow().target;
                let still = match now {
                    Some(address) => is_ready(address).await,
                    None => false,
                };
                if !still {
                    let mut next = None;
                    for &address in &operators {
                        if next.is_none() && is_ready(address).await {
                            next = Some(address);
                        }
                    }
                    state.send_if_modified(|state| {
                        std::mem::replace(&mut state.target, next) != next
                    });
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        door
    }

    /// Where its connections go now.
    pub(crate) fn target(&self) -> Option<SocketAddr> {
        self.state.borrow().target
    }

    /// Whether nothing passes: what is sent is lost on the way, and nobody is told.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.state.send_modify(|state| state.is_cut = is_cut);
    }
}

/// Carries a connection's bytes until either end closes it, or the wire goes elsewhere. Where it is cut, both ends stay
/// open, and what is sent is lost, until it is whole again: then they close.
async fn carry(mut stream: TcpStream, mut state: watch::Receiver<State>) {
    let begun = *state.borrow_and_update();
    let mut other = None;
    if !begun.is_cut {
        let Some(target) = begun.target else { return };
        let Ok(connected) = TcpStream::connect(target).await else { return };
        let other = other.insert(connected);
        tokio::select! {
            _ = copy_bidirectional(&mut stream, other) => return,
            _ = state.wait_for(|state| *state != begun) => {}
        }
    }
    // Without an end of the scenario there is no error.
    let _ = state.wait_for(|state| !state.is_cut).await;
    drop((stream, other));
}
