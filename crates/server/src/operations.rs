//! The operations of the contract, in the order in which the router tries them.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::dialect::{mim, native, oig};
use crate::probe;
use crate::settings::Settings;

/// Registers every operation of the contract. The dialects stand first: the router tries in order.
pub(crate) fn register(config: &mut ServiceConfig, settings: &Settings) {
    if settings.mim.enabled {
        mim::register(config);
    }
    oig::register(config);
    native::register(config);
    config.service(probe::healthz).service(probe::readyz);
}
