//! The contract: an OpenAPI document made from the routes and the wire types, with the examples
//! that stand beside this file.

mod examples;

use std::collections::BTreeSet;

use actix_web::App;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;

use crate::dialect::{mim, oig};
use crate::operations;
use crate::settings::Settings;

const SECURITY_SCHEME: &str = "basic";
const SIGNATURE_SCHEME: &str = "webhookSignature";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "Identity requests, the approvals that they need and the child requests that they split into, \
                       in two dialects over one core: Microsoft Identity Manager Certificate Management (MIM CM) and \
                       Oracle Identity Governance self-service (OIG).",
        contact(name = "The maintainers of Countersign"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The server that this document comes from.")),
    tags(
        (name = "mim", description = "MIM CM: requests for certificates and smart cards, the templates that they are \
                                    made under and the profiles that they make."),
        (name = "oig", description = "OIG self-service: requests for access, and certificate requests beside them."),
        (name = "native", description = "Countersign's own API: the inbox, requests with their events, decisions, and for \
                                       administrators templates, catalog, rules, webhooks and the event feed."),
        (name = "probes", description = "For whoever runs the server."),
    ),
    components(schemas(mim::Error, oig::Error)),
    modifiers(&Authentication),
    security(("basic" = [])),
)]
struct Base;

struct Authentication;

impl Modify for Authentication {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut basic = Http::new(HttpAuthScheme::Basic);
        basic.description = Some("Login and password of a local account, in UTF-8.".to_owned());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(SECURITY_SCHEME, SecurityScheme::Http(basic));
        let signature = ApiKeyValue::with_description(
            "X-Countersign-Signature",
            "`sha256=` and the HMAC-SHA256, in hex, of the value of X-Countersign-Timestamp, a full stop and the body, \
             under the key of a webhook.",
        );
        components.add_security_scheme(SIGNATURE_SCHEME, SecurityScheme::ApiKey(ApiKey::Header(signature)));
    }
}

/// The OpenAPI document of a server with these settings.
pub fn document(settings: &Settings) -> Value {
    let app = App::new().into_utoipa_app().openapi(Base::openapi());
    let (_, document) = app.configure(|config| operations::register(config, settings)).split_for_parts();
    // Strings, lists and maps of them: there is nothing in it that JSON could not hold.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    examples::insert(&mut document);
    remove_unused_schemas(&mut document);
    document
}

/// One line an operation: method, path, operation id and tag, sorted.
pub fn operations(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let (id, tag) = (text(&operation["operationId"]), text(&operation["tags"][0]));
            lines.push(format!("{} {path} {id} {tag}\n", method.to_uppercase()));
        }
    }
    lines.sort_unstable();
    lines.concat()
}

/// Takes out the schemas that no operation leads to: those of a dialect that is switched off.
fn remove_unused_schemas(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut open = references(&document["paths"]);
    while let Some(name) = open.pop() {
        if used.insert(name.clone()) {
            open.extend(references(&document["components"]["schemas"][&name]));
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| used.contains(name));
    }
}

/// The names of the schemas to which `value` refers.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(elements) => elements.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
