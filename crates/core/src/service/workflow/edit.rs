//! Changing what a request asks for.

use serde::Serialize;

use super::Workflow;
use super::guard::Guard;
use super::order::{Sight, Via};
use crate::catalog::EntityType;
use crate::directory::Caller;
use crate::ids::{TemplateId, parse_guid};
use crate::lifecycle::{Answer, Command, Edit, TaskRef};
use crate::request::{Request, RequestKey};
use crate::service::ServiceError;

/// What a call is, for telling whether it was sent before.
#[derive(Serialize)]
struct Call<'a> {
    request: RequestKey,
    task: TaskRef,
    comment: Option<&'a str>,
    edit: &'a Edit,
}

impl Workflow {
    /// Changes what a request asks for: as whoever asked for it, or as the approver who has `task`,
    /// who saves the change, and a remark, with it.
    #[allow(clippy::too_many_arguments, reason = "an edit is told by all of these")]
    pub async fn edit(
        &self,
        caller: &Caller,
        request: RequestKey,
        task: TaskRef,
        comment: Option<String>,
        edit: Edit,
        sight: Sight,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, &Call { request, task, comment: comment.as_deref(), edit: &edit })?;
        let edited = async {
            let stored = self.visible(caller, request, sight).await?;
            let own = stored.document.request()?.originator == caller.user;
            let (comment, edit) = (comment.clone(), edit.clone());
            let command = if own { Command::Edit(edit) } else { Command::Save { task, comment, edit } };
            self.act_once(caller, request, &command, sight, via, &guard).await
        };
        guard.once(&*self.repository, edited).await
    }
}

/// The edit as `request` takes it. Whoever sees a certificate request as one for its template fills
/// in the template's form: those are answers to the policy's questions.
pub(super) fn fitted(request: &Request, edit: &Edit) -> Result<Edit, ServiceError> {
    let Some(certificate) = request.certificate() else { return Ok(edit.clone()) };
    let mut answers = edit.answers.clone();
    for (at, target) in edit.targets.iter().enumerate() {
        let template = parse_guid(target.entity_key.as_str()).map(TemplateId::from);
        if target.entity_type != EntityType::ProfileTemplate || template != Some(certificate.template) {
            return Err(ServiceError::invalid(format!("targets[{at}]"), "the request has no such target"));
        }
        for (member, date) in [("start", target.start), ("end", target.end)] {
            if date.is_some() {
                return Err(ServiceError::invalid(
                    format!("targets[{at}].{member}"),
                    "a profile template takes no dates: its certificates have their own",
                ));
            }
        }
        answers.extend(target.form.iter().map(|entry| Answer { name: entry.name.clone(), value: entry.value.clone() }));
    }
    Ok(Edit { justification: edit.justification.clone(), targets: Vec::new(), answers })
}
