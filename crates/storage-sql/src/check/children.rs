//! The counts of children, against the children.

use countersign_core::ids::RequestId;
use countersign_core::repository::Derived;

use super::Check;
use crate::error::Failure;
use crate::sql::sql;

impl Check<'_> {
    pub(super) fn child_counts(&mut self) -> Result<(), Failure> {
        let rows = sql!(
            "WITH counted AS ( \
                 SELECT p.id AS parent_id, CASE WHEN p.status = 5 THEN 1 ELSE 0 END AS awaited, \
                     count(CASE WHEN c.status < 9 THEN 1 END) AS open, \
                     count(CASE WHEN c.status = 9 THEN 1 END) AS completed, \
                     count(CASE WHEN c.status = 10 THEN 1 END) AS partially_failed, \
                     count(CASE WHEN c.status = 11 THEN 1 END) AS failed, \
                     count(CASE WHEN c.status = 12 THEN 1 END) AS denied, \
                     count(CASE WHEN c.status = 13 THEN 1 END) AS canceled, \
                     count(CASE WHEN c.status = 14 THEN 1 END) AS closed \
                 FROM request p LEFT JOIN request c ON c.parent_id = p.id WHERE p.has_children = 1 GROUP BY p.id \
             ) \
             SELECT t.* FROM counted t WHERE NOT EXISTS ( \
                 SELECT 1 FROM child_count n WHERE n.parent_id = t.parent_id AND n.open = t.open \
                 AND n.completed = t.completed AND n.partially_failed = t.partially_failed AND n.failed = t.failed \
                 AND n.denied = t.denied AND n.canceled = t.canceled AND n.closed = t.closed AND n.awaited = t.awaited)"
        )
        .rows(self.connection)?;
        self.stray_child_counts()?;
        for mut row in rows {
            let id: RequestId = row.id()?;
            self.note(Derived::ChildCounts, id, "are not those of its children");
            if self.repair {
                sql!(
                    "INSERT INTO child_count (parent_id, awaited, open, completed, partially_failed, failed, denied, \
                     canceled, closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (parent_id) DO UPDATE SET \
                     awaited = excluded.awaited, open = excluded.open, completed = excluded.completed, \
                     partially_failed = excluded.partially_failed, failed = excluded.failed, \
                     denied = excluded.denied, canceled = excluded.canceled, closed = excluded.closed",
                    id.as_uuid(),
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?
                )
                .run(self.connection)?;
            }
        }
        Ok(())
    }

    fn stray_child_counts(&mut self) -> Result<(), Failure> {
        let rows = sql!(
            "SELECT n.parent_id FROM child_count n WHERE NOT EXISTS ( \
             SELECT 1 FROM request p WHERE p.id = n.parent_id AND p.has_children = 1)"
        )
        .rows(self.connection)?;
        for mut row in rows {
            let id: RequestId = row.id()?;
            self.note(Derived::ChildCounts, id, "are there, though it has no children");
            if self.repair {
                sql!("DELETE FROM child_count WHERE parent_id = ?", id.as_uuid()).run(self.connection)?;
            }
        }
        Ok(())
    }
}
