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
    /// The processor has protection keys, and the kernel uses them.
    pub keys: bool,
    /// Memory that was advised so gets huge pages, and of zeros when it is read first.
    pub huge_pages: bool,
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
        let huge = |name: &str| {
            let path = format!("/sys/kernel/mm/transparent_hugepage/{name}");
            std::fs::read_to_string(path).unwrap_or_default()
        };
        if huge("enabled").contains("[always]") {
            return Err("memory gets huge pages without being advised so".to_owned());
        }
        let child = Child::start(folder, false)
            .map_err(|trouble| format!("no child on a real kernel ({trouble})"))?;
        let huge_pages =
            huge("enabled").contains("[madvise]") && huge("use_zero_page").trim() == "1";
        let mut start = model(&child);
        start.kernel.machine.huge_pages = huge_pages;
        Ok(RealKernel {
            release,
            frames_known: child.zero_frame.is_some(),
            disk: has_the_models_disk(folder),
            keys: std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| {
                let mut flags = text.lines().filter(|line| line.starts_with("flags"));
                flags.any(|line| line.split_whitespace().any(|flag| flag == "ospke"))
            }),
            huge_pages,
            start,
            folder: folder.to_owned(),
        })
    }

    /// The same kernel, with another folder for its children.
    pub fn with_folder(&self, folder: &Path) -> RealKernel {
        RealKernel { folder: folder.to_owned(), ..self.clone() }
    }

    /// The same kernel for children that keep the processor's protection keys, or have none.
    pub fn with_keys(&self, keys: bool) -> RealKernel {
        let mut kernel = self.clone();
        kernel.start.kernel.machine.protection_keys = keys;
        kernel
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
        if !self.keys {
            left_out.push("memory that may only be executed: the processor has no protection keys");
        }
        if !self.huge_pages {
            left_out
                .push("huge pages: transparent_hugepage/enabled is not madvise, with a zero page");
        }
        left_out
    }
}

/// Where the model and a child's files are while this process runs.
pub fn folder(base: &Path, name: &str) -> PathBuf {
    base.join(format!("linux-{name}-{}", std::process::id()))
}
