//! What becomes of the documents' dates, on the bundle of their examples and with the clock at their time. The
//! examples themselves replay in the show `requests-live.1`.

use countersign_xtask::http::Client;
use countersign_xtask::process::{Server, workspace};
use countersign_xtask::world::World;
use serde_json::{Value, json};

use crate::support::binary;
use crate::{Caller, request_for};

struct Documents {
    world: World,
    server: Server,
}

impl Documents {
    fn start() -> Self {
        let text = std::fs::read_to_string(workspace().join("crates/xtask/data/documents.json")).unwrap();
        let records: Vec<Value> = serde_json::from_str(&text).unwrap();
        let world = World::new(&binary(), &records, "2019-06-15T00:00:00Z").unwrap();
        let server = world.start([]).unwrap();
        Self { world, server }
    }

    fn caller(&self, login: &str) -> Caller {
        Caller::new(self.world.login(&Client::checked(self.server.address()).unwrap(), login))
    }
}

#[test]
fn a_start_date_that_is_past_means_now() {
    let documents = Documents::start();
    let (requester, manager) = (documents.caller("user17"), documents.caller("manager"));
    let target = json!({"entityId": "12", "entityType": "role", "startDate": "2019-06-20T01:30:00Z"});
    let ask = || requester.ask(&request_for("24", &json!([target])));
    let (before, after) = (ask(), ask());
    assert_eq!(manager.act(&before, "approve"), 200);
    assert_eq!(requester.status_of(&before), "Request Awaiting Completion");
    documents.world.turn_the_clock_to("2019-06-21T00:00:00Z").unwrap();
    assert_eq!(manager.act(&after, "approve"), 200);
    assert_eq!(requester.status_of(&after), "Request Completed");
}

#[test]
fn an_edited_start_date_is_waited_for() {
    let documents = Documents::start();
    let requester = documents.caller("user17");
    let dates = json!([{"name": "startDate", "value": "2019-07-15T07:00:00Z"}]);
    let edit = json!({"reqTargetEntities": [{"appFormData": dates, "entityId": "11", "entityType": "Role"}]});
    assert_eq!(requester.put("23", &edit).status, 200);
    assert_eq!(documents.caller("sysadmin").act("23", "approve"), 200);
    assert_eq!(requester.status_of("23"), "Request Awaiting Completion");
}
