//! `main-job.1`: the demo's own printed calls give the documents' examples, member for member.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::process::{Server, countersign, output};

/// What stands in the expected files for the address of the OIG dialect.
const BASE: &str = "{base}";

/// Runs the demo twice, for both OIG shapes, and compares what its calls give.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let mut calls = 0;

    let mut server = Server::start(&mut demo(size, context, folder.path()))?;
    let lines = curl_lines(&mut server)?;
    let [requests, profiles, detail] = &lines[..] else { anyhow::bail!("{} curl lines instead of 3", lines.len()) };
    let mut compare = |call: &str, server: &Server, expected: Vec<Value>| -> anyhow::Result<()> {
        let found = answers(call, server)?;
        ensure!(found == expected, "{call}\ngives {found:#?}\ninstead of {expected:#?}");
        calls += found.len();
        Ok(())
    };
    let file = |name: &str| expected(context, name);
    compare(requests, &server, vec![file("mim-request-1.json")?, file("mim-request-2.json")?])?;
    compare(profiles, &server, vec![file("mim-profiles.json")?])?;
    compare(detail, &server, vec![resolved(file("oig-2029-12c.json")?, &server)])?;
    let pages = browser_is_self_contained(&server)?;
    drop(server);

    let mut command = demo(size, context, folder.path());
    command.env("COUNTERSIGN__OIG__COMPAT", "11g").env("COUNTERSIGN__OIG__TIME_ZONE", "Asia/Kolkata");
    let mut server = Server::start(&mut command)?;
    let lines = curl_lines(&mut server)?;
    let detail = lines.last().context("no curl line")?;
    compare(detail, &server, vec![resolved(file("oig-2029-11g.json")?, &server)])?;

    let by = if curl_is_there() { "curl" } else { "its own client" };
    Ok(json!({ "answers_compared": calls, "called_by": by, "browser_files": pages }))
}

/// The demo as a newcomer starts it; in short form the binary that is there already.
fn demo(size: Size, context: &Context, data: &Path) -> Command {
    let mut command = match size {
        Size::Short => countersign(&context.binary),
        Size::Full => {
            let mut cargo = countersign("cargo");
            cargo.args(["run", "--release", "--quiet", "--"]);
            cargo
        }
    };
    command.current_dir(&context.root).args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command
}

fn curl_lines(server: &mut Server) -> anyhow::Result<Vec<String>> {
    let lines: Vec<_> = server.printed().into_iter().filter(|line| line.trim_start().starts_with("curl ")).collect();
    ensure!(!lines.is_empty(), "the demo prints no curl line");
    Ok(lines)
}

fn curl_is_there() -> bool {
    Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs a printed line as it stands, in a shell; without curl, makes the same calls.
fn answers(line: &str, server: &Server) -> anyhow::Result<Vec<Value>> {
    if curl_is_there() {
        let text = output(Command::new("sh").args(["-c", line]).env("NO_PROXY", "*").env("no_proxy", "*"))?;
        let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        return values.collect::<Result<_, _>>().with_context(|| format!("{line} gives no JSON: {text}"));
    }
    let words: Vec<_> = line.split(' ').map(|word| word.trim_matches('\'')).collect();
    let user = words.iter().position(|word| *word == "-u").and_then(|at| words.get(at + 1)).context("no -u")?;
    let (login, password) = user.split_once(':').context("no password")?;
    let client = Client::new(server.address()).login(login, password);
    let paths = words.iter().filter_map(|word| word.strip_prefix(&server.url()));
    paths.map(|path| client.get(path)?.json_of(200)).collect()
}

/// One of the checked-in files.
fn expected(context: &Context, name: &str) -> anyhow::Result<Value> {
    let path = context.root.join("crates/xtask/expected").join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{name} is no JSON"))
}

/// `value` with the links of this server.
fn resolved(mut value: Value, server: &Server) -> Value {
    fn walk(value: &mut Value, base: &str) {
        match value {
            Value::String(text) => *text = text.replace(BASE, base),
            Value::Array(elements) => elements.iter_mut().for_each(|element| walk(element, base)),
            Value::Object(members) => members.values_mut().for_each(|member| walk(member, base)),
            _ => {}
        }
    }
    walk(&mut value, &format!("{}/iam/governance/selfservice/api/v1", server.url()));
    value
}

/// Fetches the API browser with what it loads; nothing comes from elsewhere.
fn browser_is_self_contained(server: &Server) -> anyhow::Result<usize> {
    let client = Client::new(server.address());
    let page = client.get("/docs/")?;
    ensure!(page.status == 200, "/docs/ answers {}", page.status);
    let text = page.text();
    let mut files = 0;
    for part in text.split(['<', '>']).filter(|part| part.starts_with("script") || part.starts_with("link")) {
        let Some(target) = part.split("src=\"").nth(1).or_else(|| part.split("href=\"").nth(1)) else { continue };
        let target = target.split('"').next().unwrap_or_default();
        ensure!(!target.contains("//"), "the API browser fetches {target}");
        let answer = client.get(&format!("/docs/{}", target.trim_start_matches("./")))?;
        ensure!(answer.status == 200, "/docs/{target} answers {}", answer.status);
        files += 1;
    }
    ensure!(files > 0, "the API browser loads nothing");
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn members(value: &Value, place: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (name, member) in object {
                    let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                    found.insert(place.clone());
                    members(member, &place, found);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| members(element, place, found)),
            _ => {}
        }
    }

    #[test]
    fn every_member_of_the_12c_file_has_its_source() {
        let file: Value = serde_json::from_str(include_str!("../../expected/oig-2029-12c.json")).unwrap();
        let sources = include_str!("../../expected/oig-2029-12c.sources.txt");
        let noted: BTreeSet<String> = sources
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| {
                assert!(line.contains("line ") || line.contains("decision "), "{line}");
                line.split_whitespace().next().unwrap().to_owned()
            })
            .collect();
        let mut found = BTreeSet::new();
        members(&file, "", &mut found);
        assert_eq!(noted, found);
    }
}
