//! The static answers that rows are compared with: an application that does nothing else, without middleware, and the
//! smallest application there is.

use std::net::{SocketAddr, TcpListener};

use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};

/// Answers every call with JSON of `length` bytes until the process ends; says where. `hello`: only calls of `/`.
#[allow(clippy::print_stdout, reason = "whoever started it reads the address there")]
pub(crate) fn serve(length: usize, hello: bool) -> anyhow::Result<()> {
    let body = Bytes::from(json(length));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    println!("listening on {}", listener.local_addr()?);
    let answer = move || {
        let body = body.clone();
        let get = web::get()
            .to(move || std::future::ready(HttpResponse::Ok().content_type("application/json").body(body.clone())));
        if hello { App::new().route("/", get) } else { App::new().default_service(get) }
    };
    actix_web::rt::System::new().block_on(HttpServer::new(answer).disable_signals().listen(listener)?.run())?;
    Ok(())
}

/// A JSON text of that many bytes, from 4.
fn json(length: usize) -> String {
    format!("[\"{}\"]", "x".repeat(length.saturating_sub(4)))
}
