//! Where the fields of liballoc's two headers lie.
//!
//! The one table of byte offsets and widths: the algorithm names fields, never numbers, and a view
//! that colours bytes walks [`MajorFields::all`] and [`MinorFields::all`]. A header begins wherever
//! the block before it ends, at any address, and its holes are never written.
//!
//! There are two layouts: that of 64-bit machines and that of 32-bit ones (`gcc -m32`). They differ
//! in the width of pointers and sums, not in what the algorithm does.
//! Source: liballoc 1.1 compiled both ways, see the design page on liballoc.

/// A field of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its name, as the views show it.
    pub name: &'static str,
    /// Bytes from the start of the header.
    pub offset: u64,
    /// Its width in bytes, 4 or 8.
    pub width: u64,
}

/// Widths and offsets for one kind of machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Bits of a pointer, of `size_t` and of the sums inside `malloc`: 64 or 32.
    pub bits: u32,
    /// Bytes of a major block's header, its holes counted.
    pub major_bytes: u64,
    /// Bytes of a minor block's header, its holes counted.
    pub minor_bytes: u64,
    /// The fields of a major block's header.
    pub major: MajorFields,
    /// The fields of a minor block's header.
    pub minor: MinorFields,
}

/// The header of a major block: a run of pages got from the page hook.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MajorFields {
    /// The major block before it in the list, or NULL.
    pub prev: Field,
    /// The major block behind it in the list, or NULL.
    pub next: Field,
    /// Its pages.
    pub pages: Field,
    /// Its bytes.
    pub size: Field,
    /// Bytes taken by its own header and by minor blocks with theirs.
    pub usage: Field,
    /// Its first minor block, or NULL.
    pub first: Field,
}

/// The header of a minor block: what one `malloc` got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MinorFields {
    /// The minor block before it in its major block, or NULL.
    pub prev: Field,
    /// The minor block behind it in its major block, or NULL.
    pub next: Field,
    /// The major block that it belongs to.
    pub owner: Field,
    /// [`MAGIC_LIVE`] or [`MAGIC_DEAD`].
    pub magic: Field,
    /// Bytes behind the header: the request and [`PADDING`].
    pub size: Field,
    /// Bytes asked for.
    pub req_size: Field,
}

/// The magic number of a block in use.
pub const MAGIC_LIVE: u32 = 0xc001_c0de;

/// The magic number of a block that was freed.
pub const MAGIC_DEAD: u32 = 0xdead_dead;

/// Payloads begin at multiples of this many bytes.
pub const ALIGNMENT: u64 = 16;

/// Bytes kept before a payload; the first holds the distance from the header's end to the payload.
pub const ALIGN_INFO: u64 = 16;

/// What every request is enlarged by, in bytes.
pub const PADDING: u64 = ALIGNMENT + ALIGN_INFO;

/// The layout of 64-bit machines: pointers of 8 bytes, sizes of 4.
pub static LAYOUT_64: Layout = Layout {
    bits: 64,
    major_bytes: 40,
    minor_bytes: 40,
    major: MajorFields {
        prev: Field { name: "prev", offset: 0, width: 8 },
        next: Field { name: "next", offset: 8, width: 8 },
        pages: Field { name: "pages", offset: 16, width: 4 },
        size: Field { name: "size", offset: 20, width: 4 },
        usage: Field { name: "usage", offset: 24, width: 4 },
        first: Field { name: "first", offset: 32, width: 8 },
    },
    minor: MinorFields {
        prev: Field { name: "prev", offset: 0, width: 8 },
        next: Field { name: "next", offset: 8, width: 8 },
        owner: Field { name: "block", offset: 16, width: 8 },
        magic: Field { name: "magic", offset: 24, width: 4 },
        size: Field { name: "size", offset: 28, width: 4 },
        req_size: Field { name: "req_size", offset: 32, width: 4 },
    },
};

/// The layout of 32-bit machines: pointers and sizes of 4 bytes, no holes.
pub static LAYOUT_32: Layout = Layout {
    bits: 32,
    major_bytes: 24,
    minor_bytes: 24,
    major: MajorFields {
        prev: Field { name: "prev", offset: 0, width: 4 },
        next: Field { name: "next", offset: 4, width: 4 },
        pages: Field { name: "pages", offset: 8, width: 4 },
        size: Field { name: "size", offset: 12, width: 4 },
        usage: Field { name: "usage", offset: 16, width: 4 },
        first: Field { name: "first", offset: 20, width: 4 },
    },
    minor: MinorFields {
        prev: Field { name: "prev", offset: 0, width: 4 },
        next: Field { name: "next", offset: 4, width: 4 },
        owner: Field { name: "block", offset: 8, width: 4 },
        magic: Field { name: "magic", offset: 12, width: 4 },
        size: Field { name: "size", offset: 16, width: 4 },
        req_size: Field { name: "req_size", offset: 20, width: 4 },
    },
};

impl Layout {
    /// Cuts a number to the width of pointers and of `size_t`, as the machine's registers do.
    pub const fn wrap(&self, number: u64) -> u64 {
        if self.bits == 32 { number as u32 as u64 } else { number }
    }
}

impl MajorFields {
    /// All fields, by offset.
    pub const fn all(&self) -> [Field; 6] {
        [self.prev, self.next, self.pages, self.size, self.usage, self.first]
    }
}

impl MinorFields {
    /// All fields, by offset.
    pub const fn all(&self) -> [Field; 6] {
        [self.prev, self.next, self.owner, self.magic, self.size, self.req_size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset and length of the bytes that no field covers.
    fn holes(fields: &[Field], bytes: u64) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut at = 0;
        for field in fields {
            if at < field.offset {
                holes.push((at, field.offset - at));
            }
            at = field.offset + field.width;
        }
        if at < bytes {
            holes.push((at, bytes - at));
        }
        holes
    }

    #[test]
    fn only_the_headers_of_64_bits_have_a_hole() {
        assert_eq!(holes(&LAYOUT_64.major.all(), LAYOUT_64.major_bytes), [(28, 4)]);
        assert_eq!(holes(&LAYOUT_64.minor.all(), LAYOUT_64.minor_bytes), [(36, 4)]);
        assert_eq!(holes(&LAYOUT_32.major.all(), LAYOUT_32.major_bytes), []);
        assert_eq!(holes(&LAYOUT_32.minor.all(), LAYOUT_32.minor_bytes), []);
    }
}
