//! An HTTP client for tests: every answer is kept as it came, and held against the contract.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::answer::Answer;
use crate::contract::Contract;

const PATIENCE: Duration = Duration::from_secs(60);

/// A caller of one server.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    agent: ureq::Agent,
    authorization: Option<String>,
    contract: Option<Arc<Contract>>,
}

impl Client {
    /// A caller of the server at `address` without credentials, whose answers nobody checks.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, agent: agent(), authorization: None, contract: None }
    }

    /// A caller whose every answer is held against the description that the server gives of itself.
    pub fn checked(address: SocketAddr) -> anyhow::Result<Self> {
        let client = Self::new(address);
        let document = client.get("/openapi.json")?.json_of(200)?;
        Ok(Self { contract: Some(Arc::new(Contract::new(&document)?)), ..client })
    }

    /// The same client as somebody who logs in.
    #[must_use]
    pub fn login(&self, login: &str, password: &str) -> Self {
        self.authorization(&format!("Basic {}", STANDARD.encode(format!("{login}:{password}"))))
    }

    /// The same client with this `Authorization` header.
    #[must_use]
    pub fn authorization(&self, value: &str) -> Self {
        Self { authorization: Some(value.to_owned()), ..self.clone() }
    }

    /// The same client at another server.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same client, who shares no connection with it.
    #[must_use]
    pub fn with_own_connections(&self) -> Self {
        Self { agent: agent(), ..self.clone() }
    }

    /// The same client without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { authorization: None, ..self.clone() }
    }

    /// The same client, whose answers nobody checks.
    #[must_use]
    pub fn unchecked(&self) -> Self {
        Self { contract: None, ..self.clone() }
    }

    /// The contract that answers are held against.
    pub fn contract(&self) -> Option<&Contract> {
        self.contract.as_deref()
    }

    /// The server's address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// GET. `path` begins with a slash and is sent as it stands.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.get_with(path, &[])
    }

    /// GET with more headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut request = self.agent.get(format!("http://{}{path}", self.address));
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = read(request.call().with_context(|| format!("GET {path}"))?)?;
        self.check("GET", path, &answer)?;
        Ok(answer)
    }

    /// Any method with a JSON body, over a connection that is kept, once.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> anyhow::Result<Answer> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        for (name, value) in headers.iter().chain(&[("content-type", "application/json")]) {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_string())?;
        let answer = read(self.agent.run(request).with_context(|| format!("{method} {path}"))?)?;
        self.check(method, path, &answer)?;
        Ok(answer)
    }

    /// Any method and any target, however malformed: the bytes are sent as they stand. `headers`
    /// are whole lines; `Host`, credentials and `Connection: close` are added.
    pub fn raw(&self, method: &str, target: &[u8], headers: &[&[u8]], body: &[u8]) -> anyhow::Result<Answer> {
        let mut head = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\n"].concat();
        let mut line = |text: &[u8]| head.extend([text, b"\r\n"].concat());
        line(format!("Host: {}", self.address).as_bytes());
        line(b"Connection: close");
        if let Some(value) = &self.authorization {
            line(format!("Authorization: {value}").as_bytes());
        }
        if !body.is_empty() {
            line(format!("Content-Length: {}", body.len()).as_bytes());
        }
        headers.iter().for_each(|header| line(header));
        line(b"");
        let answer = self.exchange(&head, body)?;
        if let Ok(path) = std::str::from_utf8(target) {
            self.check(method, path, &answer)?;
        }
        Ok(answer)
    }

    /// Sends bytes and reads the answer until the server closes.
    pub fn exchange(&self, head: &[u8], body: &[u8]) -> anyhow::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(head)?;
        // A server may answer and close before it has read a body that is too large.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Err(error) if bytes.is_empty() => bail!("no answer: {error}"),
            _ => parse(&bytes, head.starts_with(b"HEAD ")),
        }
    }

    fn check(&self, method: &str, target: &str, answer: &Answer) -> anyhow::Result<()> {
        let Some(contract) = &self.contract else { return Ok(()) };
        let path = target.split(['?', '#']).next().unwrap_or(target);
        contract.check(method, path, answer).with_context(|| format!("{method} {target}: {}", answer.text()))
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build();
    config.new_agent()
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Answer> {
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec()?;
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Answer { status: response.status().as_u16(), headers: headers.collect(), body })
}

fn parse(bytes: &[u8], headless: bool) -> anyhow::Result<Answer> {
    let end =
        bytes.windows(4).position(|window| window == b"\r\n\r\n").context("an answer without an end of its head")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("an answer without a status")?.parse()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let body = if chunked && !headless { dechunk(rest)? } else { rest.to_vec() };
    Ok(Answer { status, headers, body })
}

fn dechunk(mut rest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").context("a chunk without a size")?;
        let size = std::str::from_utf8(&rest[..end])?.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size.trim(), 16)?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        body.extend(rest.get(..size).context("a chunk that breaks off")?);
        rest = rest.get(size + 2..).context("a chunk without an end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_answer_is_put_together() {
        let text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n";
        let answer = parse(text, false).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "[1,2]"));
        assert!(parse(&text[..text.len() - 12], false).is_err());
    }
}
