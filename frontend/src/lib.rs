//! The mmap playground in the browser: the page that shows `mmap_playground_core`, and owns none
//! of its rules.
//!
//! Start reading at [`store`] (what the page knows and what changes it), then [`app`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod app;
pub mod browser;
pub mod calls;
pub mod components;
pub mod examples;
pub mod figure;
pub mod grid;
pub mod guide;
pub mod history;
pub mod incoming;
pub mod keeping;
pub mod lessons;
pub mod lit;
mod playing;
#[cfg(test)]
mod samples;
pub mod store;
pub mod text;
pub mod theme;

pub use app::{App, AppProps};
