//! The real server over a real socket: every RPC, every error code, one file for each kind of question.
//! One binary for all of it. The tests start servers of their own, so they may run beside each other.
//! What the server, the probe and the vendor are is told in the library.

mod calls;
mod check;
mod clock;
mod compressed;
mod config;
mod creates;
mod dashboards;
mod discovery;
mod doctor;
mod drain;
mod errors;
mod flyte1;
mod hostile;
mod isolation;
mod limits;
mod peers;
mod polls;
mod questions;
mod reload;
mod slow_link;
mod status_page;
mod trust;
