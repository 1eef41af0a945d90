//! The HTTP port for operators: `/metrics`, `/live`, `/ready`.
//! It shares nothing with the gRPC port but the metrics and the health table.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::grpc::health::HealthTable;
use crate::metrics::Metrics;

/// The routes of the operators' port. As with Python's exporter, `/` is the metrics page too.
pub(crate) fn routes(metrics: Arc<Metrics>, health: HealthTable) -> Router {
    let page = move || std::future::ready(metrics_page(&metrics));
    Router::new()
        .route("/", get(page.clone()))
        .route("/metrics", get(page))
        .route("/live", get(|| std::future::ready("alive\n")))
        .route(
            "/ready",
            get(move || {
                std::future::ready(if health.is_serving() {
                    (StatusCode::OK, "ready\n")
                } else {
                    (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
                })
            }),
        )
}

fn metrics_page(metrics: &Metrics) -> Response {
    match metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("metrics cannot be printed: {error}\n"))
                .into_response()
        }
    }
}
