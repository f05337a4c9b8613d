//! `main-job.8`: the API description passes its lint, its examples fit their schemas, and no
//! schema takes undescribed JSON without standing on the reviewed list.

mod free_form;
mod lint;
mod schemas;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use schemas::{Example, examples};

/// Checks the document that the program writes. The lint by Spectral belongs to the full size.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let text = context.countersign(&["openapi"])?;
    let document: Value = serde_json::from_str(&text).context("`countersign openapi` wrote no JSON")?;
    let openapi = context.root.join("openapi");

    let findings = lint::findings(&document);
    ensure!(findings.is_empty(), "the document's own lint: {findings:#?}");
    let validated = validate(&document, &examples(&document))?;
    let free_form = free_form::free_form(&document);
    free_form::check(&free_form, &std::fs::read_to_string(openapi.join("free-form-schemas.txt"))?)?;

    let mut figures = json!({
        "operations": lint::operations(&document).len(),
        "examples_validated": validated,
        "free_form_schemas": free_form.len(),
    });
    if size == Size::Full {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("countersign.json");
        std::fs::write(&file, &text)?;
        let findings = lint::spectral(&file, &openapi.join(".spectral.yaml"))?;
        ensure!(findings.is_empty(), "{} findings by spectral: {findings:#?}", findings.len());
        figures["spectral_findings"] = json!(findings.len());
    }
    Ok(figures)
}

/// Validates each example against its schema, formats included, and counts them.
fn validate(document: &Value, examples: &[Example<'_>]) -> anyhow::Result<usize> {
    ensure!(!examples.is_empty(), "the document has no example");
    let mut faults = Vec::new();
    for example in examples {
        // References lead to the components, so these stand in the same schema document.
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document["components"],
            "allOf": [example.schema],
        });
        let validator = jsonschema::options().should_validate_formats(true).build(&schema);
        let validator = validator.with_context(|| format!("the schema of {} is unsound", example.place))?;
        faults.extend(validator.iter_errors(example.value).map(|error| {
            let inside = error.instance_path().as_str().to_owned();
            format!("{}{inside}: {error}", example.place)
        }));
    }
    ensure!(faults.is_empty(), "examples that do not fit their schemas: {faults:#?}");
    Ok(examples.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(example: Value) -> Value {
        json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/A"}, "example": example,
            }}}}}}},
            "components": {"schemas": {
                "A": {"type": "object", "required": ["id"], "properties": {"id": {"$ref": "#/components/schemas/Id"}}},
                "Id": {"type": "string", "format": "uuid"},
            }},
        })
    }

    #[test]
    fn an_example_is_held_against_its_schema_through_references() {
        let sound = document(json!({"id": "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"}));
        assert_eq!(validate(&sound, &examples(&sound)).unwrap(), 1);
        for example in [json!({}), json!({"id": 1}), json!({"id": "a9b4"})] {
            let unsound = document(example.clone());
            assert!(validate(&unsound, &examples(&unsound)).is_err(), "{example}");
        }
    }

    #[test]
    fn a_document_without_examples_proves_nothing() {
        assert!(validate(&json!({}), &[]).is_err());
    }
}
