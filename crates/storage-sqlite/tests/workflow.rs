//! The life of requests on this adapter: the demo's story, service by service.

#![allow(clippy::unwrap_used, reason = "a failed step fails the case")]

use std::sync::{Arc, Mutex};

use countersign_core::bundle::Record;
use countersign_core::catalog::{EntityType, FulfilmentMethod};
use countersign_core::clock::{Clock, SystemClock, Timestamp};
use countersign_core::directory::Caller;
use countersign_core::event::{Channel, Entropy};
use countersign_core::grant::GrantStatus;
use countersign_core::ids::{UserId, UserNumber};
use countersign_core::lifecycle::{Command, Decision, TaskRef};
use countersign_core::repository::{Repository, Start};
use countersign_core::request::{Request, RequestKey, RequestStatus};
use countersign_core::rule::ApprovalRule;
use countersign_core::service::{
    AccessOrder, InboxQuery, Intent, Item, Randomness, RequestView, Requests, ServiceError, Sight, Tasks, Tools,
    UserKey, Via, Workflow, WorkflowSettings,
};
use countersign_storage_conformance::sample::Random;
use countersign_storage_conformance::support;
use countersign_storage_sqlite::SqliteOptions;
use uuid::Uuid;

const DEMO: &str = include_str!("../../../config/demo.json");

struct Ids(Mutex<u64>);

impl Randomness for Ids {
    fn id(&self, _: Timestamp) -> Uuid {
        Uuid::now_v7()
    }

    fn entropy(&self) -> Box<dyn Entropy> {
        let mut seed = self.0.lock().unwrap();
        *seed += 1;
        Box::new(Random::new(*seed))
    }
}

struct House {
    _folder: tempfile::TempDir,
    repository: Arc<dyn Repository>,
    workflow: Workflow,
    tasks: Tasks,
}

impl House {
    async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// The demo, and `rules` before its own.
    async fn with(rules: Vec<ApprovalRule>) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let repository = countersign_storage_sqlite::open(&SqliteOptions::new(folder.path().join("test.db"))).unwrap();
        repository.migrate().await.unwrap();
        let repository: Arc<dyn Repository> = Arc::new(repository);
        let records = countersign_core::bundle::BundleText::new(DEMO.as_bytes()).unwrap();
        let mut records: Vec<_> = records.map(|record| record.unwrap().unwrap().record).collect();
        records.extend(rules.into_iter().map(Record::ApprovalRule));
        support::import(&*repository, records).await;
        let tools = Tools { clock: Arc::new(SystemClock), randomness: Arc::new(Ids(Mutex::new(1))) };
        let settings = WorkflowSettings { fulfilment: FulfilmentMethod::Immediate, max_children: 100 };
        let workflow = Workflow::new(Arc::clone(&repository), tools, settings);
        let tasks = Tasks::new(Arc::clone(&repository));
        Self { _folder: folder, repository, workflow, tasks }
    }

    async fn caller(&self, login: &str) -> Caller {
        self.repository.identity(login, SystemClock.now()).await.unwrap().unwrap().caller
    }

    async fn user(&self, number: i64) -> UserId {
        self.repository.users_by_number(&[number.try_into().unwrap()]).await.unwrap()[0].id
    }

    async fn approve(&self, login: &str, request: &Request) -> Result<Request, ServiceError> {
        let decision = Decision { task: TaskRef::First, comment: None, seen: None, answers: Vec::new() };
        self.act(login, request, Command::Approve(decision), Sight::Oig).await
    }

    async fn act(
        &self,
        login: &str,
        request: &Request,
        command: Command,
        sight: Sight,
    ) -> Result<Request, ServiceError> {
        let caller = self.caller(login).await;
        self.workflow.act(&caller, RequestKey::Id(request.id), &command, sight, &via()).await
    }

    async fn now(&self, request: &Request) -> Request {
        self.repository.request(request.id).await.unwrap().unwrap().document.request().unwrap()
    }

    async fn detail(&self, login: &str, request: &Request) -> RequestView {
        let requests = Requests::new(Arc::clone(&self.repository));
        requests.detail(&self.caller(login).await, RequestKey::Id(request.id)).await.unwrap()
    }

    async fn change_manager(&self, of: i64, manager: Option<UserId>) {
        let mut user = self.repository.users_by_number(&[of.try_into().unwrap()]).await.unwrap().remove(0);
        let expected = Some(user.revision);
        (user.manager, user.revision) = (manager, user.revision.next());
        support::commit(&*self.repository, support::user_change(expected, user)).await;
    }

    async fn count(&self, login: &str) -> u64 {
        self.tasks.count(&self.caller(login).await, &InboxQuery::default()).await.unwrap()
    }
}

fn via() -> Via {
    Via { channel: Channel::Oig, key: None }
}

fn item(entity_type: EntityType, key: &str) -> Item {
    Item {
        entity_type,
        entity_key: key.to_owned().try_into().unwrap(),
        account: None,
        start: None,
        end: None,
        form: Vec::new(),
    }
}

