//! What nobody recorded: a maps text says neither which of the pages that it lists were resident,
//! nor what they held, and a log of strace holds none of the program's loads and stores.

use super::Session;
use crate::address::{Address, PAGE_SIZE, PageRange};
use crate::report::Choice;
use crate::state::{self, PageView};
use std::sync::Arc;

impl Session {
    /// Says whether something of a range was mapped before anything was recorded: the maps text
    /// that the session starts from lists it, and does not say what of it was resident, nor what it
    /// held. What is mapped at the same place later counts as well: a log that goes with the text
    /// records no loads and stores either. Once lines of a log of strace have run, all of memory
    /// counts.
    pub fn is_unrecorded(&self, range: PageRange) -> bool {
        if self.branch().has_log_before(self.position) {
            return true;
        }
        let given = &self.branch().checkpoints.start().process.kernel.space;
        self.maps.is_some() && given.vmas().overlapping(range).next().is_some()
    }

    /// Says whether lines of a log of strace have run with no maps text before them: what `execve`
    /// mapped, the program itself, its loader and its stack, is then not there.
    pub fn lacks_its_start(&self) -> bool {
        self.maps.is_none() && self.branch().has_log_before(self.position)
    }

    /// The log of strace that this session begins with and whose lines ran, with no maps text below
    /// it: one that comes later may go there, and the log on top of it again.
    pub fn bare_log(&self) -> Option<(Arc<str>, Choice)> {
        let first = self.branch().steps.get(0).filter(|_| self.maps.is_none())?;
        let source = first.at.source();
        source.is_log.then(|| (source.text.clone(), source.choice))
    }

    /// Bytes as they stand in memory, as [`state::bytes`] gives them; nothing
    /// also where nobody recorded what there was and nothing has brought a page in since.
    pub fn bytes(&self, address: Address, length: usize) -> Vec<Option<u8>> {
        let mut bytes = state::bytes(self.process(), address, length);
        let all = PageRange::spanning(address, length as u64);
        let Some(all) = all.filter(|all| self.is_unrecorded(*all)) else { return bytes };
        for page in state::pages(self.process(), all) {
            let range = PageRange::spanning(page.address, PAGE_SIZE);
            if page.frame.is_some() || !range.is_some_and(|range| self.is_unrecorded(range)) {
                continue;
            }
            let from = page.address.saturating_sub(address) as usize;
            let to = page.address.saturating_add(PAGE_SIZE).saturating_sub(address) as usize;
            let to = to.min(bytes.len());
            bytes[from.min(to)..to].fill(None);
        }
        bytes
    }

    /// A page in words, as [`PageView::words`] has them; of one that
    /// is not resident as far as the model goes, but was mapped before, it is not recorded.
    pub fn page_words(&self, page: &PageView) -> Vec<String> {
        let mut words = page.words();
        let range = PageRange::spanning(page.address, PAGE_SIZE);
        if page.frame.is_none()
            && range.is_some_and(|range| self.is_unrecorded(range))
            && let Some(first) = words.first_mut()
        {
            "not recorded whether resident".clone_into(first);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    #[test]
    fn what_a_maps_text_lists_is_not_recorded_until_it_is_touched() {
        let text = "10000000-10003000 rw-p 00000000 00:00 0\n20000000-20001000 r--p 00000000 00:00 2 /bin/true\n";
        let (mut session, _) = Session::start_from_maps(text);
        let page = |session: &Session, start| {
            let range = PageRange::spanning(start, PAGE_SIZE).unwrap();
            session.page_words(&state::pages(session.process(), range)[0]).join(", ")
        };
        assert_eq!(page(&session, 0x2000_0000), "not recorded whether resident");
        assert_eq!(session.bytes(0x1fff_ffff, 3), [None; 3]);
        session.run("store(0x10001000, 7)\np = mmap(NULL, 1, 3, 34, -1, 0)");
        assert_eq!(session.bytes(0x1000_0fff, 3), [None, Some(7), Some(0)]);
        assert_eq!(session.bytes(0x1000_1fff, 2), [Some(0), None]);
        assert!(page(&session, 0x1000_1000).starts_with("frame "));
        let fresh = session.names()[0].1;
        assert_eq!(page(&session, fresh), "not resident");
        assert_eq!(session.bytes(fresh, 1), [Some(0)]);
        assert_eq!(session.bytes(u64::MAX - 1, 4), [None; 4]);
        let all = PageRange::new(0, 1 << 47).unwrap();
        assert!(!Session::new(Machine::default()).is_unrecorded(all));
    }

    #[test]
    fn a_log_can_be_had_again_to_go_on_a_maps_text() {
        let log = "7 brk(NULL) = 0x555555559000\n8 brk(NULL) = 0x555555559000\n";
        let mut session = Session::new(Machine::default());
        session.run(log);
        session.run("brk(0)");
        assert_eq!(session.bare_log(), Some((log.into(), Choice::Pid(7))));
        let (mut session, _) = Session::start_from_maps("1000-2000 r--p 0 00:00 0\n");
        session.run(log);
        assert_eq!(session.bare_log(), None);
    }

    #[test]
    fn a_log_of_strace_records_no_loads_and_stores() {
        let mut session = Session::new(Machine::default());
        session.run("p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
        let all = PageRange::new(0, 1 << 47).unwrap();
        assert!(!session.is_unrecorded(all));
        session.run("mprotect(0x7ffff7ffd000, 4096, PROT_READ|PROT_WRITE) = 0");
        assert!(session.is_unrecorded(all) && session.lacks_its_start());
        assert_eq!(session.bytes(0x7fff_f7ff_d000, 1), [None]);
        session.run("store(p, 5)");
        assert_eq!(session.bytes(0x7fff_f7ff_d000, 1), [Some(5)], "what is done here is known");
        assert_eq!(session.bare_log(), None, "it begins with a line that was typed");
        session.go_to(1);
        assert!(!session.is_unrecorded(all) && !session.lacks_its_start());
    }
}
