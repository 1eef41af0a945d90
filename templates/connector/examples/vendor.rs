//! A vendor on this machine, to run tasks on: `cargo run --example vendor`, with another address if 8800 is taken.

#[path = "../tests/vendor/mod.rs"]
mod vendor;

use vendor::{FakeVendor, KEY};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args().nth(1);
    let vendor = FakeVendor::at(address.as_deref().unwrap_or("127.0.0.1:8800"));
    vendor.open();
    println!("{} takes the key {KEY}", vendor.url());
    std::future::pending().await
}
