//! The fleet against a real nats-server, with workers that hash instead of proving: each scenario says what it expects before it runs.

mod clocks;
mod floods;
mod garbage;
mod hostile;
mod losses;
mod network;
mod payloads;
mod plan;
mod played;
mod process;
mod restarts;
mod rights;
mod storm;
mod throughput;
mod upgrade;
mod wire;
mod work;
mod world;
