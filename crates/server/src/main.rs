//! The command `countersign`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use countersign_server::command;

fn main() -> ExitCode {
    let cli = command::Cli::parse();
    match actix_web::rt::System::new().block_on(command::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the pipe has heard enough (`countersign openapi | head`).
        Err(error) if command::is_hung_up(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to hear that standard error is closed.
            let _ = writeln!(std::io::stderr(), "countersign: {}", command::explain(&error));
            ExitCode::FAILURE
        }
    }
}
