//! What a server must answer, worked out from the records of a bundle by code of its own: plain
//! JSON in, plain JSON out, nothing of the server's types or conversions.

mod bundle;
mod mim;
mod oig;
mod other;

pub(crate) use bundle::{Bundle, array, strings};
pub(crate) use mim::STATUS_WORDS;
pub(crate) use oig::{Shape, Zone};
pub(crate) use other::{other, other_login};
