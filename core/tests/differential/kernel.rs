//! The kernel that this runs on: whether it can be asked, and what it shows.

use super::child::{Child, has_the_models_disk};
use super::compare::model;
use mmap_playground_core::process::Process;
use std::path::{Path, PathBuf};

/// A kernel that can be asked.
#[derive(Clone)]
pub struct RealKernel {
    /// Its version.
    pub release: String,
    /// It shows which frame a page has.
    pub frames_known: bool,
    /// Files lie on a disk that is read as the model's is.
    pub disk: bool,
    /// The model of a child just started.
    pub start: Process,
    /// Where the children's files lie; removed at the end.
    pub folder: PathBuf,
}

impl RealKernel {
    /// Looks for a kernel that the model can be held against.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn find(folder: &Path) -> Result<RealKernel, String> {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = release.trim().to_owned();
        let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
        if (numbers.next(), numbers.next()) < (Some(6), Some(18)) {
            return Err(format!("Linux {release} is older than the model's 6.18"));
        }
        let huge = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        if huge.is_ok_and(|setting| setting.contains("[always]")) {
            return Err("transparent huge pages, which the model does not know, are on".to_owned());
        }
        let child = Child::start(folder)
            .map_err(|trouble| format!("no child on a real kernel ({trouble})"))?;
        Ok(RealKernel {
            release,
            frames_known: child.zero_frame.is_some(),
            disk: has_the_models_disk(folder),
            start: model(&child),
            folder: folder.to_owned(),
        })
    }

    /// The same kernel, with another folder for its children.
    pub fn with_folder(&self, folder: &Path) -> RealKernel {
        RealKernel { folder: folder.to_owned(), ..self.clone() }
    }

    /// What is not compared here, and why.
    pub fn left_out(&self) -> Vec<&'static str> {
        let mut left_out = Vec::new();
        if !self.frames_known {
            left_out.push("which pages share a frame: the kernel shows frames to root only");
        }
        if !self.disk {
            left_out.push("files on a disk: they are not on ext4 with 8 MiB of read-ahead");
        }
        left_out
    }
}

/// Where the model and a child's files are while this process runs.
pub fn folder(base: &Path, name: &str) -> PathBuf {
    base.join(format!("linux-{name}-{}", std::process::id()))
}
