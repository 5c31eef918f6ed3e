//! Rules of Linux that no recorded trace shows, each with the place in the kernel (6.18) that says so.
//! Mutation tests (`cargo xtask mutants`) found that nothing else would notice if they changed.

use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::Session;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Runs lines on an empty process.
fn run(text: &str) -> Session {
    let mut session = Session::new(Machine::default());
    let report = session.run(text);
    assert_eq!(report.diagnostics, [], "{text}");
    session
}

/// What the last line printed.
fn result(session: &Session) -> String {
    let step = session.last_step().expect("a line has run");
    step.signal.clone().unwrap_or_else(|| step.result.clone())
}

/// The VMAs between two addresses, as start and pages.
fn vmas(session: &Session, from: u64, to: u64) -> Vec<(u64, u64)> {
    let all = session.process().kernel.space.vmas().iter().map(|vma| vma.range);
    let inside = all.filter(|range| range.start() >= from && range.end() <= to);
    inside.map(|range| (range.start(), range.page_count())).collect()
}

const ANON: &str = "MAP_PRIVATE|MAP_ANONYMOUS";
const FILE: &str = "fd = openat(AT_FDCWD, \"f\", O_RDWR|O_CREAT, 0600)\nftruncate(fd, 65536)\n";

/// `vm_unmapped_area`: the highest hole that is large enough, be it just so. Wherever the hole lies in
/// a tree of many VMAs.
#[test]
fn a_hole_that_fits_exactly_is_taken_wherever_it_is() {
    for wide in (0..100).step_by(3) {
        let mut address = Machine::default().mmap_base;
        let (mut text, mut hole) = (String::new(), 0);
        for index in 0..100 {
            address -= 4096;
            text += &format!("mmap({address:#x}, 4096, PROT_READ, {ANON}|MAP_FIXED, -1, 0)\n");
            let pages = if index == wide { 3 } else { 1 };
            address -= pages * 4096;
            if index == wide {
                hole = address;
            }
        }
        address -= 4096;
        text += &format!("mmap({address:#x}, 4096, PROT_READ, {ANON}|MAP_FIXED, -1, 0)\n");
        text += &format!("mmap(NULL, 12288, PROT_NONE, {ANON}, -1, 0)");
        assert_eq!(result(&run(&text)), format!("{hole:#x}"), "the hole behind VMA {wide}");
    }
}

/// `generic_get_unmapped_area_topdown` falls back to bottom-up where nothing is free below
/// `mmap_base`. That a hint was not taken is told then as well.
#[test]
fn a_refused_hint_is_told_also_of_what_is_placed_from_the_bottom() {
    let all = format!(
        "mmap(0x10000, 0x7ffff7fef000, PROT_NONE, {ANON}|MAP_FIXED|MAP_NORESERVE, -1, 0)\n"
    );
    let session = run(&format!("{all}mmap(0x20000, 4096, PROT_READ, {ANON}, -1, 0)"));
    assert_eq!(result(&session), "0x7ffff7fff000");
    let why = session.last_step().and_then(|step| step.why.clone()).unwrap_or_default();
    assert!(why.contains("hint"), "{why}");
}

/// `expand_downwards`: a mapping grows at most to the offset 0 of its pages (`grow <= vm_pgoff`). One
/// that was moved after it was touched keeps its offset (`copy_vma`), so it ends after 32 pages.
#[test]
fn a_moved_stack_grows_to_the_offset_it_had() {
    let moved = format!(
        "mmap(0x20000, 4096, PROT_READ|PROT_WRITE, {ANON}|MAP_FIXED|MAP_GROWSDOWN, -1, 0)\n\
         store(0x20000, 1)\n\
         mremap(0x20000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10000000)\n"
    );
    let grown = run(&format!("{moved}store({:#x}, 1)", 0x1000_0000 - 32 * 4096));
    assert_eq!(vmas(&grown, 0, 0x1000_1000), [(0x1000_0000 - 32 * 4096, 33)]);
    let beyond = run(&format!("{moved}store({:#x}, 1)", 0x1000_0000 - 33 * 4096));
    assert_eq!(vmas(&beyond, 0, 0x1000_1000), [(0x1000_0000, 1)]);
    assert!(result(&beyond).contains("SIGSEGV"), "{}", result(&beyond));
}

/// `do_cow_fault` alone prepares an `anon_vma` for a page of a file; reading needs none. So two
/// mappings that were read join with what comes between them, two that were written do not.
#[test]
fn reading_a_file_keeps_no_mappings_apart() {
    let map = |page: u64| {
        format!(
            "mmap({:#x}, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, fd, {})\n",
            0x1000_0000 + page * 4096,
            page * 4096
        )
    };
    let around = |touch: &str| {
        let both = format!(
            "{touch}(0x10000000{0})\n{touch}(0x10002000{0})\n",
            match touch {
                "store" => ", 1",
                _ => "",
            }
        );
        vmas(&run(&format!("{FILE}{}{}{both}{}", map(0), map(2), map(1))), 0, 0x2000_0000).len()
    };
    assert_eq!((around("load"), around("store")), (1, 2));
}

