// The story of requests-live.4 in TypeScript, with the types that openapi-typescript makes of the API
// document: it must pass the strict type check. Each line after "@ts-expect-error" must not, so that a
// document that has come to allow everything fails too.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

declare const process: { argv: string[] };

type Person = ReturnType<typeof createClient<paths>>;

const DUAL_CONTROL = "d0a10000-0000-4000-8000-000000000002";
const header = { "X-Requested-By": "the story" };

function person(baseUrl: string, login: string): Person {
  const headers = { Authorization: `Basic ${btoa(`${login}:demo`)}` };
  return createClient<paths>({ baseUrl, headers });
}

function must<T>(value: T | undefined, what: unknown): T {
  if (value === undefined) throw new Error(JSON.stringify(what));
  return value;
}

function equal<T>(found: T, expected: T): void {
  if (found !== expected) throw new Error(`${String(found)} instead of ${String(expected)}`);
}

async function ask(by: Person): Promise<string> {
  const { data, error } = await by.POST("/iam/governance/selfservice/api/v1/requests", {
    params: { header },
    body: {
      requests: [
        {
          reqBeneficiaryList: [{ id: "24" }, { id: "82" }],
          reqTargetEntities: [
            { entityId: "12", entityType: "Role" },
            { entityId: DUAL_CONTROL, entityType: "ProfileTemplate" },
          ],
        },
      ],
    },
  });
  const result = must(data?.requests[0], error);
  equal(result.status, "SUCCESS");
  return must(result.id, result);
}

async function see(by: Person, reqid: string): Promise<components["schemas"]["OigRequestDetail"]> {
  const path = "/iam/governance/selfservice/api/v1/requests/{reqid}";
  const { data, error } = await by.GET(path, { params: { path: { reqid } } });
  return must(data, error);
}

async function approve(by: Person, number: string): Promise<void> {
  const query = { view: "pendingApprovals", limit: 1000 };
  const list = await by.GET("/iam/governance/selfservice/api/v1/requests", { params: { query } });
  const task = must(must(list.data, list.error).requests.find((item) => item.id === number), number);
  const decision = { id: number, taskId: must(task.taskId, task), action: "approve" };
  const { data, error } = await by.PUT("/iam/governance/selfservice/api/v1/requests", {
    params: { header },
    body: { requests: [decision] },
  });
  equal(must(data?.requests[0], error).status, "SUCCESS");
}

async function complete(by: Person): Promise<void> {
  const query = { targetuser: "current", status: "Approved" };
  const list = await by.GET("/CertificateManagement/api/v1.0/requests", { params: { query } });
  const request = must(list.data?.[0], list.error);
  equal(request.ProfileTemplateUuid, DUAL_CONTROL);
  const { data, error } = await by.PUT("/CertificateManagement/api/v1.0/requests/{id}", {
    params: { path: { id: request.Uuid } },
    body: { status: "Completed" },
  });
  equal(must(data, error).Status, 8);
}

export async function tell(address: string): Promise<{ parent: string; children: number }> {
  const [asker, administrator, manager, approver] = ["sysadmin", "xelsysadm", "manager", "approver"].map((login) =>
    person(address, login),
  ) as [Person, Person, Person, Person];
  const parent = await ask(asker);
  await approve(administrator, parent);
  const children = must((await see(asker, parent)).childRequests, parent);
  equal(children.length, 4);
  for (const { id } of children) {
    const { reqType } = await see(asker, id);
    if (reqType === "Certificate Enroll") await approve(approver, id);
    await approve(manager, id);
  }
  for (const login of ["user24", "user82"]) await complete(person(address, login));
  equal((await see(asker, parent)).reqStatus, "Request Completed");
  return { parent, children: children.length };
}

export async function mistakes(by: Person): Promise<void> {
  // @ts-expect-error: no such path
  await by.GET("/iam/governance/selfservice/api/v1/approvals", {});
  // @ts-expect-error: the status must be there
  await by.PUT("/CertificateManagement/api/v1.0/requests/{id}", { params: { path: { id: "" } }, body: {} });
  // @ts-expect-error: the header must be there
  await by.POST("/iam/governance/selfservice/api/v1/requests", { body: { requests: [] } });
  const { reqStatus } = await see(by, "1");
  // @ts-expect-error: a label is no number
  equal<number>(reqStatus, 8);
}

const address = process.argv[2];
if (address !== undefined) console.log(JSON.stringify(await tell(address)));
