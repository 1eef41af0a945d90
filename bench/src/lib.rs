//! What the measuring programs in `src/bin` share: server processes, figures from many runs, and how they end.
//! Each program measures promises of one kind, prints a table and fails if one is broken.
//! Nothing here is shipped, and nothing is measured under `cargo test`, where time means little.

pub mod encrypted;
pub mod figures;
pub mod grpc_go;
pub mod load;
pub mod peers;
pub mod process;
pub mod rounds;
pub mod verdict;