/// `LEGACY_MAP_MASK`: `MAP_SHARED_VALIDATE` refuses what it does not know, and lets pass what
/// `MAP_SHARED` has always let pass.
#[test]
fn validation_lets_pass_every_flag_of_old() {
    for flag in [
        "MAP_FIXED",
        "MAP_32BIT",
        "MAP_DENYWRITE",
        "MAP_EXECUTABLE",
        "MAP_LOCKED",
        "MAP_NORESERVE",
        "MAP_POPULATE",
        "MAP_NONBLOCK",
        "MAP_STACK",
        "0x4000000",  // MAP_UNINITIALIZED
        "0x54000000", // MAP_HUGE_2MB, without MAP_HUGETLB
        "0x78000000", // MAP_HUGE_1GB
    ] {
        let line = format!("mmap(0x40000000, 4096, PROT_READ, MAP_SHARED_VALIDATE|{flag}, fd, 0)");
        let session = run(&format!("{FILE}{line}"));
        assert!(result(&session).starts_with("0x"), "{flag}: {}", result(&session));
    }
    for unknown in ["0x200", "0x400", "0x800000", "0x80000000"] {
        let line = format!("mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE|{unknown}, fd, 0)");
        let session = run(&format!("{FILE}{line}"));
        assert!(result(&session).contains("EOPNOTSUPP"), "{unknown}: {}", result(&session));
    }
}

/// `hstate_sizelog`: x86-64 has huge pages of 2 MiB and of 1 GiB; none are set aside here. A memfd
/// of others has no device (`hugetlb_file_setup`).
#[test]
fn huge_pages_have_two_sizes() {
    for (size, expected) in [(0, "3"), (21, "3"), (30, "3"), (14, "-1 ENODEV (No such device)")] {
        let flags = format!("MFD_HUGETLB|{:#x}", size << 26);
        assert_eq!(result(&run(&format!("memfd_create(\"a\", {flags})"))), expected);
    }
    for (size, errno) in [(0, "ENOMEM"), (21, "ENOMEM"), (30, "ENOMEM"), (14, "EINVAL")] {
        let flags = format!("{ANON}|MAP_HUGETLB|{:#x}", size << 26);
        let session = run(&format!("mmap(NULL, 4096, PROT_READ, {flags}, -1, 0)"));
        assert!(result(&session).contains(errno), "1 << {size}: {}", result(&session));
    }
}

/// `alloc_name` of mm/memfd.c: a name has at most 249 bytes (`MFD_NAME_MAX_LEN`).
#[test]
fn the_name_of_a_memfd_has_249_bytes() {
    let named =
        |length: usize| result(&run(&format!("memfd_create(\"{}\", 0)", "n".repeat(length))));
    assert_eq!(named(249), "3");
    assert!(named(250).contains("EINVAL") && named(251).contains("EINVAL"));
}

/// An ordinary user makes files in `/tmp`, not in `/`.
#[test]
fn files_are_made_where_the_user_may() {
    let made =
        |path: &str| result(&run(&format!("openat(AT_FDCWD, \"{path}\", O_RDWR|O_CREAT, 0600)")));
    assert_eq!(made("/tmp/f"), "3");
    assert!(made("/f").contains("EACCES"), "{}", made("/f"));
}

/// `vma_multi_allowed`: what chooses its own places, as a private mapping of `/dev/zero` does, moves
/// only alone, be it first or last of several.
#[test]
fn dev_zero_moves_only_alone() {
    let zero = |at: u64| {
        format!("mmap({at:#x}, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, z, 0)\n")
    };
    let anon = |at: u64| format!("mmap({at:#x}, 4096, PROT_READ, {ANON}|MAP_FIXED, -1, 0)\n");
    let (first, second) = (0x3000_0000, 0x3000_1000);
    let moved = |maps: String, size: u64| {
        let open = "z = openat(AT_FDCWD, \"/dev/zero\", O_RDWR)\n";
        let flags = "MREMAP_MAYMOVE|MREMAP_FIXED";
        result(&run(&format!(
            "{open}{maps}mremap({first:#x}, {size}, {size}, {flags}, 0x38000000)"
        )))
    };
    assert_eq!(moved(zero(first), 4096), "0x38000000");
    for both in [zero(first) + &anon(second), anon(first) + &zero(second)] {
        let refused = moved(both, 8192);
        assert!(refused.contains("EFAULT"), "{refused}");
    }
}

/// `vfs_read` and `vfs_write` ask `access_ok` before anything is done with count and offset: more
/// bytes than user space has are in no buffer.
#[test]
fn a_buffer_larger_than_user_space_is_a_bad_address() {
    for count in ["0x7ffffffff001", "0x4000000000000000", "0x8000000000000000", "-1"] {
        let read =
            result(&run(&format!("f = memfd_create(\"f\", 0)\npread64(f, NULL, {count}, 0)")));
        assert!(read.contains("EFAULT"), "{count}: {read}");
    }
}
