//! Addresses and lengths that meet: at the borders of what is there, and odd ones.

use super::super::child::{CODE, DATA, DATA_LENGTH};
use super::{ARENA, ARENA_PAGES, Generator, PAGE, Profile};
use mmap_playground_core::address::Address;
use mmap_playground_core::process::Process;
use mmap_playground_core::vma::Vma;

/// Where mappings for huge pages are made.
const BLOCKS: Address = 0x2000_0000;
/// What a huge page takes.
const BLOCK: u64 = 0x20_0000;

impl Generator {
    pub(super) fn vma(&mut self, process: &Process) -> Option<Vma> {
        let vmas = process.kernel.space.vmas();
        if self.profile == Profile::Limit {
            // Those that only fill stay as they are.
            let index = self.random.below(30) as usize;
            return vmas.iter_from(ARENA).nth(index).copied();
        }
        let own = CODE..DATA + DATA_LENGTH;
        let index = self.random.below(vmas.len().max(1));
        vmas.nth(index).filter(|vma| !own.contains(&vma.range.start())).copied()
    }

    pub(super) fn address(&mut self, process: &Process) -> Address {
        if self.odd() {
            return self.odd_number();
        }
        if self.profile == Profile::Huge && self.random.percent(70) {
            return self.near_a_block();
        }
        if self.random.percent(30)
            && let Some(vma) = self.vma(process)
        {
            let pages = vma.range.page_count();
            let page = match self.random.below(5) {
                0 | 1 => 0,
                2 => pages,
                3 => self.random.below(pages.min(16)),
                _ => pages.wrapping_sub(self.random.below(3)),
            };
            return vma.range.start().wrapping_add(page.wrapping_mul(PAGE));
        }
        if self.random.percent(5) {
            return self.special_page(process);
        }
        let page = ARENA + self.random.below(ARENA_PAGES) * PAGE;
        if self.random.percent(2) { page + self.random.below(PAGE) } else { page }
    }

    /// Some stretches of 2 MiB.
    pub(super) fn blocks(&mut self) -> (Address, u64) {
        let first = self.random.below(4);
        (BLOCKS + first * BLOCK, (1 + self.random.below(2)) * BLOCK)
    }

    /// A border of 2 MiB, or a page near one.
    fn near_a_block(&mut self) -> Address {
        let border = BLOCKS + self.random.below(4) * BLOCK;
        let near = self.random.pick(&[0, 0, 0, 0, 1, 2, 3, 255, 256, 510, 511]);
        border + near * PAGE
    }

    /// A page of the heap, near it, or below the stack as far as it may grow.
    pub(super) fn special_page(&mut self, process: &Process) -> Address {
        let kernel = &process.kernel;
        if self.random.percent(60) {
            return kernel.space.break_start + self.random.below(20) * PAGE - 2 * PAGE;
        }
        let stack = kernel.machine.stack.map_or(ARENA, |stack| stack.end());
        let limit = kernel.machine.stack_limit;
        match self.random.below(4) {
            0 => stack - limit + self.random.below(5) * PAGE - 2 * PAGE,
            1 => stack - self.random.below(limit / PAGE) * PAGE,
            _ => stack - self.random.below(80) * PAGE,
        }
    }

    /// An address to touch: near the start or end of a page.
    pub(super) fn access(&mut self, process: &Process) -> Address {
        let page = self.address(process);
        match self.random.below(10) {
            0 => page.wrapping_sub(self.random.below(9)),
            1 => page.wrapping_add(self.random.below(PAGE)),
            2 => page.wrapping_sub(PAGE),
            _ => page.wrapping_add(self.random.below(64)),
        }
    }

    pub(super) fn length(&mut self, process: &Process) -> u64 {
        if self.odd() {
            return self.odd_number();
        }
        if self.profile == Profile::Huge && self.random.percent(60) {
            return self.random.pick(&[
                BLOCK,
                BLOCK,
                BLOCK,
                2 * BLOCK,
                2 * BLOCK,
                3 * BLOCK,
                BLOCK / 2,
                BLOCK + PAGE,
                BLOCK - PAGE,
                2 * BLOCK - PAGE,
            ]);
        }
        match self.random.below(30) {
            0 => self.random.below(3 * PAGE),
            1 | 2 => (8 + self.random.below(24)) * PAGE,
            3 => self.large_length(process),
            _ => (1 + self.random.below(7)) * PAGE,
        }
    }

    /// Around multiples of 2 MiB, or around what one call may ask for.
    fn large_length(&mut self, process: &Process) -> u64 {
        if self.random.percent(75) {
            return self.random.pick(&[
                0x20_0000, 0x20_0000, 0x40_0000, 0x60_0000, 0x20_1000, 0x1f_f000, 0x3f_f000,
                0x1f_f001,
            ]);
        }
        let limit = process.kernel.machine.commit_limit_pages * PAGE;
        self.random.pick(&[limit, limit + PAGE, limit - PAGE, 1 << 36, 1 << 40, 1 << 30])
    }

    pub(super) fn odd_number(&mut self) -> u64 {
        self.random.pick(&[
            0,
            1,
            0xfff,
            0x1000,
            0xf000,
            0x1_0000,
            0x20_0000,
            0x7fff_0000,
            0x8000_0000,
            0x4000_0000,
            0x7fff_ffff_e000,
            0x7fff_ffff_f000,
            0x7fff_ffff_efff,
            0x7fff_ffff_eff9,
            0x7fff_ffff_fff9,
            1 << 47,
            1 << 46,
            1 << 63,
            0x7fff_ffff_ffff_f000,
            !0xfff,
            !0,
            !0 - 21,
            0xffff_ffff_ff60_0000,
        ])
    }
}
