//! Bad input: each dialect answers it with its documented status and error form and a reason in
//! words; nothing of the inside leaves, and nothing reaches 500.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::answer::Answer;
use crate::http::Client;

const MIM: &str = "/CertificateManagement/api/v1.0";
const OIG: &str = "/iam/governance/selfservice/api/v1";

/// What an answer to outsiders never holds.
const INSIDE: [&str; 10] = [
    "sqlite",
    "SELECT ",
    "diesel",
    "panicked",
    "stack",
    "backtrace",
    ".rs:",
    "src/",
    "countersign_",
    "request_document",
];

/// The members of a dialect's error, the reason first.
type Form = [&'static str; 3];
const MIM_FORM: Form = ["Message", "ErrorCode", "CorrelationId"];
const OIG_FORM: Form = ["message", "errorCode", "status"];

/// Bad input to MIM; returns how many calls.
pub(super) fn mim(client: &Client) -> anyhow::Result<usize> {
    let requester = client.login("requester", "demo");
    let guid = "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099";
    let long = "a".repeat(8000);
    let gets = [
        ("requests/not-a-guid", 400),
        ("requests/a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a09", 400),
        ("requests/{a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099", 400),
        ("requests/'%20OR%201=1%20--", 400),
        ("requests/%00", 400),
        ("requests/%FF%FE", 400),
        ("requests/%F0%9F%94%91", 400),
        (&format!("requests/{long}"), 400),
        ("requests?status=Junk", 400),
        ("requests?status=", 400),
        ("requests?status=%FF", 400),
        ("requests?status=Approved&status=Denied", 400),
        ("requests?targetuser=somebody", 400),
        ("profiles?status=Junk", 400),
        ("profiles/not-a-guid", 400),
        ("requests/not-a-guid/profiles", 400),
        (&format!("requests/{guid}/profiles/not-a-guid"), 400),
        ("nothing", 404),
        ("", 404),
        (&format!("requests/{guid}/nothing"), 404),
    ];
    for (path, status) in gets {
        let path = if path.is_empty() { MIM.to_owned() } else { format!("{MIM}/{path}") };
        let answer = requester.raw("GET", path.as_bytes(), &[], b"")?;
        refused(&answer, status, MIM_FORM).with_context(|| path)?;
    }
    let by_method = methods(
        &requester,
        &format!("{MIM}/requests/{guid}"),
        &["POST", "DELETE", "PATCH", "TRACE", "BREW"],
        MIM_FORM,
    )?;
    let requests = format!("{MIM}/requests");
    Ok(gets.len() + by_method + credentials(client, &requests, MIM_FORM)? + oversized(&requester, &requests, MIM_FORM)?)
}

/// Bad input to OIG; returns how many calls.
pub(super) fn oig(client: &Client) -> anyhow::Result<usize> {
    let user = client.login("TESTUSER1", "demo");
    let long = "9".repeat(8000);
    let gets = [
        ("requests/abc", 404),
        ("requests/0", 404),
        ("requests/-1", 404),
        ("requests/2029.0", 404),
        ("requests/%202029", 404),
        ("requests/99999999999999999999", 404),
        (&format!("requests/{long}"), 404),
        ("requests/'%20OR%201=1%20--", 404),
        ("requests/%00", 404),
        ("requests/%FF", 400),
        ("requests/2029?fields=%FF", 400),
        ("requests/2029?fields=id&fields=links", 400),
        ("nothing", 404),
        ("requests/2029/nothing", 404),
    ];
    for (path, status) in gets {
        let path = format!("{OIG}/{path}");
        let answer = user.raw("GET", path.as_bytes(), &[], b"")?;
        refused(&answer, status, OIG_FORM).with_context(|| path)?;
    }
    let path = format!("{OIG}/requests/2029");
    let answer = user.raw("GET", path.as_bytes(), &[b"Accept: application/xml"], b"")?;
    refused(&answer, 406, OIG_FORM)?;
    let by_method = methods(&user, &path, &["POST", "PATCH", "TRACE", "BREW"], OIG_FORM)?;
    Ok(gets.len() + 1 + by_method + credentials(client, &path, OIG_FORM)? + oversized(&user, &path, OIG_FORM)?)
}

/// Fails unless `answer` has this status and says why in the dialect's form.
fn refused(answer: &Answer, status: u16, form: Form) -> anyhow::Result<()> {
    ensure!(answer.status == status, "{} instead of {status}: {}", answer.status, answer.text());
    let body = answer.json()?;
    let members: Vec<_> = body.as_object().context("no object")?.keys().map(String::as_str).collect();
    ensure!(
        members.len() == form.len() && form.iter().all(|name| members.contains(name)),
        "the error holds {members:?}"
    );
    let reason = body[form[0]].as_str().context("no reason")?;
    ensure!(reason.split(' ').count() > 2, "{reason:?} is no reason in words");
    ensure!(form != OIG_FORM || body["status"] == "FAILED", "{body}");
    keeps_to_itself(answer)
}

fn keeps_to_itself(answer: &Answer) -> anyhow::Result<()> {
    let text = answer.text();
    let leaked = INSIDE.iter().find(|word| text.contains(**word));
    ensure!(leaked.is_none(), "the answer holds {leaked:?}: {text}");
    ensure!((400..500).contains(&answer.status), "bad input gives {}: {text}", answer.status);
    Ok(())
}

/// Methods that the path does not know.
fn methods(client: &Client, path: &str, wrong: &[&'static str], form: Form) -> anyhow::Result<usize> {
    for method in wrong {
        let answer = client.raw(
            method,
            path.as_bytes(),
            &[b"Content-Type: application/json", b"X-Requested-By: test"],
            b"{\"a\":",
        )?;
        refused(&answer, 405, form).context(*method)?;
        ensure!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{method}: no Allow header");
    }
    Ok(wrong.len())
}

/// No credentials, wrong ones, and such that are none.
fn credentials(client: &Client, path: &str, form: Form) -> anyhow::Result<usize> {
    let callers = [
        client.anonymous(),
        client.login("requester", "wrong"),
        client.login("requester", ""),
        client.login("nobody", "demo"),
        client.login("", ""),
        client.login("%", "demo"),
        client.login("requester' --", "demo"),
        client.login("requester\u{0}", "demo"),
        client.login(&"x".repeat(5000), &"y".repeat(5000)),
        client.authorization("Basic !!!"),
        client.authorization("Basic"),
        client.authorization("Basic cmVxdWVzdGVy"),
        client.authorization("Basic /////w=="),
        client.authorization("Bearer abc"),
        client.authorization("Negotiate abc"),
    ];
    for caller in &callers {
        let answer = caller.raw("GET", path.as_bytes(), &[], b"")?;
        refused(&answer, 401, form).with_context(|| format!("{caller:?}"))?;
        let challenge = answer.header("www-authenticate").context("no WWW-Authenticate header")?;
        ensure!(challenge.starts_with("Basic realm="), "the challenge is {challenge}");
    }
    Ok(callers.len())
}

/// Heads and bodies beyond the limits, and bytes that are no HTTP. A head that is not read, because
/// it is no HTTP or beyond 128 KiB, names no dialect: it is refused without a body, and no
/// description can declare that.
fn oversized(client: &Client, path: &str, form: Form) -> anyhow::Result<usize> {
    let body = vec![b' '; 3 << 20];
    for method in ["GET", "POST"] {
        let answer = client.raw(method, path.as_bytes(), &[b"Content-Type: application/json"], &body)?;
        refused(&answer, 413, form).context("a body of 3 MiB")?;
    }
    let wide = [b"X-Wide: ".as_slice(), &vec![b'a'; 80_000]].concat();
    refused(&client.raw("GET", path.as_bytes(), &[&wide], b"")?, 431, form).context("headers of 80 kB")?;
    let query = format!("{path}?x={}", "a".repeat(20_000));
    refused(&client.raw("GET", query.as_bytes(), &[], b"")?, 414, form).context("a query of 20 kB")?;
    let client = client.unchecked();
    let wide = [b"X-Wide: ".as_slice(), &vec![b'a'; 300_000]].concat();
    let many: Vec<Vec<u8>> = (0..500).map(|n| format!("X-Many-{n}: 1").into_bytes()).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let query = format!("{path}?x={}", "a".repeat(200_000));
    let raw_path = [path.as_bytes(), b"/\xff\xfe"].concat();
    let answers = [
        client.raw("GET", path.as_bytes(), &[&wide], b"")?,
        client.raw("GET", path.as_bytes(), &many, b"")?,
        client.raw("GET", query.as_bytes(), &[], b"")?,
        client.raw("GET", &raw_path, &[], b"")?,
        client.raw("GET", path.as_bytes(), &[b"X-Bytes: \xff\xfe\x00"], b"")?,
        client.raw("GET", path.as_bytes(), &[b"Content-Length: -1"], b"")?,
        client.raw("GET", path.as_bytes(), &[b"Transfer-Encoding: nonsense"], b"")?,
        client.raw("G\u{e4}T", path.as_bytes(), &[], b"")?,
        client.raw("GET", b"no-slash", &[], b"")?,
    ];
    for (n, answer) in answers.iter().enumerate() {
        keeps_to_itself(answer).with_context(|| format!("malformed call {n}"))?;
        let readable = answer.body.is_empty() || serde_json::from_slice::<Value>(&answer.body).is_ok();
        ensure!(readable, "malformed call {n} gives {}", answer.text());
    }
    Ok(4 + answers.len())
}
