//! The binary `connector-server`: links the shipped connectors and hands over to the library.
#[cfg(feature = "airflow")]
use connector_airflow as _;
#[cfg(feature = "bigquery")]
use connector_bigquery as _;
#[cfg(feature = "databricks")]
use connector_databricks as _;
#[cfg(feature = "examples")]
use connector_examples as _;
#[cfg(feature = "flink")]
use connector_flink as _;
#[cfg(feature = "openai")]
use connector_openai as _;
#[cfg(feature = "postgres-sql")]
use connector_postgres as _;
#[cfg(feature = "ray")]
use connector_ray as _;
#[cfg(feature = "slurm")]
use connector_slurm as _;
#[cfg(feature = "snowflake")]
use connector_snowflake as _;
#[cfg(feature = "spark")]
use connector_spark as _;
#[cfg(feature = "webhook")]
use connector_webhook as _;

fn main() -> std::process::ExitCode {
    connector_service::About::new()
        .commit(option_env!("BUILT_FROM_COMMIT"))
        .features(FEATURES)
        .main()
}

/// The features of this build.
const FEATURES: &[&str] = &[
    #[cfg(feature = "airflow")]
    "airflow",
    #[cfg(feature = "bigquery")]
    "bigquery",
    #[cfg(feature = "databricks")]
    "databricks",
    #[cfg(feature = "examples")]
    "examples",
    #[cfg(feature = "flink")]
    "flink",
    #[cfg(feature = "openai")]
    "openai",
    #[cfg(feature = "otel")]
    "otel",
    #[cfg(feature = "postgres")]
    "postgres",
    #[cfg(feature = "postgres-sql")]
    "postgres-sql",
    #[cfg(feature = "ray")]
    "ray",
    #[cfg(feature = "slurm")]
    "slurm",
    #[cfg(feature = "snowflake")]
    "snowflake",
    #[cfg(feature = "spark")]
    "spark",
    #[cfg(feature = "sqlite")]
    "sqlite",
    #[cfg(feature = "webhook")]
    "webhook",
];