fn order(users: &[i64], items: Vec<Item>) -> AccessOrder {
    let number = |number: &i64| UserKey::Number(UserNumber::try_from(*number).unwrap());
    AccessOrder {
        intent: Intent::Give,
        beneficiaries: users.iter().map(number).collect(),
        items,
        justification: Some("for the story".to_owned()),
        draft: false,
    }
}

#[tokio::test]
async fn one_request_for_two_people_and_two_things_ends_completed() {
    let house = House::new().await;
    let sysadmin = house.caller("sysadmin").await;
    let dual = item(EntityType::ProfileTemplate, "d0a10000-0000-4000-8000-000000000002");
    let order = order(&[24, 82], vec![item(EntityType::Role, "12"), dual]);
    let parent = house.workflow.place(&sysadmin, &order, &via()).await.unwrap();
    assert_eq!(parent.status(), RequestStatus::Pending);
    assert_eq!((house.count("sysadmin").await, house.count("xelsysadm").await), (0, 1));
    assert!(matches!(house.approve("sysadmin", &parent).await, Err(ServiceError::Refused(_))));
    let parent = house.approve("xelsysadm", &parent).await.unwrap();
    assert_eq!(parent.status(), RequestStatus::AwaitingChildren);
    let children = house.repository.children(parent.id).await.unwrap();
    assert_eq!(children.len(), 4);
    assert_eq!((house.count("manager").await, house.count("approver").await), (4, 2));
    for child in &children {
        assert!(child.number > parent.number);
        let child = house.repository.request(child.id).await.unwrap().unwrap().document.request().unwrap();
        if let Some(certificate) = child.certificate() {
            let first = house.approve("approver", &child).await.unwrap();
            assert_eq!(first.status(), RequestStatus::Pending);
            assert!(house.approve("approver", &child).await.is_err(), "nobody votes twice");
            let approved = house.approve("manager", &child).await.unwrap();
            assert_eq!(approved.status(), RequestStatus::Approved);
            let target = if certificate.target == house.user(24).await { "user24" } else { "user82" };
            let done = house.act(target, &child, Command::Complete, Sight::Mim).await.unwrap();
            assert_eq!(done.status(), RequestStatus::Completed);
            let profile = done.certificate().unwrap().new_profile.unwrap();
            assert!(house.repository.profile(profile).await.unwrap().is_some());
        } else {
            let done = house.approve("manager", &child).await.unwrap();
            assert_eq!(done.status(), RequestStatus::Completed);
        }
    }
    assert_eq!(house.now(&parent).await.status(), RequestStatus::Completed);
    let grants = house.repository.grants_of(house.user(24).await, None, None).await.unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].status, GrantStatus::Active);
    let page = house.tasks.inbox(&house.caller("manager").await, &InboxQuery::default(), Start::Offset(0), 10).await;
    assert!(page.unwrap().tasks.is_empty());
    let report = house.repository.check(false, Arc::new(countersign_core::repository::Silent)).await.unwrap();
    assert_eq!(report.differences, 0, "{:?}", report.first);
}

/// A role needs `approver`, then the beneficiary's manager.
fn manager_second() -> ApprovalRule {
    let stage = |approvers: serde_json::Value| serde_json::json!({"name": "s", "title": "t", "approvers": approvers});
    let approver = serde_json::json!({"principal": "67c8096e-4234-4536-9df0-9a8a7bc25e53"});
    let rule = serde_json::json!({
        "id": "d0a40000-0000-4000-8000-0000000000ff",
        "name": "The manager comes second",
        "ordinal": -1,
        "scope": "single",
        "entityTypes": ["Role"],
        "stages": [stage(serde_json::json!([approver])), stage(serde_json::json!(["beneficiaryManager"]))],
    });
    serde_json::from_value(rule).unwrap()
}

/// Decision 6: the task names the user that was manager when the stage started.
#[tokio::test]
async fn a_later_stage_asks_whoever_is_the_manager_then() {
    let house = House::with(vec![manager_second()]).await;
    let asked = |view: &RequestView| view.asked(&view.request.stages[1]);
    for (new, holder) in [(Some("xelsysadm"), "xelsysadm"), (None, "sysadmin")] {
        house.change_manager(24, Some(house.caller("manager").await.user)).await;
        let order = order(&[24], vec![item(EntityType::Role, "12")]);
        let request = house.workflow.place(&house.caller("requester").await, &order, &via()).await.unwrap();
        let manager = house.caller("manager").await;
        assert_eq!(asked(&house.detail("requester", &request).await), [manager.user.into()]);
        let manager = match new {
            Some(login) => Some(house.caller(login).await.user),
            None => None,
        };
        house.change_manager(24, manager).await;
        let view = house.detail("requester", &request).await;
        let [asked] = asked(&view)[..] else { panic!("one is asked") };
        assert!(house.caller(holder).await.principals.contains(&asked) && view.names.contains_key(&asked));
        let request = house.approve("approver", &request).await.unwrap();
        assert!(matches!(house.approve("manager", &request).await, Err(ServiceError::Refused(_))));
        let done = house.approve(holder, &request).await.unwrap();
        assert_eq!(done.status(), RequestStatus::Completed);
    }
}
