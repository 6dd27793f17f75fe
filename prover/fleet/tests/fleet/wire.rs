//! What is between a worker and the server, and can be cut: both ways, or one.
//!
//! Where this may be made (root, `ip`), it is a network namespace at a pair of veth: one end sends
//! its packets to a hardware address that nobody has, so they are gone on the wire, and neither TCP
//! hears of it. Elsewhere a proxy stands in that stops forwarding and keeps its connections open.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{process::Process, world::World};

/// What is not heard any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Both,
    /// The server does not hear the worker.
    FromWorker,
    /// The worker does not hear the server.
    ToWorker,
}

impl Cut {
    /// Whether it hits the way to the worker, and the way from it.
    const fn hits(self) -> [bool; 2] {
        match self {
            Self::Both => [true, true],
            Self::FromWorker => [false, true],
            Self::ToWorker => [true, false],
        }
    }
}

#[derive(Debug)]
pub(crate) enum Wire {
    Namespace(Namespace),
    Proxy(Proxy),
}

impl Wire {
    /// The best that this machine has.
    pub(crate) fn new(world: &World) -> Self {
        match Namespace::new(world.port()) {
            Ok(namespace) => Self::Namespace(namespace),
            Err(reason) => {
                // Not by `println!`: of a test that passes nobody sees that.
                let line = format!("no network namespace ({reason}): a proxy stands in\n");
                let _ = std::io::stderr().write_all(line.as_bytes());
                Self::proxied(world)
            }
        }
    }

    pub(crate) fn proxied(world: &World) -> Self {
        Self::Proxy(Proxy::new(world.port()))
    }

    /// The server's address for a user behind it.
    pub(crate) fn url(&self, world: &World, user: &str) -> String {
        let url = world.target(&world.names, user).url;
        let (host, port) = match self {
            Self::Namespace(namespace) => (namespace.host.as_str(), world.port()),
            Self::Proxy(proxy) => ("127.0.0.1", proxy.port),
        };
        url.replace(&format!("127.0.0.1:{}", world.port()), &format!("{host}:{port}"))
    }

    /// A worker behind it, that takes so many milliseconds the first time, and none later.
    pub(crate) fn work(&self, world: &World, name: &str, first: u64) -> Process {
        let program = std::env::current_exe().unwrap();
        let command = match self {
            Self::Namespace(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &namespace.name]).arg(program);
                command
            }
            Self::Proxy(_) => Command::new(program),
        };
        Process::worker(command, &self.url(world, name), name, [first, 0])
    }

    pub(crate) fn cut(&self, cut: Cut) {
        match self {
            Self::Namespace(namespace) => namespace.cut(cut),
            Self::Proxy(proxy) => proxy.cut(cut),
        }
    }

    pub(crate) fn mend(&self) {
        match self {
            Self::Namespace(namespace) => namespace.mend(),
            Self::Proxy(proxy) => proxy.mend(),
        }
    }
}

/// A network namespace with one interface, and this machine at its other end.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
    /// The interface on this side.
    near: String,
    host: String,
    guest: String,
}

/// The interface on the other side.
const FAR: &str = "far";
/// A hardware address that nobody has.
const NOBODY: &str = "02:00:00:00:00:99";

impl Namespace {
    /// One for each port, from the addresses that are for measurements within one's own network.
    pub(crate) fn new(port: u16) -> Result<Self, String> {
        let net = (198 << 24 | 18 << 16) + (u32::from(port & 0x7fff) << 2);
        let address = |place: u32| std::net::Ipv4Addr::from(net + place).to_string();
        let (name, near) = (format!("cairn-{port}"), format!("cairn-{port}"));
        let made = Self { name, near, host: address(1), guest: address(2) };
        let Self { name, near, host, guest } = &made;
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add {near} type veth peer name {FAR} netns {name}"))?;
        ip(&format!("addr add {host}/30 dev {near}"))?;
        ip(&format!("link set {near} up"))?;
        ip(&format!("-n {name} addr add {guest}/30 dev {FAR}"))?;
        ip(&format!("-n {name} link set {FAR} up"))?;
        Ok(made)
    }

    fn cut(&self, cut: Cut) {
        let Self { name, near, host, guest } = self;
        let [to_worker, from_worker] = cut.hits();
        if to_worker {
            ip(&format!("neigh replace {guest} lladdr {NOBODY} dev {near} nud permanent")).unwrap();
        }
        if from_worker {
            let change = format!("neigh replace {host} lladdr {NOBODY} dev {FAR} nud permanent");
            ip(&format!("-n {name} {change}")).unwrap();
        }
    }

    fn mend(&self) {
        let Self { name, near, host, guest } = self;
        // Of what was not cut there may be no entry.
        let _ = ip(&format!("neigh del {guest} dev {near}"));
        let _ = ip(&format!("-n {name} neigh del {host} dev {FAR}"));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&format!("link del {}", self.near));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let ran = Command::new("ip").args(arguments.split(' ')).output();
    let output = ran.map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Forwards to the server; what is cut waits, as TCP would send it again.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// The way to the worker, the way from it.
    cut: Arc<[AtomicBool; 2]>,
    is_over: Arc<AtomicBool>,
}

/// Between two looks at whether it is cut or over.
const LOOK: Duration = Duration::from_millis(20);

impl Proxy {
    pub(crate) fn new(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, is_over) = <(Arc<[AtomicBool; 2]>, Arc<AtomicBool>)>::default();
        let made = Self { port, cut: Arc::clone(&cut), is_over: Arc::clone(&is_over) };
        std::thread::spawn(move || {
            listener.set_nonblocking(true).unwrap();
            while !is_over.load(Ordering::SeqCst) {
                // Who calls while it is cut waits for the server's first word.
                let is_cut = cut.iter().any(|cut| cut.load(Ordering::SeqCst));
                let called = if is_cut { None } else { listener.accept().ok() };
                let Some((worker, _)) = called else {
                    std::thread::sleep(LOOK);
                    continue;
                };
                worker.set_nonblocking(false).unwrap();
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                for way in 0..2 {
                    let (mut from, mut to) = match way {
                        0 => (server.try_clone().unwrap(), worker.try_clone().unwrap()),
                        _ => (worker.try_clone().unwrap(), server.try_clone().unwrap()),
                    };
                    let (cut, is_over) = (Arc::clone(&cut), Arc::clone(&is_over));
                    std::thread::spawn(move || {
                        forward(&mut from, &mut to, &cut[way], &is_over);
                        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                    });
                }
            }
        });
        made
    }

    pub(crate) fn cut(&self, cut: Cut) {
        self.set(cut.hits());
    }

    pub(crate) fn mend(&self) {
        self.set([false, false]);
    }

    fn set(&self, cut: [bool; 2]) {
        self.cut.iter().zip(cut).for_each(|(way, is_cut)| way.store(is_cut, Ordering::SeqCst));
    }
}

fn forward(from: &mut TcpStream, to: &mut TcpStream, cut: &AtomicBool, is_over: &AtomicBool) {
    let mut buffer = vec![0; 64 << 10];
    from.set_read_timeout(Some(LOOK)).unwrap();
    while !is_over.load(Ordering::SeqCst) {
        let read = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => return,
        };
        while cut.load(Ordering::SeqCst) && !is_over.load(Ordering::SeqCst) {
            std::thread::sleep(LOOK);
        }
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}
