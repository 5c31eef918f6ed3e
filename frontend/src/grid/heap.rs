//! A major block as a strip to scale: header, blocks, holes, each as wide as it is long; what is
//! too long is folded, and says so.

use mmap_playground_core::address::Address;
use mmap_playground_core::heap::HeapShape;
use mmap_playground_core::liballoc::layout::Field;
use mmap_playground_core::state::{Life, MajorState};

/// Widest piece before it is folded, in CSS pixels.
pub const FOLD: f64 = 180.0;
/// Width of a folded piece, in CSS pixels.
pub const FOLDED: f64 = 96.0;

/// What a piece of a major block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Part {
    MajorHeader,
    MinorHeader,
    /// Between header and payload: alignment information.
    Alignment,
    Payload,
    /// Behind the payload, up to the end of the block.
    Slack,
    /// What ends a block, or a major block, where the allocator has such a thing.
    Footer,
    Hole,
}

impl Part {
    /// The variables of the style sheet that have the parts' colours.
    pub const COLORED: [(Part, &'static str); 5] = [
        (Part::MajorHeader, "--part-major"),
        (Part::MinorHeader, "--part-minor"),
        (Part::Alignment, "--part-align"),
        (Part::Payload, "--part-payload"),
        (Part::Slack, "--part-slack"),
    ];

    /// Its name for class names and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Part::MajorHeader => "major header",
            Part::MinorHeader => "minor header",
            Part::Alignment => "alignment",
            Part::Payload => "payload",
            Part::Slack => "slack",
            Part::Footer => "footer",
            Part::Hole => "hole",
        }
    }

    /// Its class in the style sheet.
    pub const fn class(self) -> &'static str {
        match self {
            Part::MajorHeader => "part major",
            Part::MinorHeader => "part minor",
            Part::Alignment => "part align",
            Part::Payload => "part payload",
            Part::Slack => "part slack",
            Part::Footer => "part footer",
            Part::Hole => "part hole",
        }
    }
}

/// A piece of a major block.
#[derive(Clone, PartialEq, Debug)]
pub struct Piece {
    /// What it is.
    pub part: Part,
    /// First address.
    pub address: Address,
    /// Bytes.
    pub length: u64,
    /// Left edge, in CSS pixels.
    pub x: f64,
    /// Width, in CSS pixels.
    pub width: f64,
    /// Narrower than to scale.
    pub folded: bool,
    /// The block in list order that it belongs to.
    pub block: Option<usize>,
}

impl Piece {
    /// Says whether a byte belongs to it.
    pub const fn holds(&self, address: Address) -> bool {
        address >= self.address && address - self.address < self.length
    }
}

/// Lays out a major block at a scale of so many CSS pixels a byte. Pieces are in address order;
/// headers that lie outside or inside one another (a damaged list) are cut to what is left.
pub fn pieces(major: &MajorState, shape: &HeapShape, scale: f64) -> Vec<Piece> {
    let end = major.address.saturating_add(u64::from(major.size));
    let fence = end.saturating_sub(shape.footer_bytes);
    let mut order: Vec<usize> = (0..major.minors.len()).collect();
    order.sort_by_key(|index| major.minors[*index].address);
    let mut strip = Strip { pieces: Vec::new(), at: major.address, end, scale, x: 0.0 };
    strip.push(Part::MajorHeader, major.address.saturating_add(shape.major_bytes), None);
    for index in order {
        let minor = &major.minors[index];
        if minor.address < strip.at || minor.address >= fence {
            continue;
        }
        let header_end = minor.address.saturating_add(shape.minor_bytes);
        let block_end = header_end.saturating_add(u64::from(minor.size));
        let footer = block_end.saturating_sub(shape.footer_bytes).max(header_end);
        let payload_end = minor.payload.saturating_add(u64::from(minor.req_size)).min(footer);
        strip.push(Part::Hole, minor.address, None);
        strip.push(Part::MinorHeader, header_end, Some(index));
        if minor.life == Life::Free {
            strip.push(Part::Hole, footer, Some(index));
        }
        strip.push(Part::Alignment, minor.payload.min(footer), Some(index));
        strip.push(Part::Payload, payload_end, Some(index));
        strip.push(Part::Slack, footer, Some(index));
        strip.push(Part::Footer, block_end, Some(index));
    }
    strip.push(Part::Hole, fence, None);
    strip.push(Part::Footer, end, None);
    strip.pieces
}

struct Strip {
    pieces: Vec<Piece>,
    at: Address,
    end: Address,
    scale: f64,
    x: f64,
}

