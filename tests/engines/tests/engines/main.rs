//! The binary of this project with real engines: what it says of a job is held against the engine, the files that
//! the job wrote, and the process table. One module for each engine.

mod airflow;
mod airflow_cancels;
mod airflow_restarts;
mod flink;
mod postgres;
mod ray;
mod slurm;
mod spark;
