//! The fleet against a real nats-server, with workers that hash instead of proving: each scenario says what it expects before it runs.

mod clocks;
mod cluster;
mod floods;
mod garbage;
mod hostile;
mod losses;
mod network;
mod pace;
mod payloads;
mod plan;
mod played;
mod process;
mod quarantine;
mod restarts;
mod rights;
mod storm;
mod throughput;
mod upgrade;
mod wire;
mod work;
mod world;
