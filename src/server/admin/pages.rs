//! What the admin port answers.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};

use super::health::Check;

/// The content type that scrapers ask for; newer ones refuse any other.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

const PATHS: &str = "\
/metrics  numbers for Prometheus
/livez    whether the process lives
/readyz   whether clients should be sent here; ?verbose lists each check
/healthz  the same as /readyz
";

/// Where the pages come from.
pub(super) struct Pages {
    /// The text of `/metrics`.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// The checks of `/livez`.
    pub live: Box<dyn Fn() -> Vec<Check> + Send + Sync>,
    /// The checks of `/readyz`.
    pub ready: Box<dyn Fn() -> Vec<Check> + Send + Sync>,
}

impl Pages {
    /// The answer to one request.
    pub fn answer(&self, method: &Method, path: &str, query: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed();
        }
        let verbose =
            query.split('&').any(|word| word == "verbose" || word.starts_with("verbose="));
        match path {
            "/metrics" => page(StatusCode::OK, METRICS_TYPE, (self.metrics)()),
            "/livez" => health(&(self.live)(), verbose),
            "/readyz" | "/healthz" => health(&(self.ready)(), verbose),
            _ => page(StatusCode::NOT_FOUND, TEXT_TYPE, PATHS.to_owned()),
        }
    }
}

fn health(checks: &[Check], verbose: bool) -> Response<Full<Bytes>> {
    let fine = checks.iter().all(|check| check.fine);
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = checks.iter().filter(|check| verbose || !check.fine);
    let mut text = if fine { "ok\n" } else { "failed\n" }.to_owned();
    for Check { name, fine, found } in told {
        let mark = if *fine { '+' } else { '-' };
        text.push_str(&format!("{mark} {name}: {found}\n"));
    }
    page(status, TEXT_TYPE, text)
}

fn not_allowed() -> Response<Full<Bytes>> {
    let text = "only GET and HEAD are answered\n".to_owned();
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, TEXT_TYPE, text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
