//! Lets the built page run the scripts that are written in it, and no others.
//!
//! trunk writes the script that starts the page into `index.html`. The page's policy
//! (`Content-Security-Policy`) must not allow scripts in the page in general, so it names this one
//! and the one of ours by their hashes, which are known once everything is built. trunk calls this
//! as its hook `post_build`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What the policy of the page's source says where the hashes belong.
const OPEN: &str = "script-src 'self' 'unsafe-inline'";
/// What trunk's script for reloading holds: its server fills it in, so its hash is not known.
const FILLED_IN_LATER: &str = "{{__TRUNK";

/// Seals the page that trunk is about to publish.
pub(crate) fn seal() -> Result<ExitCode> {
    let folder = env::var_os("TRUNK_STAGING_DIR").context("trunk calls this, as a hook")?;
    let folder = PathBuf::from(folder);
    for entry in fs::read_dir(&folder)? {
        let file = entry?.path();
        // An embedded figure's sheet is read in its page's encoding, and minifying undoes escapes.
        if file.extension().is_some_and(|it| it == "css") {
            ensure!(fs::read(&file)?.is_ascii(), "{} is not all ASCII", file.display());
        }
    }
    let file = folder.join("index.html");
    let page = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    // The bare counter that the page is weighed against has no policy.
    if page.contains("Content-Security-Policy") {
        fs::write(&file, sealed(&page)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn sealed(page: &str) -> Result<String> {
    ensure!(page.contains(OPEN), "the policy of index.html does not say {OPEN}");
    let scripts = scripts(page);
    if scripts.iter().any(|script| script.contains(FILLED_IN_LATER)) {
        return Ok(page.to_owned()); // `trunk serve`: never published
    }
    let hashes: Vec<String> = scripts.into_iter().map(hash).collect();
    Ok(page.replacen(OPEN, &format!("script-src 'self' {}", hashes.join(" ")), 1))
}

/// The scripts that are written in a page.
fn scripts(page: &str) -> Vec<&str> {
    page.split("<script").skip(1).filter_map(inline).collect()
}

/// The text of a script, from behind `<script` on; nothing if it is a file of its own.
fn inline(piece: &str) -> Option<&str> {
    let (attributes, rest) = piece.split_once('>')?;
    let (script, _) = rest.split_once("</script>")?;
    (!attributes.contains("src=")).then_some(script)
}

fn hash(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<meta content=\"script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'\">\
        <script src=\"a.js\"></script><script type=\"module\">1</script>";

    #[test]
    fn what_is_written_in_the_page_is_named_by_its_hash() {
        // printf 1 | openssl dgst -sha256 -binary | base64
        let hash = "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='";
        let sealed = sealed(PAGE).unwrap();
        assert!(
            sealed.contains(&format!("script-src 'self' {hash} 'wasm-unsafe-eval'")),
            "{sealed}"
        );
        assert!(!sealed.contains("unsafe-inline"));
    }

    #[test]
    fn a_page_that_reloads_stays_open_and_another_policy_is_told() {
        let served = format!("{PAGE}<script>let base = '{{{{__TRUNK_WS_BASE__}}}}';</script>");
        assert_eq!(sealed(&served).unwrap(), served);
        assert!(sealed("<meta content=\"script-src 'self'\">").is_err());
    }
}
