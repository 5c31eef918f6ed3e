//! What may be said of a call before it runs, and whether it came true.

use crate::abi::Errno;
use crate::machine::Machine;
use crate::process::Process;
use crate::session::Step;
use crate::state::{Totals, totals};

/// Something that a call does or does not do. Of several about one call the model says which holds;
/// nobody writes the right answer down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// It is neither refused nor ended by a signal.
    Succeeds,
    /// It gives this number.
    Gives(u64),
    /// It is refused with this errno.
    Fails(Errno),
    /// It ends in this signal; its code, where that is said.
    Signal(Box<str>, Option<Box<str>>),
    /// It does not fail, and so many VMAs are there afterwards, the stack not counted.
    Vmas(u64),
    /// It does not fail, and so many pages are resident afterwards.
    Resident(u64),
    /// It does not fail, and so many frames are in use afterwards.
    Frames(u64),
    /// It does not fail, and the kernel resolves so many page faults on the way.
    PageFaults(u64),
}

impl Claim {
    /// Reads a claim: `succeeds`, `= 0x41`, `EINVAL`, `SIGSEGV`, `SIGSEGV SEGV_ACCERR`, `2 VMAs`,
    /// `1 page resident`, `3 frames`, `0 page faults`.
    ///
    /// # Errors
    ///
    /// If it is none of these.
    pub fn parse(text: &str) -> Result<Claim, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let claim = match words.as_slice() {
            ["succeeds"] => Some(Claim::Succeeds),
            ["=", value] => number(value).map(Claim::Gives),
            [signal @ ("SIGSEGV" | "SIGBUS")] => Some(Claim::Signal((*signal).into(), None)),
            [signal @ ("SIGSEGV" | "SIGBUS"), code] => {
                Some(Claim::Signal((*signal).into(), Some((*code).into())))
            }
            [errno] => Errno::from_name(errno).map(Claim::Fails),
            [count, "VMA" | "VMAs"] => number(count).map(Claim::Vmas),
            [count, "page" | "pages", "resident"] => number(count).map(Claim::Resident),
            [count, "frame" | "frames"] => number(count).map(Claim::Frames),
            [count, "page", "fault" | "faults"] => number(count).map(Claim::PageFaults),
            _ => None,
        };
        claim.ok_or_else(|| {
            format!(
                "{text:?} is no claim; claims are succeeds, = VALUE, an errno, SIGSEGV CODE, \
                 N VMAs, N pages resident, N frames, N page faults"
            )
        })
    }

    /// Says whether it came true of a step; `before` are the totals before it.
    pub fn holds(&self, step: &Step, before: Totals) -> bool {
        let after = step.totals;
        let done = !step.failed;
        match self {
            Claim::Succeeds => done,
            Claim::Gives(value) => done && step.value == Some(*value),
            Claim::Fails(errno) => step.errno == Some(*errno),
            Claim::Signal(name, code) => step.signal.as_ref().is_some_and(|line| {
                let mut words = line.split([' ', '=', ',', '{', '}']);
                let named = words.clone().any(|word| word == &**name);
                named && code.as_ref().is_none_or(|code| words.any(|word| word == &**code))
            }),
            Claim::Vmas(count) => done && after.vma_count == count + start().vma_count,
            Claim::Resident(count) => done && after.resident_pages == *count,
            Claim::Frames(count) => done && u64::from(after.frames_used) == *count,
            Claim::PageFaults(count) => {
                done && after.page_faults.saturating_sub(before.page_faults) == *count
            }
        }
    }

    /// Says it in a sentence, where its author has no words of his own.
    pub fn sentence(&self) -> String {
        let counted = |count: u64, one: &str, many: &str| match count {
            0 => format!("no {many}"),
            1 => format!("one {one}"),
            count => format!("{count} {many}"),
        };
        match self {
            Claim::Succeeds => "It succeeds".to_owned(),
            Claim::Gives(value) => format!("It gives {value:#x}"),
            Claim::Fails(errno) => format!("It fails: {} ({})", errno.name(), errno.text()),
            Claim::Signal(name, None) => format!("The program gets {name}"),
            Claim::Signal(name, Some(code)) => format!("The program gets {name} ({code})"),
            Claim::Vmas(0) => "Then nothing is mapped but the stack".to_owned(),
            Claim::Vmas(count) => {
                let verb = if *count == 1 { "is" } else { "are" };
                format!("Besides the stack there {verb} {}", counted(*count, "VMA", "VMAs"))
            }
            Claim::Resident(count) => {
                format!("Afterwards {} resident", counted(*count, "page is", "pages are"))
            }
            Claim::Frames(count) => {
                format!("Afterwards {} in use", counted(*count, "frame is", "frames are"))
            }
            Claim::PageFaults(count) => {
                format!("It takes {}", counted(*count, "page fault", "page faults"))
            }
        }
    }
}

/// The totals of a process that has run nothing.
pub(super) fn start() -> Totals {
    totals(&Process::new(Machine::default()))
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text == "NULL" => Some(0),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    fn holds(lines: &str, claim: &str) -> bool {
        let mut session = Session::new(Machine::default());
        session.run(lines);
        let last = session.len() - 1;
        let before = last.checked_sub(1).and_then(|index| session.step(index));
        let before = before.map_or_else(start, |step| step.totals);
        Claim::parse(claim).unwrap().holds(&session.step(last).unwrap(), before)
    }

    #[test]
    fn a_claim_holds_or_not() {
        let map = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
        for (lines, yes, no) in [
            ("", "succeeds", "EINVAL"),
            ("", "1 VMA", "2 VMAs"),
            ("", "= 0x7ffff7ffd000", "= 0"),
            ("load(p)", "1 page resident", "2 pages resident"),
            ("load(p)", "0 frames", "1 frame"),
            ("load(p)\nload(p + 4096)", "1 page fault", "2 page faults"),
            ("store(p, 1)", "SIGSEGV SEGV_ACCERR", "SIGSEGV SEGV_MAPERR"),
            ("store(p, 1)", "SIGSEGV", "SIGBUS"),
            ("store(p, 1)", "SIGSEGV", "1 VMA"),
            ("munmap(p + 1, 1)", "EINVAL", "ENOMEM"),
            ("munmap(p, 8192)", "0 VMAs", "1 VMA"),
        ] {
            let lines = format!("{map}\n{lines}");
            assert!(holds(&lines, yes), "{lines}: {yes}");
            assert!(!holds(&lines, no), "{lines}: {no}");
        }
    }

    #[test]
    fn what_is_no_claim_is_told() {
        for text in ["", "fails", "= x", "EWHAT", "two VMAs", "1 page", "SIGSEGV a b"] {
            assert!(Claim::parse(text).unwrap_err().contains("is no claim"), "{text}");
        }
    }

    #[test]
    fn sentences_count() {
        let told = |text| Claim::parse(text).unwrap().sentence();
        assert_eq!(told("1 VMA"), "Besides the stack there is one VMA");
        assert_eq!(told("0 pages resident"), "Afterwards no pages are resident");
        assert_eq!(told("ENOMEM"), "It fails: ENOMEM (Cannot allocate memory)");
    }
}
