//! A plain static host: files as they are, and 404 for what is not there.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

/// Where the page lies on the host: deep enough that an address which is not
/// relative leads nowhere.
const FOLDER: &str = "/some/folder";

/// A running server. Stops when dropped.
pub(crate) struct Server {
    origin: String,
    /// The text of `/host.html`, a page on which ours is embedded.
    host_page: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves the files of `dist` on a free port.
    pub(crate) async fn start(dist: &Path) -> Result<Self> {
        let host_page = Arc::new(Mutex::new(String::new()));
        let text = Arc::clone(&host_page);
        let router = Router::new()
            .route("/host.html", get(async move || Html(locked(&text).clone())))
            .nest_service(FOLDER, ServeDir::new(dist));

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no free port for the server")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the server stopped: {error}");
            }
        });
        Ok(Self { origin, host_page, task })
    }

    /// Returns the address of the page, with its final `/`.
    pub(crate) fn page(&self) -> String {
        format!("{}{FOLDER}/", self.origin)
    }

    /// Replaces the text of the host page and returns its address.
    pub(crate) fn set_host_page(&self, html: &str) -> String {
        html.clone_into(&mut locked(&self.host_page));
        format!("{}/host.html", self.origin)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(text: &Mutex<String>) -> std::sync::MutexGuard<'_, String> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}
