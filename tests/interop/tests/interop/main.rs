//! The running binary, and what it reads and writes, against the official Python SDK.
//! One binary for all of it. A file runs its script once and shares what it saw among its tests.
//! Environments, servers and scripts are the business of the library.

mod behind;
mod differential;
mod generated;
mod nested_actions;
mod odd_names;
mod odd_workers;
mod parity;
mod python_sdk;
mod resource_meta;
mod run;
mod type_vectors;
mod typed_echo;
mod vectors;
mod workers;
