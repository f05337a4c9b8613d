//! Changes of what a request asks for.

use super::command::{Answer, Edit, TargetEdit};
use super::decide::{Course, Outcomes};
use super::event::RequestEvent;
use super::refusal::Refusal;
use crate::catalog::EntityType;
use crate::request::{AccessRequest, DataItem, Request, RequestDetails};
use crate::template::DataProvider;

/// Who edits: each answers their own questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Editor {
    /// Whoever asked.
    Originator,
    /// Whoever decides.
    Approver,
}

impl Editor {
    const fn answers(self) -> DataProvider {
        match self {
            Self::Originator => DataProvider::Subscriber,
            Self::Approver => DataProvider::CertificateManager,
        }
    }
}

impl Course<'_> {
    pub(super) fn edit(&mut self, edit: &Edit) -> Outcomes {
        self.only_originator("only whoever asked edits a request")?;
        if self.request.tasks().any(|task| !task.votes.is_empty()) {
            return Err(self.refuse("somebody has voted already"));
        }
        self.change_content(edit, Editor::Originator).map(|_| ())
    }

    /// Whether what an approver judges is another after that.
    pub(super) fn change_content(&mut self, edit: &Edit, editor: Editor) -> Result<bool, Refusal> {
        let details = edited(&self.request, edit, editor)?;
        let justification = edit.justification.clone().or_else(|| self.request.justification.clone());
        let content = details != self.request.details;
        if content || justification != self.request.justification {
            self.happen(RequestEvent::Edited { details: Box::new(details), justification, content });
        }
        Ok(content)
    }
}

/// What the request asks for after `edit`.
fn edited(request: &Request, edit: &Edit, editor: Editor) -> Result<RequestDetails, Refusal> {
    let mut details = request.details.clone();
    match &mut details {
        RequestDetails::Access(access) => {
            if !edit.answers.is_empty() {
                return Err(Refusal::invalid("answers", "only a certificate request asks questions"));
            }
            for (at, target) in edit.targets.iter().enumerate() {
                edit_target(access, at, target)?;
            }
        }
        RequestDetails::Certificate(certificate) => {
            if !edit.targets.is_empty() {
                return Err(Refusal::invalid("targets", "a certificate request has no dates and no form"));
            }
            answer(&mut certificate.data_items, &edit.answers, editor);
        }
    }
    Ok(details)
}

fn edit_target(access: &mut AccessRequest, at: usize, edit: &TargetEdit) -> Result<(), Refusal> {
    let place = |member: &str| format!("targets[{at}]{member}");
    let mut targets = access.targets.iter_mut();
    let found = targets.find(|target| target.entity_type == edit.entity_type && target.entity_key == edit.entity_key);
    let Some(target) = found else { return Err(Refusal::invalid(place(""), "the request has no such target")) };
    if edit.entity_type == EntityType::ProfileTemplate && (edit.start.is_some() || edit.end.is_some()) {
        let reason = "a profile template takes no dates: its certificates have their own";
        return Err(Refusal::invalid(place(""), reason));
    }
    target.start = edit.start.or(target.start);
    target.end = edit.end.or(target.end);
    if target.start.zip(target.end).is_some_and(|(start, end)| end < start) {
        return Err(Refusal::invalid(place(".end"), "is before start"));
    }
    for value in &edit.form {
        match target.form.iter_mut().find(|known| known.name == value.name) {
            Some(known) => known.value.clone_from(&value.value),
            None => target.form.push(value.clone()),
        }
    }
    Ok(())
}

/// Answers the questions that are the editor's: names without regard to case, unknown ones ignored
/// (`spec/mim-cm.md` D.5).
fn answer(items: &mut [DataItem], answers: &[Answer], editor: Editor) {
    for answer in answers {
        let wanted = answer.name.to_lowercase();
        let own = items.iter_mut().filter(|item| item.provider == editor.answers());
        for item in own.filter(|item| item.name.to_lowercase() == wanted) {
            item.value = Some(answer.value.clone());
        }
    }
}
