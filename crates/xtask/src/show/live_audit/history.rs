//! The history that is verified: the story across the dialects, and requests that end in other ways.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Bench, set_password};
use crate::http::Client;
use crate::process::{Server, countersign};
use crate::show::live_story;

const OIG: &str = "/iam/governance/selfservice/api/v1";
const MIM: &str = "/CertificateManagement/api/v1.0";
const SOFTWARE: &str = "12bd5120-86a2-4ee1-8d05-131066871578";

/// What the edits are about.
pub(super) struct Marked {
    /// The GUID of a request that was approved with a remark, as hex digits.
    pub(super) approved: String,
    /// The GUID of a user whose last event is a set password, likewise.
    pub(super) user: String,
}

/// Runs the demo, lets people ask and decide, stops it.
pub(super) fn make(bench: &Bench<'_>, rounds: usize) -> anyhow::Result<Marked> {
    let mut demo = countersign(&bench.context.binary);
    demo.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(bench.folder);
    demo.env("COUNTERSIGN__AUDIT__SIGNING_KEY", bench.path("audit.pem"));
    demo.env("COUNTERSIGN__AUDIT__CHECKPOINT_SECONDS", "1");
    let server = Server::start(&mut demo)?;
    let client = Client::checked(server.address())?;
    live_story::tell(&client)?;
    let mut approved = String::new();
    for _ in 0..rounds {
        approved = decide(&client)?;
    }
    wait_for_checkpoint(bench)?;
    server.stop()?;

    set_password(bench, "TESTUSER1")?;
    bench.run("countersign.db", &["audit", "checkpoint"])?;
    let approved = format!("SELECT lower(hex(id)) AS value FROM request WHERE number = {approved}");
    let user = "SELECT lower(hex(id)) AS value FROM app_user WHERE login = 'TESTUSER1'";
    Ok(Marked { approved: bench.ask("countersign.db", &approved)?, user: bench.ask("countersign.db", user)? })
}

/// One request that is approved, one that is denied, one that is withdrawn, one in MIM; gives the
/// number of the first.
fn decide(client: &Client) -> anyhow::Result<String> {
    let person = |login: &str| Person(client.login(login, "demo"));
    let (requester, manager) = (person("requester"), person("manager"));
    let approved = requester.ask("24", "12")?;
    manager.act(&approved, &json!({"action": "approve", "actionComment": "seen her badge"}))?;
    let denied = requester.ask("82", "13")?;
    manager.act(&denied, &json!({"action": "reject", "actionComment": "not this year"}))?;
    let withdrawn = requester.ask("1001", "15")?;
    requester.act(&withdrawn, &json!({"action": "withdraw"}))?;
    for (request, status) in
        [(&approved, "Request Completed"), (&denied, "Request Rejected"), (&withdrawn, "Request Withdrawn")]
    {
        let seen = requester.0.get(&format!("{OIG}/requests/{request}"))?.json_of(200)?;
        ensure!(seen["reqStatus"] == status, "{request} is {}", seen["reqStatus"]);
    }
    requester.enroll()?;
    Ok(approved)
}

struct Person(Client);

impl Person {
    fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let headers: [&[u8]; 2] = [b"X-Requested-By: show", b"Content-Type: application/json"];
        let answer = self.0.raw(method, path.as_bytes(), &headers, body.to_string().as_bytes())?;
        ensure!(matches!(answer.status, 200 | 201), "{method} {path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// Asks for a role for the user of that number; gives the request's number.
    fn ask(&self, user: &str, role: &str) -> anyhow::Result<String> {
        let request = json!({"reqJustification": "for the audit", "reqBeneficiaryList": [{"id": user}],
            "reqTargetEntities": [{"entityId": role, "entityType": "role"}]});
        let answer = self.send("POST", &format!("{OIG}/requests"), &json!({ "requests": [request] }))?;
        let id = answer["requests"][0]["id"].as_str().with_context(|| answer.to_string())?;
        Ok(id.to_owned())
    }

    fn act(&self, request: &str, action: &Value) -> anyhow::Result<()> {
        self.send("PUT", &format!("{OIG}/requests/{request}"), action)?;
        Ok(())
    }

    /// A software certificate of one's own, in MIM: approved by its policy, completed by its target.
    fn enroll(&self) -> anyhow::Result<()> {
        let body =
            json!({"datacollection": "[]", "type": "Enroll", "profiletemplateuuid": SOFTWARE, "comment": "mine"});
        let made = self.send("POST", &format!("{MIM}/requests"), &body)?;
        let uri = made.as_str().with_context(|| made.to_string())?;
        let id = uri.rsplit('/').next().unwrap_or(uri);
        self.send("PUT", &format!("{MIM}/requests/{id}"), &json!({"status": "Completed"}))?;
        Ok(())
    }
}

/// The server itself makes checkpoints while it runs.
fn wait_for_checkpoint(bench: &Bench<'_>) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let covered = "SELECT CASE WHEN (SELECT max(position) FROM checkpoint) = (SELECT max(position) FROM event) \
        THEN 'all' ELSE 'some' END AS value";
    while bench.ask("countersign.db", covered)? != "all" {
        ensure!(Instant::now() < deadline, "the server makes no checkpoint");
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
