//! Helpers for tests of the published page in a real browser.
