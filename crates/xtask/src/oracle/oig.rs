//! OIG's detail (`spec/oig-requests.md` B.1, B.4, B.5, C, H; decision 22).

use anyhow::{Context as _, bail};
use chrono::{FixedOffset, SecondsFormat};
use serde_json::{Map, Value, json};

use super::bundle::{Bundle, array, status, strings, time};

/// A time zone without summer time, and how Java prints it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone {
    /// The abbreviation.
    pub(crate) name: &'static str,
    /// Minutes east of Greenwich.
    pub(crate) minutes: i32,
}

/// Which release's shape is printed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// 12c.
    C12,
    /// 11g, with dates in a zone.
    G11(Zone),
}

impl Shape {
    fn date(self, value: &Value) -> anyhow::Result<String> {
        let at = time(value)?;
        match self {
            Self::C12 => Ok(at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            Self::G11(zone) => {
                let offset = FixedOffset::east_opt(zone.minutes * 60).context("an offset")?;
                let at = at.with_timezone(&offset);
                Ok(format!("{} {} {}", at.format("%a %b %d %H:%M:%S"), zone.name, at.format("%Y")))
            }
        }
    }

    const fn is_11g(self) -> bool {
        matches!(self, Self::G11(_))
    }
}

fn label(request: &Value) -> anyhow::Result<&'static str> {
    let certificate = request["details"]["certificate"].is_object();
    let state = &request["state"];
    Ok(match status(request) {
        "draft" => "Request Draft Created",
        "submitted" => "Request Created",
        "pending" => "Request Awaiting Approval",
        "approved" if certificate => "Request Approved Fulfillment Pending",
        "approved" if state["by"] == "automatic" => "Request Auto Approved",
        "approved" => "Request Approved",
        "awaitingChildren" => "Request Awaiting Child Requests Completion",
        "awaitingDependency" => "Request Awaiting Dependent Request Completion",
        "scheduled" => "Request Awaiting Completion",
        "executing" if state["fulfilment"] == "manual" => "Request Approved Fulfillment Pending",
        "executing" => "Operation Initiated",
        "completed" => "Request Completed",
        "partiallyFailed" => "Request Partially Failed",
        "failed" => "Request Failed",
        "denied" => "Request Rejected",
        "canceled" => "Request Withdrawn",
        "closed" => "Request Closed",
        other => bail!("{other} is no status"),
    })
}

/// Links under one base address.
struct Links<'a>(&'a str);

impl Links<'_> {
    fn one(&self, collection: &str, key: &str) -> Value {
        json!({"rel": "self", "href": format!("{}/iam/governance/selfservice/api/v1/{collection}/{key}", self.0)})
    }

    fn list(&self, collection: &str, key: &str) -> Value {
        json!([self.one(collection, key)])
    }
}

impl Bundle {
    /// What `GET requests/{reqid}` answers whoever may see the request, at the address `origin`.
    pub(crate) fn oig_request(&self, request: &Value, origin: &str, shape: Shape) -> anyhow::Result<Value> {
        let (links, id) = (Links(origin), decimal(&request["number"])?);
        let originator = self.by_id("user", &request["originator"])?;
        let requester = decimal(&originator["number"])?;
        let access = &request["details"]["access"];
        let mut detail = json!({
            "links": links.list("requests", &id),
            "id": id,
            "reqStatus": label(request)?,
            "reqCreatedOn": shape.date(&request["created"])?,
            "reqType": access["operation"],
            "reqTargetEntities": targets(access, &links, shape)?,
            "childRequests": self.children(request, &links)?,
        });
        let members = detail.as_object_mut().context("an object")?;
        for (name, value) in [("reqExpireOn", &request["state"]["at"]), ("reqModifiedOnDate", &request["modified"])] {
            if !value.is_null() {
                members.insert(name.to_owned(), json!(shape.date(value)?));
            }
        }
        if request["justification"].is_string() {
            members.insert("reqJustification".to_owned(), request["justification"].clone());
        }
        if shape.is_11g() {
            members.insert("requester".to_owned(), json!(requester));
            members.insert("userLogin".to_owned(), originator["login"].clone());
        } else {
            let link = links.one("users", &requester);
            members.insert("requester".to_owned(), json!({"name": "requesterId", "value": requester, "link": link}));
        }
        let list = if shape.is_11g() { "reqBenefiiciaryList" } else { "reqBeneficiaryList" };
        members.insert(list.to_owned(), self.beneficiaries(access, &links, shape)?);
        self.tasks(request, shape, members)?;
        Ok(detail)
    }

