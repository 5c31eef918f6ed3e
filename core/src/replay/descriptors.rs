//! Descriptors and files as a log knows them: the numbers it has, the paths it notes, files that
//! are not in the model's own folder.

use super::{Runner, Step};
use crate::abi::{Errno, MapFlags, OpenFlags};
use crate::call::{Call, Outcome, Returned};
use crate::file::{DELETED, FileId, FileKind};
use crate::kernel::Kernel;
use crate::trace::{FdKind, FdNote, Recorded};

impl Runner {
    /// Makes the descriptor of a call what the log says it is. Says whether the log alone knows
    /// it.
    pub(super) fn learn_descriptor(&mut self, step: &mut Step, recorded: &Recorded) -> bool {
        let (index, fd) = match step.call {
            Call::Mmap { fd, flags, .. } if flags & MapFlags::ANONYMOUS.bits() == 0 => (4, fd),
            Call::Close { fd }
            | Call::Ftruncate { fd, .. }
            | Call::Pwrite64 { fd, .. }
            | Call::Pread64 { fd, .. } => (0, fd),
            _ => return false,
        };
        let note = step.parsed.fd_note(index);
        let files = &self.process.kernel.files;
        let known = files.descriptor(fd).and_then(|open| files.behind(open));
        let same = match (known, note) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(file), Some(note)) => {
                file.maps_name().trim_end_matches(" (deleted)") == note.path
            }
        };
        if same {
            let external = known.is_some_and(|file| file.size.is_none());
            // A stream that only a log knows is refused for reasons of its own.
            return external;
        }
        let bad = matches!(recorded, Recorded::Error(name) if &**name == "EBADF");
        let note = match note {
            Some(note) => note.clone(),
            // Nothing is known of it, and the log does not say that it was there.
            None if matches!(recorded, Recorded::Error(_)) => return true,
            None => FdNote { path: format!("descriptor:{fd}"), deleted: false, kind: FdKind::Path },
        };
        if !bad {
            self.external_descriptor(fd, &note, OpenFlags::READ_WRITE);
        }
        true
    }

    /// Gives a descriptor a file that only the log knows.
    pub(super) fn external_descriptor(&mut self, fd: i32, note: &FdNote, flags: OpenFlags) {
        let kernel = &mut self.process.kernel;
        let file = external_file(kernel, note);
        let open = kernel.files.open(file, flags);
        let old = kernel.files.descriptor(fd);
        kernel.files.assign_number(open, fd);
        if let Some(old) = old {
            kernel.release(old);
        }
    }

    /// The log has a mapping of what the model cannot map: a device that it does not know, or a file
    /// that was opened anew, out of the log's sight.
    pub(super) fn make_mappable(&mut self, fd: i32, note: Option<&FdNote>) {
        let files = &self.process.kernel.files;
        let known = files.descriptor(fd).and_then(|open| files.behind(open));
        let (path, deleted) = match (note, known) {
            (Some(note), _) => (note.path.clone(), note.deleted),
            (None, Some(file)) if file.kind == FileKind::Regular => {
                let name = file.maps_name();
                let path = name.strip_suffix(DELETED);
                (path.unwrap_or(&name).to_owned(), path.is_some())
            }
            (None, _) => (format!("descriptor:{fd}"), false),
        };
        let note = FdNote { path, deleted, kind: FdKind::Path };
        self.external_descriptor(fd, &note, OpenFlags::READ_WRITE);
    }

    /// `open` and kin: the descriptor is the one that the log has, and a file that is not there
    /// is one that the log knows.
    pub(super) fn run_open(&mut self, step: &mut Step, recorded: &Recorded) -> Outcome {
        let before = self.process.clone();
        let outcome = self.process.run(&step.call);
        if self.agrees(step, recorded, &outcome) && step.parsed.recorded_note().is_none() {
            return outcome;
        }
        if let Recorded::Error(name) = recorded {
            // It fails for files and rights that the log cannot know.
            self.process = before;
            let Some(errno) = Errno::from_name(name) else {
                step.diverge(recorded, &outcome);
                return outcome;
            };
            let same = outcome.returned == Returned::Error(errno);
            let reason = outcome.reason.filter(|_| same);
            return Outcome { returned: Returned::Error(errno), reason, events: Vec::new() };
        }
        let Some(fd) = recorded.value().and_then(|value| i32::try_from(value).ok()) else {
            step.diverge(recorded, &outcome);
            return outcome;
        };
        let made_here = match &outcome.returned {
            Returned::Value(own) => Some(*own as i32),
            _ => None,
        };
        match (&step.call, made_here) {
            (Call::MemfdCreate { .. }, Some(own)) => self.renumber(own, fd),
            (Call::Open { path, .. } | Call::Openat { path, .. }, own) => {
                let flags = step.open_flags();
                let note = step.parsed.recorded_note();
                let created_empty = own.is_some()
                    && (note.is_none() && !path.starts_with('/')
                        || flags.contains(OpenFlags::CREAT | OpenFlags::EXCL)
                        || note.is_none() && flags.contains(OpenFlags::TMPFILE));
                if let (true, Some(own)) = (created_empty, own) {
                    self.renumber(own, fd);
                } else {
                    self.process = before;
                    let note = note.cloned().unwrap_or_else(|| step.note_of_path());
                    self.external_descriptor(fd, &note, flags);
                    let unnamed = flags.contains(OpenFlags::TMPFILE);
                    if flags.contains(OpenFlags::DIRECTORY) && !unnamed {
                        self.set_kind(fd, FileKind::Directory);
                    }
                    if flags.contains(OpenFlags::TRUNC) && !flags.contains(OpenFlags::PATH) {
                        self.empty(fd);
                    }
                }
            }
            _ => {}
        }
        Outcome::value(fd as u64)
    }

    pub(super) fn renumber(&mut self, from: i32, to: i32) {
        let kernel = &mut self.process.kernel;
        if from == to {
            return;
        }
        if let Some(open) = kernel.files.descriptor(from) {
            let old = kernel.files.descriptor(to);
            kernel.files.assign_number(open, to);
            kernel.files.close(from);
            if let Some(old) = old {
                kernel.release(old);
            }
        }
    }

    /// Empties the file of a descriptor, as `O_TRUNC` does.
    fn empty(&mut self, fd: i32) {
        let kernel = &mut self.process.kernel;
        let open = kernel.files.descriptor(fd).and_then(|open| kernel.files.open_file(open));
        let Some(file) = open.map(|open| open.file) else { return };
        if kernel.files.file(file).is_some_and(|file| file.kind.has_length()) {
            kernel.truncate(file, 0);
        }
    }

    pub(super) fn set_kind(&mut self, fd: i32, kind: FileKind) {
        let files = &mut self.process.kernel.files;
        let file = files.descriptor(fd).and_then(|open| files.open_file(open)).map(|o| o.file);
        if let Some(file) = file {
            files.set_kind(file, kind);
        }
    }
}

/// The file that a log knows by a path, made if the model has none of that path.
fn external_file(kernel: &mut Kernel, note: &FdNote) -> FileId {
    let kind = match note.kind {
        FdKind::Memfd => FileKind::Memfd,
        FdKind::Other | FdKind::BlockDevice => FileKind::Stream,
        FdKind::CharDevice | FdKind::Path => match note.path.as_str() {
            "/dev/zero" => FileKind::DevZero,
            "/dev/null" => FileKind::DevNull,
            _ if note.kind == FdKind::CharDevice => FileKind::Stream,
            _ => FileKind::Regular,
        },
    };
    let path = note.path.strip_prefix("/memfd:").unwrap_or(&note.path);
    if kind != FileKind::Regular {
        return kernel.files.create(kind, path, None, 0o666);
    }
    // One that was known before it was removed is still the same.
    let path = format!("{path}{}", if note.deleted { DELETED } else { "" });
    let known = kernel.files.by_path(&path).or_else(|| kernel.files.by_path(&note.path));
    known.unwrap_or_else(|| kernel.files.create(kind, &path, None, 0o666))
}
