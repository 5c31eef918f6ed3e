//! What stands where at each level of the map, and what a point of it hits.

use crate::grid::lanes::{self, Entry, Lanes};
use crate::grid::layout::{Grain, Layout, Row};
use crate::grid::level::Level;
use crate::grid::strip::{self, Item, What};
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use mmap_playground_core::state::VmaView;

/// Share of the room that the widest bar of a lane takes.
pub const BAR_SHARE: f64 = 0.5;
/// Narrowest bar of a lane, in CSS pixels.
const BAR_LEAST: f64 = 5.0;
/// Least width of a piece of the whole, in CSS pixels: fewer pieces where more would be narrower.
const PIECE_LEAST: f64 = 5.0;

/// The room that there is, in CSS pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Room {
    /// Width, without the scroll bar.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Width of the column of addresses.
    pub gutter: f64,
}

impl Room {
    /// Left edge and width of the bar of a lane with a share of the widest.
    pub fn bar(&self, share: f64) -> (f64, f64) {
        let widest = (self.width - self.gutter).max(1.0) * BAR_SHARE;
        (self.gutter, (widest * share).max(BAR_LEAST))
    }

    /// The column of so many at a place.
    pub fn column(&self, x: f64, columns: u64) -> u64 {
        let each = (self.width - self.gutter).max(1.0) / columns as f64;
        ((x - self.gutter) / each).floor().clamp(0.0, columns as f64 - 1.0) as u64
    }
}

/// What a point of the map hits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Hit {
    /// A page, mapped or not.
    Page(Address),
    /// A byte.
    Byte(Address),
    /// A VMA, and the page at that place of it.
    Vma(PageRange, Address),
    /// A folded hole.
    Fold(PageRange),
}

impl Hit {
    /// The address that it means.
    pub fn address(&self) -> Address {
        match self {
            Hit::Page(address) | Hit::Byte(address) | Hit::Vma(_, address) => *address,
            Hit::Fold(range) => range.start(),
        }
    }

    /// The pages that it means; nothing for a hole.
    pub fn pages(&self) -> Option<PageRange> {
        match self {
            Hit::Page(address) | Hit::Byte(address) => {
                PageRange::spanning(page_floor(*address), PAGE_SIZE)
            }
            Hit::Vma(range, _) => Some(*range),
            Hit::Fold(_) => None,
        }
    }
}

/// Where everything stands at a level.
#[derive(Clone, PartialEq, Debug)]
pub enum Plan {
    /// The whole address space, side by side.
    Whole(Vec<Item>),
    /// A lane for each VMA.
    Vmas(Lanes),
    /// Rows of pages or bytes.
    Grid(Layout),
}

impl Plan {
    /// Lays a level out. `shown` are the ranges that have rows in a grid: the VMAs and what the
    /// last call unmapped.
    pub fn new(
        level: Level,
        phase: u64,
        vmas: &[VmaView],
        shown: &[PageRange],
        room: &Room,
    ) -> Plan {
        let grid = |grain: Grain| {
            let width = (room.width - room.gutter).max(1.0) / grain.columns as f64;
            let height = cell_height(grain.unit, width);
            Plan::Grid(Layout::of_grain(shown.iter().copied(), grain, height))
        };
        match level {
            Level::Whole => {
                let most = (room.width / PIECE_LEAST / 2.0).max(4.0) as usize;
                Plan::Whole(strip::layout(vmas, most))
            }
            Level::Vmas => Plan::Vmas(Lanes::new(vmas)),
            Level::Pages(columns) => grid(Grain { unit: PAGE_SIZE, columns, phase }),
            Level::Bytes(columns) => grid(Grain { unit: 1, columns, phase: 0 }),
        }
    }

    /// The grid, if it is one.
    pub fn grid(&self) -> Option<&Layout> {
        match self {
            Plan::Grid(layout) => Some(layout),
            _ => None,
        }
    }

