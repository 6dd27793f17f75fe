//! The service's JSON-RPC: over HTTP and WebSocket on one port, namespace `cairn_`.
//!
//! ```text
//! wire, hex, receipt, methods   what travels, and the table of methods: cairn-client's, the same on both sides
//! error, openrpc            why a request is not answered; the document made of the table
//! sources, rooms            what other rooms give the API, and how they do
//! view                      answers put together from the store alone
//! service, handlers, subscriptions   methods
//! headlines                 the last blocks, for all who subscribe to them
//! limits, debts, places, gate, guard   how much of everything a client, and all of them, may have
//! link, calls, activity, http, page, server  what stands between the wire and the methods
//! ```
//!
//! An answer to `cairn_submit` is given when the transaction is durable, and everything that is told of blocks is read
//! from what is durable. Nothing is cached but what belongs to one request, and the last blocks without operations.

mod activity;
mod calls;
pub mod config;
mod debts;
pub mod error;
mod gate;
mod guard;
mod handlers;
mod headlines;
mod health;
mod http;
mod limits;
mod link;
pub mod openrpc;
mod page;
mod places;
mod rooms;
mod server;
mod service;
pub mod sources;
mod subscriptions;
mod view;

pub use cairn_client::api::{hex, methods, receipt, wire};

pub(crate) use self::rooms::estimate;
pub use self::{
    config::{ApiConfig, ApiConfigError},
    server::{Server, ServerError},
    sources::Sources,
};
