//! A plain static host: files as they are, and 404 for what is not there.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

/// Where the page lies on the host: deep enough that an address which is not
/// relative leads nowhere.
const FOLDER: &str = "/some/folder";
/// The same files, for pages of other hosts as well.
const SHARED: &str = "/for/all";
/// Where [`pages_folder`] lies.
const PAGES: &str = "/pages";

/// A page on which ours is embedded.
#[derive(Default)]
struct HostPage {
    html: String,
    /// What the host's header `Content-Security-Policy` says.
    policy: Option<HeaderValue>,
}

/// A running server. Stops when dropped.
pub(crate) struct Server {
    port: u16,
    /// `/host.html`.
    host_page: Arc<Mutex<HostPage>>,
    /// The paths that were asked for, in order.
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves the files of `dist` on a free port.
    pub(crate) async fn start(dist: &Path) -> Result<Self> {
        let host_page = Arc::new(Mutex::new(HostPage::default()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (page, log) = (Arc::clone(&host_page), Arc::clone(&asked));
        let router = Router::new()
            .route("/host.html", get(async move || response(&locked(&page))))
            .nest_service(FOLDER, ServeDir::new(dist))
            .nest_service(SHARED, ServeDir::new(dist))
            .nest_service(PAGES, ServeDir::new(pages_folder()))
            .layer(from_fn(move |request: Request, next: Next| {
                let path = request.uri().path().to_owned();
                let for_all = path.starts_with(SHARED);
                locked(&log).push(path);
                answer(request, next, for_all)
            }));

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no free port for the server")?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the server stopped: {error}");
            }
        });
        Ok(Self { port, host_page, asked, task })
    }

    /// Returns the address of the page, with its final `/`.
    pub(crate) fn page(&self) -> String {
        format!("{}{FOLDER}/", self.origin())
    }

    /// The same files at an address that lets pages of other hosts fetch them.
    pub(crate) fn shared(&self) -> String {
        format!("{}{SHARED}/", self.origin())
    }

    /// Returns the address of [`pages_folder`].
    pub(crate) fn pages(&self) -> String {
        format!("{}{PAGES}/", self.origin())
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Replaces the text of the host page, and the policy that it is sent with, and returns its
    /// address: on the page's own host, or on another.
    pub(crate) fn set_host_page(&self, html: &str, policy: Option<&str>, other: bool) -> String {
        let policy = policy.and_then(|policy| HeaderValue::from_str(policy).ok());
        *locked(&self.host_page) = HostPage { html: html.to_owned(), policy };
        let host = if other { "localhost" } else { "127.0.0.1" };
        format!("http://{host}:{}/host.html", self.port)
    }

    /// Returns how many requests so far had a path that ends like this.
    pub(crate) fn requests(&self, end: &str) -> usize {
        locked(&self.asked).iter().filter(|path| path.ends_with(end)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The folder whose files are served beside the page, for tests that build a site.
pub(crate) fn pages_folder() -> PathBuf {
    xtask::root().join("target/e2e-pages")
}

fn response(page: &HostPage) -> Response {
    let html = [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    let policy: Vec<(HeaderName, HeaderValue)> =
        page.policy.iter().map(|it| (CONTENT_SECURITY_POLICY, it.clone())).collect();
    let mut response = (html, page.html.clone()).into_response();
    response.headers_mut().extend(policy);
    response
}

/// Answers, and lets pages of all hosts have the answer or only those of this one.
async fn answer(request: Request, next: Next, for_all: bool) -> Response {
    let mut response = next.run(request).await;
    if for_all {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

fn locked<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