    /// Height of everything.
    pub fn height(&self, room: &Room) -> f64 {
        match self {
            Plan::Whole(_) => room.height,
            Plan::Vmas(lanes) => lanes.height(),
            Plan::Grid(layout) => layout.height(),
        }
    }

    /// Top and height of the row that shows an address.
    pub fn row(&self, address: Address, room: &Room) -> Option<(f64, f64)> {
        match self {
            Plan::Whole(_) => Some((0.0, room.height)),
            Plan::Vmas(lanes) => lanes.of(address).map(|lane| (lane.top, lane.height)),
            Plan::Grid(layout) => {
                let top = layout.top_of_address(address)?;
                let fold = !layout.shows_page(address);
                let height =
                    if fold { crate::grid::layout::FOLD_HEIGHT } else { layout.cell_height() };
                Some((top, height))
            }
        }
    }

    /// How far from the left an address stands.
    pub fn x_of(&self, address: Address, vmas: &[VmaView], room: &Room) -> Option<f64> {
        match self {
            Plan::Whole(items) => {
                let item = items.iter().find(|item| item.range.contains(address))?;
                let share = share_in(item, vmas, address);
                Some((item.left + item.width * share) * room.width)
            }
            Plan::Vmas(lanes) => {
                let lane = lanes.of(address)?;
                let (left, width) = room.bar(lane.share);
                Some(left + width * lanes::share_of(lane.range, address))
            }
            Plan::Grid(layout) => {
                let column = layout.column_of(address)? as f64;
                let each = (room.width - room.gutter).max(1.0) / layout.columns() as f64;
                Some(room.gutter + (column + 0.5) * each)
            }
        }
    }

    /// What stands at a point, `y` counted from the top of everything.
    pub fn hit(&self, vmas: &[VmaView], room: &Room, x: f64, y: f64) -> Option<Hit> {
        match self {
            Plan::Whole(items) => {
                let share = x / room.width.max(1.0);
                let item = items.iter().rfind(|item| item.left <= share)?;
                let inside = (share - item.left) / item.width;
                Some(in_item(item, vmas, inside))
            }
            Plan::Vmas(lanes) => {
                let lane = lanes.at(y)?;
                let (left, width) = room.bar(lane.share);
                match lane.entry {
                    Entry::Hole => Some(Hit::Fold(lane.range)),
                    Entry::Vma(_) => {
                        let page = lanes::page_at(lane.range, (x - left) / width);
                        Some(Hit::Vma(lane.range, page))
                    }
                }
            }
            Plan::Grid(layout) => {
                let (_, row) = layout.row_at(y)?;
                let grain = layout.grain();
                match row {
                    Row::Fold(range) => Some(Hit::Fold(range)),
                    Row::Pages(start) => {
                        let column = room.column(x, grain.columns);
                        let address = start.saturating_add(column * grain.unit);
                        let byte = grain.unit == 1;
                        Some(if byte { Hit::Byte(address) } else { Hit::Page(address) })
                    }
                }
            }
        }
    }
}

/// Height of a cell of a width.
pub fn cell_height(unit: u64, width: f64) -> f64 {
    use crate::grid::scene::Detail;
    if unit == 1 {
        return 22.0;
    }
    match Detail::of(width) {
        Detail::Fill | Detail::Marks => width.max(4.0).round(),
        Detail::Letters => width.min(30.0).round(),
        Detail::Text => 44.0,
    }
}

fn in_item(item: &Item, vmas: &[VmaView], inside: f64) -> Hit {
    match item.what {
        What::Hole => Hit::Fold(item.range),
        What::Vmas(first, count) => {
            let place = (inside.clamp(0.0, 1.0) * count as f64).min(count as f64 - 1e-9);
            let range = vmas.get(first + place as usize).map_or(item.range, |vma| vma.range);
            Hit::Vma(range, lanes::page_at(range, place.fract()))
        }
    }
}

