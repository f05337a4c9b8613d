//! `requests-live.4`: one story across the dialects. What is asked for in OIG is approved in OIG, as a whole and
//! then child by child, and the children that are certificates are completed in MIM: by calls written here, and
//! by clients that others' generators make of the API document.

mod clients;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::oracle::array;
use crate::process::Server;

const MIM: &str = "/CertificateManagement/api/v1.0";
const OIG: &str = "/iam/governance/selfservice/api/v1";
const DUAL_CONTROL: &str = "d0a10000-0000-4000-8000-000000000002";

// MIM's numbers of statuses.
const APPROVED: u64 = 3;
const COMPLETED: u64 = 8;
const PENDING: u64 = 16;

/// Tells the story by hand; in full size by the generated clients too, each on the same demo.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let server = Server::demo(&context.binary, folder.path())?;
    let mut figures = tell(&Client::checked(server.address())?)?;
    if size == Size::Full {
        figures["python"] = clients::python(context, &server)?;
        figures["typescript"] = clients::typescript(context, &server)?;
    }
    Ok(figures)
}

pub(super) fn tell(client: &Client) -> anyhow::Result<Value> {
    let person = |login: &str| Person(client.login(login, "demo"));
    let [asker, administrator, manager, approver] = ["sysadmin", "xelsysadm", "manager", "approver"].map(person);
    let targets = [person("user24"), person("user82")];

    let parent = asker.ask()?;
    asker.sees(&parent, "Heterogeneous Request", "Request Awaiting Approval")?;
    for other in [&asker, &manager, &approver] {
        ensure!(other.task(&parent)?.is_none(), "somebody else than xelsysadm has the parent's task");
    }
    administrator.approve(&parent)?;
    asker.sees(&parent, "Heterogeneous Request", "Request Awaiting Child Requests Completion")?;
    let children = asker.children(&parent)?;
    let of_kind = |kind: &str| children.iter().filter(|(_, found)| found == kind).map(|(id, _)| id).collect::<Vec<_>>();
    let (roles, certificates) = (of_kind("Assign Roles"), of_kind("Certificate Enroll"));
    ensure!((children.len(), roles.len(), certificates.len()) == (4, 2, 2), "the children are {children:?}");

    for role in roles {
        ensure!(approver.task(role)?.is_none(), "{role} is for somebody else than the manager");
        manager.approve(role)?;
        asker.sees(role, "Assign Roles", "Request Completed")?;
    }
    for target in &targets {
        let request = target.certificate(PENDING)?;
        ensure!(target.complete(&request)?.0 == 403, "a pending request is completed");
    }
    for certificate in certificates {
        ensure!(asker.task(certificate)?.is_none(), "whoever asked may approve {certificate}");
        approver.approve(certificate)?;
        asker.sees(certificate, "Certificate Enroll", "Request Awaiting Approval")?;
        ensure!(approver.task(certificate)?.is_none(), "one person may approve {certificate} twice");
        manager.approve(certificate)?;
        asker.sees(certificate, "Certificate Enroll", "Request Approved Fulfillment Pending")?;
    }
    for target in &targets {
        asker.sees(&parent, "Heterogeneous Request", "Request Awaiting Child Requests Completion")?;
        let request = target.certificate(APPROVED)?;
        ensure!(manager.complete(&request)?.0 == 403, "somebody else completes a request");
        let (status, done) = target.complete(&request)?;
        ensure!((status, &done["Status"]) == (200, &json!(COMPLETED)), "Completed gives {status}: {done}");
    }
    for (child, kind) in &children {
        asker.sees(child, kind, "Request Completed")?;
    }
    asker.sees(&parent, "Heterogeneous Request", "Request Completed")?;
    Ok(json!({ "by_hand": { "parent": parent, "children": children.len() } }))
}

/// Somebody with a login.
struct Person(Client);

impl Person {
    fn send(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let headers: [&[u8]; 2] = [b"X-Requested-By: story", b"Content-Type: application/json"];
        let answer = self.0.raw(method, target.as_bytes(), &headers, body.to_string().as_bytes())?;
        Ok((answer.status, answer.json()?))
    }

    fn read(&self, target: &str) -> anyhow::Result<Value> {
        self.0.get(target)?.json_of(200).with_context(|| target.to_owned())
    }

    /// Asks for role 12 and the Dual control template for users 24 and 82; the number of the request.
    fn ask(&self) -> anyhow::Result<String> {
        let targets = json!([
            {"entityId": "12", "entityType": "Role"},
            {"entityId": DUAL_CONTROL, "entityType": "ProfileTemplate"},
        ]);
        let request = json!({"reqBeneficiaryList": [{"id": "24"}, {"id": "82"}], "reqTargetEntities": targets});
        let (status, answer) = self.send("POST", &format!("{OIG}/requests"), &json!({"requests": [request]}))?;
        let made = &answer["requests"][0];
        ensure!(status == 200 && made["status"] == "SUCCESS", "POST gives {status}: {answer}");
        Ok(made["id"].as_str().context("a request without an id")?.to_owned())
    }

    fn detail(&self, number: &str) -> anyhow::Result<Value> {
        self.read(&format!("{OIG}/requests/{number}"))
    }

    fn sees(&self, number: &str, kind: &str, label: &str) -> anyhow::Result<()> {
        let found = self.detail(number)?;
        ensure!(found["reqType"] == kind && found["reqStatus"] == label, "{number} is no {kind} in {label}: {found}");
        Ok(())
    }

    /// The children's numbers and types.
    fn children(&self, number: &str) -> anyhow::Result<Vec<(String, String)>> {
        let parent = self.detail(number)?;
        let child = |child: &Value| {
            let id = child["id"].as_str().context("a child without an id")?;
            let kind = self.detail(id)?["reqType"].as_str().context("a child without a type")?.to_owned();
            Ok((id.to_owned(), kind))
        };
        array(&parent["childRequests"]).iter().map(child).collect()
    }

    /// The task of a request that waits for this person.
    fn task(&self, number: &str) -> anyhow::Result<Option<String>> {
        let waiting = self.read(&format!("{OIG}/requests?view=pendingApprovals&limit=1000"))?;
        let task = array(&waiting["requests"]).iter().find(|task| task["id"] == number);
        Ok(task.and_then(|task| task["taskId"].as_str()).map(str::to_owned))
    }

    fn approve(&self, number: &str) -> anyhow::Result<()> {
        let task = self.task(number)?.with_context(|| format!("{number} does not wait for its approver"))?;
        let decision = json!({"id": number, "taskId": task, "action": "approve", "actionComment": "Seen"});
        let (status, answer) = self.send("PUT", &format!("{OIG}/requests"), &json!({"requests": [decision]}))?;
        ensure!(status == 200 && answer["requests"][0]["status"] == "SUCCESS", "PUT gives {status}: {answer}");
        Ok(())
    }

    /// The GUID of the one request that this person has in MIM, which must be in that status.
    fn certificate(&self, status: u64) -> anyhow::Result<String> {
        let list = self.read(&format!("{MIM}/requests?targetuser=current"))?;
        let [request] = array(&list) else { anyhow::bail!("not one request in MIM: {list}") };
        ensure!(
            request["Status"] == status && request["ProfileTemplateUuid"] == DUAL_CONTROL,
            "not in {status}: {request}"
        );
        Ok(request["Uuid"].as_str().context("a request without a GUID")?.to_owned())
    }

    fn complete(&self, request: &str) -> anyhow::Result<(u16, Value)> {
        self.send("PUT", &format!("{MIM}/requests/{request}"), &json!({"status": "Completed"}))
    }
}