    fn beneficiaries(&self, access: &Value, links: &Links<'_>, shape: Shape) -> anyhow::Result<Value> {
        let mut list = Vec::new();
        for id in strings(&access["beneficiaries"]) {
            let user = self.find("user", "id", id)?;
            let number = decimal(&user["number"])?;
            let mut person = json!({
                "links": links.list("users", &number), "userLogin": user["login"], "displayName": user["displayName"],
            });
            if !shape.is_11g() {
                person["id"] = json!(number);
            }
            list.push(person);
        }
        Ok(list.into())
    }

    fn children(&self, parent: &Value, links: &Links<'_>) -> anyhow::Result<Value> {
        let children = self.of_kind("request").filter(|request| request["parent"]["request"] == parent["id"]);
        let mut numbers: Vec<i64> = children.filter_map(|child| child["number"].as_i64()).collect();
        numbers.sort_unstable();
        let child =
            |number: i64| json!({"id": number.to_string(), "links": links.list("requests", &number.to_string())});
        Ok(numbers.into_iter().map(child).collect())
    }

    /// The tasks with their history; 11g has it beside them.
    fn tasks(&self, request: &Value, shape: Shape, members: &mut Map<String, Value>) -> anyhow::Result<()> {
        let stages = array(&request["stages"]);
        let mut planned = Vec::new();
        for stage in stages {
            for principal in array(&stage["planned"]) {
                planned.push(json!({"stage": stage["name"], "approvers": self.name(principal)?}));
            }
        }
        let mut tasks = Vec::new();
        for stage in stages {
            for task in array(&stage["tasks"]) {
                let history = self.history(stage, task, &planned, shape)?;
                let mut detail = json!({"title": task["title"]});
                if shape.is_11g() {
                    members.insert("history".to_owned(), history);
                } else {
                    detail["taskId"] = task["id"].clone();
                    detail["state"] = json!(task_state(&task["state"])?);
                    detail["history"] = history;
                }
                tasks.push(detail);
            }
        }
        members.insert("requestTaskDetails".to_owned(), tasks.into());
        Ok(())
    }

    fn history(&self, stage: &Value, task: &Value, planned: &[Value], shape: Shape) -> anyhow::Result<Value> {
        let approvers = self.name(&task["assignee"])?;
        let mut previous = Vec::new();
        for vote in array(&task["votes"]) {
            let mut entry = json!({
                "stage": stage["name"],
                "status": if vote["outcome"] == "approve" { "APPROVE" } else { "REJECT" },
                "approvers": approvers,
                "acquiredBy": self.name(&vote["voter"])?,
                "updatedDate": shape.date(&vote["at"])?,
            });
            if let Some(index) = stage["index"].as_i64() {
                entry["stageIndex"] = json!(index.to_string());
            }
            previous.push(entry);
        }
        let state = task_state(&task["state"])?;
        Ok(json!({
            "previousApprovers": previous,
            "currentApprovers": [{"stage": stage["name"], "status": state, "approvers": approvers}],
            "futureApprovers": planned,
        }))
    }
}

fn targets(access: &Value, links: &Links<'_>, shape: Shape) -> anyhow::Result<Value> {
    let mut list = Vec::new();
    for target in array(&access["targets"]) {
        let (kind, key) =
            (target["entityType"].as_str().context("a type")?, target["entityKey"].as_str().context("a key")?);
        let collection = match kind {
            "ApplicationInstance" => "appinstances",
            "Entitlement" => "entitlements",
            "Role" => "roles",
            other => bail!("{other} has no collection in OIG"),
        };
        let mut entity = json!({
            "links": links.list(collection, key), "entityId": key, "entityType": kind, "entityName": target["entityName"],
        });
        if !shape.is_11g() {
            let mut form: Vec<Value> = array(&target["form"]).to_vec();
            if form.is_empty() && kind == "ApplicationInstance" {
                form.push(json!({"name": "appInstanceName", "value": target["entityName"]}));
            }
            for (name, date) in [("endDate", &target["end"]), ("startDate", &target["start"])] {
                if !date.is_null() {
                    form.push(json!({"name": name, "value": shape.date(date)?}));
                }
            }
            entity["appFormData"] = form.into();
        }
        list.push(entity);
    }
    Ok(list.into())
}

fn task_state(state: &Value) -> anyhow::Result<&'static str> {
    Ok(match state.as_str().unwrap_or_default() {
        "assigned" => "ASSIGNED",
        "completed" => "COMPLETED",
        "suspended" => "SUSPENDED",
        "withdrawn" => "WITHDRAWN",
        "expired" => "EXPIRED",
        "errored" => "ERRORED",
        "alerted" => "ALERTED",
        "informationRequired" => "INFO_REQUESTED",
        other => bail!("{other} is no task state"),
    })
}

fn decimal(number: &Value) -> anyhow::Result<String> {
    number.as_i64().map(|number| number.to_string()).with_context(|| format!("{number} is no number"))
}
