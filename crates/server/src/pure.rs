//! The pure parts of the dialects, for the benchmark of them: what they print and read, without a server.

use countersign_core::service::RequestView;

use crate::dialect::{mim, native, oig};

/// The JSON of a request in MIM; nothing of an access request.
pub fn mim_request(view: &RequestView) -> Option<Vec<u8>> {
    mim::printed(&view.request)
}

/// The JSON of a request in OIG 12c.
pub fn oig_request(view: &RequestView) -> Option<Vec<u8>> {
    oig::printed(view)
}

/// The JSON of a request in OIG 11g.
pub fn oig_request_11g(view: &RequestView) -> Option<Vec<u8>> {
    oig::printed_11g(view)
}

/// The JSON of a request in the native API.
pub fn native_request(view: &RequestView) -> Option<Vec<u8>> {
    native::printed(view)
}

/// Whether `text` is a filter of requests (`q`), by reading it as far as the service takes it.
pub fn oig_filter(text: &str) -> bool {
    oig::is_filter(text)
}
