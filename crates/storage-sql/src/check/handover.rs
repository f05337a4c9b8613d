//! Which of the users who have left still hold open tasks, against users and tasks.

use countersign_core::ids::UserId;
use countersign_core::repository::Derived;

use super::Check;
use crate::error::Failure;
use crate::sql::sql;
use crate::user;

impl Check<'_> {
    /// Asked after the task index, from which it is derived.
    pub(super) fn handovers(&mut self) -> Result<(), Failure> {
        let rows = sql!(
            "SELECT u.id FROM app_user u WHERE (u.handover = 1) <> (u.status = 2 AND EXISTS ( \
                 SELECT 1 FROM task_access t WHERE t.principal_id = u.id AND t.state IN (1, 3, 7, 8)))"
        )
        .rows(self.connection)?;
        for mut row in rows {
            let id: UserId = row.id()?;
            self.note_of(Derived::Handover, id.as_uuid(), "does not say whether a user who has left still holds tasks");
            if self.repair {
                user::refresh_handovers(self.connection, [id.into()])?;
            }
        }
        Ok(())
    }
}
