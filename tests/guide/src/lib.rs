//! The guide's code, compiled: each page is the documentation of an item here.
//! The tests in `tests/guide` try the rest of it: links, commands, and a project of the template.
//! Nothing else uses this crate.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/introduction.md")]
struct Introduction;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/first-connector.md")]
struct FirstConnector;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/typed-tasks.md")]
struct TypedTasks;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/secrets.md")]
struct Secrets;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/errors-and-retries.md")]
struct ErrorsAndRetries;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/logs-and-metrics.md")]
struct LogsAndMetrics;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/testing.md")]
struct Testing;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/local-run.md")]
struct LocalRun;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/from-python.md")]
struct FromPython;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/deploying.md")]
struct Deploying;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/image-chart-wheel.md")]
struct ImageChartWheel;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/keep-python.md")]
struct KeepPython;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/moving-over.md")]
struct MovingOver;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/security.md")]
struct Security;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/operating.md")]
struct Operating;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/replicas.md")]
struct Replicas;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/performance.md")]
struct Performance;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/executor.md")]
struct Executor;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/real-vendor.md")]
struct RealVendor;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/types.md")]
struct Types;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/command-line.md")]
struct CommandLine;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/flyte1.md")]
struct Flyte1;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/embedding.md")]
struct Embedding;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/what-works.md")]
struct WhatWorks;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/compiler-says-no.md")]
struct CompilerSaysNo;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/bigquery.md")]
struct BigQuery;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/databricks.md")]
struct Databricks;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/snowflake.md")]
struct Snowflake;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/webhook.md")]
struct Webhook;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/openai.md")]
struct OpenAi;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/engines.md")]
struct Engines;
