"""The story of requests-live.4 by the client that openapi-generator makes of the API document.

Called with the server's address. Every call goes through the generated operations and models, and
every answer through their checks; the last line is what happened, as JSON.
"""

import json
import sys

from countersign_client import ApiClient, Configuration, MimApi, OigApi
from countersign_client.models import (
    MimStatusChange,
    OigBeneficiaryRef,
    OigCreateRequest,
    OigCreateRequests,
    OigNewTarget,
    OigUpdateRequest,
    OigUpdateRequests,
)

DUAL_CONTROL = "d0a10000-0000-4000-8000-000000000002"
SENDER = "the story"


class Person:
    """Both dialects, as somebody who logs in."""

    def __init__(self, host, login):
        client = ApiClient(Configuration(host=host, username=login, password="demo"))
        self.oig, self.mim = OigApi(client), MimApi(client)

    def ask(self, users, targets):
        """Makes one request; its number."""
        request = OigCreateRequest(
            req_justification="The story",
            req_beneficiary_list=[OigBeneficiaryRef(id=user) for user in users],
            req_target_entities=[OigNewTarget(entity_type=kind, entity_id=key) for kind, key in targets],
        )
        [result] = self.oig.oig_create_requests(SENDER, OigCreateRequests(requests=[request])).requests
        assert (result.status, result.req_status) == ("SUCCESS", "Request Created"), result
        return result.id

    def see(self, number):
        return self.oig.oig_get_request(number).actual_instance

    def approve(self, number):
        """Finds the task in the list of what waits for this person, and approves it."""
        waiting = self.oig.oig_list_requests(view="pendingApprovals", limit=1000).requests
        [task] = [item for item in waiting if item.id == number]
        assert task.state == "ASSIGNED", task
        decision = OigUpdateRequest(id=number, task_id=task.task_id, action="approve", action_comment="Seen")
        [result] = self.oig.oig_update_requests(SENDER, OigUpdateRequests(requests=[decision])).requests
        assert result.status == "SUCCESS", result

    def complete(self):
        """Completes the one request that waits for this person in MIM."""
        [request] = self.mim.mim_list_requests(targetuser="current", status="Approved")
        assert str(request.profile_template_uuid) == DUAL_CONTROL, request
        done = self.mim.mim_set_request_status(str(request.uuid), MimStatusChange(status="Completed"))
        assert (done.uuid, done.status) == (request.uuid, 8), done


def main(host):
    cast = ["sysadmin", "xelsysadm", "manager", "approver", "user24", "user82"]
    people = {login: Person(host, login) for login in cast}
    asker = people["sysadmin"]
    parent = asker.ask(["24", "82"], [("Role", "12"), ("ProfileTemplate", DUAL_CONTROL)])
    assert asker.see(parent).req_status == "Request Awaiting Approval"
    people["xelsysadm"].approve(parent)
    children = [asker.see(child.id) for child in asker.see(parent).child_requests]
    roles = [child.id for child in children if child.req_type == "Assign Roles"]
    certificates = [child.id for child in children if child.req_type == "Certificate Enroll"]
    assert (len(roles), len(certificates)) == (2, 2), children
    for role in roles:
        people["manager"].approve(role)
        assert asker.see(role).req_status == "Request Completed"
    for certificate in certificates:
        people["approver"].approve(certificate)
        assert asker.see(certificate).req_status == "Request Awaiting Approval"
        people["manager"].approve(certificate)
        assert asker.see(certificate).req_status == "Request Approved Fulfillment Pending"
    assert asker.see(parent).req_status == "Request Awaiting Child Requests Completion"
    for login in ["user24", "user82"]:
        people[login].complete()
    for number in [parent, *certificates]:
        assert asker.see(number).req_status == "Request Completed", number
    print(json.dumps({"parent": parent, "children": len(children)}))


main(sys.argv[1])
