//! What the project's commands and its end-to-end tests share: where things
//! are, and which browsers to test in.

pub mod browser;
pub mod firefox;

use std::env;
use std::path::{Path, PathBuf};

/// Returns the root of the workspace: of the one that cargo runs in, for several checkouts may share
/// what is built; else of the one that this was built from.
pub fn root() -> PathBuf {
    let running = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let mut above = running.iter().flat_map(|package| package.ancestors());
    let found = above.find(|folder| folder.join("xtask/src/seal.rs").is_file());
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    found.unwrap_or(built.parent().unwrap_or(built)).to_path_buf()
}

/// Returns the file that `name` would run: a path as it is, else the first
/// executable of that name on `PATH`.
pub fn which(name: impl AsRef<Path>) -> Option<PathBuf> {
    let name = name.as_ref();
    if name.components().count() > 1 {
        return name.is_file().then(|| name.to_path_buf());
    }
    let mut file = name.as_os_str().to_owned();
    file.push(env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
}
