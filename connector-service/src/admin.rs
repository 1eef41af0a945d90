//! The HTTP port for operators: the status page, `/status.json`, `/metrics`, `/live`, `/ready`.
//! It shares nothing with the gRPC port but the metrics and the health table.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::Metrics;
use crate::status_page::{self, StatusPage};

/// The page may load nothing from elsewhere, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The routes of the operators' port. At `/` browsers get the status page, and everybody else, as from
/// Python's exporter, the metrics.
pub(crate) fn routes(metrics: Arc<Metrics>, status: Arc<StatusPage>) -> Router {
    let health = status.health.clone();
    let of_root = Arc::clone(&metrics);
    let root = move |headers: HeaderMap| {
        let page = if is_browser(&headers) { status_page() } else { metrics_page(&of_root) };
        std::future::ready(page)
    };
    Router::new()
        .route("/", get(root))
        .route("/metrics", get(move || std::future::ready(metrics_page(&metrics))))
        .route("/status.json", get(move || std::future::ready(status_json(&status))))
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

/// Whether somebody looks at it. Prometheus and curl do not ask for HTML.
fn is_browser(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn status_page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept"),
    ];
    (headers, status_page::PAGE).into_response()
}

fn status_json(status: &StatusPage) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, status.json().to_string()).into_response()
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
