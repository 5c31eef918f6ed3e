//! What nobody recorded: a maps text says neither which of the pages that it lists were resident,
//! nor what they held, and a log of strace holds none of the program's loads and stores.

use super::Session;
use crate::address::{Address, PAGE_SIZE, PageRange};
use crate::state::{self, PageView, WalkView};

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

    /// Says whether it is not recorded what the page-table entry of an address is: nothing that ran
    /// here has brought its page in, and what did before is not known.
    pub fn is_entry_unrecorded(&self, walk: &WalkView) -> bool {
        let page = PageRange::spanning(walk.address, 1);
        !walk.entry.is_some_and(|entry| entry.present)
            && page.is_some_and(|page| self.is_unrecorded(page))
    }

    /// A number that a state has, such as its page faults, where so much `is_unrecorded`: nothing
    /// if it is 0, else at least so many. In words, with the number written as `shown`.
    pub fn at_least(shown: String, number: u64, is_unrecorded: bool) -> String {
        match (is_unrecorded, number) {
            (false, _) => shown,
            (true, 0) => "not recorded".to_owned(),
            (true, _) => format!("{shown} or more"),
        }
    }

    /// Says whether lines of a log of strace have run with no maps text before them: what `execve`
    /// mapped, the program itself, its loader and its stack, is then not there.
    pub fn lacks_its_start(&self) -> bool {
        self.maps.is_none() && self.branch().has_log_before(self.position)
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
        let walk = |session: &Session, at| {
            session.is_entry_unrecorded(&state::walk(session.process(), at))
        };
        assert!(walk(&session, 0x1000_1000) && !walk(&session, 0x3000_0000));
        session.run("store(0x10001000, 7)\np = mmap(NULL, 1, 3, 34, -1, 0)");
        assert_eq!(session.bytes(0x1000_0fff, 3), [None, Some(7), Some(0)]);
        assert_eq!(session.bytes(0x1000_1fff, 2), [Some(0), None]);
        assert!(page(&session, 0x1000_1000).starts_with("frame "));
        assert!(!walk(&session, 0x1000_1000) && walk(&session, 0x1000_2000));
        let told = |number, unknown| Session::at_least("n".to_owned(), number, unknown);
        assert_eq!(
            [told(0, true), told(2, true), told(0, false)],
            ["not recorded", "n or more", "n"]
        );
        let fresh = session.names()[0].1;
        assert_eq!(page(&session, fresh), "not resident");
        assert_eq!(session.bytes(fresh, 1), [Some(0)]);
        assert_eq!(session.bytes(u64::MAX - 1, 4), [None; 4]);
        let all = PageRange::new(0, 1 << 47).unwrap();
        assert!(!Session::new(Machine::default()).is_unrecorded(all));
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
        session.go_to(1);
        assert!(!session.is_unrecorded(all) && !session.lacks_its_start());
    }
}
