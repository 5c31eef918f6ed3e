//! The list of known differences, `tests/known_differences.toml`.

use mmap_playground_core::call::Call;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::trace::Script;
use serde::{Deserialize, Serialize};

/// What the list holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    difference: Vec<KnownDifference>,
}

/// A difference between model and kernel that stays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownDifference {
    /// What differs.
    pub what: String,
    /// Why it stays.
    pub reason: String,
    /// A user of the playground would meet it.
    pub met: bool,
    /// Calls that show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl KnownDifference {
    /// The calls that show it; none if it cannot be shown.
    pub fn calls(&self) -> Vec<Call> {
        let source = self.trace.as_deref().unwrap_or_default();
        let mut runner = Runner::new(Default::default());
        let lines = Script::parse(source).lines;
        let calls = lines.iter().filter_map(|line| match runner.run(line, source).kind {
            RanKind::Call(call, _) => Some(call),
            _ => None,
        });
        calls.collect()
    }
}

/// All of them.
///
/// # Errors
/// When the list is not as it should be.
pub fn known_differences() -> Result<Vec<KnownDifference>, String> {
    let list: List = toml::from_str(include_str!("../known_differences.toml"))
        .map_err(|error| format!("known_differences.toml: {error}"))?;
    Ok(list.difference)
}
