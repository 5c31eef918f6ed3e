//! Where each frame stands: rows of equal cells, by number.

/// Size of a cell, in CSS pixels.
pub const CELL: f64 = 18.0;

/// How many cells fit beside each other.
pub fn columns(width: f64) -> u32 {
    (width / CELL).floor().max(1.0) as u32
}

/// The frames between two heights: the first, and how many.
pub fn window(columns: u32, count: u32, top: f64, bottom: f64) -> (u32, u32) {
    let first_row = (top / CELL).floor().max(0.0) as u32;
    let last_row = (bottom / CELL).ceil().max(0.0) as u32;
    let first = first_row.saturating_mul(columns).min(count);
    let last = last_row.saturating_mul(columns).min(count);
    (first, last - first)
}

/// Left and top edge of a frame's cell.
pub fn place(columns: u32, number: u32) -> (f64, f64) {
    (f64::from(number % columns) * CELL, f64::from(number / columns) * CELL)
}

/// The frame at a point.
pub fn hit(columns: u32, count: u32, x: f64, y: f64) -> Option<u32> {
    let column = (x / CELL).floor();
    if x < 0.0 || y < 0.0 || column >= f64::from(columns) {
        return None;
    }
    let number = (y / CELL).floor() * f64::from(columns) + column;
    (number < f64::from(count)).then_some(number as u32)
}

/// Height of all rows.
pub fn height(columns: u32, count: u32) -> f64 {
    f64::from(count.div_ceil(columns)) * CELL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_hits_agree() {
        let columns = columns(200.0);
        assert_eq!(columns, 11);
        for number in [0, 10, 11, 65535] {
            let (x, y) = place(columns, number);
            assert_eq!(hit(columns, 65536, x + 1.0, y + 1.0), Some(number));
        }
        assert_eq!(hit(columns, 5, 199.0, 1.0), None);
        assert_eq!(hit(columns, 5, 100.0, 1.0), None);
    }

    #[test]
    fn a_window_is_whole_rows() {
        assert_eq!(window(10, 95, 19.0, 40.0), (10, 20));
        assert_eq!(window(10, 95, 0.0, 1e9), (0, 95));
        assert_eq!(window(10, 95, 1e9, 2e9), (95, 0));
    }
}