impl Strip {
    fn push(&mut self, part: Part, to: Address, block: Option<usize>) {
        let to = to.min(self.end);
        if to <= self.at {
            return;
        }
        let length = to - self.at;
        let full = length as f64 * self.scale;
        let folded = full > FOLD;
        let width = if folded { FOLDED } else { full };
        let (address, x) = (self.at, self.x);
        self.pieces.push(Piece { part, address, length, x, width, folded, block });
        self.at = to;
        self.x += width;
    }
}

/// The field of a header that a byte belongs to; nothing for its holes and for other parts.
pub fn field(piece: &Piece, shape: &HeapShape, address: Address) -> Option<&'static str> {
    let offset = address.checked_sub(piece.address)?;
    let fields = match piece.part {
        Part::MajorHeader => &shape.major_fields,
        Part::MinorHeader | Part::Footer => &shape.minor_fields,
        _ => return None,
    };
    let inside = |field: &&Field| (field.offset..field.offset + field.width).contains(&offset);
    fields.iter().find(inside).map(|field| field.name)
}

/// The pieces that can be seen between two positions.
pub fn visible(pieces: &[Piece], left: f64, right: f64) -> &[Piece] {
    let first = pieces.partition_point(|piece| piece.x + piece.width < left);
    let last = pieces.partition_point(|piece| piece.x <= right);
    pieces.get(first..last.max(first)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::heap::{Allocator, HeapSetting};
    use mmap_playground_core::liballoc::layout::LAYOUT_64;
    use mmap_playground_core::state::{Figures, MinorState};

    fn liballoc() -> HeapShape {
        HeapSetting::default().shape()
    }

    fn minor(address: Address, size: u32, req_size: u32) -> MinorState {
        let payload = (address + LAYOUT_64.minor_bytes + 16).next_multiple_of(16);
        let (magic, life) = (0xc001_c0de, Life::Live);
        MinorState { address, payload, size, req_size, magic, life, prev: 0, next: 0 }
    }

    fn major(minors: Vec<MinorState>) -> MajorState {
        MajorState {
            address: 0x1_0000,
            pages: 16,
            size: 65536,
            usage: 0,
            prev: 0,
            next: 0,
            minors,
            broken: None,
            figures: Figures::default(),
            against_order: 0,
        }
    }

    #[test]
    fn a_block_has_its_five_parts() {
        let pieces = pieces(&major(vec![minor(0x1_0028, 132, 100)]), &liballoc(), 1.0);
        let parts: Vec<(Part, u64)> =
            pieces.iter().map(|piece| (piece.part, piece.length)).collect();
        assert_eq!(
            parts,
            [
                (Part::MajorHeader, 40),
                (Part::MinorHeader, 40),
                (Part::Alignment, 16),
                (Part::Payload, 100),
                (Part::Slack, 16),
                (Part::Hole, 65324),
            ]
        );
        assert!(pieces[5].folded && pieces[5].width == FOLDED);
    }

    #[test]
    fn blocks_with_boundary_tags_end_in_footers() {
        let setting = HeapSetting { allocator: Allocator::BoundaryTags, bits: 64 };
        let block = |address, size, req_size, life| MinorState {
            payload: address + 8,
            life,
            ..minor(address, size, req_size)
        };
        let minors =
            vec![block(0x1_0028, 120, 100, Life::Live), block(0x1_00a8, 65_352, 0, Life::Free)];
        let pieces = pieces(&major(minors), &setting.shape(), 1.0);
        let parts: Vec<(Part, u64)> =
            pieces.iter().map(|piece| (piece.part, piece.length)).collect();
        assert_eq!(
            parts,
            [
                (Part::MajorHeader, 40),
                (Part::MinorHeader, 8),
                (Part::Payload, 100),
                (Part::Slack, 12),
                (Part::Footer, 8),
                (Part::MinorHeader, 8),
                (Part::Hole, 65_344),
                (Part::Footer, 8),
                (Part::Footer, 8),
            ]
        );
        assert_eq!(field(&pieces[4], &setting.shape(), pieces[4].address + 4), Some("asked"));
    }

    #[test]
    fn damaged_lists_cover_every_byte_once() {
        let minors = vec![
            minor(0x1_0028, u32::MAX, u32::MAX),
            minor(0x1_0100, 132, 100),
            minor(0x9_0000, 1, 1),
            minor(u64::MAX - 100, 1, 1),
        ];
        let pieces = pieces(&major(minors), &liballoc(), 1.0);
        assert_eq!(pieces.iter().map(|piece| piece.length).sum::<u64>(), 65536);
    }

    #[test]
    fn only_what_is_seen_is_drawn() {
        let minors = (0..500).map(|i| minor(0x1_0028 + i * 112, 72, 40)).collect();
        let pieces = pieces(&major(minors), &liballoc(), 1.0);
        assert!(visible(&pieces, 5000.0, 5600.0).len() < 40);
    }
}
