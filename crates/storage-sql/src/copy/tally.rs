//! How many rows there are, and a checksum of what stands in them: the sum of the SHA-256 of every row. A sum does
//! not depend on the order, which is not that of the same index in every database, and goes on from any row.

use sha2::{Digest, Sha256};

use super::cells::Cells;
use super::table::{Column, Kind};
use crate::sql::Cell;

/// Rows, counted and summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub rows: u64,
    /// The sum of their digests.
    pub checksum: Checksum,
}

/// A sum of digests, as an integer of 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum([u64; 4]);

impl Checksum {
    fn add(&mut self, other: &Self) {
        let mut carry = false;
        for (sum, part) in self.0.iter_mut().zip(other.0) {
            let (first, over) = sum.overflowing_add(part);
            let (second, again) = first.overflowing_add(u64::from(carry));
            (*sum, carry) = (second, over || again);
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|part| part.to_le_bytes()).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut parts = [0; 4];
        let (chunks, rest) = bytes.as_chunks::<8>();
        if chunks.len() != parts.len() || !rest.is_empty() {
            return None;
        }
        for (part, chunk) in parts.iter_mut().zip(chunks) {
            *part = u64::from_le_bytes(*chunk);
        }
        Some(Self(parts))
    }
}

/// The highest digit first.
impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().rev().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

impl Tally {
    /// Counts a row of these columns.
    pub(super) fn add(&mut self, columns: &[&Column], row: &Cells) {
        self.rows += 1;
        let digest = digest(columns, row);
        self.checksum.add(&Checksum::from_bytes(&digest).unwrap_or_default());
    }

    /// Counts what another has counted.
    pub(super) fn join(&mut self, other: &Self) {
        self.rows += other.rows;
        self.checksum.add(&other.checksum);
    }
}

/// The SHA-256 of a row: of each column its kind, its length and its bytes. The same for both databases.
pub(super) fn digest(columns: &[&Column], row: &Cells) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (column, cell) in columns.iter().zip(row) {
        let kind = match column.kind {
            Kind::Id => 1_u8,
            Kind::Int => 2,
            Kind::Text => 3,
            Kind::Blob => 4,
        };
        let mut take = |bytes: &[u8]| {
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        match cell {
            None => hash.update([0]),
            Some(Cell::Int(value)) => take(&value.to_be_bytes()),
            Some(Cell::Text(value)) => take(value.as_bytes()),
            Some(Cell::Blob(value)) => take(value),
            Some(Cell::Id(id)) => take(id.as_bytes()),
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ID: Column = Column { name: "id", kind: Kind::Id };
    const TEXT: Column = Column { name: "text", kind: Kind::Text };

    fn tally(rows: &[Cells]) -> Tally {
        let mut tally = Tally::default();
        rows.iter().for_each(|row| tally.add(&[&ID, &TEXT], row));
        tally
    }

    fn row(id: u128, text: Option<&str>) -> Cells {
        vec![Some(Cell::Id(Uuid::from_u128(id))), text.map(|text| Cell::Text(text.to_owned()))]
    }

    #[test]
    fn the_order_is_nothing_and_everything_else_counts() {
        let rows = [row(1, Some("a")), row(2, None), row(3, Some(""))];
        let whole = tally(&rows);
        let turned: Vec<_> = rows.iter().rev().cloned().collect();
        assert_eq!(whole, tally(&turned));
        let mut joined = tally(&rows[..1]);
        joined.join(&tally(&rows[1..]));
        assert_eq!(whole, joined);
        for other in [row(3, None), row(3, Some("b")), row(4, Some(""))] {
            assert_ne!(whole.checksum, tally(&[rows[0].clone(), rows[1].clone(), other]).checksum);
        }
        assert_ne!(tally(&[row(1, Some("a")), row(1, Some("a"))]).checksum, Checksum::default());
    }

    #[test]
    fn an_id_is_the_same_from_either_database() {
        let blob = vec![Some(Cell::Blob(Uuid::from_u128(1).as_bytes().to_vec())), None];
        assert_eq!(tally(&[blob]), tally(&[row(1, None)]));
    }

    #[test]
    fn a_sum_carries_and_is_kept() {
        let mut sum = Checksum([u64::MAX, u64::MAX, 0, 0]);
        sum.add(&Checksum([1, 0, 0, 0]));
        assert_eq!(sum, Checksum([0, 0, 1, 0]));
        assert_eq!(Checksum::from_bytes(&sum.to_bytes()), Some(sum));
        assert_eq!(Checksum::from_bytes(&[0; 31]), None);
        assert!(sum.to_string().ends_with(&format!("1{}", "0".repeat(32))));
    }
}
