//! Three servers in a cluster, for tests: whatever is kept three times outlives one of them.

use std::path::Path;

use super::{Server, ServerError, free_port};

/// Servers of a cluster.
pub const SERVERS: usize = 3;

/// Starts them, with their data below `folder` and these accounts: see [`super::rights`]. They may
/// need some seconds more until they agree on a leader.
///
/// # Errors
/// The program is not installed, or one does not start.
pub fn start(folder: &Path, accounts: &str) -> Result<[Server; SERVERS], ServerError> {
    let file = |source| ServerError::File { path: folder.to_owned(), source };
    let mut ports = [[0; 2]; SERVERS];
    for port in ports.iter_mut().flatten() {
        *port = free_port().map_err(file)?;
    }
    let routes = ports.map(|[_, peers]| format!("nats://127.0.0.1:{peers}")).join(", ");
    let start = |place: usize| {
        let [port, peers] = ports[place];
        let settings = format!(
            "server_name: {}\n\
             cluster {{ name: cairn, listen: \"127.0.0.1:{peers}\", routes: [{routes}] }}\n{accounts}",
            name(place)
        );
        Server::start(&folder.join(name(place)), port, &settings)
    };
    Ok([start(0)?, start(1)?, start(2)?])
}

/// What a server of the cluster is called there.
#[must_use]
pub fn name(place: usize) -> String {
    format!("n{place}")
}