fn share_in(item: &Item, vmas: &[VmaView], address: Address) -> f64 {
    let What::Vmas(first, count) = item.what else { return 0.5 };
    let chunk = vmas.get(first..first + count).unwrap_or(&[]);
    let index = chunk.partition_point(|vma| vma.range.end() <= address);
    let inside = chunk
        .get(index)
        .filter(|vma| vma.range.contains(address))
        .map_or(0.0, |vma| lanes::share_of(vma.range, address));
    (index as f64 + inside) / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;

    const ROOM: Room = Room { width: 700.0, height: 400.0, gutter: 92.0 };

    fn plan(level: Level, vmas: &[VmaView]) -> Plan {
        let shown: Vec<PageRange> = vmas.iter().map(|vma| vma.range).collect();
        Plan::new(level, 0, vmas, &shown, &ROOM)
    }

    /// At every level, where an address is drawn it is hit.
    #[test]
    fn places_and_hits_agree_at_every_level() {
        let vmas = [vma(0x40_0000, 3, "r-x"), vma(0x7fff_f000_0000, 40, "rw-")];
        let mut level = Some(Level::Whole);
        while let Some(now) = level {
            let plan = plan(now, &vmas);
            for address in [0x40_1000_u64, 0x7fff_f000_5000, 0x7fff_f002_7000] {
                let (top, height) = plan.row(address, &ROOM).unwrap();
                let x = plan.x_of(address, &vmas, &ROOM).unwrap();
                let hit = plan.hit(&vmas, &ROOM, x, top + height / 2.0).unwrap();
                assert_eq!(hit.address(), address, "{now:?}");
            }
            level = now.nearer();
        }
    }

    #[test]
    fn a_point_hits_the_page_drawn_there() {
        let vmas = [vma(0x1_0000, 8, "rw-")];
        let layout = Layout::new(vmas.iter().map(|vma| vma.range), 4, 20.0);
        let fold = crate::grid::layout::FOLD_HEIGHT;
        let plan = Plan::Grid(layout);
        let room = Room { width: 500.0, height: 400.0, gutter: 100.0 };
        let at = |x, y| plan.hit(&vmas, &room, x, y);
        assert!(matches!(at(200.0, 5.0), Some(Hit::Fold(_))));
        assert_eq!(at(250.0, fold + 21.0), Some(Hit::Page(0x1_5000)));
        assert_eq!(at(2.0, fold + 1.0), Some(Hit::Page(0x1_0000)));
        assert_eq!(at(200.0, 4000.0), None);
    }

    #[test]
    fn drawn_together_vmas_are_still_hit_one_by_one() {
        let vmas: Vec<_> = (0..65_530).map(|i| vma(0x40_0000 + i * 0x2000, 1, "rw-")).collect();
        let plan = plan(Level::Whole, &vmas);
        for index in [0, 1, 40_000, 65_529] {
            let address = 0x40_0000 + index * 0x2000;
            let x = plan.x_of(address, &vmas, &ROOM).unwrap();
            let hit = plan.hit(&vmas, &ROOM, x, 5.0);
            assert_eq!(hit.map(|hit| hit.address()), Some(address));
        }
    }

    #[test]
    fn beside_a_bar_is_its_last_page() {
        let vmas = [vma(0x1_0000, 10, "r--")];
        let lanes = plan(Level::Vmas, &vmas);
        let (top, _) = lanes.row(0x1_0000, &ROOM).unwrap();
        let hit = lanes.hit(&vmas, &ROOM, 690.0, top + 2.0);
        assert_eq!(hit, Some(Hit::Vma(vmas[0].range, 0x1_9000)));
    }

    #[test]
    fn cells_stay_comfortable() {
        assert_eq!(cell_height(PAGE_SIZE, 5.0), 5.0);
        assert_eq!(cell_height(PAGE_SIZE, 160.0), 44.0);
    }
}
